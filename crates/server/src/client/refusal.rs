//! What a refusing status says, as one line that names the remedy.

use std::path::Path;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::credential_file::Role;

/// Who called whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller<'a> {
    /// The authority.
    pub(super) endpoint: &'a str,
    /// The file that the credential is from.
    pub(super) file: &'a Path,
    /// The credential's id.
    pub(super) credential_id: &'a str,
    /// The credential's role, where the file says so.
    pub(super) role: Option<Role>,
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
        refused_credential(caller)
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

/// The authority does not say why it refuses a credential, so this names what it may be.
fn refused_credential(caller: &Caller<'_>) -> String {
    let file = caller.file.display();
    let id = caller.credential_id;
    match caller.role {
        Some(role @ (Role::Primary | Role::Secondary)) => format!(
            "the {role} access key `{id}` of `{file}` was refused, probably because it was rotated \
             since the file was written: name the file of the new key with --credential FILE, or \
             make one with `lanyard key rotate {role} --out FILE`"
        ),
        _ => format!(
            "the credential `{id}` of `{file}` was refused, because it was deleted, is of another \
             authority, or this machine's clock is wrong: name another with --credential FILE"
        ),
    }
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

/// Keeps what came over the wire from ending the line or from steering the terminal.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

/// The domain of every reason that an authority gives.
const DOMAIN: &str = "lanyard";

#[cfg(test)]
mod tests;
