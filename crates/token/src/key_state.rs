//! The life of a signing key: prepared, active, retired; or revoked, from anywhere.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::lifetime::{LEEWAY, Lifetime, PropagationBound};
use crate::time::UnixTime;

/// Where a signing key is in its life, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", deny_unknown_fields)]
pub enum KeyState {
    /// Published, but signs nothing yet. It waits for one [`PropagationBound`], until every
    /// verifier that accepts anything has heard of it.
    Prepared {
        /// When it was published.
        since: UnixTime,
    },
    /// Signs. It waits for its successor.
    Active {
        /// When it began to sign.
        since: UnixTime,
    },
    /// Signs no more. It stays published and waits for the last token that it signed to expire.
    Retired {
        /// When it ceased to sign.
        since: UnixTime,
    },
    /// Compromised. Its tokens are refused, and it waits for nothing: there is no way back.
    Revoked {
        /// When it was first revoked.
        since: UnixTime,
    },
}

impl KeyState {
    /// Begins to sign, once every verifier knows the key.
    ///
    /// # Errors
    /// If the key is not prepared, or was published less than `bound` ago.
    pub fn activate(self, now: UnixTime, bound: PropagationBound) -> Result<Self, KeyStateError> {
        if let Self::Prepared { since } = self {
            let possible_at = since.saturating_add(bound.as_duration());
            if now < possible_at {
                return Err(KeyStateError::NotPropagated {
                    possible_at,
                    wait: possible_at.since(now),
                });
            }
        }
        self.activate_unpropagated(now)
    }

    /// Begins to sign at once, although some verifiers may not know the key yet.
    ///
    /// For when the active key was compromised and no other can sign. Waiting would mean to issue
    /// nothing for the whole bound. Not waiting means that a verifier which has not heard yet
    /// refuses the new tokens as signed by an unknown key: they are refused for a while, never
    /// wrongly accepted.
    ///
    /// # Errors
    /// If the key is not prepared.
    pub fn activate_unpropagated(self, now: UnixTime) -> Result<Self, KeyStateError> {
        match self {
            Self::Prepared { .. } => Ok(Self::Active { since: now }),
            Self::Active { .. } => Err(self.out_of_order("activated", "it already signs")),
            Self::Retired { .. } | Self::Revoked { .. } => {
                Err(self.out_of_order("activated", "prepare a new key and activate that one"))
            }
        }
    }

    /// Ceases to sign, or never begins to.
    ///
    /// # Errors
    /// If the key signs no more already.
    pub fn retire(self, now: UnixTime) -> Result<Self, KeyStateError> {
        match self {
            Self::Prepared { .. } | Self::Active { .. } => Ok(Self::Retired { since: now }),
            Self::Retired { .. } => Err(self.out_of_order(
                "retired",
                "it leaves by itself once its tokens have expired",
            )),
            Self::Revoked { .. } => {
                Err(self.out_of_order("retired", "it is out of use already and for good"))
            }
        }
    }

    /// Takes back everything that the key signed. Always possible, and again without effect: the
    /// first time counts.
    #[must_use]
    pub const fn revoke(self, now: UnixTime) -> Self {
        match self {
            Self::Prepared { .. } | Self::Active { .. } | Self::Retired { .. } => {
                Self::Revoked { since: now }
            }
            Self::Revoked { since } => Self::Revoked { since },
        }
    }

    /// Whether the key is shown to those who verify.
    ///
    /// A retired key is, until the last token that it can have signed has expired by every clock.
    /// If it left sooner, good tokens would die with it.
    #[must_use]
    pub fn is_published(self, now: UnixTime) -> bool {
        match self {
            Self::Prepared { .. } | Self::Active { .. } => true,
            Self::Retired { since } => now.since(since) < RETIRED_FOR,
            Self::Revoked { .. } => false,
        }
    }

    /// Whether tokens that the key signed are accepted: for exactly as long as it is published. A
    /// key that went on verifying after it left the set could not be taken back by taking it out.
    #[must_use]
    pub fn verifies(self, now: UnixTime) -> bool {
        self.is_published(now)
    }

    /// Whether the key was compromised.
    #[must_use]
    pub const fn is_revoked(self) -> bool {
        matches!(self, Self::Revoked { .. })
    }

    /// When the state was entered.
    #[must_use]
    pub const fn since(self) -> UnixTime {
        match self {
            Self::Prepared { since }
            | Self::Active { since }
            | Self::Retired { since }
            | Self::Revoked { since } => since,
        }
    }

    /// What the state is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prepared { .. } => "prepared",
            Self::Active { .. } => "active",
            Self::Retired { .. } => "retired",
            Self::Revoked { .. } => "revoked",
        }
    }

    fn out_of_order(self, verb: &'static str, remedy: &'static str) -> KeyStateError {
        KeyStateError::OutOfOrder {
            state: self.name(),
            verb,
            remedy,
        }
    }
}

/// Why a key does not change its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyStateError {
    /// Not every verifier knows the key yet.
    #[error(
        "a prepared key cannot be activated until every verifier knows it; try again in {} seconds",
        whole_secs_up(*.wait)
    )]
    NotPropagated {
        /// The first moment at which it can be activated.
        possible_at: UnixTime,
        /// How long that is from now.
        wait: Duration,
    },
    /// The state does not allow the verb.
    #[error("{} {state} key cannot be {verb}: {remedy}", article(.state))]
    OutOfOrder {
        /// The state that the key is in.
        state: &'static str,
        /// What was asked for.
        verb: &'static str,
        /// What to do instead.
        remedy: &'static str,
    },
}

/// Rounded up: whoever waits for as long as they were told must not be told to wait again.
fn whole_secs_up(wait: Duration) -> u64 {
    wait.as_secs()
        .saturating_add(u64::from(wait.subsec_nanos() > 0))
}

fn article(state: &str) -> &'static str {
    if state.starts_with('a') { "an" } else { "a" }
}

/// How long a retired key stays published: as long as the longest-lived token, and the leeway.
const RETIRED_FOR: Duration = Lifetime::MAX.as_duration().saturating_add(LEEWAY);

#[cfg(test)]
mod tests;
