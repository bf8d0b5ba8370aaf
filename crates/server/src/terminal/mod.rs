//! Standard output and standard error: the log, messages, and the characters that a terminal acts on.
//!
//! A process that serves never waits for the reader of either stream, and a line that cannot be written
//! never ends it.
//!
//! | file | idea |
//! |---|---|
//! | `escape` | characters that steer a terminal or reorder its text are spelled out |
//! | `line_queue` | a bounded queue of lines and the thread that writes them |
//! | `log` | the log on standard error, by way of that queue |
//! | `print` | single messages, with a limit on the time that they take |

mod escape;
mod line_queue;
mod log;
mod print;

pub(crate) use self::{
    escape::{escape, escape_json, one_line},
    line_queue::LineQueue,
    log::Log,
    print::{print_detached, print_error},
};
