//! `lanyard bench batch`: many checks in each call.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use clap::Args;
use lanyard_load::Report;
use lanyard_load::workload::{Batches, Checks};

use super::compare::{AgainstCheck, CheckOrNone, Subject, compare};
use super::ground::{Ground, on_own_ground};
use super::load_args::{LoadArgs, up_to};
use super::place::PlaceArgs;
use super::{BenchError, site, told};
use crate::client::{ConnectionArgs, Purpose};

/// The flags of `lanyard bench batch`.
#[derive(Debug, Args)]
pub(super) struct BatchBench {
    /// How many checks each call has; an authority takes 1000
    #[arg(long, value_name = "N", value_parser = up_to::<10_000>, default_value = "100")]
    batch: NonZeroUsize,
    /// How many tokens they are about, in turn; at most as many as there are checks
    #[arg(long, value_name = "N", value_parser = up_to::<10_000>, default_value = "100")]
    tokens: NonZeroUsize,
    #[command(flatten)]
    against: AgainstCheck,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    load: LoadArgs,
}

/// Measures, and prints what it measured.
pub(super) async fn run(args: BatchBench, connection: &ConnectionArgs) -> Result<(), BenchError> {
    if args.tokens > args.batch {
        return Err(BenchError::MoreTokensThanChecks);
    }
    let bench = on_own_ground(connection, async |ground| {
        let report = measure(&args, connection, ground).await?;
        told::tell(&report, connection)
    });
    bench.await
}

async fn measure(
    args: &BatchBench,
    connection: &ConnectionArgs,
    ground: &Ground,
) -> Result<Report, BenchError> {
    let there = args.place.reached_by(connection);
    let endpoint = args.place.or(ground.endpoint());
    let tokens = ground.tokens(args.tokens.get()).await?;
    let there = site::connect(&there, Purpose::Check, args.load.connections()).await?;
    let target = Batches::new(there.clone(), &tokens, args.batch);
    let is_compared = args.against.against == CheckOrNone::Check;
    let floor = is_compared.then(|| Checks::new(there, &tokens));
    let subject = Subject {
        bench: "batch",
        unit: "checks",
        settings: BTreeMap::from([
            ("checks in each call", args.batch.get().into()),
            ("tokens", args.tokens.get().into()),
        ]),
        against: is_compared.then(|| "check".to_owned()),
    };
    compare(subject, (&args.load, endpoint), (&target, floor.as_ref())).await
}
