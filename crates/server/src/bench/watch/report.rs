//! What became of the watchers.

use std::num::NonZeroUsize;

use lanyard_load::{Failures, How, Latency, Rate, Step, counted, medians, quotient};
use serde::Serialize;

use super::{Turn, WatchBench};
use crate::bench::BenchError;
use crate::bench::compare::unoptimized;
use crate::bench::plot::Plot;

/// What was measured, how, and what came of it. Latencies are in microseconds.
#[derive(Debug, Serialize)]
pub(super) struct WatchReport {
    bench: &'static str,
    endpoint: String,
    /// Where it was watched, if that was another authority.
    watch_endpoint: Option<String>,
    is_local: bool,
    cores: usize,
    watchers: usize,
    connections: usize,
    concurrency: usize,
    rounds: usize,
    rate_per_second: f64,
    /// How long each round took, or how many revocations it had.
    round_s: Option<f64>,
    round_calls: Option<u64>,
    warm_up_s: f64,
    /// How many revocations were acknowledged.
    revocations: u64,
    /// How many were due and not sent.
    not_sent: u64,
    /// How often one was heard of by somebody.
    heard: u64,
    missed: u64,
    /// From when the call was due. Of this and what follows, the median of each percentile over the
    /// rounds.
    since_call_us: Latency,
    /// From its acknowledgement, where that came first.
    since_acknowledgement_us: Latency,
    /// The calls themselves, from when they were due.
    call_us: Latency,
    memory_kib: Option<Memory>,
    failures: u64,
    failed: Failures,
    /// How long until heard, against revocations a second, where a plot was asked for.
    loads: Vec<Step>,
    notes: Vec<String>,
}

/// What is resident in the authority's process, in KiB.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Memory {
    /// Before anybody watched.
    alone: u64,
    /// Once all did. Of this and what follows, the most of all rounds.
    watched: u64,
    /// After the revocations.
    busy: u64,
    /// How much it grew for each watcher, until after the revocations.
    per_watcher: f64,
}

impl Memory {
    /// What was read, if anything was.
    pub(super) fn of(alone: Option<u64>, turns: &[Turn], watchers: NonZeroUsize) -> Option<Self> {
        let read = turns.iter().filter_map(|turn| turn.memory);
        let most = read.reduce(|(watched, busy), next| (watched.max(next.0), busy.max(next.1)));
        Some(Self::grown(alone?, most?, watchers))
    }

    fn grown(alone: u64, (watched, busy): (u64, u64), watchers: NonZeroUsize) -> Self {
        let grown = busy.max(watched).saturating_sub(alone);
        let watchers = u64::try_from(watchers.get()).unwrap_or(u64::MAX);
        Self {
            alone,
            watched,
            busy,
            per_watcher: quotient(grown, watchers),
        }
    }
}

impl WatchReport {
    /// Sums it up.
    pub(super) fn new(
        args: &WatchBench,
        (turns, loads): (&[Turn], &[(Rate, Turn)]),
        memory_kib: Option<Memory>,
        endpoint: &str,
    ) -> Self {
        let every = || turns.iter().chain(loads.iter().map(|(_, turn)| turn));
        let mut failed = Failures::default();
        every().for_each(|turn| failed.merge(&turn.failed()));
        let middle = |of: fn(&Turn) -> Latency| medians(&turns.iter().map(of));
        let rounds = args.load.rounds();
        let how = How::of(&rounds, args.connections().get(), endpoint);
        Self {
            bench: "watch",
            endpoint: how.endpoint,
            watch_endpoint: args.watch_endpoint.clone(),
            is_local: how.is_local,
            cores: how.cores,
            watchers: args.watchers.get(),
            connections: how.connections,
            concurrency: how.concurrency,
            rounds: how.rounds,
            round_s: how.round_s,
            round_calls: how.round_calls,
            warm_up_s: how.warm_up_s,
            rate_per_second: args.rate().as_per_second(),
            revocations: turns.iter().map(|turn| turn.calls.seen.calls()).sum(),
            not_sent: turns.iter().map(|turn| turn.calls.not_sent).sum(),
            heard: turns.iter().map(|turn| turn.heard.since_due.calls()).sum(),
            missed: every().map(|turn| turn.heard.missed).sum(),
            since_call_us: middle(|turn| turn.heard.since_due.latency()),
            since_acknowledgement_us: middle(|turn| turn.heard.since_acknowledged.latency()),
            call_us: middle(|turn| turn.calls.latency),
            memory_kib,
            failures: failed.total(),
            failed,
            loads: loads.iter().map(|(rate, turn)| turn.step(*rate)).collect(),
            notes: unoptimized(),
        }
    }

    /// Draws the loads, if that was asked for.
    pub(super) fn drawn(mut self, plot: Option<Plot>) -> Result<Self, BenchError> {
        if let Some(plot) = plot {
            let title = format!(
                "watch: until {} watchers have heard, {}, {}",
                self.watchers,
                counted(self.connections, "connection"),
                counted(self.cores, "core")
            );
            self.notes.push(plot.draw(&title, &self.loads)?);
            self.notes.extend(Step::note(&self.loads));
        }
        Ok(self)
    }

    /// The report for people.
    pub(super) fn people(&self) -> String {
        let mut lines = vec![
            format!(
                "watch: {} over {}, {} at {} a second, {}",
                counted(self.watchers, "watcher"),
                counted(self.connections, "connection"),
                counted(self.revocations, "revocation"),
                self.rate_per_second,
                counted(self.rounds, "round")
            ),
            format!(
                "the authority is at {} ({}); this machine has {}",
                self.endpoint,
                if self.is_local {
                    "this machine"
                } else {
                    "elsewhere"
                },
                counted(self.cores, "core")
            ),
        ];
        let elsewhere = self.watch_endpoint.iter();
        lines.extend(elsewhere.map(|endpoint| format!("it is watched at {endpoint}")));
        lines.extend([
            String::new(),
            row(
                "",
                ["until heard", "after the ack", "the call"].map(str::to_owned),
            ),
        ]);
        let columns = [
            self.since_call_us,
            self.since_acknowledgement_us,
            self.call_us,
        ];
        let columns = columns.map(|latency| latency.named());
        let [first, second, third] = columns;
        for (((name, a), (_, b)), (_, c)) in first.into_iter().zip(second).zip(third) {
            lines.push(row(name, [a, b, c].map(millis)));
        }
        lines.push(String::new());
        lines.push(format!(
            "heard {} times, missed {}",
            self.heard, self.missed
        ));
        if let Some(memory) = self.memory_kib {
            lines.push(format!(
                "resident memory {} KiB, with watchers {} KiB, after the revocations {} KiB: \
                 {:.1} KiB for each watcher",
                memory.alone, memory.watched, memory.busy, memory.per_watcher
            ));
        }
        for (code, failed) in self.failed.iter() {
            let (count, first) = (failed.count, &failed.first);
            lines.push(format!(
                "{count} failed with {code}, the first saying: {first}"
            ));
        }
        lines.extend(self.notes.iter().cloned());
        lines.join("\n")
    }

    /// Whether everybody has heard everything, and no call failed.
    pub(super) fn verdict(&self) -> Result<(), BenchError> {
        if let Some((_, failed)) = self.failed.iter().next() {
            return Err(BenchError::CallsFailed {
                failures: self.failures,
                first: failed.first.clone(),
            });
        }
        match (self.missed, self.not_sent) {
            (0, 0) if self.revocations == 0 => Err(BenchError::NothingAnswered),
            (0, 0) => Ok(()),
            (0, not_sent) => Err(BenchError::NotSent { not_sent }),
            (missed, _) => Err(BenchError::Missed { missed }),
        }
    }
}

impl Turn {
    /// What went wrong, of the calls and of the watches.
    fn failed(&self) -> Failures {
        let mut failed = self.calls.seen.failures().clone();
        failed.merge(&self.heard.broken);
        failed
    }

    /// One point of the plot: until heard, rather than until answered.
    fn step(&self, rate: Rate) -> Step {
        Step {
            latency_us: self.heard.since_due.latency(),
            failed: self.failed(),
            ..Step::of(rate, &self.calls)
        }
    }
}

fn row(name: &str, cells: [String; 3]) -> String {
    let [first, second, third] = cells;
    format!("{name:<8}{first:>16}{second:>16}{third:>16}")
}

fn millis(micros: f64) -> String {
    format!("{:.3} ms", micros / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_growth_is_shared_out_among_the_watchers() {
        let ten = NonZeroUsize::new(10).expect("ten");
        let memory = Memory::grown(1000, (1300, 1250), ten);
        assert!((memory.per_watcher - 30.0).abs() < 1e-9, "{memory:?}");
        assert_eq!(Memory::of(Some(1), &[], ten), None);
    }
}
