//! The store that authorities share: nodes that replicate behind the acknowledgements, promotions
//! that nobody asked for, and deposed primaries that go on answering.

use std::num::NonZeroU16;

use lanyard_revocation::PartitionId;
use lanyard_store::Swept;
use lanyard_token::{Position, UnixTime};

use crate::{
    clocks::CALENDAR_AT_START,
    links::{Links, Place},
    node_log::NodeLog,
    protocol::{Answer, Command, End, Source},
};

/// All nodes, and who is named as the primary.
#[derive(Debug)]
pub(crate) struct Storage {
    nodes: Vec<Node>,
    /// What the majority names.
    named: Source,
    /// Who was promoted and is not named yet.
    elected: Option<Source>,
    reigns: u64,
    engine: Engine,
}

/// How the store replicates and fails over. The model in `crates/model` says why these two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// Waits for one replica, and promotes one that no other node is ahead of.
    WaitForOne,
    /// Waits for both, whichever is promoted, and however late a majority hears of it.
    WaitForAll,
}

/// A request that a node has to answer later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asker {
    /// Which authority.
    pub(crate) authority: usize,
    /// How often that had been started.
    pub(crate) run: u64,
    /// The number of the request.
    pub(crate) request: u64,
}

#[derive(Debug)]
struct Node {
    role: Role,
    /// One for each partition.
    logs: Vec<NodeLog>,
    /// The first entry of the generation that the replicas are known to have.
    ready: Vec<Position>,
    /// Who waits for the replicas to have something.
    waiting: Vec<(Asker, PartitionId, Position)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Since that promotion. It may have been deposed without knowing.
    Primary { reign: u64 },
    /// Of that node.
    Replica { of: usize },
}

impl Storage {
    /// A primary and two replicas, with something in the log that is about to pass its time.
    pub(crate) fn new(engine: Engine, inherited: &[UnixTime]) -> Self {
        let logs = PartitionId::all(PARTITIONS);
        let mut logs: Vec<_> = logs
            .map(|one| NodeLog::new(one, CALENDAR_AT_START))
            .collect();
        for (number, time) in (1..).zip(inherited) {
            for log in &mut logs {
                log.inherit(number, *time);
            }
        }
        let node = |role| Node {
            role,
            logs: logs.clone(),
            ready: vec![Position::ZERO; logs.len()],
            waiting: Vec::new(),
        };
        let (primary, replica) = (Role::Primary { reign: 1 }, Role::Replica { of: 0 });
        Self {
            nodes: vec![node(primary), node(replica), node(replica)],
            named: Source { node: 0, reign: 1 },
            elected: None,
            reigns: 1,
            engine,
        }
    }

    /// Who is named as the primary.
    pub(crate) const fn named(&self) -> Source {
        self.named
    }

    /// A node is asked something. No answer means that there will be one later, or none.
    pub(crate) fn ask(
        &mut self,
        node: usize,
        (asker, command): (Asker, &Command),
        now: UnixTime,
    ) -> Option<Answer> {
        let it = &mut self.nodes[node];
        let source = match it.role {
            Role::Primary { reign } => Source { node, reign },
            Role::Replica { .. } => return Some(Answer::NotPrimary),
        };
        match command {
            Command::Name => None,
            Command::Read { partition, after } => {
                let log = &it.logs[index(*partition)];
                Some(Answer::Found(source, log.read(after.as_ref())))
            }
            Command::Append {
                partition,
                handle,
                time,
            } => {
                let log = it.open_log(source, *partition, now);
                Some(Answer::Appended(
                    source,
                    log.append(*handle, now.max(*time)),
                ))
            }
            Command::Heal {
                partition,
                healing,
                time,
            } => {
                let log = it.open_log(source, *partition, now);
                Some(Answer::Healed(source, log.heal(healing, now.max(*time))))
            }
            Command::Grant { partition } => Some(it.log_end(source, *partition, now)),
            Command::Wait { source: of, .. } | Command::Ready { source: of, .. }
                if *of != source =>
            {
                Some(Answer::NotPrimary)
            }
            Command::Wait {
                partition,
                position,
                ..
            } => {
                it.waiting.push((asker, *partition, *position));
                None
            }
            Command::Ready {
                partition,
                position,
                ..
            } => {
                it.ready[index(*partition)] = *position;
                Some(Answer::Done)
            }
            Command::Sweep {
                time,
                is_forced: false,
            } => {
                let swept = it.logs.iter_mut().map(|log| log.sweep(*time, now));
                // What every partition has on record.
                let least = swept.min_by_key(|swept| swept.vouched);
                Some(Answer::Swept(least.expect("a partition")))
            }
            Command::Sweep {
                time,
                is_forced: true,
            } => {
                for log in &mut it.logs {
                    log.trim(time.wall);
                }
                let swept = Swept {
                    vouched: Some(time.wall),
                    disagreement: None,
                };
                Some(Answer::Swept(swept))
            }
        }
    }

    /// Those who waited for the replicas of a node, and need not any more.
    pub(crate) fn replicated(&mut self, node: usize) -> Vec<Asker> {
        let waiting = std::mem::take(&mut self.nodes[node].waiting);
        let (done, waiting): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|(_, partition, position)| self.is_replicated(node, *partition, *position));
        self.nodes[node].waiting = waiting;
        done.into_iter().map(|(asker, _, _)| asker).collect()
    }

    /// A replica takes over what its primary has, if that can be reached. Gives the primary.
    pub(crate) fn replicate(&mut self, node: usize, links: &Links) -> Option<usize> {
        let Role::Replica { of } = self.nodes[node].role else {
            return None;
        };
        let is_primary = matches!(self.nodes[of].role, Role::Primary { .. });
        if !is_primary || !links.is_up(Place::Node(node), Place::Node(of)) {
            return None;
        }
        self.nodes[node].logs = self.nodes[of].logs.clone();
        Some(of)
    }

    /// A replica of the named primary is promoted, whatever has become of that one.
    pub(crate) fn promote(&mut self, node: usize) -> Option<Source> {
        if self.elected.is_some() || !self.is_candidate(node) {
            return None;
        }
        self.reigns += 1;
        let reign = self.reigns;
        let promoted = &mut self.nodes[node];
        promoted.role = Role::Primary { reign };
        promoted.ready.fill(Position::ZERO);
        let source = Source { node, reign };
        self.elected = Some(source);
        // Where naming may lag, it is the caller's to say when.
        if self.engine == Engine::WaitForOne {
            self.name();
        }
        Some(source)
    }

    /// A majority learns of the promotion.
    pub(crate) fn name(&mut self) {
        self.named = self.elected.take().unwrap_or(self.named);
    }

    /// A node learns of the promotion, and follows the named primary from then on, with its log. It
    /// must be in reach. Whether there is anything left to learn.
    pub(crate) fn follow(&mut self, node: usize, links: &Links) -> bool {
        let named = self.named.node;
        let role = Role::Replica { of: named };
        let is_elected = self.elected.is_some_and(|elected| elected.node == node);
        if node == named || is_elected || self.nodes[node].role == role {
            return false;
        }
        if !links.is_up(Place::Node(node), Place::Node(named)) {
            return true;
        }
        let logs = self.nodes[named].logs.clone();
        let follower = &mut self.nodes[node];
        follower.role = role;
        follower.logs = logs;
        follower.waiting.clear();
        follower.ready.fill(Position::ZERO);
        false
    }

    fn is_candidate(&self, node: usize) -> bool {
        let named = self.named.node;
        let follows = self.nodes[node].role == Role::Replica { of: named };
        let is_behind = |other: &Node| self.nodes[node].length() < other.length();
        let mut others = self.nodes.iter().enumerate();
        let is_best = !others.any(|(other, it)| other != named && is_behind(it));
        follows && (self.engine == Engine::WaitForAll || is_best)
    }

    fn is_replicated(&self, node: usize, partition: PartitionId, position: Position) -> bool {
        let has_it = |one: &&Node| {
            one.role == Role::Replica { of: node } && one.logs[index(partition)].has(position)
        };
        self.nodes.iter().filter(has_it).count() >= self.engine.wait_for()
    }
}

impl Engine {
    /// How many replicas an acknowledgement waits for.
    const fn wait_for(self) -> usize {
        match self {
            Self::WaitForOne => 1,
            Self::WaitForAll => NODES - 1,
        }
    }
}

impl Node {
    /// A log, in a generation of its own.
    fn open_log(&mut self, source: Source, partition: PartitionId, now: UnixTime) -> &mut NodeLog {
        let log = &mut self.logs[index(partition)];
        log.open(source.reign, now);
        log
    }

    /// Tells where the log ends, in a generation of its own.
    fn log_end(&mut self, source: Source, partition: PartitionId, now: UnixTime) -> Answer {
        let log = &mut self.logs[index(partition)];
        let opened = log.open(source.reign, now);
        Answer::End(End {
            source,
            opened,
            position: log.end(),
            time: now,
            is_ready: self.ready[index(partition)] == opened,
        })
    }

    fn length(&self) -> u64 {
        self.logs.iter().map(NodeLog::last_number).sum()
    }
}

/// The place of a partition in lists of all of them.
pub(crate) fn index(partition: PartitionId) -> usize {
    usize::from(partition.as_u16())
}

/// How many nodes the store has.
pub(crate) const NODES: usize = 3;
/// How many partitions it has.
pub(crate) const PARTITIONS: NonZeroU16 = NonZeroU16::new(2).expect("two");
