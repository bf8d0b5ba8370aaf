//! A line for `/readyz` on clocks that keep expired revocations from being deleted.

use std::sync::{PoisonError, RwLock};

use lanyard_authority::RetentionStatus;

/// How the clocks were found last.
#[derive(Debug, Default)]
pub(super) struct ClockNote(RwLock<RetentionStatus>);

impl ClockNote {
    pub(super) fn set(&self, status: RetentionStatus) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = status;
    }

    /// The line, if there is a reason for one.
    pub(super) fn text(&self) -> Option<String> {
        let clocks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(offset) = clocks.store_offset {
            return Some(format!(
                "the store's clock differs from this machine's by {offset}; expired revocations are \
                 kept\n"
            ));
        }
        let lag = clocks.lag.filter(|_| clocks.is_paused())?.as_secs();
        Some(format!(
            "the wall clock is {lag}s ahead of the time that the boot clock vouches for, after a step \
             or a downtime; expired revocations are kept\n"
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lanyard_revocation::ClockOffset;

    use super::*;

    #[test]
    fn clocks_that_keep_expired_revocations_are_noted() {
        let note = ClockNote::default();
        assert_eq!(note.text(), None);
        let lag = |lag| RetentionStatus {
            lag: Some(lag),
            ..RetentionStatus::default()
        };
        note.set(lag(Duration::from_mins(10)));
        assert_eq!(note.text(), None);
        note.set(lag(Duration::from_secs(601)));
        let text = note.text().unwrap();
        assert!(text.contains(" 601s ahead"), "{text}");
        note.set(RetentionStatus {
            store_offset: Some(ClockOffset::Behind(Duration::from_mins(1))),
            ..lag(Duration::ZERO)
        });
        let text = note.text().unwrap();
        assert!(text.contains("by -60s"), "{text}");
    }
}
