//! What a refusing status says, as one line that names the remedy.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use lanyard_token::{LEEWAY, UnixTime};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::credential_file::Role;
use crate::terminal::one_line;

/// Who called whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller<'a> {
    /// The authority.
    pub(super) endpoint: &'a str,
    /// The file that the credential is from.
    pub(super) file: &'a Path,
    /// The endpoint that the file names, if it names one.
    pub(super) file_endpoint: Option<&'a str>,
    /// The credential's id.
    pub(super) credential_id: &'a str,
    /// The credential's role, where the file says so.
    pub(super) role: Option<Role>,
    /// The time of this machine, if its clock can be read.
    pub(super) now: Option<UnixTime>,
}

/// Explains a status to whoever typed the command.
pub(super) fn explain(status: &Status, caller: &Caller<'_>) -> String {
    let details = status.get_error_details();
    // An authority gives every refusal a reason. Without one, it is the way there that failed.
    let line = if details
        .error_info()
        .is_none_or(|info| info.domain != DOMAIN)
    {
        not_an_authority(status, caller.endpoint)
    } else if status.code() == Code::Unauthenticated {
        refused_credential(status, caller)
    } else {
        refused_request(status, &details)
    };
    one_line(&line)
}

/// The answer is the transport's, or that of something else which listens at the endpoint.
fn not_an_authority(status: &Status, endpoint: &str) -> String {
    let said = said(status);
    match status.code() {
        Code::DeadlineExceeded | Code::Cancelled => {
            format!("{endpoint} did not answer in time ({said}): try again")
        }
        Code::Unavailable => {
            format!("the connection to {endpoint} broke ({said}): try again")
        }
        _ => format!(
            "{endpoint} did not answer as an authority does ({said}): name another with --endpoint, \
             with https:// if it speaks TLS, or use a `lanyard` of the authority's version"
        ),
    }
}

/// The authority does not reveal why it refuses a credential, so this names the possible causes, the
/// probable one first. No remedy changes anything on the server: the credential may be in use.
fn refused_credential(status: &Status, caller: &Caller<'_>) -> String {
    let Caller {
        endpoint,
        credential_id,
        ..
    } = caller;
    let file = caller.file.display();
    let credential = match caller.role {
        Some(role @ (Role::Primary | Role::Secondary)) => format!("the {role} access key"),
        Some(Role::Operator | Role::Enforcer) | None => "the credential".to_owned(),
    };
    let refused = format!("{credential} `{credential_id}` of `{file}` was refused by {endpoint}");
    if let Some(offset) = caller.now.and_then(|now| clock_offset(status, now)) {
        return format!(
            "{refused}, because this machine's clock is {offset} the server's: set the clock"
        );
    }
    let server = match caller.file_endpoint {
        Some(own) if own != *endpoint => {
            format!("the file is for {own}, which is probably another server")
        }
        Some(_) | None => {
            "the endpoint may be another authority, or an enforcer with a credential of its own"
                .to_owned()
        }
    };
    format!(
        "{refused}: {server}, or the file may be outdated: check --endpoint URL and --credential FILE"
    )
}

/// By how much this machine's clock differs from the server's, by the `date` of the response, if
/// that is more than a caller JWT may differ.
fn clock_offset(status: &Status, now: UnixTime) -> Option<String> {
    let date = status.metadata().get("date")?.to_str().ok()?;
    let date = httpdate::parse_http_date(date).ok()?;
    let date = date.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let offset = Duration::from_secs(date.abs_diff(now.as_secs()));
    // The date has whole seconds, and the response was under way.
    (offset > LEEWAY).then(|| {
        let direction = if now.as_secs() < date {
            "behind"
        } else {
            "ahead of"
        };
        format!("{} {direction}", humantime::format_duration(offset))
    })
}

fn refused_request(status: &Status, details: &ErrorDetails) -> String {
    let fields = fields(details);
    if !fields.is_empty() {
        return fields.join("; ");
    }
    let said = said(status);
    let delay = details.retry_info().and_then(|info| info.retry_delay);
    match (status.code(), delay) {
        (Code::PermissionDenied, _) => {
            format!("{said}: name a credential that may with --credential FILE")
        }
        (_, Some(delay)) => {
            // The authority may say so too, but not when.
            let said = said.strip_suffix("; try again").unwrap_or(&said);
            format!("{said}: try again in {}", seconds(delay))
        }
        (Code::Unavailable | Code::ResourceExhausted, None) => format!("{said}: try again later"),
        _ => said,
    }
}

/// What is wrong with each field of the request, if that is what is wrong.
fn fields(details: &ErrorDetails) -> Vec<String> {
    let violations = details
        .bad_request()
        .map(|bad| bad.field_violations.as_slice());
    let named =
        violations
            .unwrap_or_default()
            .iter()
            .map(|violation| match violation.field.as_str() {
                "" => violation.description.clone(),
                field => format!("{field}: {}", violation.description),
            });
    named.collect()
}

/// The status's own words, or the name of its code where it has none.
fn said(status: &Status) -> String {
    match status.message() {
        "" => status.code().description().to_lowercase(),
        message => message.to_owned(),
    }
}

/// Rounded up, so that trying again then is not too early.
fn seconds(delay: Duration) -> String {
    let whole = delay
        .as_secs()
        .saturating_add(u64::from(delay.subsec_nanos() > 0));
    format!("{whole} s")
}

/// The domain of every reason that an authority gives.
const DOMAIN: &str = "lanyard";

#[cfg(test)]
mod tests;
