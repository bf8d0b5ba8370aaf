//! Keeping the authority's own view complete and fresh.

use std::time::Duration;

use lanyard_revocation::{Continuity, Cursor, PartitionId, continuity};
use lanyard_store::Store;
use lanyard_token::Clock;

use crate::{Authority, Entropy, Error};

/// How far the log of each partition was read.
#[derive(Debug)]
pub struct LogPlaces {
    cursors: Vec<(PartitionId, Option<Cursor>)>,
}

impl<S: Store, C: Clock, E: Entropy> Authority<S, C, E> {
    /// Reads the log of every partition to its end, once, and makes the view as fresh as that.
    ///
    /// # Errors
    /// The store's. The view then stays as old as it is.
    pub async fn catch_up(&self) -> Result<(), Error> {
        self.read_on(&mut self.before_the_first_read()).await
    }

    /// Where reading begins: nothing was read of any partition.
    #[must_use]
    pub fn before_the_first_read(&self) -> LogPlaces {
        let all = PartitionId::all(self.store.partitions());
        LogPlaces {
            cursors: all.map(|partition| (partition, None)).collect(),
        }
    }

    /// Reads on to the end of every partition's log, once, and makes the view as fresh as that. It is
    /// one round of [`Self::follow`], for those who have a timer of their own.
    ///
    /// # Errors
    /// The store's. The view then stays as old as it is, and the next round goes on from there.
    pub async fn read_on(&self, places: &mut LogPlaces) -> Result<(), Error> {
        for (partition, cursor) in &mut places.cursors {
            self.follow_partition(*partition, cursor).await?;
        }
        self.feed.caught_up();
        Ok(())
    }

    /// Follows the log for as long as it is polled: at once when this authority appends to it, and
    /// four times a second, well within the tightest freshness bound. What fails is logged and tried again; meanwhile the view grows old, and what
    /// rests on it refuses by itself.
    pub async fn follow(&self) {
        let mut places = self.before_the_first_read();
        loop {
            if let Err(error) = self.read_on(&mut places).await {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "the revocation log cannot be followed");
            }
            // Either is a reason to read; a wake-up that comes while reading is kept.
            drop(tokio::time::timeout(EVERY, self.log_has_grown.notified()).await);
        }
    }

    /// Drops what nobody needs any more, in the store and in the view, and writes down when tokens
    /// were last issued. Call it every minute or so.
    ///
    /// # Errors
    /// The store's.
    pub async fn tidy(&self) -> Result<(), Error> {
        self.write_issue_times().await?;
        self.store.sweep().await?;
        self.view.trim(self.clock.wall()?);
        self.reload_signing_keys().await
    }

    async fn follow_partition(
        &self,
        partition: PartitionId,
        cursor: &mut Option<Cursor>,
    ) -> Result<(), Error> {
        loop {
            let sent = self.clock.boot()?;
            let read = self.store.read_log(partition, *cursor, READ_LIMIT).await?;
            if let Continuity::StartOver(reason) = continuity(cursor.as_ref(), &read) {
                tracing::error!(%partition, %reason, "the log was read anew and merged");
                self.feed.start_over(partition);
                if cursor.take().is_none() {
                    return Err(Error::Internal("the log contradicts itself"));
                }
                continue;
            }
            let known = |_| Error::Internal("the store has no such partition");
            self.view.apply(partition, &read.entries).map_err(known)?;
            *cursor = read.next_cursor();
            if let Some(head) = *cursor {
                // Before the view is confirmed: who is told the age has been told all of this.
                self.feed.extend(partition, &read.entries, head);
            }
            if read.complete {
                return self.view.confirm(partition, read.end, sent).map_err(known);
            }
        }
    }
}

/// How often the log is read when nothing is heard of it.
const EVERY: Duration = Duration::from_millis(250);
/// How many entries one read takes.
const READ_LIMIT: usize = 10_000;
