//! `lanyard bench check`: one token in each call.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use clap::{Args, ValueEnum};
use lanyard_load::workload::Checks;
use lanyard_load::{Report, Setting, is_local};

use super::compare::{Subject, compare};
use super::floor::FloorKind;
use super::ground::{Ground, on_own_ground};
use super::load_args::{LoadArgs, MOST_TOKENS, up_to};
use super::place::PlaceArgs;
use super::{BenchError, beside, site, told};
use crate::client::{ConnectionArgs, Purpose};

/// The flags of `lanyard bench check`.
#[derive(Debug, Args)]
pub(super) struct CheckBench {
    /// How many tokens are asked about in turn, at most 1048576; by default 100, or 40,000 with --new-tokens
    #[arg(long, value_name = "N", value_parser = up_to::<MOST_TOKENS>)]
    tokens: Option<NonZeroUsize>,
    /// Ask about tokens that the authority does not remember, so that it verifies each signature
    ///
    /// They are issued beforehand and asked about in turn: when one comes again, all others came in
    /// between, and an authority remembers 10,000. With fewer --tokens than that it remembers some.
    #[arg(long)]
    new_tokens: bool,
    /// The bare service that it is compared with; by default `empty`, or `verify` with --new-tokens
    #[arg(long, value_enum)]
    against: Option<CheckFloor>,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    load: LoadArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CheckFloor {
    /// One that does nothing
    Empty,
    /// One that verifies the signature of the token
    Verify,
    /// Nothing
    None,
}

/// Measures, and prints what it measured.
pub(super) async fn run(args: CheckBench, connection: &ConnectionArgs) -> Result<(), BenchError> {
    let bench = on_own_ground(connection, async |ground| {
        let report = measure(&args, connection, ground).await?;
        told::tell(&report, connection)
    });
    bench.await
}

async fn measure(
    args: &CheckBench,
    connection: &ConnectionArgs,
    ground: &Ground,
) -> Result<Report, BenchError> {
    let there = args.place.reached_by(connection);
    let endpoint = args.place.or(ground.endpoint());
    let tokens = ground.tokens(args.count()).await?;
    let connections = args.load.connections();
    let target = site::connect(&there, Purpose::Check, connections).await?;
    let target = Checks::new(target, &tokens);
    let kind = args.floor(is_local(endpoint));
    let beside = beside::floor(kind, connection, &tokens).await?;
    let floor = beside.connect(connection, Purpose::Check, connections);
    let floor = floor.await?.map(|there| Checks::new(there, &tokens));
    let subject = Subject {
        bench: "check",
        unit: "checks",
        settings: args.settings(),
        against: beside.name(),
    };
    compare(subject, (&args.load, endpoint), (&target, floor.as_ref())).await
}

impl CheckBench {
    fn count(&self) -> usize {
        let unsaid = if self.new_tokens {
            NEW_TOKENS
        } else {
            SEEN_TOKENS
        };
        self.tokens.map_or(unsaid, NonZeroUsize::get)
    }

    fn settings(&self) -> BTreeMap<&'static str, Setting> {
        let seen = if self.new_tokens { "no" } else { "yes" };
        BTreeMap::from([
            ("tokens", self.count().into()),
            ("seen before", seen.into()),
        ])
    }

    /// What to compare with. By default nothing, if the authority is elsewhere: the bare service runs
    /// here, and the two machines would be compared.
    fn floor(&self, is_local: bool) -> Option<FloorKind> {
        let unsaid = match (is_local, self.new_tokens) {
            (false, _) => CheckFloor::None,
            (true, true) => CheckFloor::Verify,
            (true, false) => CheckFloor::Empty,
        };
        match self.against.unwrap_or(unsaid) {
            CheckFloor::None => None,
            CheckFloor::Empty => Some(FloorKind::Empty),
            CheckFloor::Verify => Some(FloorKind::Verify),
        }
    }
}

/// Four times what an authority remembers by default.
const NEW_TOKENS: usize = 40_000;
/// So few that each is remembered, and so many that they are not one.
const SEEN_TOKENS: usize = 100;
