//! The wall clock of one server, estimated from the times in its replies.
//!
//! A script that changes something may act only in a period that is given in the server's own time. The
//! period begins about when the command is sent and ends before the client stops waiting for the reply, so
//! a write whose outcome was reported as unknown is not carried out later.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lanyard_token::UnixTime;
use tokio::time::Instant;

/// An estimate of a server's wall clock that is never ahead of it, unless that clock was set back.
#[derive(Debug, Default)]
pub(super) struct ServerClock(Mutex<Option<Sample>>);

/// A time in a reply, and when the reply arrived. The server read it before that.
#[derive(Clone, Copy, Debug)]
struct Sample {
    received: Instant,
    time: UnixTime,
}

/// The period of server time in which a script may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeWindow {
    pub(super) earliest: UnixTime,
    pub(super) latest: UnixTime,
}

impl ServerClock {
    /// Takes the time of a reply that has just arrived into account. The latest of the recent estimates is
    /// kept: its reply was the fastest.
    pub(super) fn observe(&self, time: UnixTime, received: Instant) {
        self.with(|kept| {
            let is_better = kept.is_none_or(|kept| {
                received.saturating_duration_since(kept.received) > MAX_AGE
                    || kept.at(received) < time
            });
            if is_better {
                *kept = Some(Sample { received, time });
            }
        });
    }

    /// Replaces the estimate, which a reply has shown to be wrong: the clock was set, or this process was
    /// suspended.
    pub(super) fn correct(&self, time: UnixTime, received: Instant) {
        self.with(|kept| *kept = Some(Sample { received, time }));
    }

    /// The period in which a command that is sent now, and whose reply is waited for that long, may act.
    /// `None` before the first reply.
    ///
    /// A clock that was set back by less than the tolerance goes unnoticed, so the end is earlier by as
    /// much.
    pub(super) fn window(&self, response_timeout: Duration, now: Instant) -> Option<TimeWindow> {
        let kept = self.with(|kept| *kept)?;
        let tolerance = response_timeout / TOLERANCE;
        let sent = kept.at(now);
        Some(TimeWindow {
            earliest: sent.saturating_sub(tolerance),
            latest: sent.saturating_add(response_timeout.saturating_sub(tolerance)),
        })
    }

    // A lock whose holder panicked is used all the same: each change is one assignment.
    fn with<T>(&self, use_kept: impl FnOnce(&mut Option<Sample>) -> T) -> T {
        use_kept(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Sample {
    /// The server's time at a later moment, or before it.
    fn at(&self, now: Instant) -> UnixTime {
        self.time
            .saturating_add(now.saturating_duration_since(self.received))
    }
}

/// The part of the response timeout by which a server's clock may differ from the estimate.
const TOLERANCE: u32 = 8;
/// The age at which an estimate gives way to the next one, since clocks drift apart.
const MAX_AGE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(2);

    fn window(clock: &ServerClock, now: Instant) -> (u64, u64) {
        let window = clock.window(TIMEOUT, now).unwrap();
        (window.earliest.as_millis(), window.latest.as_millis())
    }

    fn millis(millis: u64) -> UnixTime {
        UnixTime::from_millis(millis)
    }

    #[test]
    fn window_begins_when_the_command_is_sent_and_ends_before_the_timeout() {
        let (clock, start) = (ServerClock::default(), Instant::now());
        assert_eq!(clock.window(TIMEOUT, start), None);
        clock.observe(millis(1_000_000), start);
        assert_eq!(window(&clock, start), (999_750, 1_001_750));
        let later = start + Duration::from_secs(5);
        assert_eq!(window(&clock, later), (1_004_750, 1_006_750));
    }

    #[test]
    fn fastest_of_the_recent_replies_counts() {
        let (clock, start) = (ServerClock::default(), Instant::now());
        clock.observe(millis(1_000_000), start);
        let later = start + Duration::from_secs(1);
        clock.observe(millis(1_000_400), later);
        assert_eq!(window(&clock, later), (1_000_750, 1_002_750), "slower");
        clock.observe(millis(1_001_300), later);
        assert_eq!(window(&clock, later), (1_001_050, 1_003_050), "faster");
    }

    #[test]
    fn old_estimate_gives_way_to_a_slower_reply() {
        let (clock, start) = (ServerClock::default(), Instant::now());
        clock.observe(millis(1_000_000), start);
        let later = start + MAX_AGE + Duration::from_millis(1);
        clock.observe(millis(1_009_000), later);
        assert_eq!(window(&clock, later), (1_008_750, 1_010_750));
    }

    #[test]
    fn estimate_that_was_shown_to_be_wrong_is_replaced_whichever_way() {
        let (clock, start) = (ServerClock::default(), Instant::now());
        clock.observe(millis(1_000_000), start);
        for time in [500_000, 2_000_000] {
            clock.correct(millis(time), start);
            assert_eq!(window(&clock, start), (time - 250, time + 1_750));
        }
    }
}
