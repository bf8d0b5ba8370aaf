//! The figures of one side over all rounds, and how the two sides compare.

use serde::Serialize;

use crate::arithmetic::median;
use crate::failure::Failures;
use crate::recorder::Latency;
use crate::rounds::Pair;
use crate::run::Outcome;

/// One side.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// How many calls were answered as they should, in all rounds.
    pub calls: u64,
    /// How much they got done: checks, tokens, revocations.
    pub done: u64,
    /// How many were not.
    pub failures: u64,
    /// These by their code.
    pub failed: Failures,
    /// How many an open loop meant to make and did not, because answers stayed away.
    pub not_sent: u64,
    /// How much was done in a second.
    pub per_second: Figure,
    /// The median of each percentile over the rounds, in microseconds.
    pub latency_us: Latency,
    /// The same as the callers saw it, without correction.
    pub uncorrected_us: Latency,
}

/// One figure over the rounds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figure {
    /// The one in the middle.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
    /// That of each round.
    pub runs: Vec<f64>,
}

/// How many times the floor: each the median of what the pairs say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// Of what is done in a second. More is better.
    pub per_second: Figure,
    /// Of half of the calls. Less is better.
    pub p50: Figure,
    /// Of all but one of a hundred. Less is better.
    pub p99: Figure,
}

impl Summary {
    /// Sums up the rounds of one side.
    #[must_use]
    pub fn of<'a>(outcomes: impl Iterator<Item = &'a Outcome> + Clone) -> Self {
        let mut failed = Failures::default();
        outcomes
            .clone()
            .for_each(|one| failed.merge(one.seen.failures()));
        let sum = |of: fn(&Outcome) -> u64| outcomes.clone().map(of).sum();
        Self {
            calls: sum(|one| one.seen.calls()),
            done: sum(|one| one.seen.done()),
            failures: failed.total(),
            failed,
            not_sent: sum(|one| one.not_sent),
            per_second: Figure::of(outcomes.clone().map(Outcome::done_per_second)),
            latency_us: medians(&outcomes.clone().map(|one| one.latency)),
            uncorrected_us: medians(&outcomes.map(|one| one.seen.latency())),
        }
    }
}

impl Ratio {
    /// Compares each turn of the target with the turn of the floor of the same round. A turn in which no
    /// call was answered has no latency, and would look quicker than any.
    #[must_use]
    pub fn of(pairs: &[Pair]) -> Option<Self> {
        let both = pairs
            .iter()
            .filter_map(|pair| Some((&pair.target, pair.floor.as_ref()?)));
        let answered = |one: &Outcome| one.seen.calls() > 0;
        let both = both.filter(|(target, floor)| answered(target) && answered(floor));
        let both: Vec<_> = both.collect();
        if both.is_empty() {
            return None;
        }
        let ratio = |of: fn(&Outcome) -> f64| {
            let ratios = both.iter().map(|(target, floor)| of(target) / of(floor));
            Figure::of(ratios.filter(|ratio| ratio.is_finite()))
        };
        Some(Self {
            per_second: ratio(Outcome::done_per_second),
            p50: ratio(|one| one.latency.p50),
            p99: ratio(|one| one.latency.p99),
        })
    }
}

impl Figure {
    /// The middle and the ends.
    #[must_use]
    pub fn of(figures: impl Iterator<Item = f64>) -> Self {
        let runs: Vec<_> = figures.collect();
        let Some(median) = median(runs.iter().copied()) else {
            return Self::default();
        };
        Self {
            median,
            min: runs.iter().copied().fold(f64::INFINITY, f64::min),
            max: runs.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            runs,
        }
    }
}

/// The median of each percentile over the rounds.
#[must_use]
pub fn medians(of: &(impl Iterator<Item = Latency> + Clone)) -> Latency {
    let of = |which: fn(Latency) -> f64| median(of.clone().map(which)).unwrap_or_default();
    Latency {
        p50: of(|one| one.p50),
        p90: of(|one| one.p90),
        p99: of(|one| one.p99),
        p999: of(|one| one.p999),
        max: of(|one| one.max),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lanyard_token::BootTime;

    use super::*;
    use crate::recorder::Recorder;

    #[test]
    fn the_ratio_is_the_median_of_the_ratios_of_pairs() {
        // By the medians of the sides, 100 and 400, it would be a quarter.
        let pairs = [(100, 200), (50, 400), (400, 800)].map(|(target, floor)| Pair {
            target: outcome(target),
            floor: Some(outcome(floor)),
        });
        let ratio = Ratio::of(&pairs).expect("a floor").per_second;
        assert!((ratio.median - 0.5).abs() < 1e-9, "{ratio:?}");
        assert!((ratio.min - 0.125).abs() < 1e-9, "{ratio:?}");
        assert!((ratio.max - 0.5).abs() < 1e-9, "{ratio:?}");
    }

    #[test]
    fn without_a_floor_there_is_no_ratio() {
        let target = outcome(100);
        assert_eq!(
            Ratio::of(&[Pair {
                target,
                floor: None
            }]),
            None
        );
    }

    #[test]
    fn nothing_answered_is_no_quick_answer() {
        let pairs = [(0, 200), (100, 200)].map(|(target, floor)| Pair {
            target: outcome(target),
            floor: Some(outcome(floor)),
        });
        let ratio = Ratio::of(&pairs).expect("a floor");
        assert_eq!(ratio.p99.runs, [1.0]);
        assert_eq!(Ratio::of(&pairs[..1]), None);
    }

    #[test]
    fn a_side_is_told_by_its_median_round_and_counts_all_of_them() {
        let outcomes = [100, 300, 200].map(outcome);
        let summary = Summary::of(outcomes.iter());
        assert_eq!((summary.calls, summary.done), (600, 600));
        let expected = Figure {
            median: 200.0,
            min: 100.0,
            max: 300.0,
            runs: vec![100.0, 300.0, 200.0],
        };
        assert_eq!(summary.per_second, expected);
    }

    /// So many calls of a millisecond each, all in one second.
    fn outcome(calls: u64) -> Outcome {
        let at = |millis| BootTime::from_duration(Duration::from_millis(millis));
        let mut seen = Recorder::new().expect("room");
        (0..calls).for_each(|_| seen.record(at(0), at(1), Ok(1)));
        Outcome {
            latency: seen.latency(),
            seen,
            took: Duration::from_secs(1),
            not_sent: 0,
        }
    }
}
