//! `lanyard bench batch`: many checks in each call.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use clap::Args;
use lanyard_load::workload::Batches;

use super::BenchError;
use super::against_check::{AgainstCheck, Way};
use super::load_args::up_to;
use crate::client::ConnectionArgs;

/// The flags of `lanyard bench batch`.
#[derive(Debug, Args)]
pub(super) struct BatchBench {
    /// How many checks each call has, at most 10000; an authority takes 1000
    #[arg(long, value_name = "N", value_parser = up_to::<10_000>, default_value = "100")]
    batch: NonZeroUsize,
    /// How many tokens they are about, in turn; at most as many as there are checks
    #[arg(long, value_name = "N", value_parser = up_to::<10_000>, default_value = "100")]
    tokens: NonZeroUsize,
    #[command(flatten)]
    against: AgainstCheck,
}

/// Measures, and prints what it measured.
pub(super) async fn run(args: BatchBench, connection: &ConnectionArgs) -> Result<(), BenchError> {
    if args.tokens > args.batch {
        return Err(BenchError::MoreTokensThanChecks);
    }
    let way = Way {
        bench: "batch",
        tokens: args.tokens.get(),
        settings: BTreeMap::from([("checks in each call", args.batch.get().into())]),
    };
    let target = |there, tokens: &[String]| Batches::new(there, tokens, args.batch);
    args.against.measure(way, connection, target).await
}
