//! Why a call was refused or failed.

use std::fmt;

use lanyard_revocation::Stale;
use lanyard_store::StoreError;
use lanyard_token::{ClockError, KeyStateError, TokenRefusal, excerpt};

use crate::{LogFault, entropy::EntropyError, seal::SealError};

/// Why a call was refused or failed. Nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bearer is missing, malformed, unknown, expired or wrongly signed. The log tells which.
    #[error("the caller's credential is missing or not valid")]
    CredentialRefused,
    /// The caller is known, and its role may not do this.
    #[error("this call is for {needed}")]
    RoleNotAllowed {
        /// Who may.
        needed: &'static str,
    },
    /// What was named does not exist, was deleted, or belongs to another resource.
    #[error("there is no {entity} `{name}`")]
    NotFound {
        /// What kind of thing.
        entity: Entity,
        /// What it was called, as the caller called it.
        name: String,
    },
    /// Another resource has the name.
    #[error("another resource has the name `{0}`; choose another")]
    NameTaken(String),
    /// What was given is not a token of this authority.
    #[error("is not a token of this authority: {0}")]
    NotOurToken(TokenRefusal),
    /// The token died with the signing key that was revoked.
    #[error("was revoked with the key that signed it, as all of that key's tokens were")]
    RevokedWithItsKey,
    /// The signing key is not in a state that allows the verb.
    #[error(transparent)]
    SigningKeyState(#[from] KeyStateError),
    /// Several changes of the signing keys met, and this one lost too often.
    #[error("the signing keys are being changed by others; try again")]
    SigningKeysContended,
    /// Another rotation has replaced the access key meanwhile.
    #[error(
        "could not rotate the access key: another rotation has replaced it meanwhile; list the access \
         keys, and rotate again if the new key is not in use"
    )]
    AccessKeyChanged,
    /// The last operator key stays.
    #[error("it is the last operator key; make another before you delete it")]
    LastOperatorKey,
    /// The authority's own list is too old to issue from.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log cannot be followed.
    #[error(transparent)]
    Log(#[from] LogFault),
    /// The clock cannot be read.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// The system gives no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// A secret cannot be sealed or unsealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Something that cannot be, is.
    #[error("{0}")]
    Internal(&'static str),
}

impl Error {
    /// The answer for what is not there, or not the caller's: the same for both.
    pub(crate) fn not_found(entity: Entity, name: impl fmt::Display) -> Self {
        Self::NotFound {
            entity,
            name: excerpt(&name.to_string()),
        }
    }
}

/// A kind of thing that can be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entity {
    /// A subscription.
    Subscription,
    /// A resource.
    Resource,
    /// An identity.
    Identity,
    /// A token.
    Token,
    /// A service key.
    ServiceKey,
    /// A signing key.
    SigningKey,
    /// An entry of a log that cannot be understood.
    UnreadableEntry,
    /// A gap in the log of a partition.
    LogGap,
}

impl Entity {
    /// Its name for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Subscription => "subscription",
            Self::Resource => "resource",
            Self::Identity => "identity",
            Self::Token => "token",
            Self::ServiceKey => "service key",
            Self::SigningKey => "signing key",
            Self::UnreadableEntry => "unreadable entry",
            Self::LogGap => "gap in the log of partition",
        }
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
