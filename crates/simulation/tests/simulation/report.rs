//! What happened, in numbers.

use std::{fmt, time::Duration};

/// Counts over one world or many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// Worlds.
    pub(crate) worlds: u64,
    /// Events.
    pub(crate) events: u64,
    /// Checks that were answered yes.
    pub(crate) accepted: u64,
    /// Checks that were answered: revoked.
    pub(crate) revoked: u64,
    /// Checks that were refused because the list was too old.
    pub(crate) stale: u64,
    /// Tokens that were issued.
    pub(crate) issued: u64,
    /// Tokens that were not.
    pub(crate) not_issued: u64,
    /// Revocations that were acknowledged.
    pub(crate) acknowledged: u64,
    /// Revocations that were not.
    pub(crate) failed: u64,
    /// Connections of points.
    pub(crate) connections: u64,
    /// Stale authorities that points left for fresher ones.
    pub(crate) switches: u64,
    /// Watches that went on from a cursor.
    pub(crate) resumptions: u64,
    /// Snapshots that points took in.
    pub(crate) snapshots: u64,
    /// Pings that were answered.
    pub(crate) heartbeats: u64,
    /// Connections that were given up because something had been missed.
    pub(crate) gaps: u64,
    /// Times a list was found to differ from an authority's.
    pub(crate) divergences: u64,
    /// Starts of points and of authorities, but for the first.
    pub(crate) restarts: u64,
    /// Processes that were stopped for a while, and machines that were suspended.
    pub(crate) halts: u64,
    /// Ways that were cut for a while.
    pub(crate) cuts: u64,
    /// Wall clocks that were stepped by up to a day.
    pub(crate) steps: u64,
    /// Promotions of a node of the store.
    pub(crate) promotions: u64,
    /// Rounds in which an authority read the log to its end.
    pub(crate) reads: u64,
    /// Rounds in which it could not.
    pub(crate) failed_reads: u64,
    /// Entries that had been lost and were appended again.
    pub(crate) healed: u64,
    /// For how long each point accepted what each acknowledged call had revoked.
    delays: Vec<Duration>,
}

impl Report {
    /// Takes in another.
    pub(crate) fn add(&mut self, mut other: Self) {
        self.delays.append(&mut other.delays);
        for (sum, one) in self.counts_mut().into_iter().zip(other.counts_mut()) {
            *sum += *one;
        }
    }

    /// Takes in delays.
    pub(crate) fn saw(&mut self, delays: impl IntoIterator<Item = Duration>) {
        self.delays.extend(delays);
    }

    /// The longest delay.
    pub(crate) fn worst(&self) -> Duration {
        self.delays.iter().copied().max().unwrap_or_default()
    }

    fn counts_mut(&mut self) -> [&mut u64; 24] {
        [
            &mut self.worlds,
            &mut self.events,
            &mut self.accepted,
            &mut self.revoked,
            &mut self.stale,
            &mut self.issued,
            &mut self.not_issued,
            &mut self.acknowledged,
            &mut self.failed,
            &mut self.connections,
            &mut self.switches,
            &mut self.resumptions,
            &mut self.snapshots,
            &mut self.heartbeats,
            &mut self.gaps,
            &mut self.divergences,
            &mut self.restarts,
            &mut self.halts,
            &mut self.cuts,
            &mut self.steps,
            &mut self.promotions,
            &mut self.reads,
            &mut self.failed_reads,
            &mut self.healed,
        ]
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} worlds, {} events", self.worlds, self.events)?;
        writeln!(
            f,
            "checks: {} accepted, {} revoked, {} stale",
            self.accepted, self.revoked, self.stale
        )?;
        writeln!(
            f,
            "calls: {} issued, {} not; {} revoked, {} not acknowledged",
            self.issued, self.not_issued, self.acknowledged, self.failed
        )?;
        writeln!(
            f,
            "feed: {} connections, {} switches, {} resumptions, {} snapshots, {} heartbeats, {} gaps, {} divergences",
            self.connections,
            self.switches,
            self.resumptions,
            self.snapshots,
            self.heartbeats,
            self.gaps,
            self.divergences
        )?;
        writeln!(
            f,
            "faults: {} restarts, {} halts, {} cuts, {} steps, {} promotions; log: {} reads, {} failed, {} entries healed",
            self.restarts,
            self.halts,
            self.cuts,
            self.steps,
            self.promotions,
            self.reads,
            self.failed_reads,
            self.healed
        )?;
        self.write_delays(f)
    }
}

impl Report {
    fn write_delays(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut delays = self.delays.clone();
        delays.sort_unstable();
        let at = |per_mille: usize| {
            let last = delays.len().saturating_sub(1);
            delays
                .get(last * per_mille / 1000)
                .copied()
                .unwrap_or_default()
        };
        write!(
            f,
            "accepted after the acknowledgement, over {} pairs of a revocation and a point: \
             median {:?}, p90 {:?}, p99 {:?}, p99.9 {:?}, worst {:?}",
            delays.len(),
            at(500),
            at(900),
            at(990),
            at(999),
            at(1000)
        )
    }
}
