//! Latency against load: one open loop after the other, each at more calls a second.

use serde::Serialize;

use crate::failure::Failures;
use crate::recorder::Latency;
use crate::run::{Outcome, Run, RunError};
use crate::schedule::{Load, Rate};
use crate::workload::Workload;

/// What came of one load.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// How many calls were due each second.
    pub rate_per_second: f64,
    /// How many were answered each second.
    pub answered_per_second: f64,
    /// How many were due and never sent.
    pub not_sent: u64,
    /// Whether nearly as many were answered as were due. If not, the load was less than the rate.
    pub kept_up: bool,
    /// Latencies from when calls were due, in microseconds. Those that were never sent have waited until
    /// the end.
    pub latency_us: Latency,
    /// Calls that failed.
    pub failed: Failures,
}

/// Runs at a tenth of a rate, at two tenths, and so on up to all of it.
///
/// # Errors
/// If nothing can be measured.
pub async fn sweep<W: Workload>(
    run: &Run,
    workload: &W,
    top: Rate,
    mut begins: impl FnMut(Rate),
) -> Result<Vec<Step>, RunError> {
    let mut steps = Vec::new();
    for rate in shares(top, STEPS) {
        begins(rate);
        let run = Run {
            load: Load::Open(rate),
            ..run.clone()
        };
        steps.push(Step::of(rate, &run.on(workload).await?));
    }
    Ok(steps)
}

impl Step {
    /// What came of a rate.
    #[must_use]
    pub fn of(rate: Rate, outcome: &Outcome) -> Self {
        Self {
            rate_per_second: rate.as_per_second(),
            answered_per_second: outcome.calls_per_second(),
            not_sent: outcome.not_sent,
            kept_up: outcome.not_sent == 0
                && outcome.calls_per_second() >= rate.as_per_second() * NEARLY,
            latency_us: outcome.latency,
            failed: outcome.seen.failures().clone(),
        }
    }
}

impl Step {
    /// What is to be known of the loads that were not kept up with, if there are any.
    #[must_use]
    pub fn note(steps: &[Self]) -> Option<String> {
        let behind = steps.iter().filter(|step| !step.kept_up);
        let behind: Vec<_> = behind
            .map(|step| format!("{:.0}", step.rate_per_second))
            .collect();
        (!behind.is_empty()).then(|| {
            format!(
                "Of {} calls/s not all were answered in time: there the load was less than that, and \
                 the plot has hollow points.",
                behind.join(", ")
            )
        })
    }
}

/// A rate in so many equal steps, up to all of it.
pub fn shares(top: Rate, steps: u32) -> impl Iterator<Item = Rate> {
    let step = top.as_per_second() / f64::from(steps);
    (1..=steps).filter_map(move |share| Rate::per_second(step * f64::from(share)))
}

const STEPS: u32 = 10;
/// The last answers come after the last call was due.
const NEARLY: f64 = 0.9;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lanyard_token::BootTime;

    use super::*;
    use crate::recorder::Recorder;

    #[test]
    fn a_load_that_was_not_kept_up_with_is_marked_and_told() {
        let rate = Rate::per_second(100.0).expect("a rate");
        let step = |calls, not_sent| {
            let mut seen = Recorder::new().expect("room");
            let at = BootTime::from_duration(Duration::ZERO);
            (0..calls).for_each(|_| seen.record(at, at, Ok(1)));
            let outcome = Outcome {
                latency: seen.latency(),
                seen,
                took: Duration::from_secs(1),
                not_sent,
            };
            Step::of(rate, &outcome)
        };
        assert_eq!(Step::note(&[step(100, 0), step(95, 0)]), None);
        for behind in [step(99, 1), step(50, 0)] {
            assert!(!behind.kept_up, "{behind:?}");
            let told = Step::note(&[step(100, 0), behind]).expect("a note");
            assert!(told.starts_with("Of 100 calls/s not all"), "{told}");
        }
    }

    #[test]
    fn the_loads_are_the_tenths_of_the_top() {
        let top = Rate::per_second(500.0).expect("a rate");
        let rates: Vec<_> = shares(top, STEPS).map(Rate::as_per_second).collect();
        let expected = [
            50.0, 100.0, 150.0, 200.0, 250.0, 300.0, 350.0, 400.0, 450.0, 500.0,
        ];
        assert_eq!(rates, expected);
    }
}
