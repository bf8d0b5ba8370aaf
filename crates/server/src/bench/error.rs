//! Why a benchmark has no figures, or none to be trusted: one line that says what helps.

use std::io;

use lanyard_authority::EntropyError;
use lanyard_load::RunError;
use thiserror::Error;

use crate::{client::ClientError, serve::StopSignal};

/// Why a benchmark failed. Its `Display` is the one line for standard error.
#[derive(Debug, Error)]
pub(crate) enum BenchError {
    /// What every command may fail of.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Nothing could be measured.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The figures were told, and are not those of calls that all went well.
    #[error("{failures} calls failed, the first saying: {first}")]
    CallsFailed {
        /// How many.
        failures: u64,
        /// What the first said.
        first: String,
    },
    /// Not all calls of an open loop were made.
    #[error(
        "{not_sent} calls were due and could not be sent in time: lower --rate, or raise \
         --concurrency"
    )]
    NotSent {
        /// How many.
        not_sent: u64,
    },
    /// There are no figures, because there was no answer.
    #[error("not a single call was answered: raise --duration or --rate, or look at the authority")]
    NothingAnswered,
    /// What watchers hear would not fit.
    #[error(
        "{watchers} watchers that hear of {revocations} revocations are more than there is memory for: \
         lower --watchers, --rate or --duration"
    )]
    TooMuchToHear {
        /// How many watch.
        watchers: usize,
        /// What each is to hear of.
        revocations: u64,
    },
    /// The bare service does not start.
    #[error(
        "the bare service to compare with does not start ({0}): leave it out by --against none"
    )]
    Floor(io::Error),
    /// A key that is none.
    #[error("`{0}` is not an Ed25519 public key: give the `x` of a JSON Web Key")]
    NoKey(String),
    /// The authority publishes no key that fits its own tokens.
    #[error(
        "the authority does not publish the key `{0}`: compare with another floor by --against"
    )]
    KeyNotPublished(String),
    /// A token would never be asked about.
    #[error("there are more tokens than checks in a batch: lower --tokens or raise --batch")]
    MoreTokensThanChecks,
    /// The admin port does not say what was asked.
    #[error(
        "{endpoint} does not tell {what}: name the admin port of an authority with --admin-endpoint"
    )]
    Admin {
        /// Where it was asked.
        endpoint: String,
        /// What.
        what: &'static str,
    },
    /// There is no such process.
    #[error("cannot read the memory of the process {pid} ({source}): name another with --pid")]
    Memory {
        /// Its id.
        pid: u32,
        /// Why not.
        source: io::Error,
    },
    /// The watches do not begin.
    #[error("the watches did not begin ({0}): lower --watchers, or raise the limit of open files")]
    Watches(lanyard_load::Failure),
    /// The caller may not watch.
    #[error("{0}: name the credential of an enforcer with --credential")]
    NoWatcher(lanyard_load::Failure),
    /// Somebody did not hear of something.
    #[error("{missed} times a watcher did not hear of a revocation: the figures are of the others")]
    Missed {
        /// How often.
        missed: u64,
    },
    /// The plot cannot be written.
    #[error("cannot write the plot to `{file}` ({source}): name another file with --plot")]
    Plot {
        /// The path.
        file: String,
        /// Why not.
        source: io::Error,
    },
    /// The bare service cannot listen.
    #[error("cannot listen on {address} ({source}): choose another address with --listen")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The bare service ended.
    #[error("the bare service ended ({0}): start it again")]
    Serve(#[from] tonic::transport::Error),
    /// There are no random numbers.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The system does not do its part.
    #[error("the system refuses ({0}): try again")]
    System(io::Error),
    /// Somebody pressed Ctrl-C.
    #[error("interrupted: run it again for figures")]
    Interrupted(StopSignal),
    /// The identity that was made for it is still there.
    #[error(
        "{before}the identity `{identity_id}`, which was made for this, is left behind ({source}): delete \
         it by `lanyard identity delete`"
    )]
    LeftBehind {
        /// What went wrong before that, as the beginning of the line.
        before: String,
        /// Its id.
        identity_id: String,
        /// Why it was not deleted.
        source: ClientError,
    },
}
