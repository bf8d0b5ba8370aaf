//! Taking refusals apart.

use std::fmt::Write as _;

use tonic::{Code, Status};
use tonic_types::{FieldViolation, StatusExt as _};

/// The machine-readable reason, which every refusal of the authority has.
pub(crate) fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    let info = info.unwrap_or_else(|| panic!("a refusal has an ErrorInfo: {status:?}"));
    assert_eq!(info.domain, "lanyard", "{status:?}");
    info.reason
}

/// The fields that a refusal names.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    violations(status)
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}

/// Asserts that a call was refused for exactly this field, with a remedy beside it.
#[track_caller]
pub(crate) fn refused_field<T: std::fmt::Debug>(answer: Result<T, Status>, field: &str) {
    let status = answer.expect_err("refused");
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    assert_eq!(reason(&status), "INVALID_FIELD", "{status:?}");
    assert_eq!(fields(&status), [field], "{status:?}");
    let remedies = violations(&status);
    assert!(
        remedies.iter().all(|remedy| !remedy.description.is_empty()),
        "{status:?}"
    );
}

/// All that a refusal says, a line for each part.
pub(crate) fn describe(status: &Status) -> String {
    let mut text = format!(
        "{:?} {}\n  {}\n",
        status.code(),
        reason(status),
        status.message()
    );
    for FieldViolation {
        field, description, ..
    } in violations(status)
    {
        writeln!(text, "  {field}: {description}").expect("a text takes all");
    }
    let details = status.get_error_details();
    if let Some(resource) = details.resource_info() {
        let (kind, name) = (&resource.resource_type, &resource.resource_name);
        writeln!(text, "  about {kind} {name}").expect("a text takes all");
    }
    if details.retry_info().is_some() {
        text.push_str("  with the time after which to try again\n");
    }
    text
}

fn violations(status: &Status) -> Vec<FieldViolation> {
    status
        .get_details_bad_request()
        .map(|bad| bad.field_violations)
        .unwrap_or_default()
}
