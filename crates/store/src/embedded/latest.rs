//! The tables as they were last committed, open for as long as they are the latest.
//!
//! To open a snapshot and the tables on it costs more than most reads, so those that come between two
//! commits share one. It is let go of at the next commit, so that it keeps no page from being reused.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::tables::Reads;
use crate::StoreError;

/// The latest snapshot, once somebody has asked for it.
#[derive(Default)]
pub(super) struct Latest(RwLock<State>);

#[derive(Default)]
struct State {
    open: Option<Arc<Reads>>,
    /// Counts the commits, so that a snapshot of before one is not taken for one of after it.
    commits: u64,
}

impl Latest {
    /// The latest snapshot, opened now if nobody has since the last commit.
    pub(super) fn or_open(
        &self,
        open: impl FnOnce() -> Result<Reads, StoreError>,
    ) -> Result<Arc<Reads>, StoreError> {
        let commits = {
            let state = self.read();
            if let Some(open) = &state.open {
                return Ok(Arc::clone(open));
            }
            state.commits
        };
        let opened = Arc::new(open()?);
        let mut state = self.write();
        // One that another has put there meanwhile may be later than this one.
        if state.commits == commits && state.open.is_none() {
            state.open = Some(Arc::clone(&opened));
        }
        Ok(opened)
    }

    /// There is a later one.
    pub(super) fn outdate(&self) {
        let mut state = self.write();
        state.commits += 1;
        let outdated = state.open.take();
        drop(state);
        drop(outdated);
    }

    // A lock whose holder panicked is used all the same: each change is whole.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Latest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Latest").finish_non_exhaustive()
    }
}
