//! Running a step on the primary of what it is about, and making sure of what it answers.

use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lanyard_revocation::PartitionId;
use lanyard_token::{Clock, LogLimit, UnixTime};
use redis::{Cmd, FromRedisValue, Pipeline, Value};
use tokio::time::Instant;

use super::{
    confirm::Confirmer,
    failure::{Failure, NodeError},
    keys::{Keys, PartitionKeys},
    node::{Node, is_unknown_script, reign_told, understood},
    options::RedisAddress,
    records::read,
    reply::{LastEntry, Reply},
    script::{Script, Scripts},
    server_clock::TimeWindow,
    slot::Slot,
    topology::Topology,
};
use crate::{ReplicaShortage, StoreError};

/// What all steps go through.
pub(super) struct Engine {
    pub(super) topology: Topology,
    pub(super) keys: Keys,
    pub(super) scripts: Scripts,
    /// How many replicas must have a write before it is acknowledged.
    pub(super) replicas: u32,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) time: RedisTime,
    pub(super) confirmer: Confirmer,
    /// Whether a primary had fewer replicas in reach than writes wait for, when that was last known.
    pub(super) shortage: Mutex<Option<ReplicaShortage>>,
}

/// Which clock stamps the entries of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedisTime {
    /// The server's, the one that all replicas of the authority share.
    Server,
    /// The one that the store was opened with. For tests, which move it.
    Clock,
}

/// What a step does, and so what makes its answer good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It notes something that may be lost, and nothing rests on the answer.
    Passes,
    /// It answers what others rely on: the node is confirmed to be the primary.
    Vouches,
    /// It changes something: as many replicas as were asked for have it, and after that the node is
    /// confirmed to be the primary.
    Changes,
}

/// A step, with what it is about.
pub(super) struct Call<'a> {
    pub(super) slot: Slot,
    pub(super) script: &'a Script,
    pub(super) keys: Vec<String>,
    pub(super) args: Vec<Vec<u8>>,
    pub(super) effect: Effect,
}

impl Engine {
    /// Runs a step in a partition. `keys` and `args` are the step's own.
    pub(super) async fn in_partition(
        &self,
        partition: PartitionId,
        (script, effect): (&Script, Effect),
        keys: &[&str],
        args: Vec<Vec<u8>>,
    ) -> Result<Reply, StoreError> {
        let own = self.keys.partition(partition);
        let call = self.call(partition, &own, (script, effect), (keys, args))?;
        for _ in 0..ATTEMPTS {
            let reply = self.at(&call).await?;
            match reply.status() {
                "generation" => self.open_generation(partition, &own).await?,
                "absent" => return Err(log_absent(partition)),
                _ => return Ok(reply),
            }
        }
        Err(restless("its generation has changed again".into()))
    }

    /// The same for a step that makes do with a log that is absent, or with another generation.
    pub(super) async fn in_any_partition(
        &self,
        partition: PartitionId,
        how: (&Script, Effect),
        args: Vec<Vec<u8>>,
    ) -> Result<Reply, StoreError> {
        let own = self.keys.partition(partition);
        let call = self.call(partition, &own, how, (&[], args))?;
        self.at(&call).await
    }

    /// Runs a step on what belongs to no resource.
    pub(super) async fn at_root(
        &self,
        (script, effect): (&Script, Effect),
        keys: Vec<String>,
        args: Vec<Vec<u8>>,
    ) -> Result<Reply, StoreError> {
        let call = Call {
            slot: self.keys.root().slot(),
            script,
            keys,
            args,
            effect,
        };
        self.at(&call).await
    }

    /// Runs commands that only look, in one go.
    pub(super) async fn look(
        &self,
        slot: Slot,
        commands: &[Cmd],
    ) -> Result<Vec<Value>, StoreError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.look_once(slot, commands).await {
                // Nothing was answered there.
                Err(Failure::Elsewhere(cause)) => {
                    self.topology.doubt();
                    if attempt == ATTEMPTS {
                        return Err(restless(cause));
                    }
                }
                Err(failure) => {
                    self.topology.doubt();
                    return Err(failure.into());
                }
                Ok(answers) => return Ok(answers),
            }
        }
    }

    /// Runs one command that only looks, for what its answer has of a kind.
    pub(super) async fn look_one<T: FromRedisValue>(
        &self,
        slot: Slot,
        command: Cmd,
        kind: &'static str,
    ) -> Result<T, StoreError> {
        let answers = self.look(slot, &[command]).await?;
        read(answers.into_iter().next().unwrap_or(Value::Nil), kind)
    }

    async fn look_once(&self, slot: Slot, commands: &[Cmd]) -> Result<Vec<Value>, Failure> {
        let node = self.topology.primary(slot).await?;
        let (info, answers) = node.replication(commands).await?;
        let reign = reign_told(&info).ok_or_else(|| is_replica(&node.address))?;
        if !self.is_certain() {
            let answered = (&node.address, reign.as_str());
            self.confirmer
                .confirm(&self.topology, slot, answered)
                .await?;
        }
        Ok(answers)
    }

    /// Whether the primary is known without asking: it is the one server that is named, and no other
    /// can take over.
    fn is_certain(&self) -> bool {
        self.topology.is_standalone() && self.replicas == 0
    }

    /// Whether a primary has fewer replicas in reach than writes wait for.
    pub(super) fn replica_shortage(&self) -> Option<ReplicaShortage> {
        let primaries = self.topology.known_primaries().into_iter();
        let in_reach = primaries.filter_map(|node| node.replicas_in_reach()).min();
        let latest = self.shortage.lock();
        let mut latest = latest.unwrap_or_else(PoisonError::into_inner);
        // While no primary is known, the latest finding stands.
        if let Some(in_reach) = in_reach {
            let required = self.replicas;
            let shortage = ReplicaShortage { in_reach, required };
            *latest = (in_reach < required).then_some(shortage);
        }
        *latest
    }

    /// The time that steps go by, in the form that they take it: nothing for the server's own.
    fn time(&self) -> Result<Vec<u8>, StoreError> {
        match self.time {
            RedisTime::Server => Ok(Vec::new()),
            RedisTime::Clock => Ok(self.now()?.as_millis().to_string().into_bytes()),
        }
    }

    /// The time on this machine.
    pub(super) fn now(&self) -> Result<UnixTime, StoreError> {
        let now = self.clock.wall();
        now.map_err(|error| StoreError::Unavailable(error.into()))
    }

    /// Refuses what a server answers whose clock is not about the same as this machine's. Tokens
    /// expire by the one and entries by the other, so that an entry could be dropped while a token
    /// that it covers still lives.
    pub(super) fn ensure_same_time(&self, server: UnixTime) -> Result<(), StoreError> {
        let (here, there) = (self.now()?.as_millis(), server.as_millis());
        let apart = Duration::from_millis(here.abs_diff(there));
        if self.time == RedisTime::Server && apart > MAX_APART {
            let now = self.clock.boot().unwrap_or_default();
            if let Some(suppressed) = CLOCKS_APART.admit(now) {
                tracing::error!(
                    ?apart,
                    suppressed,
                    "the clocks of this machine and of the server are too far apart"
                );
            }
            return Err(StoreError::Unavailable(ClocksApart.into()));
        }
        Ok(())
    }

    /// Finds out whether the primary of a partition answers, and whether its clock is about the same.
    pub(super) async fn check_writable(&self, partition: PartitionId) -> Result<(), StoreError> {
        let mut command = Cmd::new();
        command.arg("TIME");
        let slot = self.keys.partition(partition).slot();
        let (seconds, _micros): (u64, u64) = self.look_one(slot, command, "time").await?;
        self.ensure_same_time(UnixTime::from_secs(seconds))
    }

    fn call<'a>(
        &self,
        partition: PartitionId,
        own: &PartitionKeys,
        (script, effect): (&'a Script, Effect),
        (keys, args): (&[&str], Vec<Vec<u8>>),
    ) -> Result<Call<'a>, StoreError> {
        let common = own.common().into_iter();
        let always = [
            self.time()?,
            self.keys.channel().into_bytes(),
            partition.to_string().into_bytes(),
        ];
        Ok(Call {
            slot: own.slot(),
            script,
            keys: common
                .chain(keys.iter().map(|key| (*key).to_owned()))
                .collect(),
            args: always.into_iter().chain(args).collect(),
            effect,
        })
    }

    /// Runs a step on the primary, and makes sure of the answer.
    async fn at(&self, call: &Call<'_>) -> Result<Reply, StoreError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.once(call).await {
                // Nothing was done there.
                Err(Failure::Elsewhere(cause)) => {
                    self.topology.doubt();
                    if attempt == ATTEMPTS {
                        return Err(restless(cause));
                    }
                }
                Ok(reply) if reply.is_expired() => {
                    if attempt == ATTEMPTS {
                        return Err(StoreError::Unavailable(Expired.into()));
                    }
                }
                Err(failure) => {
                    self.topology.doubt();
                    return Err(failure.into());
                }
                Ok(reply) => return Ok(reply),
            }
        }
    }

    async fn once(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        let node = self.topology.primary(call.slot).await?;
        let waits = self.waits(call.effect);
        let reply = self.answer(&node, call).await?;
        if reply.status() == "replica" {
            return Err(is_replica(&node.address));
        }
        if reply.is_expired() {
            return Ok(reply);
        }
        let confirming = async {
            if call.effect == Effect::Passes || self.is_certain() {
                return Ok(());
            }
            let answered = (&node.address, reply.reign());
            let confirming = self.confirmer.confirm(&self.topology, call.slot, answered);
            confirming.await
        };
        let recording = async {
            match reply.unrecorded().filter(|_| waits) {
                Some(entry) => {
                    self.record_durable(&node, call, (reply.reign(), entry))
                        .await
                }
                None => Ok(()),
            }
        };
        tokio::try_join!(confirming, recording)?;
        Ok(reply)
    }

    /// Records that the replicas have everything up to an entry, in the reign that it was appended in.
    /// Readers take it in from then on.
    async fn record_durable(
        &self,
        node: &Node,
        of: &Call<'_>,
        (reign, entry): (&str, &LastEntry),
    ) -> Result<(), Failure> {
        let LastEntry { number, position } = entry;
        let own = [reign, number, position].map(|text| text.as_bytes().to_vec());
        let common = of.args.iter().take(COMMON_ARGS).cloned();
        let call = Call {
            slot: of.slot,
            script: &self.scripts.record_durable,
            keys: of.keys.iter().take(COMMON_KEYS).cloned().collect(),
            args: common.chain(own).collect(),
            // It is not waited for: another primary takes in all that it has.
            effect: Effect::Passes,
        };
        for _ in 0..ATTEMPTS {
            let reply = self.answer(node, &call).await?;
            match reply.status() {
                "done" => return Ok(()),
                _ if reply.is_expired() => {}
                _ => break,
            }
        }
        let reason = "the entry could not be recorded as durable";
        Err(Failure::Away(NodeError::new(&node.address, reason).into()))
    }

    /// Runs a step on a node, and waits for the replicas if it has to.
    async fn answer(&self, node: &Node, call: &Call<'_>) -> Result<Reply, Failure> {
        let window = self.time_window(node, call.effect).await?;
        let answer = self.run(node, (call, &window)).await?;
        let received = Instant::now();
        let reply = Reply::read(understood(&node.address, answer)?)?;
        if reply.is_expired() {
            node.clock.correct(reply.server_time(), received);
        } else {
            node.clock.observe(reply.server_time(), received);
        }
        Ok(reply)
    }

    fn waits(&self, effect: Effect) -> bool {
        effect == Effect::Changes && self.replicas > 0
    }

    /// The last argument of a step: the period in which it may act, the time on this machine, and whether
    /// replicas are waited for. Nothing for a step that changes nothing.
    async fn time_window(&self, node: &Node, effect: Effect) -> Result<String, Failure> {
        if effect == Effect::Vouches {
            return Ok(String::new());
        }
        let now = self.clock.wall();
        let now = now.map_err(|error| Failure::Refused(error.into()))?;
        let TimeWindow { earliest, latest } = node.time_window().await?;
        let [earliest, latest, now] = [earliest, latest, now].map(UnixTime::as_millis);
        let waits = u8::from(self.waits(effect));
        Ok(format!("{earliest} {latest} {now} {waits}"))
    }

    /// Runs a step by its hash, or in full at a server that does not know it yet.
    async fn run(&self, node: &Node, (call, window): (&Call<'_>, &str)) -> Result<Value, Failure> {
        let (step, waits) = (call.script, self.waits(call.effect));
        let answer = run_as(step.by_hash(), node, (call, window), waits).await?;
        if is_unknown_script(&answer) {
            return run_as(step.in_full(), node, (call, window), waits).await;
        }
        Ok(answer)
    }

    /// Opens a generation, and has it issued under once the replicas have it.
    async fn open_generation(
        &self,
        partition: PartitionId,
        own: &PartitionKeys,
    ) -> Result<(), StoreError> {
        let opening = (&self.scripts.open_generation, Effect::Changes);
        let opened = self
            .at(&self.call(partition, own, opening, (&[], vec![]))?)
            .await?;
        if opened.status() == "absent" {
            return Err(log_absent(partition));
        }
        let settling = (&self.scripts.settle_generation, Effect::Passes);
        let of = vec![
            opened.reign().as_bytes().to_vec(),
            opened.text(0)?.into_bytes(),
        ];
        self.at(&self.call(partition, own, settling, (&[], of))?)
            .await?;
        tracing::warn!(%partition, "a new primary: the log goes on in a new generation");
        Ok(())
    }
}

async fn run_as(
    mut command: Cmd,
    node: &Node,
    (call, window): (&Call<'_>, &str),
    waits: bool,
) -> Result<Value, Failure> {
    command.arg(call.keys.len()).arg(&call.keys);
    command.arg(&call.args).arg(window);
    if waits {
        return node.send_and_wait(command).await;
    }
    let mut pipeline = Pipeline::new();
    pipeline.add_command(command);
    let answers = node.send(&pipeline).await?;
    Ok(answers.into_iter().next().unwrap_or(Value::Nil))
}

/// The error for what cannot be decided without the log of a partition.
pub(super) fn log_absent(partition: PartitionId) -> StoreError {
    StoreError::Unavailable(LogAbsent(partition).into())
}

/// A partition whose log is gone.
#[derive(Debug, thiserror::Error)]
#[error("the log of partition {0} is gone")]
struct LogAbsent(PartitionId);

/// The clocks differ.
#[derive(Debug, thiserror::Error)]
#[error("the clocks of this machine and of the server are more than half a minute apart")]
struct ClocksApart;

fn is_replica(address: &RedisAddress) -> Failure {
    Failure::Elsewhere(NodeError::new(address, "it is a replica").into())
}

fn restless(cause: Box<dyn Error + Send + Sync>) -> StoreError {
    StoreError::Unavailable(Restless(cause).into())
}

/// A step came to the server when it was too late, or too early, each time that it was sent.
#[derive(Debug, thiserror::Error)]
#[error(
    "the write did not reach the server in time, or the server's clock is being set; nothing was \
     written"
)]
struct Expired;

/// No primary has executed an operation, and no node that was asked did anything.
#[derive(Debug, thiserror::Error)]
#[error("no primary executes the operation: {0}")]
struct Restless(Box<dyn Error + Send + Sync>);

/// How many keys and arguments come before the own ones of a step in a partition.
const COMMON_KEYS: usize = 3;
const COMMON_ARGS: usize = 3;

/// Limits the lines about clocks that differ: each token that is issued compares them.
static CLOCKS_APART: LogLimit = LogLimit::new(Duration::from_secs(10));

/// How often a step is tried while nodes say that nothing was done.
const ATTEMPTS: usize = 3;
/// How far the clocks may be apart. A token that is issued by a clock which is ahead by this outlives
/// by this much what an entry made at the same time is sure to cover, and the leeway in
/// [`RETENTION`](lanyard_revocation::RETENTION) has to pay for it and for the verifiers' clocks.
const MAX_APART: Duration = Duration::from_secs(30);
