//! What can be chosen for `lanyard enforce`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;
use lanyard_revocation::FreshnessBound;
use lanyard_token::{Audience, Issuer};

use super::listen::ListenAddress;
use crate::serve::{LogLevel, freshness_bound, switch};

/// The flags of `lanyard enforce`. Each has an environment variable.
#[derive(Clone, Debug, Args)]
pub(crate) struct EnforceArgs {
    /// The authority to follow. Say it again for each further address: they are tried in turn.
    #[arg(
        long,
        env = "LANYARD_AUTHORITY",
        value_delimiter = ',',
        required = true,
        value_name = "URL"
    )]
    pub(super) authority: Vec<String>,

    /// The file with the enforcer credential: to follow the authority with, and to admit callers by.
    #[arg(
        long,
        env = "LANYARD_CREDENTIAL",
        default_value = "./lanyard-data/bootstrap.json",
        value_name = "FILE"
    )]
    pub(super) credential: PathBuf,

    /// The certificate authority to believe of https addresses of the authority, a PEM file.
    /// Default: whom the system believes, and the one that --dev-tls has made beside the credential
    /// file.
    #[arg(long, env = "LANYARD_CA", value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,

    /// Where the policy service is served: an address, or unix:PATH. Port 0 means any free one.
    #[arg(
        long,
        env = "LANYARD_LISTEN",
        default_value = "127.0.0.1:7401",
        value_name = "ADDRESS"
    )]
    pub(super) listen: ListenAddress,

    /// Where /healthz, /readyz and /metrics are served.
    #[arg(
        long,
        env = "LANYARD_ADMIN_LISTEN",
        default_value = "127.0.0.1:7403",
        value_name = "ADDRESS"
    )]
    pub(super) admin_listen: SocketAddr,

    /// The `iss` that tokens must have: the authority's.
    #[arg(
        long,
        env = "LANYARD_ISSUER",
        default_value = "lanyard",
        value_name = "NAME"
    )]
    pub(super) issuer: Issuer,

    /// The `aud` that tokens must have: the authority's.
    #[arg(
        long,
        env = "LANYARD_AUDIENCE",
        default_value = "lanyard-access",
        value_name = "NAME"
    )]
    pub(super) audience: Audience,

    /// How old the revocation list may be that a check goes by: 1s to 14m.
    #[arg(
        long,
        env = "LANYARD_FRESHNESS_BOUND",
        default_value = "14m",
        value_name = "DURATION",
        value_parser = freshness_bound
    )]
    pub(super) freshness_bound: FreshnessBound,

    /// How long calls in progress may take to finish after SIGTERM.
    #[arg(
        long,
        env = "LANYARD_DRAIN_TIMEOUT",
        default_value = "10s",
        value_name = "DURATION",
        value_parser = humantime::parse_duration
    )]
    pub(super) drain_timeout: Duration,

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
}
