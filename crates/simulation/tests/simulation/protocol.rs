//! What an authority says to the store, and is told.

use lanyard_revocation::{Cursor, Entry, Handle, LogRead, PartitionId};
use lanyard_store::{Healing, SweepTime, Swept};
use lanyard_token::{Position, UnixTime};

/// A node in one reign: what an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// The node.
    pub(crate) node: usize,
    /// How many promotions there had been when it was promoted.
    pub(crate) reign: u64,
}

/// What is asked. All but the first of a node.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    /// Which node is the primary? Asked of the majority that names it.
    Name,
    /// Read a partition's log.
    Read {
        /// The partition.
        partition: PartitionId,
        /// After this place.
        after: Option<Cursor>,
    },
    /// Append a revocation.
    Append {
        /// To which partition's log.
        partition: PartitionId,
        /// Whose tokens.
        handle: Handle,
        /// The wall clock of the caller.
        time: UnixTime,
    },
    /// Append again what a log has lost, unless it has moved on.
    Heal {
        /// To which partition's log.
        partition: PartitionId,
        /// What, and as of where.
        healing: Healing,
        /// The wall clock of the caller.
        time: UnixTime,
    },
    /// Where does the log end, for a token to carry?
    Grant {
        /// Of which partition.
        partition: PartitionId,
    },
    /// Answer once enough replicas have an entry.
    Wait {
        /// The node and reign in which it was appended.
        source: Source,
        /// To which partition's log.
        partition: PartitionId,
        /// At which position.
        position: Position,
    },
    /// The replicas have the first entry of the generation.
    Ready {
        /// The node and reign that opened it.
        source: Source,
        /// In which partition's log.
        partition: PartitionId,
        /// At which position.
        position: Position,
    },
    /// Delete what is past its retention.
    Sweep {
        /// The clocks of the caller.
        time: SweepTime,
        /// Whether the node goes by the caller's wall clock, whatever its own shows. It must not.
        is_forced: bool,
    },
}

/// What comes back.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The primary.
    Named(Source),
    /// What a log says.
    Found(Source, LogRead),
    /// What was appended.
    Appended(Source, Entry),
    /// Where a log ends that was healed, or nothing if it was not as it had been read.
    Healed(Source, Option<Cursor>),
    /// Where a log ends.
    End(End),
    /// The time that a sweep went by.
    Swept(Swept),
    /// It is done.
    Done,
    /// It does not take itself for the primary, or not in that reign.
    NotPrimary,
}

/// Where a log ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    /// Who answered.
    pub(crate) source: Source,
    /// There.
    pub(crate) position: Position,
    /// The time, by the clock of the node.
    pub(crate) time: UnixTime,
    /// The first entry of its generation.
    pub(crate) opened: Position,
    /// Whether the replicas are known to have that.
    pub(crate) is_ready: bool,
}
