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
    pub rate: f64,
    /// How many were answered each second.
    pub answered: f64,
    /// How many were due and never sent.
    pub not_sent: u64,
    /// Latencies from when calls were due, in microseconds.
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
    for rate in shares(top) {
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
    fn of(rate: Rate, outcome: &Outcome) -> Self {
        Self {
            rate: rate.as_per_second(),
            answered: outcome.calls_per_second(),
            not_sent: outcome.not_sent,
            latency_us: outcome.latency,
            failed: outcome.seen.failures().clone(),
        }
    }
}

fn shares(top: Rate) -> impl Iterator<Item = Rate> {
    let tenth = top.as_per_second() / f64::from(STEPS);
    (1..=STEPS).filter_map(move |share| Rate::per_second(tenth * f64::from(share)))
}

const STEPS: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loads_are_the_tenths_of_the_top() {
        let top = Rate::per_second(500.0).expect("a rate");
        let rates: Vec<_> = shares(top).map(Rate::as_per_second).collect();
        let expected = [
            50.0, 100.0, 150.0, 200.0, 250.0, 300.0, 350.0, 400.0, 450.0, 500.0,
        ];
        assert_eq!(rates, expected);
    }
}
