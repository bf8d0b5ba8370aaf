//! How old a list may be, and how old it is.
//!
//! Silence is not news: a list is complete as of the moment at which a read of the log to its end
//! was *sent*, and only if that read was answered by the log's rightful holder. Nothing else, no
//! quiet connection and no lack of errors, makes a list any younger.

use std::{fmt, time::Duration};

use lanyard_token::BootTime;

/// The age up to which a list is trusted: one second to fourteen minutes, fourteen by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FreshnessBound(Duration);

impl FreshnessBound {
    /// The loosest bound there is, and the default.
    ///
    /// The promise is that no point accepts a revoked token fifteen minutes after the revoke call
    /// returned. The missing minute is spent where a point cannot see it: on clocks that run at
    /// different rates (the age that it is told was measured on another machine), and on a failover
    /// in progress. With the whole fifteen minutes here, an attacker who holds a revoked token and
    /// can cut a point off from the authority would have it accepted beyond the promise.
    ///
    /// The promise itself is [`PropagationBound`](lanyard_token::PropagationBound); a test holds
    /// the two a minute apart.
    pub const MAX: Self = Self(Duration::from_mins(14));

    /// The tightest bound there is. Below it an ordinary pause between two confirmations would
    /// refuse everything.
    pub const MIN: Self = Self(Duration::from_secs(1));

    /// The bound for issuing. An authority whose own list is older than this is cut off, and must
    /// not go on handing out tokens that a failover behind its back may put out of reach of
    /// revocation.
    pub const ISSUING: Self = Self(Duration::from_mins(1));

    /// A bound of that length.
    ///
    /// # Errors
    /// If it is tighter than [`Self::MIN`] or looser than [`Self::MAX`].
    pub fn from_duration(bound: Duration) -> Result<Self, FreshnessBoundError> {
        if (Self::MIN.0..=Self::MAX.0).contains(&bound) {
            Ok(Self(bound))
        } else {
            Err(FreshnessBoundError { given: bound })
        }
    }

    /// The bound as a length of time.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        self.0
    }

    /// Accepts a list of that age, or says that it is stale. The bound itself is still fresh.
    ///
    /// # Errors
    /// If the age is over the bound, or if there is none because the list was never confirmed.
    pub fn check(self, age: Option<Duration>) -> Result<Duration, Stale> {
        age.filter(|age| *age <= self.0)
            .ok_or(Stale { age, bound: self })
    }
}

impl Default for FreshnessBound {
    fn default() -> Self {
        Self::MAX
    }
}

/// As of when a list is known to be complete, on this machine's own clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freshness {
    as_of: Option<BootTime>,
}

impl Freshness {
    /// A list that was never confirmed, and is stale at every time.
    #[must_use]
    pub const fn never() -> Self {
        Self { as_of: None }
    }

    /// As of when a list is complete whose age was told in answer to a question: the moment at
    /// which the question was sent, less the age.
    ///
    /// It is nothing if the age goes back beyond the instant that the clock counts from, as it can
    /// on a machine that has just started. Clamping it there would make an old list look young.
    #[must_use]
    pub fn moment(sent: BootTime, age: Duration) -> Option<BootTime> {
        let running = sent.since(BootTime::default());
        running.checked_sub(age).map(BootTime::from_duration)
    }

    /// Records that the list is complete as of a moment. An earlier one than is known already says
    /// nothing new: answers that overtake each other never make a list older.
    pub fn confirm(&mut self, as_of: BootTime) {
        self.as_of = self.as_of.max(Some(as_of));
    }

    /// As of when the list is complete, if it was ever confirmed.
    #[must_use]
    pub const fn as_of(&self) -> Option<BootTime> {
        self.as_of
    }

    /// How old the list is, if it was ever confirmed.
    #[must_use]
    pub fn age(&self, now: BootTime) -> Option<Duration> {
        self.as_of.map(|as_of| now.since(as_of))
    }

    /// The age of the list, if it is fresh enough to be trusted.
    ///
    /// # Errors
    /// If it is older than the bound or was never confirmed.
    pub fn check(&self, now: BootTime, bound: FreshnessBound) -> Result<Duration, Stale> {
        bound.check(self.age(now))
    }
}

/// The list is too old to tell whether a token is alive, so nothing may be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stale {
    /// How old the list is, or nothing if it was never confirmed to be complete.
    pub age: Option<Duration>,
    /// How old it may be.
    pub bound: FreshnessBound,
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = self.bound.as_duration();
        match self.age {
            Some(age) => {
                write!(
                    f,
                    "the revocation list is {age:?} old, and at most {bound:?} is trusted"
                )
            }
            None => f.write_str("the revocation list has not been confirmed to be complete yet"),
        }
    }
}

impl std::error::Error for Stale {}

/// A bound that would break the promise, or that nothing could keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be from 1 second to 14 minutes, not {given:?}")]
pub struct FreshnessBoundError {
    given: Duration,
}

#[cfg(test)]
mod tests {
    use lanyard_token::PropagationBound;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);
    const TICK: Duration = Duration::from_nanos(1);

    fn at(time: Duration) -> BootTime {
        BootTime::from_duration(time)
    }

    #[test]
    fn the_loosest_bound_is_a_minute_short_of_the_promise() {
        let promise = PropagationBound::default().as_duration();
        assert_eq!(FreshnessBound::MAX.as_duration() + MINUTE, promise);
        assert_eq!(FreshnessBound::default(), FreshnessBound::MAX);
    }

    #[test]
    fn a_bound_is_from_one_second_to_fourteen_minutes_both_included() {
        let (min, max) = (
            FreshnessBound::MIN.as_duration(),
            FreshnessBound::MAX.as_duration(),
        );
        assert_eq!(FreshnessBound::from_duration(min), Ok(FreshnessBound::MIN));
        assert_eq!(FreshnessBound::from_duration(max), Ok(FreshnessBound::MAX));
        for given in [
            Duration::ZERO,
            Duration::from_millis(999),
            max + TICK,
            15 * MINUTE,
            Duration::MAX,
        ] {
            assert_eq!(
                FreshnessBound::from_duration(given),
                Err(FreshnessBoundError { given })
            );
        }
        let error = FreshnessBound::from_duration(15 * MINUTE).unwrap_err();
        assert_eq!(
            error.to_string(),
            "must be from 1 second to 14 minutes, not 900s"
        );
    }

    #[test]
    fn a_list_that_was_never_confirmed_is_stale_at_every_time() {
        let bound = FreshnessBound::MAX;
        for now in [Duration::ZERO, MINUTE, Duration::MAX] {
            let stale = Freshness::never().check(at(now), bound).unwrap_err();
            assert_eq!(stale, Stale { age: None, bound });
        }
        assert_eq!(Freshness::never().age(at(MINUTE)), None);
    }

    #[test]
    fn a_list_ages_from_its_confirmation_to_the_bound_and_not_a_tick_further() {
        let bound = FreshnessBound::MAX;
        let t0 = 100 * MINUTE;
        let mut freshness = Freshness::never();
        freshness.confirm(at(t0));

        let t1 = t0 + MINUTE;
        assert_eq!(freshness.check(at(t1), bound), Ok(MINUTE));
        let t2 = t0 + 14 * MINUTE;
        assert_eq!(freshness.check(at(t2), bound), Ok(14 * MINUTE));
        let t3 = t2 + TICK;
        let age = Some(14 * MINUTE + TICK);
        assert_eq!(freshness.check(at(t3), bound), Err(Stale { age, bound }));

        freshness.confirm(at(t1));
        assert_eq!(freshness.check(at(t3), bound), Ok(13 * MINUTE + TICK));
        let t4 = t1 + 14 * MINUTE;
        assert_eq!(freshness.check(at(t4), bound), Ok(14 * MINUTE));
        let t5 = t4 + TICK;
        assert_eq!(freshness.check(at(t5), bound), Err(Stale { age, bound }));
    }

    #[test]
    fn a_tighter_bound_turns_at_its_own_second() {
        let bound = FreshnessBound::from_duration(5 * Duration::from_secs(1)).unwrap();
        let mut freshness = Freshness::never();
        freshness.confirm(at(MINUTE));
        assert!(
            freshness
                .check(at(MINUTE + bound.as_duration()), bound)
                .is_ok()
        );
        assert!(
            freshness
                .check(at(MINUTE + bound.as_duration() + TICK), bound)
                .is_err()
        );
    }

    #[test]
    fn an_earlier_confirmation_that_arrives_later_changes_nothing() {
        let mut freshness = Freshness::never();
        freshness.confirm(at(5 * MINUTE));
        freshness.confirm(at(3 * MINUTE));
        assert_eq!(freshness.as_of(), Some(at(5 * MINUTE)));
        assert_eq!(freshness.age(at(6 * MINUTE)), Some(MINUTE));
    }

    #[test]
    fn an_answer_counts_from_the_question_less_the_age_that_it_tells() {
        let sent = at(5 * MINUTE);
        assert_eq!(Freshness::moment(sent, Duration::ZERO), Some(sent));
        assert_eq!(Freshness::moment(sent, 2 * MINUTE), Some(at(3 * MINUTE)));
        assert_eq!(
            Freshness::moment(sent, 5 * MINUTE),
            Some(at(Duration::ZERO))
        );
    }

    #[test]
    fn a_list_that_is_older_than_the_machine_confirms_nothing() {
        assert_eq!(Freshness::moment(at(MINUTE), MINUTE + TICK), None);
        assert_eq!(Freshness::moment(at(MINUTE), Duration::MAX), None);
    }

    #[test]
    fn a_reading_of_the_clock_from_before_the_confirmation_finds_a_new_list() {
        let mut freshness = Freshness::never();
        freshness.confirm(at(5 * MINUTE));
        assert_eq!(freshness.age(at(4 * MINUTE)), Some(Duration::ZERO));
    }

    #[test]
    fn a_stale_list_says_how_old_it_is_and_what_is_trusted() {
        let bound = FreshnessBound::MAX;
        let stale = Stale {
            age: Some(15 * MINUTE),
            bound,
        };
        let expected = "the revocation list is 900s old, and at most 840s is trusted";
        assert_eq!(stale.to_string(), expected);
        let never = "the revocation list has not been confirmed to be complete yet";
        assert_eq!(Stale { age: None, bound }.to_string(), never);
    }
}
