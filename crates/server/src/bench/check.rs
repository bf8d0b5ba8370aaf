//! `lanyard bench check`: one token in each call.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use clap::{Args, ValueEnum};
use lanyard_load::workload::Checks;
use lanyard_load::{How, Report, Setting, Summary, is_local};
use lanyard_proto::v1::policy_service_client::PolicyServiceClient;
use lanyard_proto::v1::trust_service_client::TrustServiceClient;
use lanyard_proto::v1::{GetKeySetRequest, IntrospectRequest, JsonWebKey};

use super::floor::{FloorKind, FloorProcess};
use super::ground::{Ground, on_own_ground};
use super::load_args::LoadArgs;
use super::{BenchError, site, told};
use crate::client::{ConnectionArgs, Purpose, Session, required};

/// The flags of `lanyard bench check`.
#[derive(Debug, Args)]
pub(super) struct CheckBench {
    /// How many tokens are asked about in turn; each was seen before
    #[arg(long, value_name = "N", default_value = "100")]
    tokens: NonZeroUsize,
    /// Ask about tokens that the authority does not remember, so that it verifies each signature
    ///
    /// 40,000 are issued beforehand and asked about in turn: when one comes again, 39,999 others came
    /// in between, and an authority remembers 10,000.
    #[arg(long, conflicts_with = "tokens")]
    new_tokens: bool,
    /// The bare service that it is compared with; by default `empty`, or `verify` with --new-tokens
    #[arg(long, value_enum)]
    against: Option<CheckFloor>,
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
    let report = on_own_ground(connection, async |ground| {
        measure(&args, connection, ground).await
    });
    told::tell(&report.await?, connection)
}

async fn measure(
    args: &CheckBench,
    connection: &ConnectionArgs,
    ground: &Ground,
) -> Result<Report, BenchError> {
    let tokens = ground.tokens(args.count()).await?;
    let target = site::connect(connection, Purpose::Check, args.load.connections).await?;
    let kind = args.floor(is_local(ground.endpoint()));
    let process = start_floor(kind, connection, &tokens).await?;
    let floor = match &process {
        Some(process) => {
            let there = site::at(connection, process.endpoint.clone());
            let there = site::connect(&there, Purpose::Check, args.load.connections).await?;
            Some(Checks::new(there, &tokens))
        }
        None => None,
    };
    let rounds = args.load.rounds();
    let target = Checks::new(target, &tokens);
    let pairs = rounds.compare(&target, floor.as_ref(), |_| {}).await?;
    let report = Report {
        bench: "check",
        unit: "checks",
        against: kind.and_then(|kind| Some(kind.to_possible_value()?.get_name().to_owned())),
        how: How::of(&rounds, args.load.connections.get(), ground.endpoint()),
        settings: args.settings(),
        target: Summary::default(),
        floor: None,
        ratio: None,
        notes: Vec::new(),
    };
    Ok(report.with(&pairs))
}

impl CheckBench {
    fn count(&self) -> usize {
        if self.new_tokens {
            NEW_TOKENS
        } else {
            self.tokens.get()
        }
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

async fn start_floor(
    kind: Option<FloorKind>,
    connection: &ConnectionArgs,
    tokens: &[String],
) -> Result<Option<FloorProcess>, BenchError> {
    let Some(kind) = kind else { return Ok(None) };
    let key = match kind {
        FloorKind::Verify => Some(key_of(connection, tokens).await?),
        FloorKind::Empty | FloorKind::Sign => None,
    };
    FloorProcess::start(kind, key.as_deref()).map(Some)
}

/// The public key that the tokens were signed with, as the authority publishes it.
async fn key_of(connection: &ConnectionArgs, tokens: &[String]) -> Result<String, BenchError> {
    let session = Session::open(connection, Purpose::Watch).await?;
    let mut policy = PolicyServiceClient::new(session.channel());
    let token = tokens.first().cloned().unwrap_or_default();
    let request = IntrospectRequest { token };
    let told = session.call(request, async |request| policy.introspect(request).await);
    let key_id = required(told.await?.claims, "claims")?.key_id;
    let mut trust = TrustServiceClient::new(session.channel());
    let request = GetKeySetRequest {};
    let published = session.call(request, async |request| trust.get_key_set(request).await);
    let mut published = published.await?.keys.into_iter();
    let key = published.find(|JsonWebKey { kid, .. }| *kid == key_id);
    key.map(|key| key.x)
        .ok_or(BenchError::KeyNotPublished(key_id))
}

/// Four times what an authority remembers by default.
const NEW_TOKENS: usize = 40_000;
