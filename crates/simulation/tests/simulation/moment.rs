//! True time, which nobody in the simulated world can see.

use std::{fmt, time::Duration};

/// A point in true time, to the microsecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    /// When a world begins.
    pub(crate) const START: Self = Self(0);

    /// Later by so much.
    pub(crate) fn after(self, duration: Duration) -> Self {
        Self(self.0 + u64::try_from(duration.as_micros()).expect("a world ends within hours"))
    }

    /// How long this is after `earlier`; nothing if it is not.
    pub(crate) const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// How long the world has been there.
    pub(crate) const fn elapsed(self) -> Duration {
        self.since(Self::START)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1_000_000;
        let micros = self.0 % 1_000_000;
        write!(f, "{:3}:{:02}.{micros:06}", seconds / 60, seconds % 60)
    }
}
