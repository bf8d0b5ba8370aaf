//! The log on standard error.

use std::{
    io::{self, Write},
    panic,
    sync::Arc,
    time::Duration,
};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::{escape::escape, line_queue::LineQueue};

/// The log of this process. Waits for its last lines when it is dropped, within a limit.
#[derive(Debug)]
pub(crate) struct Log(Arc<LineQueue>);

impl Log {
    /// Logs events up to this level, and panics, to standard error.
    ///
    /// # Errors
    /// If the system starts no thread.
    pub(crate) fn to_stderr(level: LevelFilter) -> io::Result<Self> {
        let queue = LineQueue::start(io::stderr())?;
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(QueuedLines(Arc::clone(&queue)))
            .with_ansi(false)
            // It would be printed to standard error, and the process would end if that fails.
            .log_internal_errors(false);
        // There is one already only if this process has started its log before.
        drop(subscriber.try_init());
        panic::set_hook(Box::new(|info| {
            let location = info.location().map(ToString::to_string);
            let payload = info.payload_as_str().unwrap_or_default();
            tracing::error!(location, payload, "a task panicked");
        }));
        Ok(Self(queue))
    }

    /// Returns the queue, which counts the lines that were dropped.
    pub(crate) fn queue(&self) -> Arc<LineQueue> {
        Arc::clone(&self.0)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.0.flush(FLUSH_LIMIT);
    }
}

/// Makes the writers of events.
struct QueuedLines(Arc<LineQueue>);

/// The writer of one event, which arrives whole.
struct QueuedLine<'a>(&'a LineQueue);

impl<'a> MakeWriter<'a> for QueuedLines {
    type Writer = QueuedLine<'a>;

    fn make_writer(&'a self) -> QueuedLine<'a> {
        QueuedLine(&self.0)
    }
}

impl Write for QueuedLine<'_> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.push(line(event));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The event as one line that steers no terminal.
fn line(event: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(event);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let mut line = escape(text).into_owned();
    line.push('\n');
    line.into()
}

/// How long a process that ends waits for the reader of its log.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_that_steers_no_terminal() {
        assert_eq!(line(b"INFO a=1\n"), b"INFO a=1\n");
        let event = "INFO name=a\u{202e}b\u{1b}[2J\nINFO forged\n";
        let escaped = b"INFO name=a\\u{202e}b\\u{1b}[2J\\nINFO forged\n";
        assert_eq!(line(event.as_bytes()), escaped);
        assert_eq!(line(b"\xff"), "\u{fffd}\n".as_bytes());
    }
}
