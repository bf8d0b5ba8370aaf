//! Latencies of the calls that were answered, and how many were not.

use std::time::Duration;

use hdrhistogram::{CreationError, Histogram};
use lanyard_token::BootTime;
use serde::Serialize;

use crate::arithmetic::real;
use crate::failure::{Failure, Failures};

/// What one caller, or all together, have seen.
#[derive(Clone, Debug)]
pub struct Recorder {
    nanoseconds: Histogram<u64>,
    done: u64,
    failures: Failures,
}

/// Latencies in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// Half of the calls took no longer.
    pub p50: f64,
    /// Nine of ten.
    pub p90: f64,
    /// All but one of a hundred.
    pub p99: f64,
    /// All but one of a thousand.
    pub p999: f64,
    /// All.
    pub max: f64,
}

impl Recorder {
    /// One that has seen nothing.
    ///
    /// # Errors
    /// If there is no room for the histogram.
    pub fn new() -> Result<Self, CreationError> {
        Ok(Self {
            nanoseconds: Histogram::new_with_bounds(1, LONGEST, DIGITS)?,
            done: 0,
            failures: Failures::default(),
        })
    }

    /// Notes how a call ended that was due at a time, and how much it got done: a batch of a hundred
    /// checks is one call and gets a hundred done.
    pub fn record(&mut self, due: BootTime, now: BootTime, answer: Result<u64, Failure>) {
        match answer {
            Ok(done) => {
                self.record_latency(now.since(due));
                self.done += done;
            }
            Err(failure) => self.failures.count(&failure),
        }
    }

    /// Adds what another has seen.
    pub fn merge(&mut self, other: &Self) {
        // It only fails for values out of bounds, and all have the same bounds.
        let _ = self.nanoseconds.add(&other.nanoseconds);
        self.done += other.done;
        self.failures.merge(&other.failures);
    }

    /// How many calls were answered as they should.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.nanoseconds.len()
    }

    /// How much they got done.
    #[must_use]
    pub const fn done(&self) -> u64 {
        self.done
    }

    /// Those that were not.
    #[must_use]
    pub const fn failures(&self) -> &Failures {
        &self.failures
    }

    /// The latencies as they were seen.
    #[must_use]
    pub fn latency(&self) -> Latency {
        Latency::of(&self.nanoseconds)
    }

    /// The latencies together with those of calls that were never sent: so many, which had waited at
    /// least so long. Without them a server that falls behind would look as quick as one that keeps up.
    #[must_use]
    pub fn with_waiting(&self, waiting: impl Iterator<Item = (u64, Duration)>) -> Latency {
        let mut all = self.nanoseconds.clone();
        for (calls, waited) in waiting {
            all.saturating_record_n(nanoseconds(waited), calls);
        }
        Latency::of(&all)
    }

    /// The latencies with those put back that a waiting caller did not see: a call that took ten
    /// intervals kept nine others from being made, which would have waited nine, eight, ... intervals.
    #[must_use]
    pub fn corrected(&self, interval: Duration) -> Latency {
        match nanoseconds(interval) {
            0 => self.latency(),
            interval => Latency::of(&self.nanoseconds.clone_correct(interval)),
        }
    }

    fn record_latency(&mut self, latency: Duration) {
        self.nanoseconds.saturating_record(nanoseconds(latency));
    }
}

impl Latency {
    /// Each of the percentiles, by the name that it has in JSON.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, f64); 5] {
        [
            ("p50", self.p50),
            ("p90", self.p90),
            ("p99", self.p99),
            ("p99.9", self.p999),
            ("max", self.max),
        ]
    }

    fn of(nanoseconds: &Histogram<u64>) -> Self {
        let at = |percentile| micros(nanoseconds.value_at_percentile(percentile));
        Self {
            p50: at(50.0),
            p90: at(90.0),
            p99: at(99.0),
            p999: at(99.9),
            max: micros(nanoseconds.max()),
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

const fn micros(nanoseconds: u64) -> f64 {
    real(nanoseconds) / 1e3
}

/// No call takes longer than two minutes: clients give up before.
const LONGEST: u64 = 120_000_000_000;
/// To a tenth of a percent.
const DIGITS: u8 = 3;

#[cfg(test)]
mod tests {
    use tonic::Status;

    use super::*;

    #[test]
    fn percentiles_are_those_of_the_calls_that_were_answered() {
        let mut recorder = seen(1..=1000);
        recorder.record(at(0), at(5), Err(Status::unavailable("away").into()));

        assert_eq!(recorder.calls(), 1000);
        assert_eq!(recorder.failures().total(), 1);
        for ((name, measured), expected) in recorder
            .latency()
            .named()
            .into_iter()
            .zip([500e3, 900e3, 990e3, 999e3, 1000e3])
        {
            let off = (measured - expected).abs() / expected;
            assert!(off < 0.002, "{name}: {measured}");
        }
    }

    #[test]
    fn a_call_counts_from_when_it_was_due() {
        let mut recorder = Recorder::new().expect("room");
        recorder.record(at(100), at(350), Ok(1));
        let p50 = recorder.latency().p50;
        assert!((249.5e3..251e3).contains(&p50), "{p50}");
    }

    #[test]
    fn a_stall_is_corrected_for_the_calls_that_it_kept_from_being_made() {
        let mut recorder = seen((0..99).map(|_| 10));
        recorder.record(at(0), at(1000), Ok(1));

        let (seen, corrected) = (
            recorder.latency(),
            recorder.corrected(Duration::from_millis(10)),
        );
        assert!(seen.p90 < 10.1e3, "{seen:?}");
        // Half of all the calls that there should have been fell into the stall.
        assert!((750e3..850e3).contains(&corrected.p90), "{corrected:?}");
        assert!((corrected.max - seen.max).abs() < 1.0, "{corrected:?}");
    }

    #[test]
    fn nothing_is_corrected_where_no_call_waited_for_another() {
        let recorder = seen((0..100).map(|_| 10));
        assert_eq!(
            recorder.corrected(Duration::from_millis(10)),
            recorder.latency()
        );
        assert_eq!(recorder.corrected(Duration::ZERO), recorder.latency());
    }

    #[test]
    fn what_several_have_seen_is_what_one_would_have_seen() {
        let mut both = seen(1..=500);
        both.merge(&seen(501..=1000));
        assert_eq!(both.latency(), seen(1..=1000).latency());
        assert_eq!((both.calls(), both.done()), (1000, 1000));
    }

    fn seen(millis: impl IntoIterator<Item = u64>) -> Recorder {
        let mut recorder = Recorder::new().expect("room");
        for latency in millis {
            recorder.record(at(0), at(latency), Ok(1));
        }
        recorder
    }

    fn at(millis: u64) -> BootTime {
        BootTime::from_duration(Duration::from_millis(millis))
    }
}
