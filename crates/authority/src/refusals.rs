//! How often refusals are told.

use std::{
    fmt::Display,
    sync::atomic::{AtomicU64, Ordering},
};

use lanyard_token::UnixTime;

use crate::Error;

/// Refusals since the last one that was told.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    /// One more than the second in which one was last told; zero before the first.
    told: AtomicU64,
    untold: AtomicU64,
}

impl Refusals {
    /// The answer to all refusals. Which it was, the log tells; but at most once a second, since
    /// anybody can be refused as often as they like.
    pub(crate) fn refused(&self, reason: impl Display, now: UnixTime) -> Error {
        if let Some(untold) = self.tell(now.as_secs()) {
            tracing::warn!(%reason, untold, "a caller's proof was refused");
        }
        Error::CredentialRefused
    }

    /// Whether to tell of one that happens in this second, and how many were not told before it.
    fn tell(&self, second: u64) -> Option<u64> {
        let mark = second.saturating_add(1);
        if self.told.swap(mark, Ordering::Relaxed) == mark {
            self.untold.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(self.untold.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_a_second_is_told_and_the_others_are_counted() {
        let refusals = Refusals::default();
        assert_eq!(refusals.tell(0), Some(0));
        assert_eq!(refusals.tell(0), None);
        assert_eq!(refusals.tell(0), None);
        assert_eq!(refusals.tell(1), Some(2));
        assert_eq!(refusals.tell(2), Some(0));
    }
}
