//! Calls that were refused or failed, as they are counted and logged.
//!
//! A caller can make any number of them, so each reason has a counter, and its log line is written at
//! most once in [`PERIOD`]. Whether the revocation list is stale is logged when it changes, and not
//! where a check is refused for it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use lanyard_proto::v1::ErrorReason;
use lanyard_token::{Clock as _, LogLimit, SystemClock};

/// The refusals of this process.
pub(crate) static REFUSALS: RefusalLog = RefusalLog::new();

/// One counter and one limit for each reason.
#[derive(Debug)]
pub(crate) struct RefusalLog([Refused; REASONS]);

#[derive(Debug)]
struct Refused {
    count: AtomicU64,
    limit: LogLimit,
}

impl RefusalLog {
    const fn new() -> Self {
        Self(
            [const {
                Refused {
                    count: AtomicU64::new(0),
                    limit: LogLimit::new(PERIOD),
                }
            }; REASONS],
        )
    }

    /// Counts a refusal.
    pub(crate) fn count(&self, reason: ErrorReason) {
        if let Some(refused) = self.of(reason) {
            refused.count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether to log a refusal now, and how many of its reason were not logged before it.
    pub(crate) fn admit(&self, reason: ErrorReason) -> Option<u64> {
        admit(&self.of(reason)?.limit)
    }

    /// How many there were of each reason that there were any of.
    pub(crate) fn counts(&self) -> Vec<(&'static str, u64)> {
        let all = (0..).zip(&self.0);
        let counts = all.filter_map(|(number, refused)| {
            let reason = ErrorReason::try_from(number).ok()?;
            let count = refused.count.load(Ordering::Relaxed);
            (count > 0).then(|| (reason_name(reason), count))
        });
        counts.collect()
    }

    fn of(&self, reason: ErrorReason) -> Option<&Refused> {
        self.0.get(usize::try_from(i32::from(reason)).ok()?)
    }
}

/// Whether a log site writes a line now, and how many it has suppressed.
pub(crate) fn admit(limit: &LogLimit) -> Option<u64> {
    limit.admit(SystemClock.boot().unwrap_or_default())
}

/// The reason as clients read it: without the prefix that the enum's names have.
pub(crate) fn reason_name(reason: ErrorReason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("ERROR_REASON_").unwrap_or(name)
}

/// More than there are reasons.
const REASONS: usize = 64;
/// How often a log site writes at most that callers can trigger.
pub(crate) const PERIOD: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_of_the_contract_has_a_counter_of_its_own() {
        let log = RefusalLog::new();
        let reasons: Vec<_> = (1..)
            .map_while(|number| ErrorReason::try_from(number).ok())
            .collect();
        assert!(reasons.len() > 10);
        for reason in &reasons {
            log.count(*reason);
        }
        let expected: Vec<_> = reasons.iter().map(|one| (reason_name(*one), 1)).collect();
        assert_eq!(log.counts(), expected);
    }

    #[test]
    fn thousands_of_refusals_of_one_reason_are_a_few_lines_and_all_are_counted() {
        let log = RefusalLog::new();
        let refuse = |_: &u32| {
            log.count(ErrorReason::InvalidField);
            log.admit(ErrorReason::InvalidField).is_some()
        };
        assert!((0..30_000).filter(refuse).count() <= 2);
        assert_eq!(log.counts(), [("INVALID_FIELD", 30_000)]);
        assert_eq!(log.admit(ErrorReason::NotFound), Some(0));
    }
}
