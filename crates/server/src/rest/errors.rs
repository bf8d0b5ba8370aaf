//! Every refusal as an answer: its status, its code, its message and what it is about.
//!
//! The texts of those that the service has which this interface is from are that service's, word for
//! word, since its clients and their tests go by them. The others are said here, or are messages that
//! were written for callers. The text of a store or a driver never gets this far.

use axum::{
    body::Body,
    http::{
        HeaderValue, StatusCode,
        header::{ALLOW, CONTENT_TYPE, RETRY_AFTER},
    },
    response::Response,
};
use lanyard_authority::{Entity, Error, NameError, PageError};
use lanyard_store::StoreError;
use lanyard_token::{InvalidId, LogLimit};
use serde::Serialize;

use super::denial::Denial;
use crate::{refusal_log, scopes::ScopesError};

/// Why a request is answered with an error.
#[derive(Debug)]
pub(super) enum Fault {
    /// There is no such path.
    RouteUnknown,
    /// The path is not asked for with this verb, but with those.
    VerbUnknown(&'static str),
    /// It names no version.
    VersionMissing,
    /// It names a version that there is not.
    VersionUnknown(String),
    /// Its signature is not good. Why is told only if the operator wants it.
    Denied(Option<Denial>),
    /// The body is larger than is read.
    BodyTooLarge,
    /// The body did not come in time.
    BodyTooSlow,
    /// The body did not come to its end.
    BodyBrokenOff,
    /// The body is not JSON.
    BodyMalformed { line: usize, column: usize },
    /// The body is JSON of another shape.
    BodyMistyped { line: usize, column: usize },
    /// The lifetime is none that a token can have.
    ExpiryOutside(i64),
    /// There is no list of scopes.
    ScopesMissing,
    /// The list of scopes is empty.
    ScopesEmpty,
    /// The scopes are none.
    Scopes(ScopesError),
    /// The custom id is none.
    CustomId(NameError),
    /// There are no custom ids in this version.
    CustomIdUnknown(&'static str),
    /// The id of an identity is none.
    IdentityId(InvalidId),
    /// The identity is another resource's.
    IdentityNotOwned,
    /// The number of identities to a page is none.
    PageSize(PageError),
    /// The token of a page is none.
    PageToken,
    /// Tokens of other services are not exchanged.
    ExchangeNotOffered,
    /// The authority refused or failed.
    Authority(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Authority(error)
    }
}

impl Fault {
    /// The answer, and a line in the log where it is ours to worry about.
    pub(super) fn into_response(self) -> Response {
        let answer = answer(&self);
        log(&self, answer.status);
        answer.into_response()
    }
}

/// An error before it is an answer.
struct Answer {
    status: StatusCode,
    told: Told,
    allow: Option<&'static str>,
}

/// What is told of an error.
#[derive(Serialize)]
struct Told {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    innererror: Option<Inner>,
}

/// What is told besides, in the words of the contract.
#[derive(Serialize)]
struct Inner {
    code: &'static str,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: &'a Told,
}

impl Answer {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            told: Told {
                code,
                message: message.into(),
                target: None,
                innererror: None,
            },
            allow: None,
        }
    }

    /// A value that is wrong, and where.
    fn validation(target: &'static str, message: impl Into<String>) -> Self {
        let mut answer = Self::new(StatusCode::BAD_REQUEST, "ValidationError", message);
        answer.told.target = Some(target);
        answer
    }

    /// Something that is worth another try.
    fn unavailable(reason: &'static str, message: impl Into<String>) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let mut answer = Self::new(status, "ServiceUnavailable", message);
        answer.told.innererror = Some(Inner { code: reason });
        answer
    }

    fn into_response(self) -> Response {
        let body = ErrorBody { error: &self.told };
        // Texts can always be written as JSON.
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        // Some clients try again whatever error has this header, so that no other may have it.
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SOON_SECONDS));
        }
        response
    }
}

fn answer(fault: &Fault) -> Answer {
    match fault {
        Fault::RouteUnknown => Answer::new(
            StatusCode::NOT_FOUND,
            "ResourceNotFound",
            "There is no such path here.",
        ),
        Fault::VerbUnknown(allow) => verb_unknown(allow),
        Fault::VersionMissing => Answer::new(
            StatusCode::BAD_REQUEST,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ),
        Fault::VersionUnknown(named) => version_unknown(named),
        Fault::Denied(denial) => denied(denial.as_ref()),
        Fault::BodyTooLarge => Answer::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestBodyTooLarge",
            "The request body is larger than 1 MiB.",
        ),
        Fault::BodyTooSlow => {
            let message = "The request body did not come within 30 seconds.";
            Answer::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", message)
        }
        Fault::BodyBrokenOff => {
            let message = "The request body did not come to its end.";
            Answer::new(StatusCode::BAD_REQUEST, "InvalidRequestBody", message)
        }
        Fault::BodyMalformed { line, column } => Answer::new(
            StatusCode::BAD_REQUEST,
            "InvalidRequestBody",
            format!("The request body is not valid JSON (line {line}, column {column})."),
        ),
        Fault::BodyMistyped { line, column } => Answer::new(
            StatusCode::BAD_REQUEST,
            "InvalidRequestBody",
            format!(
                "The request body has a value of the wrong type (line {line}, column {column})."
            ),
        ),
        Fault::ExpiryOutside(minutes) => Answer::validation(
            "ExpiresInMinutes",
            format!(
                "ExpiresInMinutes value {minutes} is invalid. \
                 Value must be within the [60, 1440] interval."
            ),
        ),
        Fault::ScopesMissing => {
            Answer::validation("Scopes", "Scopes: The Scopes field is required.")
        }
        Fault::ScopesEmpty => {
            Answer::validation("scopes", "Invalid scopes - Scopes field is required.")
        }
        Fault::Scopes(error) => Answer::validation("scopes", format!("Invalid scopes - {error}")),
        Fault::CustomId(error) => Answer::validation("customId", format!("customId {error}")),
        Fault::CustomIdUnknown(version) => Answer::validation(
            "customId",
            format!("customId is not known to api-version {version}; use 2025-06-30 or later"),
        ),
        Fault::IdentityId(error) => Answer::validation("id", format!("The identity {error}")),
        Fault::IdentityNotOwned => Answer::new(
            StatusCode::UNAUTHORIZED,
            "IdentityNotOwned",
            "Provided identity doesn't belong to the resource.",
        ),
        Fault::PageSize(error) => Answer::validation("maxpagesize", format!("maxpagesize {error}")),
        Fault::PageToken => Answer::validation(
            "continuationToken",
            "continuationToken must be that of the nextLink of the page before, unchanged",
        ),
        Fault::ExchangeNotOffered => Answer::new(
            StatusCode::UNAUTHORIZED,
            "InvalidAccessToken",
            "Provided access token is not valid.",
        ),
        Fault::Authority(error) => authority(error),
    }
}

fn authority(error: &Error) -> Answer {
    match error {
        Error::CredentialRefused => denied(None),
        Error::NotFound {
            entity: Entity::Identity,
            ..
        } => Answer::new(
            StatusCode::NOT_FOUND,
            "IdentityNotFound",
            "Provided identity doesn't exist",
        ),
        Error::NotFound { .. } => {
            Answer::new(StatusCode::NOT_FOUND, "ResourceNotFound", error.to_string())
        }
        Error::Stale(_) => Answer::unavailable("REVOCATIONS_STALE", error.to_string()),
        Error::SigningKeysContended | Error::Store(StoreError::Unavailable(_)) => {
            Answer::unavailable("STORE_UNAVAILABLE", error.to_string())
        }
        // What stands in the log is no business of callers'. It may be mended at any moment.
        Error::Store(StoreError::Unreadable(_)) | Error::Log(_) => {
            Answer::unavailable("STORE_UNAVAILABLE", "the store is unavailable")
        }
        // The first seven refuse calls that cannot be made here.
        Error::RoleNotAllowed { .. }
        | Error::NameTaken(_)
        | Error::NotOurToken(_)
        | Error::RevokedWithItsKey
        | Error::SigningKeyState(_)
        | Error::AccessKeyChanged
        | Error::LastOperatorKey
        | Error::Store(StoreError::Corrupt { .. })
        | Error::Clock(_)
        | Error::Entropy(_)
        | Error::Seal(_)
        | Error::Internal(_) => Answer::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            "The authority has failed; its log tells more.",
        ),
    }
}

fn verb_unknown(allow: &'static str) -> Answer {
    let message = format!("This path is not asked for with this verb, but with {allow}.");
    let mut answer = Answer::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
    answer.allow = Some(allow);
    answer
}

fn version_unknown(named: &str) -> Answer {
    let message = format!(
        "The HTTP resource that was asked for does not support the API version '{named}'; \
         api-supported-versions lists those that there are."
    );
    Answer::new(StatusCode::BAD_REQUEST, "UnsupportedApiVersion", message)
}

fn denied(denial: Option<&Denial>) -> Answer {
    let message = match denial {
        None => DENIED.to_owned(),
        Some(denial) => format!("{DENIED} Why: {denial}"),
    };
    Answer::new(StatusCode::UNAUTHORIZED, "Denied", message)
}

/// Our own faults are errors; callers' are theirs.
fn log(fault: &Fault, status: StatusCode) {
    match fault {
        Fault::Authority(error) if status.is_server_error() => {
            if let Some(suppressed) = refusal_log::admit(&FAILED) {
                let error: &dyn std::error::Error = error;
                tracing::error!(error, suppressed, "a request has failed");
            }
        }
        // Why a signature was refused was told, and not more often than makes sense; and strangers
        // may ask for what there is not as often as they like.
        Fault::Denied(_)
        | Fault::Authority(Error::CredentialRefused)
        | Fault::RouteUnknown
        | Fault::VerbUnknown(_)
        | Fault::VersionMissing
        | Fault::VersionUnknown(_)
        | Fault::IdentityId(_) => tracing::debug!(?status, "a request was refused"),
        _ => {
            if let Some(suppressed) = refusal_log::admit(&REFUSED) {
                tracing::warn!(?status, suppressed, "a request was refused");
            }
        }
    }
}

/// Limits the lines about requests that failed.
static FAILED: LogLimit = LogLimit::new(refusal_log::PERIOD);
/// Limits the lines about requests that were refused.
static REFUSED: LogLimit = LogLimit::new(refusal_log::PERIOD);

const DENIED: &str = "Denied by the resource provider.";
/// When to try again what failed for a moment.
const RETRY_SOON_SECONDS: &str = "1";

#[cfg(test)]
mod tests;
