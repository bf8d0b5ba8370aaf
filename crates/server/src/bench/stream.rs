//! `lanyard bench stream`: checks over streams.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use clap::Args;
use lanyard_load::Report;
use lanyard_load::workload::{Checks, Streams};

use super::compare::{AgainstCheck, CheckOrNone, Subject, compare};
use super::ground::{Ground, on_own_ground};
use super::load_args::{LoadArgs, MOST_TOKENS, up_to};
use super::place::PlaceArgs;
use super::{BenchError, site, told};
use crate::client::{ConnectionArgs, Purpose};

/// The flags of `lanyard bench stream`. Each connection has one stream.
#[derive(Debug, Args)]
pub(super) struct StreamBench {
    /// How many tokens are asked about in turn
    #[arg(long, value_name = "N", value_parser = up_to::<MOST_TOKENS>, default_value = "100")]
    tokens: NonZeroUsize,
    #[command(flatten)]
    against: AgainstCheck,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    load: LoadArgs,
}

/// Measures, and prints what it measured.
pub(super) async fn run(args: StreamBench, connection: &ConnectionArgs) -> Result<(), BenchError> {
    let bench = on_own_ground(connection, async |ground| {
        let report = measure(&args, connection, ground).await?;
        told::tell(&report, connection)
    });
    bench.await
}

async fn measure(
    args: &StreamBench,
    connection: &ConnectionArgs,
    ground: &Ground,
) -> Result<Report, BenchError> {
    let there = args.place.reached_by(connection);
    let endpoint = args.place.or(ground.endpoint());
    let tokens = ground.tokens(args.tokens.get()).await?;
    let there = site::connect(&there, Purpose::Check, args.load.connections()).await?;
    let target = Streams::new(there.clone(), &tokens);
    let is_compared = args.against.against == CheckOrNone::Check;
    let floor = is_compared.then(|| Checks::new(there, &tokens));
    let subject = Subject {
        bench: "stream",
        unit: "checks",
        settings: BTreeMap::from([("tokens", args.tokens.get().into())]),
        against: is_compared.then(|| "check".to_owned()),
    };
    compare(subject, (&args.load, endpoint), (&target, floor.as_ref())).await
}
