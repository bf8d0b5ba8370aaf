//! How the following goes, for those who watch over it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What has happened so far. All of it only counts; nothing is decided by it.
#[derive(Debug, Default)]
pub struct FeedStatus {
    pub(super) connected: AtomicBool,
    pub(super) connections: AtomicU64,
    pub(super) snapshots: AtomicU64,
    pub(super) entries: AtomicU64,
    pub(super) not_understood: AtomicU64,
    pub(super) gaps: AtomicU64,
    pub(super) divergences: AtomicU64,
    pub(super) stale_authorities: AtomicU64,
    pub(super) switches: AtomicU64,
}

impl FeedStatus {
    /// Whether there is a connection that answers.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    /// How many connections were made.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// How many snapshots were taken in.
    #[must_use]
    pub fn snapshots(&self) -> u64 {
        self.snapshots.load(Ordering::Relaxed)
    }

    /// How many entries of the log were taken in, snapshots aside.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries.load(Ordering::Relaxed)
    }

    /// How many messages could not be understood. Each time, the list is left to grow old.
    #[must_use]
    pub fn not_understood(&self) -> u64 {
        self.not_understood.load(Ordering::Relaxed)
    }

    /// How often something had been missed, and everything was read again.
    #[must_use]
    pub fn gaps(&self) -> u64 {
        self.gaps.load(Ordering::Relaxed)
    }

    /// How often the authority that is followed became stale.
    #[must_use]
    pub fn stale_authorities(&self) -> u64 {
        self.stale_authorities.load(Ordering::Relaxed)
    }

    /// How often a stale authority was left for a fresher one.
    #[must_use]
    pub fn switches(&self) -> u64 {
        self.switches.load(Ordering::Relaxed)
    }

    /// How often the list was not what the authority's is.
    #[must_use]
    pub fn divergences(&self) -> u64 {
        self.divergences.load(Ordering::Relaxed)
    }
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
