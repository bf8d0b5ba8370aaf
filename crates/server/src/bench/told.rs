//! The report, in the form that was asked for, and what the exit code makes of it.

use lanyard_load::{Report, Summary};
use serde_json::Value;

use super::BenchError;
use crate::client::{ClientError, ConnectionArgs, write};

/// Prints a report, and fails if any of its calls did.
pub(super) fn tell(report: &Report, connection: &ConnectionArgs) -> Result<(), BenchError> {
    let json = serde_json::to_value(report).map_err(|error| ClientError::Output(error.into()))?;
    print(&report.people(), &json, connection)?;
    if let Some(first) = report.first_failure() {
        return Err(BenchError::CallsFailed {
            failures: report.failures(),
            first: first.to_owned(),
        });
    }
    let floor = report.floor.as_ref().map_or(0, |floor| floor.not_sent);
    let unanswered = |side: &Summary| side.calls == 0;
    match report.target.not_sent + floor {
        0 if unanswered(&report.target) || report.floor.as_ref().is_some_and(unanswered) => {
            Err(BenchError::NothingAnswered)
        }
        0 => Ok(()),
        not_sent => Err(BenchError::NotSent { not_sent }),
    }
}

/// Refuses the path of a field that no report has, before anything is measured.
pub(super) fn ensure_field(path: &str, members: &[&str]) -> Result<(), ClientError> {
    let first = path.split('.').next().unwrap_or_default();
    if members.is_empty() {
        return Err(ClientError::NoFields);
    }
    if members.contains(&first) {
        return Ok(());
    }
    Err(ClientError::NoField {
        path: path.to_owned(),
        known: members.join(", "),
    })
}

/// Prints for people, for scripts, or one field alone.
pub(super) fn print(
    people: &str,
    json: &Value,
    connection: &ConnectionArgs,
) -> Result<(), ClientError> {
    debug_assert!(
        json.as_object().is_some_and(|json| {
            let known = |name: &String| {
                [&MEMBERS[..], &WATCH_MEMBERS]
                    .iter()
                    .any(|all| all.contains(&name.as_str()))
            };
            json.keys().all(known)
        }),
        "a member is not declared: {json}"
    );
    match &connection.field {
        None if connection.json => write(&format!("{json}\n")),
        None => write(&format!("{people}\n")),
        Some(path) => match field(json, path) {
            Some(Value::String(text)) => write(&format!("{text}\n")),
            Some(value) => write(&format!("{value}\n")),
            None => {
                write(&format!("{json}\n"))?;
                let members = json.as_object().map(serde_json::Map::keys);
                let known: Vec<_> = members.into_iter().flatten().map(String::as_str).collect();
                Err(ClientError::NoField {
                    path: path.clone(),
                    known: known.join(", "),
                })
            }
        },
    }
}

/// The value under a path such as `target.per_second.median`.
fn field<'a>(json: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(json, |value, name| value.get(name))
}

/// The members of a report.
pub(super) const MEMBERS: [&str; 11] = [
    "bench", "unit", "against", "how", "settings", "also", "target", "floor", "ratio", "loads",
    "notes",
];

/// The members of the report of `lanyard bench watch`.
pub(super) const WATCH_MEMBERS: [&str; 25] = [
    "bench",
    "endpoint",
    "watch_endpoint",
    "is_local",
    "cores",
    "watchers",
    "connections",
    "concurrency",
    "rounds",
    "rate_per_second",
    "round_s",
    "round_calls",
    "warm_up_s",
    "revocations",
    "not_sent",
    "heard",
    "missed",
    "since_call_us",
    "since_acknowledgement_us",
    "call_us",
    "memory_kib",
    "failures",
    "failed",
    "loads",
    "notes",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_found_at_whatever_depth() {
        let json = json!({"ratio": {"p99": {"median": 1.5}}, "bench": "check"});
        assert_eq!(field(&json, "ratio.p99.median"), Some(&json!(1.5)));
        assert_eq!(field(&json, "bench"), Some(&json!("check")));
        assert_eq!(field(&json, "ratio.p50"), None);
        assert_eq!(field(&json, "bench.x"), None);
    }
}
