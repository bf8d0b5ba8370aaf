//! One partition's log, read on from where the reader is.

use std::error::Error as _;

use lanyard_revocation::{Continuity, Cursor, Entry, LogRead, PartitionId, continuity};
use lanyard_store::{Store, StoreError};
use lanyard_token::{BootTime, Clock, Position};
use tokio::sync::{Mutex, Notify};

use super::status::{LogFault, Resync};
use crate::{Authority, Entropy, Error};

/// Who reads the log of one partition.
#[derive(Debug)]
pub(crate) struct Reader {
    partition: PartitionId,
    woken: Notify,
    stand: Mutex<Stand>,
}

/// How far a reader has come.
#[derive(Debug)]
pub(super) struct Stand {
    pub(super) partition: PartitionId,
    /// Everything in this log up to here is known, without a gap. Kept when the log turns out to be
    /// another one or damaged: it says what is known of it.
    pub(super) cursor: Option<Cursor>,
    /// Why the log is being compared, until it was found whole.
    pub(super) resync: Option<Resync>,
    /// When the log is compared again, because it could not get back what it has lost.
    pub(super) repair_due: Option<BootTime>,
    /// What was said last of why it cannot be followed.
    said: Option<String>,
}

impl Reader {
    pub(crate) fn new(partition: PartitionId) -> Self {
        Self {
            partition,
            woken: Notify::new(),
            stand: Mutex::new(Stand {
                partition,
                cursor: None,
                resync: None,
                repair_due: None,
                said: None,
            }),
        }
    }

    /// Makes it read at once, or once more if it is just reading.
    pub(crate) fn wake(&self) {
        self.woken.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.woken.notified().await;
    }
}

impl<S: Store, C: Clock, E: Entropy> Authority<S, C, E> {
    /// Reads one log to its end, and says if that goes otherwise than the time before.
    pub(super) async fn read_round(&self, reader: &Reader) -> Result<(), Error> {
        let mut stand = reader.stand.lock().await;
        let done = self.read_on(&mut stand).await.map_err(told_as_fault);
        self.note_fault(reader.partition, &done);
        stand.say(&done);
        done
    }

    /// A store that is away says nothing about its log.
    fn note_fault(&self, partition: PartitionId, done: &Result<(), Error>) {
        match done {
            Ok(()) => self.status.set_fault(partition, None),
            Err(Error::Log(fault)) => self.status.set_fault(partition, Some(fault.clone())),
            Err(_) => {}
        }
    }

    async fn read_on(&self, stand: &mut Stand) -> Result<(), Error> {
        let partition = stand.partition;
        if let Some(due) = stand.repair_due
            && self.clock.boot()? >= due
        {
            return self.compare(stand, stand.resync).await;
        }
        // A log that was not whole is compared until it is.
        while let (Some(cursor), None) = (stand.cursor, stand.resync) {
            let sent = self.clock.boot()?;
            let read = self.read_log(partition, Some(cursor)).await?;
            if let Continuity::StartOver(reason) = continuity(Some(&cursor), &read) {
                self.feed.start_over(partition);
                return self.compare(stand, Some(Resync::Break(reason))).await;
            }
            self.take_in(partition, &read)?;
            stand.cursor = Some(next_cursor(&read)?);
            if read.entries.iter().any(Entry::opens_generation) {
                return self.compare(stand, Some(Resync::Generation)).await;
            }
            if read.complete {
                return self.confirm(partition, read.end, sent);
            }
        }
        self.compare(stand, stand.resync).await
    }

    pub(super) async fn read_log(
        &self,
        partition: PartitionId,
        after: Option<Cursor>,
    ) -> Result<LogRead, Error> {
        let read = self.store.read_log(partition, after, READ_LIMIT).await?;
        if !read.intact {
            self.status.count_damaged_read();
        }
        Ok(read)
    }

    /// Takes in what goes on where the view was, and hands it on.
    pub(super) fn take_in(&self, partition: PartitionId, read: &LogRead) -> Result<(), Error> {
        self.view
            .raise_floor(partition, read.floor)
            .and_then(|()| self.view.apply(partition, &read.entries))
            .map_err(unknown_partition)?;
        if let Some(head) = read.next_cursor() {
            // Before the view is confirmed: who is told the age has been told all of this.
            self.feed.extend(partition, &read.entries, head);
        }
        Ok(())
    }

    /// The view has everything up to the end of the log as of when a read was sent.
    pub(super) fn confirm(
        &self,
        partition: PartitionId,
        end: Position,
        sent: BootTime,
    ) -> Result<(), Error> {
        self.view
            .confirm(partition, end, sent)
            .map_err(unknown_partition)?;
        self.feed.caught_up();
        Ok(())
    }
}

impl Stand {
    /// Says what is wrong, once, and once that it is not any more.
    fn say(&mut self, done: &Result<(), Error>) {
        let partition = self.partition;
        // Without what it comes from: a store that is away is so in a different way each time.
        let text = done.as_ref().err().map(Error::to_string);
        if text == self.said {
            return;
        }
        if let Err(error) = done {
            let source = error.source().map(|source| format!(": {source}"));
            let error = format!("{error}{}", source.unwrap_or_default());
            tracing::error!(%partition, error, "the revocation log cannot be followed");
        } else {
            tracing::info!(%partition, "the revocation log is followed again");
        }
        self.said = text;
    }
}

/// Where to read on. A read that does not say would be repeated for ever.
pub(super) fn next_cursor(read: &LogRead) -> Result<Cursor, Error> {
    let next = read.next_cursor();
    next.ok_or(Error::Internal(
        "a read of the log has found nothing and no end",
    ))
}

pub(super) fn unknown_partition<T>(_: T) -> Error {
    Error::Internal("the store has no such partition")
}

/// An entry that cannot be understood is a fault of the log, and not of the store.
fn told_as_fault(error: Error) -> Error {
    match error {
        Error::Store(StoreError::Unreadable(entry)) => LogFault::Unreadable(entry).into(),
        error => error,
    }
}

/// How many entries one read takes.
const READ_LIMIT: usize = 10_000;
