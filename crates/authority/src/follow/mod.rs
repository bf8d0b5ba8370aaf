//! Keeping the authority's own view complete and fresh.
//!
//! Each partition has a reader of its own, which reads on from where it is: at once when this
//! authority appends, when the store hears of somebody else's entry, and four times a second. None
//! waits for another, so a part of the store that is away makes its own partitions old and no others.
//!
//! What was read is taken for complete only if it goes on where the reader was. If it does not, or a
//! new generation has begun, and when nothing was read before, the whole log is compared with what is
//! known, and what it has lost is appended again: `compare` and `scan`. Only then is the view
//! confirmed. What cannot be put right is said, counted and tried again; meanwhile the view grows
//! old, and what rests on it refuses by itself.

mod compare;
mod lacking;
mod reader;
mod retention;
mod scan;
mod status;

use std::{pin::pin, time::Duration};

use futures_util::future::{join, join_all, join4, select};
use lanyard_store::Store;
use lanyard_token::Clock;
use tokio::time::{self, MissedTickBehavior};

pub(crate) use self::{reader::Reader, retention::Retention, status::StatusBoard};
pub use self::{
    retention::RetentionStatus,
    status::{LogFault, LogStatus},
};
use crate::{Authority, Entropy, Error};

impl<S: Store, C: Clock, E: Entropy> Authority<S, C, E> {
    /// Reads the log of every partition to its end, and the signing keys if they have changed, once,
    /// and makes the view as fresh as that.
    ///
    /// # Errors
    /// The store's, and [`Error::Log`]. The view then stays as old as it is.
    pub async fn catch_up(&self) -> Result<(), Error> {
        let rounds = self.readers.iter().map(|reader| self.read_round(reader));
        // Each is driven to its end, whatever becomes of the others.
        let (rounds, keys) = join(join_all(rounds), self.reload_changed_keys()).await;
        rounds.into_iter().chain([keys]).collect()
    }

    /// Follows the log and the signing keys for as long as it is polled. What fails is logged and
    /// tried again; meanwhile the view grows old, and what rests on it refuses by itself.
    pub async fn follow(&self) {
        let readers = self.readers.iter().map(|reader| self.follow_log(reader));
        let (keys, growth) = (self.follow_keys(), self.hear_of_growth());
        join4(join_all(readers), keys, growth, self.watch_clocks()).await;
    }

    /// Drops what nobody needs any more, in the store and in the view, and writes down when tokens
    /// were last issued. Call it every minute or so.
    ///
    /// # Errors
    /// The store's. What does not need the store is done all the same.
    pub async fn tidy(&self) -> Result<(), Error> {
        let written = self.write_issue_times().await;
        let swept = self.sweep().await;
        self.reload_signing_keys().await?;
        written?;
        swept
    }

    async fn follow_log(&self, reader: &Reader) {
        // All logs have their turns at the same moments, whichever were read in between, so that what is
        // asked then goes to the store in one piece.
        let mut turns = time::interval(EVERY);
        turns.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            // Either is a reason to read, also where the store was away: what was appended there means
            // that it is back. A wake-up that comes while reading is kept.
            select(pin!(turns.tick()), pin!(reader.woken())).await;
            if let Err(Error::Log(_)) = self.read_round(reader).await {
                // It takes the whole log to see whether that has changed.
                time::sleep(REST).await;
            }
        }
    }

    /// Takes up at once what another process has done to the signing keys.
    async fn follow_keys(&self) {
        let mut failed = false;
        loop {
            let done = self.reload_changed_keys().await;
            if let (Err(error), false) = (&done, failed) {
                let error: &dyn std::error::Error = error;
                tracing::error!(error, "the signing keys cannot be followed");
            }
            failed = done.is_err();
            time::sleep(EVERY).await;
        }
    }

    async fn reload_changed_keys(&self) -> Result<(), Error> {
        let asked = self.clock.boot()?;
        if self.store.signing_keys_version().await? == self.keyring().version {
            self.view.confirm_keys(asked);
            return Ok(());
        }
        self.reload_signing_keys().await
    }

    async fn hear_of_growth(&self) {
        loop {
            for partition in self.store.grown().await {
                self.wake_reader(partition);
            }
        }
    }
}

/// How often a log is read when nothing is heard of it: well within the tightest freshness bound.
const EVERY: Duration = Duration::from_millis(250);
/// How long a log rests that could not be put right.
const REST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod lost_keys;
#[cfg(test)]
mod tests;
