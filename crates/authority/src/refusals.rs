//! How often refusals are told.

use std::{fmt::Display, time::Duration};

use lanyard_token::{BootTime, LogLimit};

use crate::Error;

/// The refusals of callers' proofs, as they are logged.
#[derive(Debug)]
pub(crate) struct Refusals(LogLimit);

impl Default for Refusals {
    fn default() -> Self {
        Self(LogLimit::new(PERIOD))
    }
}

impl Refusals {
    /// The answer to all refusals. Which it was, the log tells; but at most once a second, since
    /// anybody can be refused as often as they like.
    pub(crate) fn refused(&self, reason: impl Display, now: BootTime) -> Error {
        if let Some(untold) = self.0.admit(now) {
            tracing::warn!(%reason, untold, "a caller's proof was refused");
        }
        Error::CredentialRefused
    }
}

const PERIOD: Duration = Duration::from_secs(1);
