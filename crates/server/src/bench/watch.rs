//! `lanyard bench watch`: how long it takes until everybody has heard.

use std::num::NonZeroUsize;
use std::sync::Arc;

use clap::Args;
use lanyard_load::watching::{Handle, Heard, Hearing, Watchers};
use lanyard_load::workload::{Connections, Revokes};
use lanyard_load::{
    Failure, Load, Outcome, Progress, Rate, Run, Span, Stage, Tally, resident_kib, shares,
};
use tonic::Code;
use uuid::Uuid;

use self::report::{Memory, WatchReport};
use super::ground::{Ground, on_own_ground};
use super::load_args::LoadArgs;
use super::place::endpoint;
use super::plot::Plot;
use super::{BenchError, site, told};
use crate::client::{ClientError, ConnectionArgs, Purpose};

mod report;

/// The flags of `lanyard bench watch`.
#[derive(Debug, Args)]
pub(super) struct WatchBench {
    /// How many watch the feed
    #[arg(long, value_name = "N", default_value = "1000")]
    watchers: NonZeroUsize,
    /// Another authority on the same store, where it is watched; without it, where it is revoked
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    watch_endpoint: Option<String>,
    /// The authority's process, if it is on this machine: how its memory grew is told, too
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    #[command(flatten)]
    load: LoadArgs,
}

/// Everybody who watches, and who revokes meanwhile.
struct Site<'a> {
    args: &'a WatchBench,
    ground: &'a Ground,
    watches: Connections,
    revokes: Connections,
    progress: Progress,
}

/// One round.
struct Turn {
    calls: Outcome,
    heard: Heard,
    /// The authority's memory before anybody watched.
    alone: Option<u64>,
    /// The same once all did, and after the revocations.
    memory: Option<(u64, u64)>,
}

/// Measures, and prints what it measured.
pub(super) async fn run(args: WatchBench, connection: &ConnectionArgs) -> Result<(), BenchError> {
    args.fits()?;
    let bench = on_own_ground(connection, async |ground| {
        let report = measure(&args, connection, ground).await?;
        tell(&report, connection)
    });
    bench.await
}

fn tell(report: &WatchReport, connection: &ConnectionArgs) -> Result<(), BenchError> {
    let json = serde_json::to_value(report).map_err(|error| ClientError::Output(error.into()))?;
    told::print(&report.people(), &json, connection)?;
    report.verdict()
}

async fn measure(
    args: &WatchBench,
    connection: &ConnectionArgs,
    ground: &Ground,
) -> Result<WatchReport, BenchError> {
    let plot = args.load.plot.as_deref().map(Plot::create).transpose()?;
    let rounds = args.load.rounds();
    let mut alone = None;
    let site = Site {
        args,
        ground,
        watches: site::connect(&args.there(connection), Purpose::Watch, args.connections()).await?,
        revokes: site::connect(connection, Purpose::Issue, NonZeroUsize::MIN).await?,
        progress: Progress::show(rounds.run.tally.clone()),
    };
    let run = |span, rate| Run {
        load: Load::Open(rate),
        span,
        ..rounds.run.clone()
    };
    if !rounds.warm_up.is_zero() {
        site.progress.stage(Stage::WarmUp);
        let run = run(Span::For(rounds.warm_up), args.rate());
        alone = site.turn(run).await?.alone;
    }
    let mut turns = Vec::new();
    for round in 1..=rounds.rounds {
        site.progress.stage(Stage::Target(round));
        let turn = site.turn(run(rounds.run.span, args.rate())).await?;
        // What was once had is not given back, so only the first time counts.
        alone = alone.or(turn.alone);
        turns.push(turn);
    }
    let mut loads = Vec::new();
    for rate in shares(args.rate(), STEPS).filter(|_| plot.is_some()) {
        let words = format!("at {:.0} revocations a second", rate.as_per_second());
        site.progress.say(words);
        loads.push((rate, site.turn(run(rounds.run.span, rate)).await?));
    }
    drop(site);
    let memory = Memory::of(alone, &turns, args.watchers);
    let report = WatchReport::new(args, (&turns, &loads), memory, ground.endpoint());
    report.drawn(plot)
}

impl Site<'_> {
    /// Opens the watches, revokes, and waits for the last to hear.
    async fn turn(&self, run: Run) -> Result<Turn, BenchError> {
        let count = calls(&run);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let (tokens, handles) = revocable(self.ground, count, &run.tally).await?;
        let hearing = Hearing::new(self.args.watchers.get(), &handles);
        let hearing = Arc::new(hearing.map_err(ClientError::Clock)?);
        let alone = self.args.memory()?;
        let watchers = Watchers::open(&self.watches, Arc::clone(&hearing)).await;
        let watchers = watchers.map_err(|failure| match failure {
            Failure::Refused {
                code: Code::PermissionDenied | Code::Unauthenticated,
                ..
            } => BenchError::NoWatcher(failure),
            failure => BenchError::Watches(failure),
        })?;
        let watched = self.args.memory()?;
        let run = Run {
            span: Span::Calls(calls(&run)),
            ..run
        };
        let revokes = Revokes::new(self.revokes.clone(), tokens).heard_by(hearing);
        let calls = run.on(&revokes).await?;
        let busy = self.args.memory()?;
        Ok(Turn {
            heard: watchers.close(calls.seen.calls()).await?,
            calls,
            alone,
            memory: watched.zip(busy),
        })
    }
}

impl WatchBench {
    /// Refuses what there is no room to note the times of.
    fn fits(&self) -> Result<(), BenchError> {
        let run = Run {
            load: Load::Open(self.rate()),
            ..self.load.rounds().run
        };
        let (watchers, revocations) = (self.watchers.get(), calls(&run));
        let hearings = u64::try_from(watchers)
            .unwrap_or(u64::MAX)
            .saturating_mul(revocations);
        if hearings > MOST_HEARINGS || revocations > MOST_REVOCATIONS {
            return Err(BenchError::TooMuchToHear {
                watchers,
                revocations,
            });
        }
        Ok(())
    }

    /// Where it is watched.
    fn there(&self, connection: &ConnectionArgs) -> ConnectionArgs {
        site::at(connection, self.watch_endpoint.clone())
    }

    fn rate(&self) -> Rate {
        self.load.rate.unwrap_or(RATE)
    }

    fn connections(&self) -> NonZeroUsize {
        let unsaid = self.watchers.get().div_ceil(ON_ONE_CONNECTION);
        let unsaid = NonZeroUsize::new(unsaid).unwrap_or(NonZeroUsize::MIN);
        self.load.connections.unwrap_or(unsaid)
    }

    fn memory(&self) -> Result<Option<u64>, BenchError> {
        let read = |pid| resident_kib(pid).map_err(|source| BenchError::Memory { pid, source });
        self.pid.map(read).transpose()
    }
}

/// How many revocations a run has: a token is heard of once, so there is one for each.
fn calls(run: &Run) -> u64 {
    match (run.span, run.load) {
        (Span::Calls(calls), _) => calls,
        (Span::For(time), Load::Open(rate)) => rate.due_within(time).saturating_sub(1).max(1),
        (Span::For(_), Load::Closed) => 1,
    }
}

/// Tokens to revoke, and the handles that watchers are told of them by.
async fn revocable(
    ground: &Ground,
    count: usize,
    tally: &Tally,
) -> Result<(Vec<String>, Vec<Handle>), BenchError> {
    let issued = ground.issued(count, tally).await?;
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

/// Half of what an authority lets one connection have under way.
const ON_ONE_CONNECTION: usize = 500;
/// Revocations a second, unless something else is said.
const RATE: Rate = Rate::HUNDRED;
/// A gigabyte of times.
const MOST_HEARINGS: u64 = 1 << 27;
/// As many tokens, which are issued beforehand, as fit into another.
const MOST_REVOCATIONS: u64 = 1 << 20;
/// How many loads are drawn.
const STEPS: u32 = 4;
