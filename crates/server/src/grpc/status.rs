//! Every error as a status: its code, its reason, and the details that help.
//!
//! What a caller reads is said here, or is the message of an error that was written for callers. The
//! text of a store or a driver never gets this far: those errors say one fixed sentence, and the log
//! has the rest.

use std::time::Duration;

use lanyard_authority::{Entity, Error};
use lanyard_enforcer::CheckError;
use lanyard_proto::v1::ErrorReason;
use lanyard_store::StoreError;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

use crate::refusal_log::{REFUSALS, reason_name as name};

/// Why a call is answered with an error.
#[derive(Debug)]
pub(super) enum Fault {
    /// Fields of the request are wrong.
    Fields(Vec<FieldViolation>),
    /// The authority refused or failed.
    Authority(Error),
    /// The enforcement point has no answer.
    Check(CheckError),
    /// The list did not reach the position that was asked for in time.
    PositionNotReached,
    /// A watch did not keep up.
    WatchTooSlow,
    /// The server is about to stop.
    Draining,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Authority(error)
    }
}

impl From<CheckError> for Fault {
    fn from(error: CheckError) -> Self {
        Self::Check(error)
    }
}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        let Answer {
            code,
            reason,
            message,
            mut details,
        } = answer(&fault);
        log(&fault, code, reason);
        details.set_error_info(name(reason), DOMAIN, []);
        Status::with_error_details(code, message, details)
    }
}

impl Fault {
    /// The same as an answer in a stream.
    pub(super) fn into_failure(self) -> lanyard_proto::v1::CheckFailure {
        let Answer {
            code,
            reason,
            message,
            details: _,
        } = answer(&self);
        log(&self, code, reason);
        lanyard_proto::v1::CheckFailure {
            reason: reason.into(),
            message,
        }
    }
}

/// What a caller is told in place of a status that the gRPC library made by itself, with a code and
/// words of its own and no reason. What is ours already stays as it is.
pub(crate) fn told(status: Status) -> Status {
    if !status.details().is_empty() {
        return status;
    }
    let (code, reason, message) = match status.code() {
        Code::OutOfRange => (
            Code::OutOfRange,
            ErrorReason::MessageTooLarge,
            "the message is larger than 1 MiB; send less at a time",
        ),
        // The library calls it a fault of the server, but what it means is a message that is missing,
        // cut short or marked as what it is not.
        Code::Internal => (
            Code::InvalidArgument,
            ErrorReason::InvalidField,
            "the message cannot be read: it must be one message, encoded as the contract has it",
        ),
        _ => return status,
    };
    let details = ErrorDetails::with_error_info(name(reason), DOMAIN, []);
    Status::with_error_details(code, message, details)
}

/// The same for a call that the library has nobody for: an rpc that is not served, or a compression
/// that is not spoken.
pub(crate) fn unimplemented(is_compressed: bool) -> Status {
    let (reason, message) = if is_compressed {
        (
            ErrorReason::EncodingUnsupported,
            "compressed messages are not read here; send it as it is",
        )
    } else {
        (
            ErrorReason::RpcUnknown,
            "there is no such rpc here; reflection lists those there are",
        )
    };
    let details = ErrorDetails::with_error_info(name(reason), DOMAIN, []);
    Status::with_error_details(Code::Unimplemented, message, details)
}

/// The status of a call whose deadline has passed.
pub(crate) fn deadline_exceeded() -> Status {
    let message =
        "the deadline of the call has passed; a change that it asked for may have been made";
    let details = ErrorDetails::with_error_info(name(ErrorReason::DeadlineExceeded), DOMAIN, []);
    Status::with_error_details(Code::DeadlineExceeded, message, details)
}

/// The status of a stream beyond the number that may be open.
pub(super) fn too_many_streams() -> Status {
    let message = "too many streams of this kind are open";
    let reason = name(ErrorReason::LimitExceeded);
    let mut details = ErrorDetails::with_error_info(reason, DOMAIN, []);
    details.set_retry_info(Some(RETRY_SOON));
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

/// The status of a call whose deadline is malformed.
pub(crate) fn invalid_timeout() -> Status {
    let message = "must be there once, with 1 to 8 digits and a unit of H, M, S, m, u or n";
    Fault::Fields(vec![FieldViolation::new("grpc-timeout", message)]).into()
}

/// A status before it is one.
struct Answer {
    code: Code,
    reason: ErrorReason,
    message: String,
    details: ErrorDetails,
}

impl Answer {
    fn new(code: Code, reason: ErrorReason, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: ErrorDetails::new(),
        }
    }

    fn retry_after(mut self, delay: Duration) -> Self {
        self.details.set_retry_info(Some(delay));
        self
    }
}

fn answer(fault: &Fault) -> Answer {
    match fault {
        Fault::Fields(violations) => fields(violations),
        Fault::Authority(error) => authority(error),
        Fault::Check(CheckError::Stale(stale)) => revocations_stale(stale.to_string()),
        Fault::Check(CheckError::Clock(_)) => internal(),
        Fault::Draining => Answer::new(
            Code::Unavailable,
            ErrorReason::Draining,
            "this server is about to stop; call again, and another will answer",
        )
        .retry_after(RETRY_SOON),
        Fault::PositionNotReached => {
            revocations_stale("the revocation list has not reached min_position; try again")
        }
        Fault::WatchTooSlow => {
            let message = "the watch did not keep up; resume with the last cursor";
            Answer::new(Code::Aborted, ErrorReason::WatchTooSlow, message).retry_after(RETRY_SOON)
        }
    }
}

fn authority(error: &Error) -> Answer {
    let message = error.to_string();
    match error {
        Error::CredentialRefused => Answer::new(
            Code::Unauthenticated,
            ErrorReason::CredentialRefused,
            message,
        ),
        Error::RoleNotAllowed { needed: _ } => {
            Answer::new(Code::PermissionDenied, ErrorReason::RoleNotAllowed, message)
        }
        Error::NotFound { entity, name } => not_found(*entity, name, message),
        Error::NameTaken(_) => Answer::new(Code::AlreadyExists, ErrorReason::NameTaken, message),
        Error::NotOurToken(_) | Error::RevokedWithItsKey => {
            fields(&[FieldViolation::new("token", message)])
        }
        Error::SigningKeyState(_) => Answer::new(
            Code::FailedPrecondition,
            ErrorReason::SigningKeyState,
            message,
        ),
        Error::AccessKeyChanged => {
            Answer::new(Code::Aborted, ErrorReason::AccessKeyChanged, message)
        }
        Error::LastOperatorKey => Answer::new(
            Code::FailedPrecondition,
            ErrorReason::LastOperatorKey,
            message,
        ),
        Error::Stale(_) => revocations_stale(message),
        Error::SigningKeysContended | Error::Store(StoreError::Unavailable(_)) => {
            Answer::new(Code::Unavailable, ErrorReason::StoreUnavailable, message)
                .retry_after(RETRY_SOON)
        }
        // What stands in the log is no business of callers'. It may be mended at any moment.
        Error::Store(StoreError::Unreadable(_)) | Error::Log(_) => Answer::new(
            Code::Unavailable,
            ErrorReason::StoreUnavailable,
            "the store is unavailable",
        )
        .retry_after(RETRY_SOON),
        Error::Store(StoreError::Corrupt { .. })
        | Error::Clock(_)
        | Error::Entropy(_)
        | Error::Seal(_)
        | Error::Internal(_) => internal(),
    }
}

fn fields(violations: &[FieldViolation]) -> Answer {
    let all: Vec<_> = violations
        .iter()
        .map(|violation| format!("{}: {}", violation.field, violation.description))
        .collect();
    let mut answer = Answer::new(
        Code::InvalidArgument,
        ErrorReason::InvalidField,
        all.join("; "),
    );
    answer.details.set_bad_request(violations.to_vec());
    answer
}

fn not_found(entity: Entity, name: &str, message: String) -> Answer {
    let mut answer = Answer::new(Code::NotFound, ErrorReason::NotFound, message);
    answer
        .details
        .set_resource_info(entity.as_str(), name, "", "");
    answer
}

fn revocations_stale(message: impl Into<String>) -> Answer {
    Answer::new(Code::Unavailable, ErrorReason::RevocationsStale, message).retry_after(RETRY_SOON)
}

fn internal() -> Answer {
    let message = "the authority has failed; its log tells more";
    Answer::new(Code::Internal, ErrorReason::Internal, message)
}

/// Counts what was refused, and logs it as often as makes sense. Our own faults are errors; callers'
/// are theirs.
fn log(fault: &Fault, code: Code, reason: ErrorReason) {
    REFUSALS.count(reason);
    match fault {
        // Where the bearer was refused, it was logged; that the list is stale is logged when it
        // becomes so.
        Fault::Authority(Error::CredentialRefused)
        | Fault::Check(CheckError::Stale(_))
        | Fault::Draining => {}
        Fault::Authority(error) if matches!(code, Code::Internal | Code::Unavailable) => {
            if let Some(suppressed) = REFUSALS.admit(reason) {
                let error: &dyn std::error::Error = error;
                tracing::error!(error, suppressed, "a call has failed");
            }
        }
        Fault::Check(CheckError::Clock(error)) => {
            if let Some(suppressed) = REFUSALS.admit(reason) {
                tracing::error!(%error, suppressed, "a check has no answer");
            }
        }
        Fault::Fields(_)
        | Fault::Authority(_)
        | Fault::PositionNotReached
        | Fault::WatchTooSlow => {
            if let Some(suppressed) = REFUSALS.admit(reason) {
                let reason = name(reason);
                tracing::warn!(?code, reason, suppressed, "a call was refused");
            }
        }
    }
}

/// The domain of every reason.
const DOMAIN: &str = "lanyard";
/// When to try again what failed for a moment.
const RETRY_SOON: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
