use lanyard_authority::{EntropyError, LogFault, SealError};
use lanyard_revocation::{FreshnessBound, PartitionId, Stale};
use lanyard_store::UnreadableEntry;
use lanyard_token::{
    ClockError, KeyState, KeyStateError, PropagationBound, TokenRefusal, UnixTime,
};

use super::*;

/// What no caller may ever read.
const DRIVER_TEXT: &str = "i/o error 28 at /var/lib/lanyard";

#[test]
fn every_error_is_answered_as_the_golden_file_has_it() {
    let lines: Vec<_> = faults()
        .into_iter()
        .map(|(case, fault)| line(case, fault))
        .collect();
    let actual = format!("{HEAD}{}\n", lines.join("\n"));
    let golden = include_str!("../golden/errors.txt");
    assert!(actual == golden, "the golden file should be:\n{actual}");
}

#[test]
fn the_text_of_a_store_or_a_driver_reaches_nobody() {
    for (case, fault) in faults() {
        let status = Status::from(fault);
        let details = String::from_utf8_lossy(status.details());
        assert!(
            !status.message().contains("i/o") && !details.contains("i/o"),
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

/// Every error that there is. A variant without a case does not get past the review of `covered`.
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
    let errors = refusals().into_iter().chain(missing()).chain(failures());
    all.extend(errors.map(|(case, error)| (case, Fault::Authority(error))));
    assert!(all.iter().all(|(_, fault)| covered(fault)));
    all
}

fn refusals() -> Vec<(&'static str, Error)> {
    let prepared = KeyState::Prepared {
        since: UnixTime::from_secs(0),
    };
    let early = prepared
        .activate(UnixTime::from_millis(1), PropagationBound::MAX)
        .unwrap_err();
    let retired = KeyState::Retired {
        since: UnixTime::from_secs(0),
    };
    let late = retired
        .activate_unpropagated(UnixTime::from_secs(1))
        .unwrap_err();
    assert!(matches!(early, KeyStateError::NotPropagated { .. }));
    vec![
        ("credential refused", Error::CredentialRefused),
        (
            "role not allowed",
            Error::RoleNotAllowed {
                needed: "operators",
            },
        ),
        ("name taken", Error::NameTaken("other".to_owned())),
        ("not our token", Error::NotOurToken(TokenRefusal::Malformed)),
        ("revoked with its key", Error::RevokedWithItsKey),
        ("signing key: early", Error::SigningKeyState(early)),
        ("signing key: order", Error::SigningKeyState(late)),
        ("signing keys contended", Error::SigningKeysContended),
        ("last operator key", Error::LastOperatorKey),
        ("stale", Error::Stale(stale())),
    ]
}

fn missing() -> Vec<(&'static str, Error)> {
    let of = |entity| Error::NotFound {
        entity,
        name: "NAME".to_owned(),
    };
    vec![
        ("no subscription", of(Entity::Subscription)),
        ("no resource", of(Entity::Resource)),
        ("no identity", of(Entity::Identity)),
        ("no token", of(Entity::Token)),
        ("no service key", of(Entity::ServiceKey)),
        ("no signing key", of(Entity::SigningKey)),
        ("no unreadable entry", of(Entity::UnreadableEntry)),
        ("no gap", of(Entity::LogGap)),
    ]
}

fn failures() -> Vec<(&'static str, Error)> {
    let corrupt = StoreError::Corrupt {
        record: "identity",
        source: DRIVER_TEXT.into(),
    };
    let unreadable = StoreError::Unreadable(UnreadableEntry {
        partition: PartitionId::new(3),
        place: DRIVER_TEXT.to_owned(),
        reason: DRIVER_TEXT.to_owned(),
    });
    vec![
        (
            "store unavailable",
            Error::Store(StoreError::Unavailable(DRIVER_TEXT.into())),
        ),
        ("store corrupt", Error::Store(corrupt)),
        ("log unreadable", Error::Store(unreadable)),
        ("log missing", LogFault::Missing(PartitionId::new(3)).into()),
        ("clock", Error::Clock(ClockError::WallOutOfRange)),
        ("entropy", Error::Entropy(EntropyError)),
        ("seal", Error::Seal(SealError::Open)),
        ("internal", Error::Internal("i/o")),
    ]
}

/// Does not compile with a variant more, which then wants its case above.
fn covered(fault: &Fault) -> bool {
    match fault {
        Fault::Fields(_)
        | Fault::PositionNotReached
        | Fault::WatchTooSlow
        | Fault::Draining
        | Fault::Check(CheckError::Stale(_) | CheckError::Clock(_)) => true,
        Fault::Authority(error) => match error {
            Error::CredentialRefused
            | Error::RoleNotAllowed { needed: _ }
            | Error::NotFound { entity: _, name: _ }
            | Error::NameTaken(_)
            | Error::NotOurToken(_)
            | Error::RevokedWithItsKey
            | Error::SigningKeyState(_)
            | Error::SigningKeysContended
            | Error::LastOperatorKey
            | Error::Stale(_)
            | Error::Store(
                StoreError::Unavailable(_) | StoreError::Corrupt { .. } | StoreError::Unreadable(_),
            )
            | Error::Log(_)
            | Error::Clock(_)
            | Error::Entropy(_)
            | Error::Seal(_)
            | Error::Internal(_) => true,
        },
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

fn stale() -> Stale {
    Stale {
        age: Some(Duration::from_secs(61)),
        bound: FreshnessBound::ISSUING,
    }
}

const HEAD: &str = "\
case                    code                reason              details                            message
";
