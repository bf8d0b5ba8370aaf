//! A bounded queue of lines and the thread that writes them.
//!
//! `tracing-appender` has one, too. It does not count lines that fail to be written, and at the end it
//! prints to standard error, which blocks there if the reader has stopped.

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

/// Lines on their way to a stream. A line that finds the queue full, or that the stream does not take,
/// is dropped and counted.
#[derive(Debug)]
pub(crate) struct LineQueue {
    pending: Mutex<Pending>,
    arrived: Condvar,
    written: Condvar,
    capacity: usize,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Pending {
    lines: VecDeque<Vec<u8>>,
    is_writing: bool,
}

impl LineQueue {
    /// Starts a thread that writes what is pushed, for as long as the process runs.
    ///
    /// # Errors
    /// If the system starts no thread.
    pub(super) fn start(stream: impl Write + Send + 'static) -> io::Result<Arc<Self>> {
        let queue = Arc::new(Self::new(CAPACITY));
        let writer = Arc::clone(&queue);
        let thread = thread::Builder::new().name("log".to_owned());
        thread.spawn(move || writer.write_to(stream))?;
        Ok(queue)
    }

    fn new(capacity: usize) -> Self {
        Self {
            pending: Mutex::default(),
            arrived: Condvar::new(),
            written: Condvar::new(),
            capacity,
            dropped: AtomicU64::new(0),
        }
    }

    /// Adds a line, with its end. Never waits for the stream.
    pub(super) fn push(&self, line: Vec<u8>) {
        let mut pending = self.pending();
        if pending.lines.len() < self.capacity {
            pending.lines.push_back(line);
            self.arrived.notify_one();
        } else {
            self.count_dropped();
        }
    }

    /// Waits until everything that was pushed is written or dropped, but no longer than this.
    pub(super) fn flush(&self, limit: Duration) {
        let unfinished = |pending: &mut Pending| pending.is_writing || !pending.lines.is_empty();
        let waited = self
            .written
            .wait_timeout_while(self.pending(), limit, unfinished);
        drop(waited);
    }

    /// Returns how many lines were dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn write_to(&self, mut stream: impl Write) {
        loop {
            let line = self.next();
            if stream
                .write_all(&line)
                .and_then(|()| stream.flush())
                .is_err()
            {
                self.count_dropped();
            }
            self.pending().is_writing = false;
            self.written.notify_all();
        }
    }

    fn next(&self) -> Vec<u8> {
        let mut pending = self.pending();
        loop {
            if let Some(line) = pending.lines.pop_front() {
                pending.is_writing = true;
                return line;
            }
            pending = self
                .arrived
                .wait(pending)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn count_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A megabyte of lines of usual length.
const CAPACITY: usize = 4096;

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver, Sender};

    use super::*;

    const LIMIT: Duration = Duration::from_mins(1);

    /// Takes a line once it is permitted to, or fails it.
    struct Stream {
        permits: Receiver<io::Result<()>>,
        lines: Sender<Vec<u8>>,
    }

    impl Write for Stream {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.permits.recv().expect("a permit")?;
            self.lines.send(line.to_owned()).expect("a reader");
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn start() -> (Arc<LineQueue>, Sender<io::Result<()>>, Receiver<Vec<u8>>) {
        let ((permit, permits), (lines, written)) = (mpsc::channel(), mpsc::channel());
        let queue = LineQueue::start(Stream { permits, lines }).unwrap();
        (queue, permit, written)
    }

    #[test]
    fn lines_are_written_in_order_and_awaited_by_a_flush() {
        let (queue, permit, written) = start();
        for line in ["a", "b"] {
            permit.send(Ok(())).unwrap();
            queue.push(line.into());
        }
        queue.flush(LIMIT);
        assert_eq!(written.try_iter().collect::<Vec<_>>(), [b"a", b"b"]);
        assert_eq!(queue.dropped(), 0);
    }

    #[test]
    fn a_line_that_cannot_be_written_is_dropped_and_counted_and_the_next_is_written() {
        let (queue, permit, written) = start();
        permit.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
        permit.send(Ok(())).unwrap();
        queue.push(b"lost".into());
        queue.push(b"kept".into());
        queue.flush(LIMIT);
        assert_eq!(written.try_iter().collect::<Vec<_>>(), [b"kept"]);
        assert_eq!(queue.dropped(), 1);
    }

    #[test]
    fn a_stream_that_blocks_holds_up_neither_push_nor_flush() {
        let (queue, _permit, _written) = start();
        for _ in 0..CAPACITY + 10 {
            queue.push(b"line".into());
        }
        // One more is taken by the thread, if it was scheduled in between.
        assert!((9..=10).contains(&queue.dropped()), "{}", queue.dropped());
        queue.flush(Duration::from_millis(1));
    }
}
