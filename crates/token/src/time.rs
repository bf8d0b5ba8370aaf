//! Points in time: one on the calendar, one on the machine. They are two types because they must
//! never be compared.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point on the calendar: milliseconds since the Unix epoch.
///
/// It decides expiry and what is shown to people. It never decides what was issued before what:
/// that is a [`Position`](crate::Position), because no two machines' clocks agree.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixTime(u64);

impl UnixTime {
    /// The point that many milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// The point that many seconds after the epoch, or the last one that can be told.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(MILLIS_PER_SEC))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / MILLIS_PER_SEC
    }

    /// The last whole second that is not after this point: what a token can carry of it.
    #[must_use]
    pub const fn floor_to_secs(self) -> Self {
        Self::from_secs(self.as_secs())
    }

    /// Later by `duration`, or the last point that can be told.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(whole_millis(duration)))
    }

    /// Later by `duration`, if that can be told.
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        let millis = u64::try_from(duration.as_millis()).ok()?;
        self.0.checked_add(millis).map(Self)
    }

    /// Earlier by `duration`, or the epoch.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(whole_millis(duration)))
    }

    /// How long this is after `earlier`; nothing if it is not.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// A point on one machine's own clock, one that runs on while the machine is suspended.
///
/// The instant that it counts from is fixed but unknown, so it means nothing on another machine or
/// after a restart. It measures ages, and no change of the calendar moves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct BootTime(Duration);

impl BootTime {
    /// The point that long after the instant that the clock counts from.
    #[must_use]
    pub const fn from_duration(duration: Duration) -> Self {
        Self(duration)
    }

    /// How long this is after `earlier`; nothing if it is not.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// Later by `duration`, or the last point that can be told.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }

    /// Earlier by `duration`, or the instant that the clock counts from.
    #[must_use]
    pub const fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration))
    }
}

/// What a duration is in milliseconds, rounded down, or the most that can be counted.
pub(crate) fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

const MILLIS_PER_SEC: u64 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_rounded_down() {
        assert_eq!(UnixTime::from_millis(1999).as_secs(), 1);
        assert_eq!(
            UnixTime::from_millis(1999).floor_to_secs(),
            UnixTime::from_secs(1)
        );
        assert_eq!(UnixTime::from_secs(2).as_millis(), 2000);
    }

    #[test]
    fn time_stops_at_both_ends_and_does_not_wrap() {
        let last = UnixTime::from_millis(u64::MAX);
        assert_eq!(UnixTime::from_secs(u64::MAX), last);
        assert_eq!(last.saturating_add(Duration::MAX), last);
        assert_eq!(last.checked_add(Duration::from_millis(1)), None);
        assert_eq!(last.checked_add(Duration::MAX), None);
        assert_eq!(last.checked_add(Duration::ZERO), Some(last));
        let epoch = UnixTime::default();
        assert_eq!(epoch.saturating_sub(Duration::from_secs(1)), epoch);
        assert_eq!(epoch.since(last), Duration::ZERO);
    }

    #[test]
    fn what_is_not_later_is_no_time_ago() {
        let early = BootTime::from_duration(Duration::from_secs(1));
        let late = early.saturating_add(Duration::from_secs(2));
        assert_eq!(late.since(early), Duration::from_secs(2));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(late.saturating_sub(Duration::from_secs(2)), early);
    }

    #[test]
    fn unix_time_is_stored_as_milliseconds() {
        let time = UnixTime::from_secs(1_700_000_000);
        assert_eq!(serde_json::to_string(&time).unwrap(), "1700000000000");
        assert_eq!(
            serde_json::from_str::<UnixTime>("1700000000000").unwrap(),
            time
        );
        assert!(serde_json::from_str::<UnixTime>("1.5").is_err());
        assert!(serde_json::from_str::<UnixTime>("-1").is_err());
    }
}
