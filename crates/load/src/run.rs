//! So many callers, under one schedule, until it is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::CreationError;
use lanyard_token::ClockError;
use tokio::task::{JoinError, JoinSet};

use crate::arithmetic::real;
use crate::recorder::{Latency, Recorder};
use crate::schedule::{Load, Span, Turns};
use crate::workload::{Worker as _, Workload};

/// How one run goes.
#[derive(Clone, Debug)]
pub struct Run {
    /// When calls are due.
    pub load: Load,
    /// How many calls are under way at most.
    pub concurrency: usize,
    /// When it is over.
    pub span: Span,
    /// Where callers say how far they are, for whoever watches.
    pub tally: Tally,
}

/// How many calls have ended, well or not.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<AtomicU64>);

/// Why a run came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Latencies cannot be told.
    #[error("cannot read the clock ({0}): set this machine's time")]
    Clock(#[from] ClockError),
    /// Nor kept.
    #[error("there is no room for the histograms ({0}): lower --concurrency")]
    Histogram(#[from] CreationError),
    /// One of the callers ended in the middle.
    #[error("a caller ended in the middle ({0}): run it again")]
    Caller(#[from] JoinError),
}

/// What one run has shown.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the callers have seen.
    pub seen: Recorder,
    /// From the start to the last answer.
    pub took: Duration,
    /// The latencies: corrected where the loop was closed, and where it was open with what the calls that
    /// were never sent had waited by the end.
    pub latency: Latency,
    /// How many calls an open loop meant to make and did not.
    pub not_sent: u64,
}

impl Run {
    /// Runs it. Dropped, it stops where it is.
    ///
    /// # Errors
    /// If nothing can be measured. That calls fail is an outcome, not an error.
    pub async fn on<W: Workload>(&self, workload: &W) -> Result<Outcome, RunError> {
        let workers = workload.workers(self.concurrency).into_iter();
        let workers = workers.map(|worker| Ok((worker, Recorder::new()?)));
        let workers = workers.collect::<Result<Vec<_>, CreationError>>()?;
        let turns = Turns::begin(self.load, self.span)?;
        let mut callers = JoinSet::new();
        for (worker, recorder) in workers {
            callers.spawn(worker.work(turns.clone(), recorder, self.tally.clone()));
        }
        let pacer = turns.pace();
        let mut ended = Vec::new();
        while let Some(caller) = callers.join_next().await {
            ended.push(caller??);
        }
        // Adding up takes a while where there are many, and is no part of what was measured.
        let now = turns.now()?;
        drop(pacer);
        let mut seen = Recorder::new()?;
        for caller in &ended {
            seen.merge(caller);
        }
        let took = now.since(turns.begun());
        let latency = match self.load {
            Load::Open(_) => seen.with_waiting(turns.waiting(now)),
            Load::Closed => seen.corrected(interval(took, seen.calls(), self.concurrency)),
        };
        Ok(Outcome {
            latency,
            not_sent: turns.not_sent(),
            seen,
            took,
        })
    }
}

impl Outcome {
    /// How many calls were answered as they should in a second.
    #[must_use]
    pub fn calls_per_second(&self) -> f64 {
        per_second(self.seen.calls(), self.took)
    }

    /// How much they got done in a second.
    #[must_use]
    pub fn done_per_second(&self) -> f64 {
        per_second(self.seen.done(), self.took)
    }
}

impl Tally {
    /// Says that a call has ended.
    pub fn ended(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many have.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn per_second(count: u64, took: Duration) -> f64 {
    let seconds = took.as_secs_f64();
    if seconds > 0.0 {
        real(count) / seconds
    } else {
        0.0
    }
}

/// How much time there was between two calls of one caller, on average.
fn interval(took: Duration, calls: u64, callers: usize) -> Duration {
    let callers = u32::try_from(callers).unwrap_or(u32::MAX);
    let calls = u32::try_from(calls).unwrap_or(u32::MAX);
    took.saturating_mul(callers)
        .checked_div(calls)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::sync::OnceLock;

    use lanyard_token::{BootTime, Clock as _, SystemClock};
    use tonic::Status;

    use super::*;
    use crate::failure::Failure;
    use crate::schedule::Rate;
    use crate::workload::Call;

    #[test]
    fn the_interval_of_a_caller_is_its_share_of_the_calls() {
        let second = Duration::from_secs(1);
        assert_eq!(interval(second, 1000, 10), Duration::from_millis(10));
        assert_eq!(interval(second, 0, 10), Duration::ZERO);
    }

    #[tokio::test]
    async fn as_many_calls_are_made_as_were_asked_for_and_failures_are_apart() {
        for load in [
            Load::Closed,
            Load::Open(Rate::per_second(20_000.0).expect("a rate")),
        ] {
            let run = Run {
                load,
                concurrency: 4,
                span: Span::Calls(90),
                tally: Tally::default(),
            };
            let outcome = run.on(&EveryThirdFails).await.expect("a run");
            let (calls, failures) = (outcome.seen.calls(), outcome.seen.failures().total());
            assert_eq!(calls + failures, 90);
            assert!((28..=32).contains(&failures), "{failures}");
            assert_eq!((run.tally.count(), outcome.not_sent), (90, 0));
        }
    }

    #[tokio::test]
    async fn nothing_is_due_before_all_callers_are_there() {
        let run = Run {
            load: Load::Open(Rate::per_second(1000.0).expect("a rate")),
            concurrency: 64,
            span: Span::Calls(1),
            tally: Tally::default(),
        };
        let times = Times::default();
        run.on(&times).await.expect("a run");
        let made = times.made.get().expect("callers");
        let due = times.due.get().expect("a call");
        assert!(due >= made, "due at {due:?}, made at {made:?}");
    }

    #[tokio::test]
    async fn a_server_that_falls_behind_does_not_look_quick() {
        let run = Run {
            load: Load::Open(Rate::per_second(1000.0).expect("a rate")),
            concurrency: 1,
            span: Span::For(Duration::from_millis(20)),
            tally: Tally::default(),
        };
        let outcome = run.on(&FirstStalls).await.expect("a run");
        assert_eq!((outcome.seen.calls(), outcome.not_sent), (1, 19));
        let stall = STALL.as_secs_f64() * 1e6;
        // All the others were due within twenty milliseconds, and waited for as long as that one.
        assert!(outcome.latency.p50 > stall * 0.9, "{:?}", outcome.latency);
    }

    /// When the last caller was made, and when the first call was due.
    #[derive(Clone, Default)]
    struct Times {
        made: Arc<OnceLock<BootTime>>,
        due: Arc<OnceLock<BootTime>>,
    }

    impl Workload for Times {
        type Worker = Self;

        fn workers(&self, concurrency: usize) -> Vec<Self> {
            let workers = vec![self.clone(); concurrency];
            let _ = self.made.set(SystemClock.boot().expect("a clock"));
            workers
        }
    }

    impl Call for Times {
        async fn call(&mut self, due: BootTime) -> Result<u64, Failure> {
            let _ = self.due.set(due);
            Ok(1)
        }
    }

    /// One caller, whose first call takes longer than everything else may.
    struct FirstStalls;

    impl Workload for FirstStalls {
        type Worker = Self;

        fn workers(&self, _: usize) -> Vec<Self> {
            vec![Self]
        }
    }

    impl Call for FirstStalls {
        async fn call(&mut self, _due: BootTime) -> Result<u64, Failure> {
            tokio::time::sleep(STALL).await;
            Ok(1)
        }
    }

    const STALL: Duration = Duration::from_millis(1100);

    /// Four callers, of whom each fails every third time.
    struct EveryThirdFails;

    struct Third(u64);

    impl Workload for EveryThirdFails {
        type Worker = Third;

        fn workers(&self, concurrency: usize) -> Vec<Third> {
            (0..concurrency).map(|_| Third(0)).collect()
        }
    }

    impl Call for Third {
        fn call(&mut self, _due: BootTime) -> impl Future<Output = Result<u64, Failure>> + Send {
            self.0 += 1;
            let fails = self.0.is_multiple_of(3);
            async move {
                tokio::task::yield_now().await;
                if fails {
                    Err(Status::unavailable("away").into())
                } else {
                    Ok(1)
                }
            }
        }
    }
}
