//! How often a log site writes that callers can trigger.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::BootTime;

/// Lets a log site write at most one line in each period, and counts the lines that it suppresses.
///
/// A caller can be refused as often as it likes. A site that wrote a line for each refusal would let
/// any caller fill the disk that the log is on.
#[derive(Debug)]
pub struct LogLimit {
    period: Duration,
    /// One more than the number of the period in which a line was last written; zero before the first.
    written: AtomicU64,
    suppressed: AtomicU64,
}

impl LogLimit {
    /// A site that writes once in each period of this length. One shorter than a millisecond counts
    /// as one of a millisecond.
    #[must_use]
    pub const fn new(period: Duration) -> Self {
        Self {
            period,
            written: AtomicU64::new(0),
            suppressed: AtomicU64::new(0),
        }
    }

    /// Whether to write a line now, and how many lines were suppressed before it.
    pub fn admit(&self, now: BootTime) -> Option<u64> {
        let running = now.since(BootTime::default()).as_millis();
        let number = running / self.period.as_millis().max(1);
        let mark = u64::try_from(number).unwrap_or(u64::MAX).saturating_add(1);
        if self.written.swap(mark, Ordering::Relaxed) == mark {
            self.suppressed.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(self.suppressed.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> BootTime {
        BootTime::from_duration(Duration::from_millis(millis))
    }

    #[test]
    fn one_line_in_each_period_is_written_and_the_others_are_counted() {
        let limit = LogLimit::new(Duration::from_secs(10));
        assert_eq!(limit.admit(at(0)), Some(0));
        assert_eq!(limit.admit(at(0)), None);
        assert_eq!(limit.admit(at(9_999)), None);
        assert_eq!(limit.admit(at(10_000)), Some(2));
        assert_eq!(limit.admit(at(90_000)), Some(0));
    }

    #[test]
    fn thousands_of_lines_in_a_few_seconds_leave_a_handful() {
        let limit = LogLimit::new(Duration::from_secs(1));
        let written = (0..32_000).filter(|millis| limit.admit(at(millis / 4)).is_some());
        assert_eq!(written.count(), 8);
    }
}
