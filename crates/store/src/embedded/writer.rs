//! The queue in front of the one thread that writes, and the way back from it.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use lanyard_token::Clock;
use tokio::{
    runtime,
    sync::{mpsc, oneshot},
};

use super::{committer::Committer, file::StoreFile, tables::Writes};
use crate::StoreError;

/// The way to the writer thread.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<thread::JoinHandle<()>>,
    commits: Arc<AtomicU64>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start<C: Clock>(file: Arc<StoreFile>, clock: C) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let commits = Arc::new(AtomicU64::new(0));
        let committer = Committer::new(file, clock, Arc::clone(&commits));
        // It has a thread of its own, since it blocks on the disk, and needs of a runtime only the time.
        let runtime = runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || runtime.block_on(committer.run(jobs)))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
            commits,
        })
    }

    /// How many transactions have been committed.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Runs a step and returns once what it wrote is durable.
    ///
    /// The step may run more than once, each time on a transaction in which it has done nothing yet.
    /// It runs to its end even if the caller goes away.
    pub(super) async fn run<T, F>(&self, step: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Writes<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Pending {
            step,
            result: None,
            reply,
        });
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        // A thread that has ended dropped its end of the queue, and with it every waiting job and
        // the way back from it: whoever waits here is told.
        queue.send(job).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

impl Drop for Writer {
    /// Lets the steps that are waiting finish and gives the file back.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer thread ended by a panic");
        }
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

/// A step that waits for its transaction, and the caller who waits for the step.
pub(super) trait Job: Send {
    /// Does the step; its result waits for the commit.
    fn run(&mut self, tables: &mut Writes<'_>) -> Result<(), StoreError>;
    /// Tells the caller.
    fn finish(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Pending<T, F> {
    step: F,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Pending<T, F>
where
    T: Send,
    F: Fn(&mut Writes<'_>) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, tables: &mut Writes<'_>) -> Result<(), StoreError> {
        self.result = Some((self.step)(tables)?);
        Ok(())
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self {
            step: _,
            result,
            reply,
        } = *self;
        let answer = committed.and_then(|()| result.ok_or_else(stopped));
        // A caller who went away does not want the answer; what was committed stays committed.
        drop(reply.send(answer));
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the writer has stopped".into())
}

/// How many steps may wait. More of them wait for a place, which holds their callers back.
const QUEUE: usize = 4096;

#[cfg(test)]
mod tests {
    use std::{error::Error as _, time::Duration};

    use lanyard_token::{BootTime, ClockError, ManualClock, UnixTime};
    use tempfile::TempDir;

    use super::*;
    use crate::embedded::tables::{Meta, meta_u64, set_meta};

    fn writer<C: Clock>(clock: C) -> (TempDir, Writer) {
        let directory = tempfile::tempdir().unwrap();
        let file = StoreFile::open(&directory.path().join("file")).unwrap();
        (directory, Writer::start(Arc::new(file), clock).unwrap())
    }

    fn manual() -> Arc<ManualClock> {
        Arc::new(ManualClock::new(UnixTime::from_secs(1)))
    }

    fn count(tables: &mut Writes<'_>) -> Result<u64, StoreError> {
        let next = meta_u64(&tables.meta, Meta::LastNumber)? + 1;
        set_meta(&mut tables.meta, Meta::LastNumber, next)?;
        Ok(next)
    }

    #[tokio::test]
    async fn a_step_that_panics_is_answered_and_leaves_no_trace() {
        let (_directory, writer) = writer(manual());
        let (one, two, three) = tokio::join!(
            writer.run(count),
            writer.run(|tables| -> Result<(), _> { panic!("at {}", count(tables)?) }),
            writer.run(count),
        );
        assert_eq!((one.unwrap(), three.unwrap()), (1, 2));
        let error = two.unwrap_err();
        assert!(
            error
                .source()
                .unwrap()
                .to_string()
                .ends_with("the database gave up: at 2")
        );
        assert_eq!(writer.run(count).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_failed_commit_fails_all_who_shared_it_and_the_next_is_not_tried_at_once() {
        let clock = manual();
        let (_directory, writer) = writer(Arc::clone(&clock));
        let (one, two) = tokio::join!(
            writer.run(count),
            writer.run(|_| -> Result<(), _> { Err(StoreError::Unavailable("no disk".into())) }),
        );
        for text in [one.unwrap_err(), two.unwrap_err()] {
            let text = text.source().unwrap().to_string();
            assert_eq!(text, "the store is unavailable: no disk");
        }
        clock.advance(Duration::from_millis(4_999));
        assert!(matches!(
            writer.run(count).await,
            Err(StoreError::Unavailable(_))
        ));
        clock.advance(Duration::from_millis(1));
        assert_eq!(writer.run(count).await.unwrap(), 1);
        assert_eq!(writer.commits(), 1);
    }

    /// A clock that can be broken: without the time nothing is stamped, or everything panics.
    #[derive(Default)]
    struct Broken {
        panics: bool,
    }

    impl Clock for Broken {
        fn wall(&self) -> Result<UnixTime, ClockError> {
            assert!(!self.panics, "the clock fell off the wall");
            Err(ClockError::WallOutOfRange)
        }

        fn boot(&self) -> Result<BootTime, ClockError> {
            Ok(BootTime::default())
        }
    }

    #[tokio::test]
    async fn nothing_is_written_while_the_time_is_not_known() {
        let (_directory, writer) = writer(Broken::default());
        assert!(matches!(
            writer.run(count).await,
            Err(StoreError::Unavailable(_))
        ));
        assert_eq!(writer.commits(), 0);
    }

    #[tokio::test]
    async fn a_writer_that_has_stopped_refuses_and_never_hangs() {
        let (_directory, writer) = writer(Broken { panics: true });
        let answers = tokio::join!(writer.run(count), writer.run(count), writer.run(count));
        for answer in [answers.0, answers.1, answers.2, writer.run(count).await] {
            assert!(matches!(answer, Err(StoreError::Unavailable(_))));
        }
    }
}
