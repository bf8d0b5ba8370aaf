//! Which node is the primary of what, and the proof that it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::future::join_all;
use redis::{Cmd, Value};
use tokio::sync::Mutex as AsyncMutex;

use super::{
    cluster::{Owners, owners_of, settled_owner},
    connector::Connector,
    failure::Failure,
    node::Node,
    options::{RedisAddress, RedisOptions, RedisTopology},
    slot::Slot,
    tls::RedisTlsError,
};

/// The servers of a store.
pub(super) struct Topology {
    kind: Kind,
    data: Connector,
    /// Every node that was ever spoken to.
    nodes: Mutex<BTreeMap<RedisAddress, Arc<Node>>>,
    /// What the majority said last, until there is reason to doubt it.
    known: Mutex<Option<Arc<Primaries>>>,
    asking: AsyncMutex<()>,
}

#[derive(Debug)]
enum Kind {
    Standalone(RedisAddress),
    Sentinel { sentinels: Vec<Node>, name: String },
    Cluster { seeds: Vec<RedisAddress> },
}

/// Which node is the primary of what, as the majority sees it.
#[derive(Clone, Debug)]
pub(super) enum Primaries {
    /// One for everything.
    One(RedisAddress),
    /// One for each slot, by what each of the primaries says, and why the other nodes do not.
    Cluster(BTreeMap<RedisAddress, Owners>, Vec<String>),
}

impl Primaries {
    /// The primary of a slot, if a majority agrees on one.
    pub(super) fn of(&self, slot: Slot) -> Option<RedisAddress> {
        match self {
            Self::One(address) => Some(address.clone()),
            Self::Cluster(answers, _) => settled_owner(answers, slot),
        }
    }

    /// Why a slot has no primary.
    fn undecided(&self, slot: Slot) -> NoMajority {
        let Self::Cluster(answers, failed) = self else {
            return NoMajority(Vec::new());
        };
        let views = answers
            .iter()
            .map(|(address, owners)| match owners.of(slot) {
                Some(owner) => format!("{address}: names {owner}"),
                None => format!("{address}: names no owner of slot {}", slot.number()),
            });
        NoMajority(views.chain(failed.iter().cloned()).collect())
    }

    /// Every node that somebody takes for a primary.
    pub(super) fn addresses(&self) -> BTreeSet<RedisAddress> {
        match self {
            Self::One(address) => [address.clone()].into(),
            Self::Cluster(answers, _) => {
                let named = answers.values().flat_map(Owners::addresses);
                named.cloned().collect()
            }
        }
    }
}

impl Topology {
    pub(super) fn new(options: &RedisOptions) -> Result<Self, RedisTlsError> {
        let (kind, database) = match &options.servers.topology {
            RedisTopology::Standalone { address, database } => {
                (Kind::Standalone(address.clone()), *database)
            }
            RedisTopology::Sentinel {
                sentinels,
                name,
                database,
            } => {
                let connector = Connector::for_sentinels(options)?;
                let node = |address: &RedisAddress| Node::new(address.clone(), connector.clone());
                let sentinels = sentinels.iter().map(node).collect();
                let name = name.clone();
                (Kind::Sentinel { sentinels, name }, *database)
            }
            RedisTopology::Cluster { nodes } => (
                Kind::Cluster {
                    seeds: nodes.clone(),
                },
                0,
            ),
        };
        Ok(Self {
            kind,
            data: Connector::for_data(options, database)?,
            nodes: Mutex::default(),
            known: Mutex::default(),
            asking: AsyncMutex::new(()),
        })
    }

    /// Whether the primary is the primary because it is the one that is named.
    pub(super) const fn is_standalone(&self) -> bool {
        matches!(self.kind, Kind::Standalone(_))
    }

    /// The primary of a slot, as far as is known.
    pub(super) async fn primary(&self, slot: Slot) -> Result<Arc<Node>, Failure> {
        if let Some(primaries) = self.known().clone() {
            return self.node_of(&primaries, slot);
        }
        let _turn = self.asking.lock().await;
        let known = self.known().clone();
        let primaries = match known {
            Some(primaries) => primaries,
            None => self.ask().await?,
        };
        self.node_of(&primaries, slot)
    }

    /// There is reason to doubt what is known.
    pub(super) fn doubt(&self) {
        if !self.is_standalone() {
            *self.known() = None;
        }
    }

    /// Asks which nodes are the primaries, anew.
    pub(super) async fn ask(&self) -> Result<Arc<Primaries>, Failure> {
        let primaries = match &self.kind {
            Kind::Standalone(address) => Primaries::One(address.clone()),
            Kind::Sentinel { sentinels, name } => {
                Primaries::One(named_by_majority(sentinels, name).await?)
            }
            Kind::Cluster { seeds } => self.ask_cluster(seeds).await?,
        };
        let primaries = Arc::new(primaries);
        *self.known() = Some(Arc::clone(&primaries));
        Ok(primaries)
    }

    /// The node of that address.
    pub(super) fn node(&self, address: &RedisAddress) -> Arc<Node> {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        let node = nodes
            .entry(address.clone())
            .or_insert_with(|| Arc::new(Node::new(address.clone(), self.data.clone())));
        Arc::clone(node)
    }

    /// The nodes that are primaries, as far as is known.
    pub(super) fn known_primaries(&self) -> Vec<Arc<Node>> {
        let primaries = self.known().clone();
        let addresses = primaries.map(|primaries| primaries.addresses());
        let addresses = addresses.unwrap_or_default();
        addresses.iter().map(|address| self.node(address)).collect()
    }

    fn node_of(&self, primaries: &Primaries, slot: Slot) -> Result<Arc<Node>, Failure> {
        let Some(address) = primaries.of(slot) else {
            self.doubt();
            return Err(Failure::Away(primaries.undecided(slot).into()));
        };
        Ok(self.node(&address))
    }

    /// Asks every node that is known of who owns what.
    async fn ask_cluster(&self, seeds: &[RedisAddress]) -> Result<Primaries, Failure> {
        let (mut answers, mut failed) = (BTreeMap::new(), Vec::new());
        let mut unasked: Vec<RedisAddress> = seeds.to_vec();
        while !unasked.is_empty() {
            let asked = unasked.iter().map(|address| {
                let node = self.node(address);
                async move { (address.clone(), owners_of(&node).await) }
            });
            for (address, answer) in join_all(asked).await {
                // A node that does not answer has no say.
                let answer = answer.map_err(|failure| failed.push(failure.to_string()));
                answers.insert(address, answer.ok());
            }
            let named = answers.values().flatten().flat_map(Owners::addresses);
            let named: Vec<RedisAddress> = named.cloned().collect();
            unasked = named
                .into_iter()
                .filter(|address| !answers.contains_key(address))
                .collect();
            unasked.sort();
            unasked.dedup();
        }
        let answers: BTreeMap<_, _> = answers
            .into_iter()
            .filter_map(|(address, answer)| Some((address, answer?)))
            .collect();
        if answers.is_empty() {
            return Err(Failure::Away(NoMajority(failed).into()));
        }
        Ok(Primaries::Cluster(answers, failed))
    }

    // A lock whose holder panicked is used all the same: what is known is replaced as a whole.
    fn known(&self) -> MutexGuard<'_, Option<Arc<Primaries>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

/// The node that more than half of the sentinels name. Those that do not answer count.
async fn named_by_majority(sentinels: &[Node], name: &str) -> Result<RedisAddress, Failure> {
    let answers = join_all(sentinels.iter().map(|sentinel| named_by(sentinel, name))).await;
    let mut votes: BTreeMap<RedisAddress, usize> = BTreeMap::new();
    let mut views = Vec::with_capacity(sentinels.len());
    for (sentinel, answer) in sentinels.iter().zip(answers) {
        let asked = &sentinel.address;
        views.push(match answer {
            Ok(Some(primary)) => {
                let view = format!("{asked}: names {primary}");
                *votes.entry(primary).or_default() += 1;
                view
            }
            Ok(None) => format!("{asked}: has no primary named `{name}`"),
            Err(failure) => failure.to_string(),
        });
    }
    let elected = votes.into_iter().max_by_key(|(_, count)| *count);
    elected
        .filter(|(_, count)| *count * 2 > sentinels.len())
        .map(|(address, _)| address)
        .ok_or_else(|| Failure::Away(NoMajority(views).into()))
}

async fn named_by(sentinel: &Node, name: &str) -> Result<Option<RedisAddress>, Failure> {
    let mut command = Cmd::new();
    command
        .arg("SENTINEL")
        .arg("GET-MASTER-ADDR-BY-NAME")
        .arg(name);
    let answer = sentinel.ask(&command).await?;
    if answer == Value::Nil {
        return Ok(None);
    }
    let (host, port) = redis::from_redis_value(answer).map_err(Failure::unexpected)?;
    Ok(Some(RedisAddress { host, port }))
}

/// No node is known to be the primary. For each node that was asked there is what it answered.
#[derive(Debug, thiserror::Error)]
#[error("no node is named as the primary by a majority ({})", .0.join("; "))]
pub(super) struct NoMajority(Vec<String>);
