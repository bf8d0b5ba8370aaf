use lanyard_token::ClockError;

use super::*;
use crate::every_error::{assert_golden, errors, stale, tells_driver_text};

#[test]
fn every_error_is_answered_as_the_golden_file_has_it() {
    let lines: Vec<_> = faults()
        .into_iter()
        .map(|(case, fault)| line(case, fault))
        .collect();
    assert_golden(include_str!("../golden/errors.txt"), HEAD, &lines);
}

#[test]
fn the_text_of_a_store_or_a_driver_reaches_nobody() {
    for (case, fault) in faults() {
        let status = Status::from(fault);
        let details = String::from_utf8_lossy(status.details());
        assert!(
            !tells_driver_text(status.message()) && !tells_driver_text(&details),
            "{case}"
        );
    }
}

#[test]
fn every_status_has_the_domain_and_a_reason_of_the_contract() {
    for (case, fault) in faults() {
        let status = Status::from(fault);
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(info.domain, "lanyard", "{case}");
        let reason = ErrorReason::from_str_name(&format!("ERROR_REASON_{}", info.reason));
        assert!(
            reason.is_some_and(|reason| reason != ErrorReason::Unspecified),
            "{case}"
        );
    }
}

#[test]
fn a_failure_in_a_stream_says_what_the_status_would() {
    for ((case, fault), (_, again)) in faults().into_iter().zip(faults()) {
        let failure = fault.into_failure();
        let status = Status::from(again);
        assert_eq!(failure.message, status.message(), "{case}");
        let info = status
            .get_error_details()
            .error_info()
            .unwrap()
            .reason
            .clone();
        assert_eq!(name(failure.reason()), info, "{case}");
    }
}

/// Every fault that there is. A variant without a case does not get past the review of `covered`.
fn faults() -> Vec<(&'static str, Fault)> {
    let fields = vec![
        FieldViolation::new("identity_id", "must be an identity id"),
        FieldViolation::new("scopes", "must be 1 to 5 scopes, not 6"),
    ];
    let mut all = vec![
        ("fields", Fault::Fields(fields)),
        ("position not reached", Fault::PositionNotReached),
        ("watch too slow", Fault::WatchTooSlow),
        ("draining", Fault::Draining),
        ("check: stale", Fault::Check(CheckError::Stale(stale()))),
        (
            "check: clock",
            Fault::Check(CheckError::Clock(ClockError::BootUnavailable)),
        ),
    ];
    let errors = errors().into_iter();
    all.extend(errors.map(|(case, error)| (case, Fault::Authority(error))));
    assert!(all.iter().all(|(_, fault)| covered(fault)));
    all
}

/// Does not compile with a variant more, which then wants its case above.
fn covered(fault: &Fault) -> bool {
    match fault {
        Fault::Fields(_)
        | Fault::PositionNotReached
        | Fault::WatchTooSlow
        | Fault::Draining
        | Fault::Check(CheckError::Stale(_) | CheckError::Clock(_))
        | Fault::Authority(_) => true,
    }
}

fn line(case: &str, fault: Fault) -> String {
    let status = Status::from(fault);
    let details = status.get_error_details();
    let mut more = Vec::new();
    if let Some(retry) = details.retry_info().and_then(|retry| retry.retry_delay) {
        more.push(format!("retry in {retry:?}"));
    }
    if let Some(about) = details.resource_info() {
        more.push(format!(
            "about {} {}",
            about.resource_type, about.resource_name
        ));
    }
    if let Some(bad) = details.bad_request() {
        let fields: Vec<_> = bad
            .field_violations
            .iter()
            .map(|one| one.field.as_str())
            .collect();
        more.push(format!("fields {}", fields.join(" ")));
    }
    let code = format!("{:?}", status.code());
    let reason = details.error_info().unwrap().reason.clone();
    let more = more.join(", ");
    format!(
        "{case:<23} {code:<19} {reason:<19} {more:<34} {}",
        status.message()
    )
}

const HEAD: &str = "\
case                    code                reason              details                            message
";
