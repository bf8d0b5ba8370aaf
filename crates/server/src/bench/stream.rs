//! `lanyard bench stream`: checks over streams.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use clap::Args;
use lanyard_load::workload::Streams;

use super::BenchError;
use super::against_check::{AgainstCheck, Way};
use super::load_args::{MOST_TOKENS, up_to};
use crate::client::ConnectionArgs;

/// The flags of `lanyard bench stream`. Each connection has one stream.
#[derive(Debug, Args)]
pub(super) struct StreamBench {
    /// How many tokens are asked about in turn, at most 1048576
    #[arg(long, value_name = "N", value_parser = up_to::<MOST_TOKENS>, default_value = "100")]
    tokens: NonZeroUsize,
    #[command(flatten)]
    against: AgainstCheck,
}

/// Measures, and prints what it measured.
pub(super) async fn run(args: StreamBench, connection: &ConnectionArgs) -> Result<(), BenchError> {
    let way = Way {
        bench: "stream",
        tokens: args.tokens.get(),
        settings: BTreeMap::new(),
    };
    args.against.measure(way, connection, Streams::new).await
}
