//! Group commit: one thread, one transaction for all steps that are waiting, one fsync for it.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use lanyard_token::{BootTime, Clock, ClockError, LogLimit, UnixTime};
use redb::{Durability, WriteTransaction};
use tokio::{sync::mpsc, time::timeout};

use super::{
    file::StoreFile,
    guard::guarded,
    tables::{Meta, Writes, corrupt, meta_u64, set_meta},
    writer::Job,
};
use crate::StoreError;

/// What the writer thread works with.
pub(super) struct Committer<C> {
    file: Arc<StoreFile>,
    clock: C,
    commits: Arc<AtomicU64>,
    rests_until: BootTime,
    record_is_unsynced: bool,
    failed_steps: LogLimit,
    failed_commits: LogLimit,
    failed_syncs: LogLimit,
}

impl<C: Clock> Committer<C> {
    /// Writes to a file, stamps entries with a clock, and counts what it commits.
    pub(super) fn new(file: Arc<StoreFile>, clock: C, commits: Arc<AtomicU64>) -> Self {
        Self {
            file,
            clock,
            commits,
            rests_until: BootTime::default(),
            record_is_unsynced: false,
            failed_steps: LogLimit::new(LOG_PERIOD),
            failed_commits: LogLimit::new(LOG_PERIOD),
            failed_syncs: LogLimit::new(LOG_PERIOD),
        }
    }

    /// Writes until nobody is left who could ask for it.
    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
        let mut expected = 1;
        loop {
            let batch = self.next_batch(&mut jobs, expected).await;
            if batch.is_empty() {
                return;
            }
            let len = batch.len();
            self.commit_batch(batch);
            expected = len + jobs.len();
        }
    }

    /// Waits for the next batch. If none comes soon, the record of the last commit is made durable
    /// meanwhile; otherwise the next commit's fsync does that.
    async fn next_batch(
        &mut self,
        jobs: &mut mpsc::Receiver<Box<dyn Job>>,
        expected: usize,
    ) -> Vec<Box<dyn Job>> {
        let mut batch = Vec::new();
        let first = timeout(IDLE, jobs.recv_many(&mut batch, BATCH)).await;
        if first.is_err() {
            self.sync_record();
            jobs.recv_many(&mut batch, BATCH).await;
        }
        gather(jobs, &mut batch, expected).await;
        batch
    }

    fn sync_record(&mut self) {
        if std::mem::take(&mut self.record_is_unsynced)
            && let Err(error) = self.file.sync_record()
            && let Some(suppressed) = self.failed_syncs.admit(self.now())
        {
            tracing::error!(
                error = told(&error),
                suppressed,
                "could not sync the record of the last commit"
            );
        }
    }

    /// Commits the steps together. One that fails is answered alone, and the others start over
    /// without it: they did nothing wrong.
    fn commit_batch(&mut self, mut batch: Vec<Box<dyn Job>>) {
        while !batch.is_empty() {
            match self.try_commit(&mut batch) {
                Ok(()) => return finish_all(batch, || Ok(())),
                Err(Failure::Step(index, error)) => {
                    if let Some(suppressed) = self.failed_steps.admit(self.now()) {
                        tracing::error!(error = told(&error), suppressed, "a step failed");
                    }
                    batch.remove(index).finish(Err(error));
                }
                Err(failure) => {
                    let text = self.cope(&failure);
                    return finish_all(batch, || Err(StoreError::Unavailable(text.clone().into())));
                }
            }
        }
    }

    fn try_commit(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), Failure> {
        if self.clock.boot().map_err(Failure::Clock)? < self.rests_until {
            return Err(Failure::Resting);
        }
        let now = self.clock.wall().map_err(Failure::Clock)?;
        let begun = guarded(|| {
            let mut transaction = self.file.begin_write()?;
            // The default, said again because every acknowledgement rests on it.
            transaction.set_durability(Durability::Immediate)?;
            Ok(transaction)
        });
        let transaction = begun.map_err(Failure::Commit)?;
        let number = run_steps(&transaction, now, batch)?;
        // One fsync publishes the commit and makes it durable, and a crash before it ends is told
        // by checksums when the file is opened. The library could record more with each commit and
        // spare that look: measured with 300,000 identities, opening after a crash then takes 0.1
        // seconds and not 1, and each commit 9 to 13 milliseconds and not 3 to 5.
        let committed = guarded(|| Ok(transaction.commit()?));
        self.file.committed();
        committed.map_err(Failure::Commit)?;
        // The process may end from here on, and a damaged commit is still noticed. If the machine
        // fails before the next commit or an idle moment, this record may lag behind; it never
        // runs ahead of what is durable.
        self.file.record_commit(number).map_err(Failure::Commit)?;
        self.record_is_unsynced = true;
        self.commits.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn now(&self) -> BootTime {
        self.clock.boot().unwrap_or_default()
    }

    /// Says what failed, and after a failed commit opens the database anew for the readers. While
    /// it opens they have none, so the next commit is not tried at once: a disk that stays full
    /// would take the reads away as well.
    fn cope(&mut self, failure: &Failure) -> String {
        let text = failure.text();
        if let Failure::Commit(_) = failure {
            let reopened = guarded(|| self.file.reopen());
            if let Some(suppressed) = self.failed_commits.admit(self.now()) {
                tracing::error!(error = text, suppressed, "a commit failed");
                match reopened {
                    Ok(()) => tracing::warn!("the store was opened anew"),
                    Err(error) => tracing::error!(error = told(&error), "the store stays closed"),
                }
            }
            self.rests_until = self.now().saturating_add(REST);
        }
        text
    }
}

/// Waits until a batch that has begun has as many steps as are expected, but not for long.
///
/// Those who were answered last, and those who came meanwhile, are likely to ask again at once. If each
/// were committed as it comes, a fast disk would be kept busy with few steps at a time, and the
/// processor with it. Who asks alone waits for nobody.
async fn gather(
    jobs: &mut mpsc::Receiver<Box<dyn Job>>,
    batch: &mut Vec<Box<dyn Job>>,
    expected: usize,
) {
    if batch.is_empty() {
        return;
    }
    let enough = expected.min(BATCH);
    let more = async {
        while batch.len() < enough {
            let room = BATCH - batch.len();
            if jobs.recv_many(batch, room).await == 0 {
                break;
            }
        }
    };
    // Those who have come by then go.
    timeout(GATHER, more).await.unwrap_or_default();
}

/// Why a batch was not committed.
enum Failure {
    /// The step of this index met something that makes no sense; the others may go on.
    Step(usize, StoreError),
    /// The entries could not be stamped.
    Clock(ClockError),
    /// A commit has failed a moment ago.
    Resting,
    /// The database failed, and with it every step.
    Commit(StoreError),
}

impl Failure {
    fn text(&self) -> String {
        match self {
            Self::Step(_, error) | Self::Commit(error) => told(error),
            Self::Clock(error) => told(error),
            Self::Resting => "a commit has failed a moment ago".to_owned(),
        }
    }
}

/// Runs the steps, and returns the number of the commit that they are part of.
fn run_steps(
    transaction: &WriteTransaction,
    now: UnixTime,
    batch: &mut [Box<dyn Job>],
) -> Result<u64, Failure> {
    let mut tables = guarded(|| Writes::begin(transaction, now)).map_err(Failure::Commit)?;
    for (index, job) in batch.iter_mut().enumerate() {
        guarded(|| job.run(&mut tables)).map_err(|error| match error {
            StoreError::Corrupt { .. } | StoreError::Unreadable(_) => Failure::Step(index, error),
            StoreError::Unavailable(_) => Failure::Commit(error),
        })?;
    }
    guarded(|| count_commit(&mut tables)).map_err(Failure::Commit)
}

/// Gives this transaction the next number.
fn count_commit(tables: &mut Writes<'_>) -> Result<u64, StoreError> {
    let last = meta_u64(&tables.meta, Meta::Commits)?;
    let next = last
        .checked_add(1)
        .ok_or_else(|| corrupt("commits", "the numbers are used up"))?;
    set_meta(&mut tables.meta, Meta::Commits, next)?;
    Ok(next)
}

fn finish_all(batch: Vec<Box<dyn Job>>, outcome: impl Fn() -> Result<(), StoreError>) {
    for job in batch {
        job.finish(outcome());
    }
}

/// The error and what it came from: those who share a failure cannot share the error itself.
fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

/// How many steps one transaction takes at most, so that none waits long for its neighbours.
const BATCH: usize = 512;
/// How long a step waits at most for others to come. A disk that takes longer than this to write gathers
/// them by itself.
const GATHER: Duration = Duration::from_millis(1);
/// How long after a commit the writer is idle, so that the record of the commit is synced by itself.
const IDLE: Duration = Duration::from_millis(10);
/// How long nothing is written after a commit has failed.
const REST: Duration = Duration::from_secs(5);
/// How often a failure is logged at most: callers can trigger any number of them.
const LOG_PERIOD: Duration = Duration::from_secs(10);
