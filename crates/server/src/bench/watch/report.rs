//! What became of the watchers.

use std::num::NonZeroUsize;

use lanyard_load::watching::Heard;
use lanyard_load::{Failures, Latency, Outcome, cores, is_local, quotient};
use serde::Serialize;

use super::WatchBench;
use crate::bench::BenchError;

/// What was measured, how, and what came of it. Latencies are in microseconds.
#[derive(Debug, Serialize)]
pub(super) struct WatchReport {
    bench: &'static str,
    endpoint: String,
    is_local: bool,
    cores: usize,
    watchers: usize,
    connections: usize,
    rate: f64,
    /// How many revocations were acknowledged.
    revocations: u64,
    /// How many were due and not sent.
    not_sent: u64,
    /// How often one was heard of by somebody.
    heard: u64,
    missed: u64,
    /// From just before the call.
    since_call_us: Latency,
    /// From its acknowledgement, where that came first.
    since_acknowledgement_us: Latency,
    /// The calls themselves, from when they were due.
    call_us: Latency,
    memory_kib: Option<Memory>,
    failures: u64,
    failed: Failures,
}

/// What is resident in the authority's process, in KiB.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Memory {
    /// Before anybody watched.
    alone: u64,
    /// Once all did.
    watched: u64,
    /// After the revocations.
    busy: u64,
    /// How much it grew for each watcher, until after the revocations.
    per_watcher: f64,
}

impl Memory {
    /// What was read at the three times, if anything was.
    pub(super) fn of(
        alone: Option<u64>,
        watched: Option<u64>,
        busy: Option<u64>,
        watchers: NonZeroUsize,
    ) -> Option<Self> {
        let (alone, watched, busy) = (alone?, watched?, busy?);
        let grown = busy.max(watched).saturating_sub(alone);
        let watchers = u64::try_from(watchers.get()).unwrap_or(u64::MAX);
        Some(Self {
            alone,
            watched,
            busy,
            per_watcher: quotient(grown, watchers),
        })
    }
}

impl WatchReport {
    /// Sums it up.
    pub(super) fn new(
        args: &WatchBench,
        (calls, heard): (&Outcome, &Heard),
        memory_kib: Option<Memory>,
        endpoint: &str,
    ) -> Self {
        let mut failed = calls.seen.failures().clone();
        failed.merge(&heard.broken);
        Self {
            bench: "watch",
            endpoint: endpoint.to_owned(),
            is_local: is_local(endpoint),
            cores: cores(),
            watchers: args.watchers.get(),
            connections: args.connections().get(),
            rate: args.rate.as_per_second(),
            revocations: calls.seen.calls(),
            not_sent: calls.not_sent,
            heard: heard.since_asked.calls(),
            missed: heard.missed,
            since_call_us: heard.since_asked.latency(),
            since_acknowledgement_us: heard.since_acknowledged.latency(),
            call_us: calls.latency,
            memory_kib,
            failures: failed.total(),
            failed,
        }
    }

    /// The report for people.
    pub(super) fn people(&self) -> String {
        let mut lines = vec![
            format!(
                "watch: {} watchers over {} connections, {} revocations at {} a second",
                self.watchers, self.connections, self.revocations, self.rate
            ),
            format!(
                "the authority is at {} ({}); this machine has {} cores",
                self.endpoint,
                if self.is_local {
                    "this machine"
                } else {
                    "elsewhere"
                },
                self.cores
            ),
            String::new(),
            row(
                "",
                ["until heard", "after the ack", "the call"].map(str::to_owned),
            ),
        ];
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
            (0, 0) => Ok(()),
            (0, not_sent) => Err(BenchError::NotSent { not_sent }),
            (missed, _) => Err(BenchError::Missed { missed }),
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
        let memory = Memory::of(Some(1000), Some(1300), Some(1250), ten).expect("all three");
        assert!((memory.per_watcher - 30.0).abs() < 1e-9, "{memory:?}");
        assert_eq!(Memory::of(Some(1), None, Some(1), ten), None);
    }
}
