//! Durations that carry an invariant. Each is a type or a documented constant, so that two of them
//! cannot be swapped.

use std::fmt::{self, Display};
use std::time::Duration;

/// How far the clock of whoever issued a token may be ahead of the clock of whoever checks it.
///
/// What relies on it:
/// - [`VerifiedToken::at`](crate::VerifiedToken::at) accepts a token up to this long before its
///   `iat`, and before its `nbf` if it has one. Expiry has no leeway.
/// - [`KeyState::is_published`](crate::KeyState::is_published) keeps a retired key for the longest
///   lifetime and this much longer.
/// - A revocation stays in the list for the longest lifetime and this much longer.
///
/// If a list forgot sooner than a verifier forgives, whoever holds a revoked token would only have
/// to wait for the gap between the two to use it again.
pub const LEEWAY: Duration = Duration::from_mins(1);

/// How long an access token lives: 60 to 1440 whole minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lifetime {
    minutes: u16,
}

impl Lifetime {
    /// The shortest, one hour.
    pub const MIN: Self = Self { minutes: 60 };

    /// The longest, one day. The retention of retired keys and of revocations is counted from it.
    pub const MAX: Self = Self { minutes: 1440 };

    /// What is given when nothing was asked for.
    pub const DEFAULT: Self = Self::MAX;

    /// A lifetime of that many minutes.
    ///
    /// # Errors
    /// If they are not from 60 to 1440.
    pub fn from_minutes(minutes: u64) -> Result<Self, LifetimeError> {
        u16::try_from(minutes)
            .map(|minutes| Self { minutes })
            .ok()
            .filter(|lifetime| (Self::MIN..=Self::MAX).contains(lifetime))
            .ok_or(LifetimeError {
                given: Given::Minutes(minutes),
            })
    }

    /// A lifetime of that many seconds and billionths of a second, the two parts of a duration on
    /// the wire.
    ///
    /// # Errors
    /// If they are not whole minutes from 60 to 1440.
    pub fn from_seconds(seconds: i64, nanos: i32) -> Result<Self, LifetimeError> {
        let whole = nanos == 0 && seconds % SECS_PER_MINUTE == 0;
        u64::try_from(seconds / SECS_PER_MINUTE)
            .ok()
            .filter(|_minutes| whole)
            .and_then(|minutes| Self::from_minutes(minutes).ok())
            .ok_or(LifetimeError {
                given: Given::Seconds(seconds, nanos),
            })
    }

    /// The minutes.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.minutes
    }

    /// The same length as a duration.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        // From seconds, since the widening to u64 is not const in the standard library.
        Duration::from_secs(self.minutes as u64 * 60)
    }
}

impl Default for Lifetime {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A length of time that no token may live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a whole number of minutes from {} to {}, not {given}",
    Lifetime::MIN.minutes,
    Lifetime::MAX.minutes
)]
pub struct LifetimeError {
    given: Given,
}

/// What was asked for, in the unit that it was asked in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Given {
    Minutes(u64),
    Seconds(i64, i32),
}

impl Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minutes(1) => f.write_str("1 minute"),
            Self::Minutes(minutes) => write!(f, "{minutes} minutes"),
            Self::Seconds(1, 0) => f.write_str("1 second"),
            Self::Seconds(seconds, 0) => write!(f, "{seconds} seconds"),
            Self::Seconds(seconds, nanos) => {
                write!(f, "{seconds} seconds and {nanos} nanoseconds")
            }
        }
    }
}

/// How long a new signing key is published before it signs, so that every verifier knows it by
/// then.
///
/// A verifier that has heard nothing for longer than [`PropagationBound::MAX`] refuses everything,
/// so waiting any longer would teach a key to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PropagationBound(Duration);

impl PropagationBound {
    /// The shortest.
    pub const MIN: Self = Self(Duration::from_secs(1));

    /// The longest, in which whatever was revoked is refused everywhere, too.
    pub const MAX: Self = Self(Duration::from_mins(15));

    /// What holds when nothing was configured.
    pub const DEFAULT: Self = Self::MAX;

    /// A bound of that length.
    ///
    /// # Errors
    /// If it is not from one second to 15 minutes.
    pub fn from_duration(duration: Duration) -> Result<Self, PropagationBoundError> {
        Some(Self(duration))
            .filter(|bound| (Self::MIN..=Self::MAX).contains(bound))
            .ok_or(PropagationBoundError { given: duration })
    }

    /// The same length as a duration.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        self.0
    }
}

impl Default for PropagationBound {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A length of time that is no propagation bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be from 1 second to 15 minutes, not {given:?}")]
pub struct PropagationBoundError {
    given: Duration,
}

const SECS_PER_MINUTE: i64 = 60;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_lifetime_is_from_an_hour_to_a_day_both_included() {
        for minutes in [60, 61, 1439, 1440] {
            assert_eq!(
                u64::from(Lifetime::from_minutes(minutes).unwrap().minutes()),
                minutes
            );
        }
        for minutes in [0, 1, 59, 1441, 65_536 + 60, u64::MAX] {
            assert!(
                Lifetime::from_minutes(minutes).is_err(),
                "accepted {minutes}"
            );
        }
        assert_eq!(Lifetime::default().as_duration(), Duration::from_hours(24));
    }

    #[test]
    fn a_lifetime_is_whole_minutes() {
        assert_eq!(Lifetime::from_seconds(3600, 0), Ok(Lifetime::MIN));
        assert_eq!(Lifetime::from_seconds(86_400, 0), Ok(Lifetime::MAX));
        for (seconds, nanos) in [
            (90, 0),
            (0, 0),
            (-3600, 0),
            (3599, 0),
            (3601, 0),
            (3600, 1),
            (3600, -1),
            (86_400, 1),
            (86_460, 0),
            (i64::MIN, 0),
            (i64::MAX, i32::MAX),
            (i64::MIN, i32::MIN),
        ] {
            assert!(
                Lifetime::from_seconds(seconds, nanos).is_err(),
                "accepted {seconds}s {nanos}ns"
            );
        }
    }

    #[test]
    fn the_error_says_what_is_allowed_and_what_was_given() {
        let says = |error: LifetimeError| error.to_string();
        assert_eq!(
            says(Lifetime::from_seconds(90, 0).unwrap_err()),
            "must be a whole number of minutes from 60 to 1440, not 90 seconds"
        );
        assert_eq!(
            says(Lifetime::from_minutes(59).unwrap_err()),
            "must be a whole number of minutes from 60 to 1440, not 59 minutes"
        );
        assert_eq!(
            says(Lifetime::from_seconds(3600, 5).unwrap_err()),
            "must be a whole number of minutes from 60 to 1440, not 3600 seconds and 5 nanoseconds"
        );
    }

    #[test]
    fn a_propagation_bound_is_at_most_the_time_in_which_a_revocation_is_known() {
        for secs in [1, 2, 900] {
            let bound = Duration::from_secs(secs);
            assert_eq!(
                PropagationBound::from_duration(bound)
                    .unwrap()
                    .as_duration(),
                bound
            );
        }
        for bound in [
            Duration::ZERO,
            Duration::from_millis(999),
            Duration::from_millis(900_001),
        ] {
            assert!(
                PropagationBound::from_duration(bound).is_err(),
                "accepted {bound:?}"
            );
        }
        assert_eq!(
            PropagationBound::from_duration(Duration::from_mins(16))
                .unwrap_err()
                .to_string(),
            "must be from 1 second to 15 minutes, not 960s"
        );
    }

    proptest! {
        #[test]
        fn minutes_and_seconds_agree(seconds: i64, nanos in -1..2_i32) {
            let whole = nanos == 0 && seconds % 60 == 0 && (3600..=86_400).contains(&seconds);
            let lifetime = Lifetime::from_seconds(seconds, nanos);
            prop_assert_eq!(lifetime.is_ok(), whole);
        }

        #[test]
        fn lifetimes_make_the_round_trip(minutes in 0..3000_u64) {
            let from_minutes = Lifetime::from_minutes(minutes).ok();
            let seconds = i64::try_from(minutes * 60).unwrap();
            prop_assert_eq!(Lifetime::from_seconds(seconds, 0).ok(), from_minutes);
            if let Some(lifetime) = from_minutes {
                prop_assert_eq!(lifetime.as_duration(), Duration::from_mins(minutes));
            }
        }
    }
}
