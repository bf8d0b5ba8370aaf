//! `lanyard bench`: how fast it is on this machine, beside something that does less.
//!
//! The measuring is in the crate `load`. Here is what a command has around it: the arguments, the
//! connections, an identity of its own to try things on, and the printing.
//!
//! | file | idea |
//! |---|---|
//! | `load_args` | how hard and how long |
//! | `ground` | an identity to try things on, which goes with the command |
//! | `place` | an enforcement point that is asked in place of the authority |
//! | `site` | connections to where the calls go, and the bearer that they carry |
//! | `floor`, `beside` | the bare service, in a process of its own, and while something is compared with it |
//! | `compare`, `against_check` | two things in turns; another way of checking, and `Check` |
//! | `plot` | the file that a plot goes to |
//! | `admin` | what the server's process counts |
//! | `told` | the report, and the exit code |
//! | `check`, ... | one file for each thing that is measured |

mod admin;
mod against_check;
mod batch;
mod beside;
mod check;
mod compare;
mod error;
mod floor;
mod ground;
mod issue;
mod load_args;
mod place;
mod plot;
mod revoke;
mod site;
mod stream;
mod told;
mod watch;

use clap::{Args, Subcommand};

pub(crate) use self::error::BenchError;
use crate::{client::ConnectionArgs, serve::Signals};

/// Measure how fast an authority is, beside something that does less
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = false,
    after_help = "It writes: each command makes an identity of its own, whose custom id begins with \
    `lanyard-bench`,\nand deletes it at the end, which revokes the tokens that it issued."
)]
pub(crate) struct BenchCommand {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Issue tokens, one in each call
    Issue(issue::IssueBench),
    /// Check tokens, one in each call
    Check(check::CheckBench),
    /// Check tokens, many in each call
    Batch(batch::BatchBench),
    /// Check tokens over streams
    Stream(stream::StreamBench),
    /// Revoke tokens, one in each call
    Revoke(revoke::RevokeBench),
    /// Revoke tokens while many watch, and see when each has heard
    Watch(watch::WatchBench),
    /// Serve a bare service that answers with messages of the same size and does nothing else
    Floor(floor::FloorArgs),
}

impl What {
    /// The members of its report.
    const fn members(&self) -> &'static [&'static str] {
        match self {
            Self::Issue(_)
            | Self::Check(_)
            | Self::Batch(_)
            | Self::Stream(_)
            | Self::Revoke(_) => &told::MEMBERS,
            Self::Watch(_) => &told::WATCH_MEMBERS,
            Self::Floor(_) => &[],
        }
    }
}

/// Runs a benchmark to its end.
///
/// # Errors
///
/// Whatever kept it from its figures, and calls that failed, as one line that says what helps.
pub(crate) async fn run(command: BenchCommand) -> Result<(), BenchError> {
    let BenchCommand { connection, what } = command;
    tokio::spawn(end_on_second_signal(
        Signals::new().map_err(BenchError::System)?,
    ));
    if let Some(path) = &connection.field {
        told::ensure_field(path, what.members())?;
    }
    match what {
        What::Issue(args) => issue::run(args, &connection).await,
        What::Batch(args) => batch::run(args, &connection).await,
        What::Stream(args) => stream::run(args, &connection).await,
        What::Check(args) => check::run(args, &connection).await,
        What::Revoke(args) => revoke::run(args, &connection).await,
        What::Watch(args) => watch::run(args, &connection).await,
        What::Floor(args) => floor::run(args).await,
    }
}

/// The first signal lets a benchmark delete the identity that it has created. The second does not wait.
async fn end_on_second_signal(mut signals: Signals) {
    signals.received().await;
    signals.received().await.exit();
}
