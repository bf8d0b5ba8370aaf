//! The time that deletion rests on: a wall clock, as far as the boot clock vouches for it.

use std::{fmt, time::Duration};

use lanyard_token::{BootTime, UnixTime};

use crate::RETENTION;

/// A lower bound of the wall clock that a step of the wall clock cannot move forward.
///
/// A deleted revocation cannot be restored, so an entry may be deleted only once its retention has
/// really passed. The wall clock alone does not show that: it may be stepped by a day in either
/// direction. [`Self::vouched`] is therefore never later than the wall clock, and advances no faster
/// than the boot clock. It lags behind after a step or a downtime, which only keeps revocations for
/// longer, and catches up with the wall clock after both clocks have run in step for one
/// [`RETENTION`]: every entry from before that period is old enough by the boot clock alone, and
/// every entry since then was stamped by the wall clock as it is now.
///
/// A new clock vouches for nothing until such a period has passed, or [`Self::adopt`] has taken over
/// the time that the store has recorded.
#[derive(Clone, Debug, Default)]
pub struct RetentionClock {
    vouched: Option<UnixTime>,
    last: Option<Reading>,
    /// The reading at which the clocks began to run in step.
    in_step_since: Option<Reading>,
}

/// Both clocks of one machine, read at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reading {
    wall: UnixTime,
    boot: BootTime,
}

/// By how much a clock differs from another, or from the time that it was expected to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockOffset {
    /// It is ahead by this much.
    Ahead(Duration),
    /// It is behind by this much.
    Behind(Duration),
}

impl ClockOffset {
    /// The difference of a clock from the expected time, if it is more than [`CLOCK_TOLERANCE`].
    #[must_use]
    pub fn beyond_tolerance(expected: UnixTime, found: UnixTime) -> Option<Self> {
        let (ahead, behind) = (found.since(expected), expected.since(found));
        if ahead > CLOCK_TOLERANCE {
            Some(Self::Ahead(ahead))
        } else if behind > CLOCK_TOLERANCE {
            Some(Self::Behind(behind))
        } else {
            None
        }
    }

    /// The difference to the nearest second, negative if the clock is behind.
    #[must_use]
    pub fn as_secs(self) -> i64 {
        let signed = |size: Duration| {
            let nearest = size.saturating_add(Duration::from_millis(500)).as_secs();
            i64::try_from(nearest).unwrap_or(i64::MAX)
        };
        match self {
            Self::Ahead(size) => signed(size),
            Self::Behind(size) => -signed(size),
        }
    }
}

impl fmt::Display for ClockOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:+}s", self.as_secs())
    }
}

impl RetentionClock {
    /// Takes in a reading of both clocks. Returns the step of the wall clock, if there was one since
    /// the clocks began to run in step.
    pub fn observe(&mut self, wall: UnixTime, boot: BootTime) -> Option<ClockOffset> {
        let now = Reading { wall, boot };
        let elapsed = self
            .last
            .map_or(Duration::ZERO, |last| boot.since(last.boot));
        self.last = Some(now);
        let by_boot_clock = self.vouched.map(|vouched| vouched.saturating_add(elapsed));
        self.vouched = by_boot_clock.map(|vouched| vouched.min(wall));
        let Some(begun) = self.in_step_since else {
            self.in_step_since = Some(now);
            return None;
        };
        let in_step_for = boot.since(begun.boot);
        let expected = begun.wall.saturating_add(in_step_for);
        if let Some(step) = ClockOffset::beyond_tolerance(expected, wall) {
            self.in_step_since = Some(now);
            return Some(step);
        }
        if in_step_for >= RETENTION {
            self.vouched = Some(wall);
            // A new period, so that a difference in rate does not add up to a step.
            self.in_step_since = Some(now);
        }
        None
    }

    /// Takes over a time for which the store has a record that it was vouched for.
    pub fn adopt(&mut self, recorded: UnixTime) {
        let Some(last) = self.last else {
            return;
        };
        self.vouched = self.vouched.max(Some(recorded.min(last.wall)));
    }

    /// The time up to which retention may count, or nothing if none is vouched for.
    #[must_use]
    pub const fn vouched(&self) -> Option<UnixTime> {
        self.vouched
    }

    /// How far the vouched time is behind the wall clock, as of the latest reading; nothing if no
    /// time is vouched for.
    #[must_use]
    pub fn lag(&self) -> Option<Duration> {
        Some(self.last?.wall.since(self.vouched?))
    }
}

/// How far two clocks may differ and still count as running in step.
///
/// It is half the leeway in [`RETENTION`], so that an error of one clock by this much and of another
/// by as much leaves every entry in place for as long as a token that it covers.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
