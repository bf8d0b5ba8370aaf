//! What can be chosen for `lanyard serve`, and its limits.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use lanyard_revocation::{FreshnessBound, FreshnessBoundError};
use lanyard_token::{Audience, Issuer, PropagationBound, PropagationBoundError, TokenAlgorithm};
use tracing::level_filters::LevelFilter;

use super::{
    public_endpoint::PublicEndpoint, redis_args::RedisArgs, rest_args::RestArgs, tls::TlsArgs,
};

/// The flags of `lanyard serve`. Each has an environment variable.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServeArgs {
    /// Where gRPC and HTTP are served. Port 0 means any free one.
    #[arg(
        long,
        env = "LANYARD_LISTEN",
        default_value = "127.0.0.1:7400",
        value_name = "ADDRESS"
    )]
    pub(super) listen: SocketAddr,

    /// How clients call this authority, where that is not the address that it listens on: the name in
    /// its certificate, or that of what is in front. It is what commands and connection strings take.
    #[arg(long, env = "LANYARD_PUBLIC_ENDPOINT", value_name = "URL")]
    pub(super) public_endpoint: Option<PublicEndpoint>,

    /// Where /healthz, /readyz and /metrics are served.
    #[arg(
        long,
        env = "LANYARD_ADMIN_LISTEN",
        default_value = "127.0.0.1:7402",
        value_name = "ADDRESS"
    )]
    pub(super) admin_listen: SocketAddr,

    /// The directory of the embedded store. Made if it is missing.
    #[arg(
        long,
        env = "LANYARD_DATA",
        default_value = "./lanyard-data",
        value_name = "DIRECTORY"
    )]
    pub(super) data: PathBuf,

    /// The file with the master key that secrets are sealed under. Made on the first start.
    /// Default: master.key in the data directory. With --redis it must be said, and all processes on
    /// one store need the same.
    #[arg(long, env = "LANYARD_MASTER_KEY_FILE", value_name = "FILE")]
    pub(super) master_key_file: Option<PathBuf>,

    #[command(flatten)]
    pub(super) redis: RedisArgs,

    /// The `iss` of every token.
    #[arg(
        long,
        env = "LANYARD_ISSUER",
        default_value = "lanyard",
        value_name = "NAME"
    )]
    pub(super) issuer: Issuer,

    /// The `aud` of every token.
    #[arg(
        long,
        env = "LANYARD_AUDIENCE",
        default_value = "lanyard-access",
        value_name = "NAME"
    )]
    pub(super) audience: Audience,

    /// The `alg` of new signing keys and of their tokens: EdDSA, or Ed25519 (RFC 9864), which fewer libraries
    /// accept. A key keeps its own, so a change takes effect with the next key that is activated.
    #[arg(
        long,
        env = "LANYARD_TOKEN_ALG",
        default_value = "EdDSA",
        value_name = "NAME"
    )]
    pub(super) token_alg: TokenAlgorithm,

    /// How old the revocation list may be that a check goes by: 1s to 14m.
    #[arg(
        long,
        env = "LANYARD_FRESHNESS_BOUND",
        default_value = "14m",
        value_name = "DURATION",
        value_parser = freshness_bound
    )]
    pub(super) freshness_bound: FreshnessBound,

    /// How long a signing key is published before it may sign: 1s to 15m.
    #[arg(
        long,
        env = "LANYARD_PROPAGATION_BOUND",
        default_value = "15m",
        value_name = "DURATION",
        value_parser = propagation_bound
    )]
    pub(super) propagation_bound: PropagationBound,

    /// How often expired revocations and the remains of deleted resources are deleted: 1s to 1h.
    #[arg(
        long,
        env = "LANYARD_SWEEP_INTERVAL",
        default_value = "1m",
        value_name = "DURATION",
        value_parser = sweep_interval
    )]
    pub(super) sweep_interval: Duration,

    /// How long calls in progress may take to finish after SIGTERM.
    #[arg(
        long,
        env = "LANYARD_DRAIN_TIMEOUT",
        default_value = "10s",
        value_name = "DURATION",
        value_parser = humantime::parse_duration
    )]
    pub(super) drain_timeout: Duration,

    #[command(flatten)]
    pub(super) tls: TlsArgs,

    /// Serve without TLS beyond this machine. Tokens and bearers can then be read on the way.
    #[arg(long, env = "LANYARD_PLAINTEXT", value_parser = switch)]
    pub(super) plaintext: bool,

    /// How much is logged, to standard error.
    #[arg(
        long,
        env = "LANYARD_LOG",
        default_value = "info",
        value_name = "LEVEL"
    )]
    pub(super) log: LogLevel,

    // The last, because its heading would stand over what follows.
    #[command(flatten)]
    pub(super) rest: RestArgs,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Nothing.
    Off,
    /// What this authority cannot do.
    Error,
    /// What callers did wrong, too.
    Warn,
    /// What happens now and then.
    Info,
    /// What happens all the time.
    Debug,
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Off => Self::OFF,
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
        }
    }
}

/// Why a duration does not fit its flag.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DurationError {
    /// It is not written as one.
    #[error(transparent)]
    Form(#[from] humantime::DurationError),
    /// It is no freshness bound.
    #[error(transparent)]
    Freshness(#[from] FreshnessBoundError),
    /// It is no propagation bound.
    #[error(transparent)]
    Propagation(#[from] PropagationBoundError),
    /// It is no sweep interval.
    #[error("a sweep interval must be 1s to 1h")]
    SweepInterval,
}

/// The environment says neither yes nor no of a flag.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 1, true, yes or on, or else 0, false, no, off or nothing")]
pub(crate) struct SwitchError;

/// Reads what the environment says of a flag that takes no value.
pub(crate) fn switch(text: &str) -> Result<bool, SwitchError> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "" | "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(SwitchError),
    }
}

pub(crate) fn freshness_bound(text: &str) -> Result<FreshnessBound, DurationError> {
    Ok(FreshnessBound::from_duration(humantime::parse_duration(
        text,
    )?)?)
}

fn propagation_bound(text: &str) -> Result<PropagationBound, DurationError> {
    Ok(PropagationBound::from_duration(humantime::parse_duration(
        text,
    )?)?)
}

fn sweep_interval(text: &str) -> Result<Duration, DurationError> {
    let interval = humantime::parse_duration(text)?;
    if (SHORTEST_SWEEP_INTERVAL..=LONGEST_SWEEP_INTERVAL).contains(&interval) {
        Ok(interval)
    } else {
        Err(DurationError::SweepInterval)
    }
}

const SHORTEST_SWEEP_INTERVAL: Duration = Duration::from_secs(1);
const LONGEST_SWEEP_INTERVAL: Duration = Duration::from_hours(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_interval_is_one_second_to_one_hour() {
        for (text, interval) in [("1s", 1), ("1m", 60), ("1h", 3600)] {
            let interval = Duration::from_secs(interval);
            assert_eq!(sweep_interval(text).unwrap(), interval, "{text}");
        }
        for text in ["999ms", "0s", "3601s", "1", "soon"] {
            assert!(sweep_interval(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_environment_turns_a_flag_on_and_off_in_the_usual_words() {
        for on in ["1", "true", "yes", "on", "TRUE", "Yes"] {
            assert_eq!(switch(on), Ok(true), "{on}");
        }
        for off in ["", "0", "false", "no", "off", "OFF"] {
            assert_eq!(switch(off), Ok(false), "{off}");
        }
        for neither in ["2", "maybe", " ", "1 ", "-1", "tru"] {
            assert_eq!(switch(neither), Err(SwitchError), "{neither}");
        }
    }
}
