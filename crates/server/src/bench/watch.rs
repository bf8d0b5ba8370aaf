//! `lanyard bench watch`: how long it takes until everybody has heard.

use std::num::NonZeroUsize;
use std::sync::Arc;

use clap::Args;
use humantime::Duration;
use lanyard_load::watching::{Handle, Hearing, Watchers};
use lanyard_load::workload::Revokes;
use lanyard_load::{Load, Progress, Rate, Run, Span, Tally};
use uuid::Uuid;

use self::report::{Memory, WatchReport};
use super::ground::{Ground, on_own_ground};
use super::load_args::rate;
use super::memory::resident_kib;
use super::{BenchError, site, told};
use crate::client::{ClientError, ConnectionArgs, Purpose};

mod report;

/// The flags of `lanyard bench watch`.
#[derive(Debug, Args)]
pub(super) struct WatchBench {
    /// How many watch the feed
    #[arg(long, value_name = "N", default_value = "1000")]
    watchers: NonZeroUsize,
    /// How many connections they share; by default one for each 500
    #[arg(long, value_name = "N")]
    connections: Option<NonZeroUsize>,
    /// How many tokens are revoked each second
    #[arg(long, value_name = "PER_SECOND", value_parser = rate, default_value = "100")]
    rate: Rate,
    /// For how long
    #[arg(long, value_name = "TIME", default_value = "10s")]
    duration: Duration,
    /// Revoke so many tokens, however long that takes
    #[arg(long, value_name = "N", conflicts_with = "duration")]
    count: Option<NonZeroUsize>,
    /// The authority's process, if it is on this machine: how its memory grew is told, too
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
}

/// Measures, and prints what it measured.
pub(super) async fn run(args: WatchBench, connection: &ConnectionArgs) -> Result<(), BenchError> {
    let report = on_own_ground(connection, async |ground| {
        measure(&args, connection, ground).await
    });
    let report = report.await?;
    let json = serde_json::to_value(&report).map_err(|error| ClientError::Output(error.into()))?;
    told::print(&report.people(), &json, connection)?;
    report.verdict()
}

async fn measure(
    args: &WatchBench,
    connection: &ConnectionArgs,
    ground: &Ground,
) -> Result<WatchReport, BenchError> {
    let (tokens, handles) = revocable(ground, args.revocations()).await?;
    let hearing =
        Arc::new(Hearing::new(args.watchers.get(), &handles).map_err(ClientError::Clock)?);
    let alone = args.memory()?;
    let there = site::connect(connection, Purpose::Watch, args.connections()).await?;
    let watchers = Watchers::open(&there, Arc::clone(&hearing)).await;
    let watchers = watchers.map_err(BenchError::Watches)?;
    let watched = args.memory()?;

    let run = Run {
        load: Load::Open(args.rate),
        concurrency: AT_A_TIME,
        span: Span::Calls(count(tokens.len())),
        tally: Tally::default(),
    };
    let progress = Progress::show(run.tally.clone());
    progress.say("revoking".to_owned());
    let revokes = site::connect(connection, Purpose::Issue, NonZeroUsize::MIN).await?;
    let outcome = run
        .on(&Revokes::new(revokes, tokens).heard_by(hearing))
        .await?;
    progress.say("waiting for the last to hear".to_owned());
    let busy = args.memory()?;
    let heard = watchers.close(outcome.seen.calls()).await?;
    let memory = Memory::of(alone, watched, busy, args.watchers);
    Ok(WatchReport::new(
        args,
        (&outcome, &heard),
        memory,
        ground.endpoint(),
    ))
}

impl WatchBench {
    fn revocations(&self) -> usize {
        let within = || {
            let calls = self.rate.due_within(self.duration.into()).saturating_sub(1);
            usize::try_from(calls.max(1)).unwrap_or(usize::MAX)
        };
        self.count.map_or_else(within, NonZeroUsize::get)
    }

    fn connections(&self) -> NonZeroUsize {
        let unsaid = self.watchers.get().div_ceil(ON_ONE_CONNECTION);
        let unsaid = NonZeroUsize::new(unsaid).unwrap_or(NonZeroUsize::MIN);
        self.connections.unwrap_or(unsaid)
    }

    fn memory(&self) -> Result<Option<u64>, BenchError> {
        self.pid.map(resident_kib).transpose()
    }
}

/// Tokens to revoke, and the handles that watchers are told of them by.
async fn revocable(
    ground: &Ground,
    count: usize,
) -> Result<(Vec<String>, Vec<Handle>), BenchError> {
    let issued = ground.issued(count).await?;
    let mut tokens = Vec::new();
    let mut handles = Vec::new();
    for one in issued {
        let id: Uuid = one
            .token_id
            .parse()
            .map_err(|_| ClientError::Incomplete("token_id"))?;
        tokens.push(one.token);
        handles.push(id.into_bytes());
    }
    Ok((tokens, handles))
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Half of what an authority lets one connection have under way.
const ON_ONE_CONNECTION: usize = 500;
/// How many revocations are under way at most.
const AT_A_TIME: usize = 64;
