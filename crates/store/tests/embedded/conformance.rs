//! The suite, over the embedded backend.

use std::sync::{Arc, Mutex};

use lanyard_store::{conformance::Backend, conformance_tests, embedded::EmbeddedStore};
use lanyard_token::ManualClock;
use tempfile::TempDir;

use crate::support::open_at;

conformance_tests!(Embedded::default());

/// The directories of one case's stores, the latest last.
#[derive(Default)]
struct Embedded {
    directories: Mutex<Vec<TempDir>>,
}

impl Backend for Embedded {
    type Store = EmbeddedStore;

    async fn fresh(&self, clock: Arc<ManualClock>) -> EmbeddedStore {
        let directory = tempfile::tempdir().unwrap();
        let store = open_at(directory.path(), clock);
        self.directories.lock().unwrap().push(directory);
        store
    }

    async fn reopen(&self, store: EmbeddedStore, clock: Arc<ManualClock>) -> EmbeddedStore {
        drop(store);
        let directories = self.directories.lock().unwrap();
        open_at(directories.last().unwrap().path(), clock)
    }
}
