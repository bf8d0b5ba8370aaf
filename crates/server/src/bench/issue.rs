//! `lanyard bench issue`: one token for each call.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use lanyard_load::workload::Issues;
use lanyard_load::{Report, is_local};

use super::compare::{Subject, compare};
use super::floor::FloorKind;
use super::ground::{Ground, on_own_ground};
use super::load_args::LoadArgs;
use super::{BenchError, beside, site, told};
use crate::client::{ConnectionArgs, Purpose};

/// The flags of `lanyard bench issue`.
#[derive(Debug, Args)]
pub(super) struct IssueBench {
    /// The bare service that it is compared with; by default `sign`
    #[arg(long, value_enum)]
    against: Option<IssueFloor>,
    #[command(flatten)]
    load: LoadArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum IssueFloor {
    /// One that signs as many bytes as a token has
    Sign,
    /// One that does nothing
    Empty,
    /// Nothing
    None,
}

/// Measures, and prints what it measured.
pub(super) async fn run(args: IssueBench, connection: &ConnectionArgs) -> Result<(), BenchError> {
    let bench = on_own_ground(connection, async |ground| {
        let report = measure(&args, connection, ground).await?;
        told::tell(&report, connection)
    });
    bench.await
}

async fn measure(
    args: &IssueBench,
    connection: &ConnectionArgs,
    ground: &Ground,
) -> Result<Report, BenchError> {
    let connections = args.load.connections();
    let target = site::connect(connection, Purpose::Issue, connections).await?;
    let target = Issues::new(target, ground.issue_request());
    let beside = beside::floor(args.floor(is_local(ground.endpoint())), connection, &[]).await?;
    let floor = beside.connect(connection, Purpose::Issue, connections);
    let floor = floor.await?;
    let floor = floor.map(|there| Issues::new(there, ground.issue_request()));
    let subject = Subject {
        bench: "issue",
        unit: "tokens",
        settings: BTreeMap::new(),
        against: beside.name(),
    };
    compare(
        subject,
        (&args.load, ground.endpoint()),
        (&target, floor.as_ref()),
    )
    .await
}

impl IssueBench {
    /// What to compare with. By default nothing, if the authority is elsewhere.
    fn floor(&self, is_local: bool) -> Option<FloorKind> {
        let unsaid = if is_local {
            IssueFloor::Sign
        } else {
            IssueFloor::None
        };
        match self.against.unwrap_or(unsaid) {
            IssueFloor::None => None,
            IssueFloor::Sign => Some(FloorKind::Sign),
            IssueFloor::Empty => Some(FloorKind::Empty),
        }
    }
}
