//! Short ways to a store in a directory.

use std::{path::Path, sync::Arc};

use lanyard_store::{SweepTime, embedded::EmbeddedStore};
use lanyard_token::{ManualClock, UnixTime};

pub(crate) use crate::tenants::*;

/// The file in a store's directory.
pub(crate) const FILE: &str = "store.redb";

/// Opens the store in a directory on a clock.
pub(crate) fn open_at(directory: &Path, clock: Arc<ManualClock>) -> EmbeddedStore {
    EmbeddedStore::open(directory, clock, id()).unwrap()
}

/// Opens the store in a directory on a clock that stands still.
pub(crate) fn open(directory: &Path) -> EmbeddedStore {
    open_at(directory, Arc::new(ManualClock::new(START)))
}

/// The time of a sweep by a clock that was always right.
pub(crate) const fn vouched(now: UnixTime) -> SweepTime {
    SweepTime {
        wall: now,
        vouched: Some(now),
    }
}
