//! The time that deletion rests on, and what is shown of the clocks that it is taken from.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use lanyard_revocation::{ClockOffset, RetentionClock};
use lanyard_store::{Store, SweepTime, Swept};
use lanyard_token::{Clock, UnixTime};
use tokio::time;

use crate::{Authority, Entropy, Error};

/// How the clocks are, as far as retention depends on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetentionStatus {
    /// How many steps of the wall clock were noticed.
    pub steps: u64,
    /// How far the time that the boot clock vouches for is behind the wall clock; nothing if no time
    /// is vouched for yet.
    pub lag: Option<Duration>,
    /// How far the store's clock is from this machine's, if that is more than two clocks may differ.
    pub store_offset: Option<ClockOffset>,
    /// How many sweeps of the store have been completed.
    pub sweeps: u64,
}

impl RetentionStatus {
    /// Whether revocations are kept for considerably longer than their retention on account of the
    /// clocks. A downtime as short as that of a restart does not count.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.store_offset.is_some() || self.lag.is_none_or(|lag| lag > USUAL_LAG)
    }
}

/// Where that is kept.
#[derive(Debug, Default)]
pub(crate) struct Retention {
    state: Mutex<State>,
    steps: AtomicU64,
    sweeps: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    clock: RetentionClock,
    /// The vouched time that the store has on record.
    recorded: Option<UnixTime>,
    store_offset: Option<ClockOffset>,
}

impl Retention {
    fn status(&self) -> RetentionStatus {
        let state = self.state();
        RetentionStatus {
            steps: self.steps.load(Ordering::Relaxed),
            lag: state.clock.lag(),
            store_offset: state.store_offset,
            sweeps: self.sweeps.load(Ordering::Relaxed),
        }
    }

    fn complete_sweep(&self, swept: Swept) {
        let Swept {
            vouched,
            disagreement,
        } = swept;
        let mut state = self.state();
        if let Some(recorded) = vouched {
            state.clock.adopt(recorded);
            state.recorded = state.recorded.max(vouched);
        }
        let was_apart = state.store_offset.is_some();
        state.store_offset = disagreement;
        drop(state);
        match disagreement {
            Some(offset) if !was_apart => tracing::warn!(
                %offset,
                "the clocks of the store and of this machine disagree; revocations are kept for \
                 longer until they agree"
            ),
            None if was_apart => {
                tracing::info!("the clocks of the store and of this machine agree again");
            }
            Some(_) | None => {}
        }
        self.sweeps.fetch_add(1, Ordering::Relaxed);
    }

    // A lock whose holder panicked is used all the same: each field stands by itself.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Store, C: Clock, E: Entropy> Authority<S, C, E> {
    /// How the clocks are, as far as retention depends on them.
    #[must_use]
    pub fn retention_status(&self) -> RetentionStatus {
        self.retention.status()
    }

    /// Deletes what is past its time in the store, and then in the view.
    pub(super) async fn sweep(&self) -> Result<(), Error> {
        let time = self.observe_clocks()?;
        let swept = self.store.sweep(time).await;
        if let Ok(swept) = swept {
            self.retention.complete_sweep(swept);
        }
        // Where the store is unavailable, its clock counts as it was found last.
        let cutoff = swept.as_ref().map_or(time.vouched, |swept| swept.vouched);
        let is_in_step = self.retention.state().store_offset.is_none();
        if let Some(cutoff) = cutoff.filter(|_| is_in_step) {
            self.view.trim(cutoff);
        }
        swept?;
        Ok(())
    }

    /// Reads both clocks every second, so that a step is noticed also if it is soon undone.
    pub(super) async fn watch_clocks(&self) {
        loop {
            // A clock that cannot be read is reported by the calls that need it.
            drop(self.observe_clocks());
            time::sleep(OBSERVE_EVERY).await;
        }
    }

    /// The time by which signing keys leave the key set. Nothing leaves before a time is vouched for.
    pub(crate) fn retention_time(&self) -> Result<UnixTime, Error> {
        Ok(self.observe_clocks()?.vouched.unwrap_or_default())
    }

    /// The time for a record whose retention begins now: the wall clock, but not before the vouched
    /// time that is on record.
    pub(crate) fn stamp_time(&self) -> Result<UnixTime, Error> {
        let wall = self.clock.wall()?;
        let recorded = self.retention.state().recorded;
        Ok(recorded.map_or(wall, |recorded| recorded.max(wall)))
    }

    fn observe_clocks(&self) -> Result<SweepTime, Error> {
        // Read under the lock, so that no reading overtakes a later one.
        let mut state = self.retention.state();
        let (wall, boot) = (self.clock.wall()?, self.clock.boot()?);
        let step = state.clock.observe(wall, boot);
        let vouched = state.clock.vouched();
        drop(state);
        if let Some(step) = step {
            self.retention.steps.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(
                %step,
                "the wall clock was stepped; revocations are deleted by the time that the boot \
                 clock vouches for"
            );
        }
        Ok(SweepTime { wall, vouched })
    }
}

/// How far the vouched time may be behind after a restart.
const USUAL_LAG: Duration = Duration::from_mins(10);
/// How often the clocks are compared.
const OBSERVE_EVERY: Duration = Duration::from_secs(1);
