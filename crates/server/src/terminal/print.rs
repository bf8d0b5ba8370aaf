//! Single messages, with a limit on the time that they take.

use std::{
    io::{self, Write},
    sync::mpsc,
    thread,
    time::Duration,
};

use super::escape::{escape, one_line};

/// Writes to standard output without waiting for it. A reader that is gone, or has stopped, misses it.
pub(crate) fn print_detached(text: &str) {
    let lines = text.lines().map(|line| format!("{}\n", escape(line)));
    detached(io::stdout(), lines.collect());
}

/// Writes the error that ends a command to standard error. The exit code has to do where that fails.
pub(crate) fn print_error(message: &str) {
    let done = detached(io::stderr(), format!("error: {}\n", one_line(message)));
    // An error is the usual end: the thread has written and dropped its half.
    done.recv_timeout(LIMIT).ok();
}

/// Writes on a thread of its own. The channel closes once that has ended.
fn detached(mut stream: impl Write + Send + 'static, text: String) -> mpsc::Receiver<()> {
    let (done, ended) = mpsc::channel();
    let write = move || {
        drop(
            stream
                .write_all(text.as_bytes())
                .and_then(|()| stream.flush()),
        );
        drop(done);
    };
    // Without a thread there is no message, which is no reason to wait.
    drop(thread::Builder::new().spawn(write));
    ended
}

/// How long the end of a command waits for the reader of standard error.
const LIMIT: Duration = Duration::from_secs(1);
