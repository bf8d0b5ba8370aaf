//! `lanyard bench revoke`: one revocation for each call.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use clap::Args;
use lanyard_load::workload::Revokes;
use lanyard_load::{Report, quotient};

use super::admin::AdminArgs;
use super::compare::{Subject, compare};
use super::ground::{Ground, on_own_ground};
use super::load_args::{LoadArgs, MOST_TOKENS, up_to};
use super::{BenchError, site, told};
use crate::client::{ConnectionArgs, Purpose};

/// The flags of `lanyard bench revoke`.
#[derive(Debug, Args)]
#[command(
    after_help = "The log keeps each revocation for a day, as it keeps any other: a run of a minute \
    may leave\nhundreds of thousands of entries in it, of as many handles as there are tokens."
)]
pub(super) struct RevokeBench {
    /// How many tokens are revoked in turn, at most 1048576; one that comes again is revoked again
    #[arg(long, value_name = "N", value_parser = up_to::<MOST_TOKENS>, default_value = "10000")]
    tokens: NonZeroUsize,
    #[command(flatten)]
    admin: AdminArgs,
    #[command(flatten)]
    load: LoadArgs,
}

/// Measures, and prints what it measured.
pub(super) async fn run(args: RevokeBench, connection: &ConnectionArgs) -> Result<(), BenchError> {
    let bench = on_own_ground(connection, async |ground| {
        let report = measure(&args, connection, ground).await?;
        told::tell(&report, connection)
    });
    bench.await
}

async fn measure(
    args: &RevokeBench,
    connection: &ConnectionArgs,
    ground: &Ground,
) -> Result<Report, BenchError> {
    let tokens = ground.tokens(args.tokens.get()).await?;
    let there = site::connect(connection, Purpose::Issue, args.load.connections()).await?;
    let target = Revokes::new(there, tokens);
    let subject = Subject {
        bench: "revoke",
        unit: "revocations",
        settings: BTreeMap::from([("tokens", args.tokens.get().into())]),
        against: None,
    };
    let before = args.admin.commits().await?;
    let nothing = None::<&Revokes>;
    let mut report = compare(subject, (&args.load, ground.endpoint()), (&target, nothing)).await?;
    let after = args.admin.commits().await?;
    if let Some((before, after)) = before.zip(after) {
        let commits = after.saturating_sub(before);
        let shared = quotient(target.acknowledged(), commits);
        report.also.insert(SHARED, shared);
    }
    Ok(report)
}

const SHARED: &str = "acknowledged revocations for each commit";
