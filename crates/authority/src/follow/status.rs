//! How the following goes, for those who watch over it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use lanyard_revocation::{Break, PartitionId};
use lanyard_store::UnreadableEntry;

/// What is wrong with the log of a partition, and not put right by itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogFault {
    /// An entry cannot be understood.
    #[error(
        "an entry of the log cannot be understood: {0}; update to a version that understands it. Only \
         as a last resort: `lanyard log strike {partition} {place}` deletes it, and the tokens that it \
         revoked are valid again until they expire",
        partition = .0.partition,
        place = .0.place
    )]
    Unreadable(UnreadableEntry),
    /// Entries are missing that this authority has never read.
    #[error(
        "the log of partition {0} lacks entries that were never read here; start another authority that \
         has read them. Only as a last resort: `lanyard log give-up-missing {0}` accepts the gap, and the \
         tokens that they revoked are valid again until they expire"
    )]
    Missing(PartitionId),
    /// The entries contradict each other.
    #[error(
        "the entries of the log of partition {0} contradict each other; `lanyard log list` shows which \
         do not fit, and the consequences of deleting one"
    )]
    Contradiction(PartitionId),
}

/// How things stand with the log, as of now and since the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStatus {
    /// How often a whole log was read and compared, by the reason.
    pub resyncs: Vec<(&'static str, u64)>,
    /// How many revocations were appended again.
    pub healed: u64,
    /// How many reads found a log that did not hold as many entries as it should.
    pub damaged_reads: u64,
    /// How many logs are still to get back revocations that they have lost, because the store takes no
    /// writes.
    pub repairs_pending: usize,
    /// What is wrong now, one fault for each partition that has one.
    pub faults: Vec<LogFault>,
}

impl LogStatus {
    /// How many partitions lack entries that were never read here.
    #[must_use]
    pub fn lacking(&self) -> usize {
        let is_missing = |fault: &&LogFault| matches!(fault, LogFault::Missing(_));
        self.faults.iter().filter(is_missing).count()
    }

    /// How many partitions have entries that cannot be understood, or that contradict each other.
    #[must_use]
    pub fn unreadable(&self) -> usize {
        self.faults.len() - self.lacking()
    }
}

/// Why a whole log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resync {
    /// What was read does not go on where the reader was.
    Break(Break),
    /// A new generation has begun.
    Generation,
}

impl Resync {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Break(reason) => reason.as_str(),
            Self::Generation => "generation",
        }
    }

    fn all() -> impl Iterator<Item = Self> {
        Break::ALL
            .into_iter()
            .map(Self::Break)
            .chain([Self::Generation])
    }
}

/// Where that is kept.
#[derive(Debug)]
pub(crate) struct StatusBoard {
    resyncs: Vec<(Resync, AtomicU64)>,
    healed: AtomicU64,
    damaged_reads: AtomicU64,
    repairs_pending: RwLock<BTreeSet<PartitionId>>,
    faults: RwLock<BTreeMap<PartitionId, LogFault>>,
}

impl Default for StatusBoard {
    fn default() -> Self {
        Self {
            resyncs: Resync::all().map(|why| (why, AtomicU64::new(0))).collect(),
            healed: AtomicU64::new(0),
            damaged_reads: AtomicU64::new(0),
            repairs_pending: RwLock::default(),
            faults: RwLock::default(),
        }
    }
}

impl StatusBoard {
    pub(crate) fn read(&self) -> LogStatus {
        let resyncs = self.resyncs.iter();
        let faults = self.faults.read().unwrap_or_else(PoisonError::into_inner);
        let pending = self.repairs_pending.read();
        let pending = pending.unwrap_or_else(PoisonError::into_inner);
        LogStatus {
            resyncs: resyncs
                .map(|(why, count)| (why.as_str(), load(count)))
                .collect(),
            healed: load(&self.healed),
            damaged_reads: load(&self.damaged_reads),
            repairs_pending: pending.len(),
            faults: faults.values().cloned().collect(),
        }
    }

    pub(super) fn count_resync(&self, why: Resync) {
        for (_, count) in self.resyncs.iter().filter(|(one, _)| *one == why) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn count_healed(&self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.healed.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn count_damaged_read(&self) {
        self.damaged_reads.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn set_repair_pending(&self, partition: PartitionId, is_pending: bool) {
        let pending = self.repairs_pending.write();
        let mut pending = pending.unwrap_or_else(PoisonError::into_inner);
        if is_pending {
            pending.insert(partition);
        } else {
            pending.remove(&partition);
        }
    }

    pub(super) fn set_fault(&self, partition: PartitionId, fault: Option<LogFault>) {
        let mut faults = self.faults.write().unwrap_or_else(PoisonError::into_inner);
        match fault {
            Some(fault) => drop(faults.insert(partition, fault)),
            None => drop(faults.remove(&partition)),
        }
    }
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
