//! The tables as they were last committed, open for as long as they are the latest.
//!
//! To open a snapshot and the tables on it costs more than most reads, so those that come between two
//! commits share one. It is let go of at the next commit, so that it keeps no page from being reused.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::StoreError;

/// The latest snapshot, once somebody has asked for it.
///
/// No read finds less than one that has ended before it began, whoever made it.
pub(super) struct Latest<T>(RwLock<Option<Arc<T>>>);

impl<T> Latest<T> {
    /// The latest snapshot, opened now if nobody has since the last commit.
    ///
    /// It is opened under the lock. A commit can be seen a moment before [`Self::outdate`] is called: if
    /// several opened their own, one could find it, and the next read be given what another had
    /// opened before and put here. The log would then end before what was already read from it.
    pub(super) fn or_open(
        &self,
        open: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<Arc<T>, StoreError> {
        if let Some(open) = &*self.read() {
            return Ok(Arc::clone(open));
        }
        let mut latest = self.write();
        // Another may have opened it while this one waited.
        if let Some(open) = &*latest {
            return Ok(Arc::clone(open));
        }
        let opened = Arc::new(open()?);
        *latest = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// There is a later one. What was opened before it could be seen is not given to anybody any more.
    pub(super) fn outdate(&self) {
        let outdated = self.write().take();
        // Not under the lock: to close it takes the database a moment.
        drop(outdated);
    }

    // A lock whose holder panicked is used all the same: each change is one assignment.
    fn read(&self) -> RwLockReadGuard<'_, Option<Arc<T>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Option<Arc<T>>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T> std::fmt::Debug for Latest<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Latest").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        sync::{
            atomic::{AtomicBool, AtomicU64, Ordering},
            mpsc::channel,
        },
        thread,
        time::Duration,
    };

    use super::*;

    /// A database that keeps one number, which readers and a writer of several threads share.
    #[derive(Default)]
    struct Shared {
        latest: Latest<u64>,
        /// What a snapshot that is opened now finds.
        committed: AtomicU64,
        acknowledged: AtomicU64,
        /// The greatest that any read has found which has ended.
        found: AtomicU64,
        opened: AtomicU64,
        done: AtomicBool,
    }

    impl Shared {
        fn commit(&self, number: u64) {
            self.committed.store(number, Ordering::SeqCst);
            // The database has things to do after others can see a commit.
            thread::yield_now();
            self.latest.outdate();
            self.acknowledged.store(number, Ordering::SeqCst);
        }

        fn read(&self) -> u64 {
            let open = || {
                self.opened.fetch_add(1, Ordering::SeqCst);
                let found = self.committed.load(Ordering::SeqCst);
                thread::yield_now();
                Ok(found)
            };
            *self.latest.or_open(open).unwrap()
        }

        fn read_on(&self) {
            while !self.done.load(Ordering::SeqCst) {
                let acknowledged = self.acknowledged.load(Ordering::SeqCst);
                let before = self.found.load(Ordering::SeqCst);
                let found = self.read();
                assert!(
                    found >= acknowledged,
                    "{found} after {acknowledged} was acknowledged"
                );
                assert!(found >= before, "{found} after {before} was read");
                self.found.fetch_max(found, Ordering::SeqCst);
            }
        }
    }

    /// Ends the readers, also when the writer fails.
    struct Ending<'a>(&'a AtomicBool);

    impl Drop for Ending<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    /// On any thread, of commits that are acknowledged and of those that are not yet.
    #[test]
    fn no_read_finds_less_than_was_acknowledged_or_read_before_it() {
        let shared = Shared::default();
        thread::scope(|threads| {
            let readers: Vec<_> = (0..READERS)
                .map(|_| threads.spawn(|| shared.read_on()))
                .collect();
            let _ending = Ending(&shared.done);
            let one_failed = || readers.iter().any(thread::ScopedJoinHandle::is_finished);
            for number in 1..=COMMITS {
                shared.commit(number);
                // Each is read by somebody before the next.
                while shared.found.load(Ordering::SeqCst) < number {
                    if one_failed() {
                        return;
                    }
                    thread::yield_now();
                }
            }
        });
        let opened = shared.opened.load(Ordering::SeqCst);
        assert!(
            (COMMITS..=COMMITS + 1).contains(&opened),
            "{opened} were opened for {COMMITS} commits"
        );
    }

    /// The same, in the one order of steps that threads rarely take: a commit that can be seen already,
    /// between the openings of two who found none open.
    #[test]
    fn who_has_seen_a_commit_before_it_is_acknowledged_goes_on_seeing_it() {
        let (latest, committed) = (Latest::default(), AtomicU64::new(1));
        let (says, said) = channel();
        let (lets, may) = channel();
        thread::scope(|threads| {
            let first = latest.or_open(|| {
                let found = committed.swap(2, Ordering::SeqCst);
                let (latest, committed) = (&latest, &committed);
                threads.spawn(move || {
                    let open = || {
                        says.send(()).unwrap();
                        may.recv().unwrap();
                        Ok(committed.load(Ordering::SeqCst))
                    };
                    let found = *latest.or_open(open).unwrap();
                    let again = || Ok(committed.load(Ordering::SeqCst));
                    assert!(*latest.or_open(again).unwrap() >= found);
                });
                // Where it is kept waiting it says nothing.
                let _opened = said.recv_timeout(A_MOMENT);
                Ok(found)
            });
            assert_eq!(*first.unwrap(), 1);
            // Whoever did not wait comes second now; whoever did may have ended already.
            let _is_heard = lets.send(());
        });
        latest.outdate();
        let open = || Ok(committed.load(Ordering::SeqCst));
        assert_eq!(*latest.or_open(open).unwrap(), 2);
    }

    #[test]
    fn an_outdated_snapshot_is_let_go_of_by_the_last_who_reads_it() {
        let latest = Latest::default();
        let held = latest.or_open(|| Ok(1)).unwrap();
        let weak = Arc::downgrade(&held);
        latest.outdate();
        assert_eq!(*latest.or_open(|| Ok(2)).unwrap(), 2);
        assert!(weak.upgrade().is_some());
        drop(held);
        assert!(weak.upgrade().is_none());
        // One that nobody reads any more, at once.
        let weak = Arc::downgrade(&latest.or_open(|| Ok(3)).unwrap());
        assert!(weak.upgrade().is_some());
        latest.outdate();
        assert!(weak.upgrade().is_none());
    }

    #[test]
    fn what_cannot_be_opened_is_tried_again_by_the_next_also_after_a_panic() {
        let latest = Latest::default();
        let refused = latest.or_open(|| Err(StoreError::Unavailable("it is closed".into())));
        assert!(refused.is_err());
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            latest.or_open(|| panic!("the page is damaged"))
        }));
        assert!(panicked.is_err());
        assert_eq!(*latest.or_open(|| Ok(1)).unwrap(), 1);
        assert_eq!(*latest.or_open(|| Ok(2)).unwrap(), 1);
    }

    const READERS: usize = 3;
    const COMMITS: u64 = 500;
    /// How long another thread is given to do what it must not. If it does not, that is what it takes.
    const A_MOMENT: Duration = Duration::from_millis(200);
}
