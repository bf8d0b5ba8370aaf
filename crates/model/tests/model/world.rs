//! Everything that there is at one moment.

use std::fmt;

use lanyard_revocation::Freshness;
use lanyard_token::BootTime;

use crate::{list::Known, log::Log, place::Place, setting::TICK};

/// A state of the model.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct World {
    /// Real time in ticks. Nobody can see it.
    pub(crate) now: u8,
    /// The nodes of the store.
    pub(crate) nodes: [Node; NODES],
    /// The node that a majority names as the primary.
    pub(crate) named: u8,
    /// The node that was promoted and is not named yet.
    pub(crate) elected: Option<u8>,
    /// How many promotions there were.
    pub(crate) promotions: u8,
    /// The replicas of the authority.
    pub(crate) authorities: [Authority; AUTHORITIES],
    /// How often an authority was restarted.
    pub(crate) restarts: u8,
    /// The enforcement point.
    pub(crate) point: Point,
    /// The calls that revoke everything that the identity has.
    pub(crate) calls: [Call; CALLS],
    /// The token of the identity.
    pub(crate) token: Token,
}

/// A node of the store.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    /// What it takes itself for.
    pub(crate) role: Role,
    /// Its copy of the log.
    pub(crate) log: Log,
    /// How many entries of the log are durable, as is recorded beside it. Readers take in no others.
    pub(crate) durable: u8,
    /// Whether the replicas were found to have the first entry of its generation.
    pub(crate) ready: bool,
}

/// What a node takes itself for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    /// The primary since that promotion. It may have been deposed without knowing.
    Primary { reign: u8 },
    /// A replica of that node.
    Replica { of: u8 },
}

/// A node in one reign: what an answer comes from.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Source {
    /// The node.
    pub(crate) node: u8,
    /// How many promotions there had been when it was promoted.
    pub(crate) reign: u8,
}

/// A replica of the authority.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Authority {
    /// Its list, and how fresh that is.
    pub(crate) view: View,
    /// The place and number of the last entry that it has read.
    pub(crate) cursor: Option<(Place, u8)>,
    /// A read that was answered and is not confirmed.
    pub(crate) read: Option<Sent>,
}

/// A read that was answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Sent {
    /// Who answered.
    pub(crate) to: Source,
    /// When it was sent, on the clock of the authority.
    pub(crate) at: u8,
    /// The calls that had been acknowledged by then.
    pub(crate) after: Calls,
    /// What it found.
    pub(crate) found: Known,
    /// Where to read on, or nothing if the whole log has to be compared.
    pub(crate) cursor: Option<(Place, u8)>,
}

/// Some of the calls.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Calls([bool; CALLS]);

/// An enforcement point.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Point {
    /// Its list, and how fresh that is.
    pub(crate) view: View,
    /// How often it has pinged.
    pub(crate) pings: u8,
}

/// A list, how fresh it is, and the clock that this is measured by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct View {
    /// What is revoked.
    pub(crate) known: Known,
    /// As of when that is complete, on this machine's own clock.
    pub(crate) as_of: Option<u8>,
    /// The calls that had been acknowledged by then: what it must not lack. Nobody can see this.
    pub(crate) vouches_for: Calls,
    /// How many ticks this machine's clock has missed.
    pub(crate) missed: u8,
}

/// A call that revokes everything that the identity has.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    /// How far it has come.
    pub(crate) phase: Phase,
    /// What it revokes is everything before this place.
    pub(crate) before: Place,
    /// Whether the token had been handed out when it began, and so has to die.
    pub(crate) covers: bool,
}

/// How far a call has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    /// Not begun.
    Idle,
    /// Appended by an authority, to this node, at this place of the log.
    Appended { by: u8, to: Source, at: Place },
    /// Found on as many replicas as it has to be.
    Replicated { by: u8, to: Source },
    /// Answered, at this time.
    Acknowledged { at: u8 },
    /// Its authority is gone; nobody was answered.
    Abandoned,
}

/// The token of the identity.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Token {
    /// Not asked for.
    None,
    /// Granted and not yet confirmed.
    Granted { by: Source, issued: Issued },
    /// Handed out.
    Held(Issued),
}

/// What a token says, and what was the case when it was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Issued {
    /// The position that it carries.
    pub(crate) at: Place,
    /// Which calls had been acknowledged before it was asked for.
    pub(crate) after: Calls,
}

impl World {
    /// One primary, two replicas that have everything, and nobody that knows anything.
    pub(crate) fn new() -> Self {
        let node = |role, ready| Node {
            role,
            log: Log::opened(),
            durable: u8::from(ready),
            ready,
        };
        Self {
            now: 0,
            nodes: [
                node(Role::Primary { reign: 0 }, true),
                node(Role::Replica { of: 0 }, false),
                node(Role::Replica { of: 0 }, false),
            ],
            named: 0,
            elected: None,
            promotions: 0,
            authorities: [Authority::default(); AUTHORITIES],
            restarts: 0,
            point: Point {
                view: View::default(),
                pings: 0,
            },
            calls: [Call {
                phase: Phase::Idle,
                before: Place::ZERO,
                covers: false,
            }; CALLS],
            token: Token::None,
        }
    }

    /// A node.
    pub(crate) fn node(&self, node: u8) -> &Node {
        &self.nodes[usize::from(node)]
    }

    /// A node, to be changed.
    pub(crate) fn node_mut(&mut self, node: u8) -> &mut Node {
        &mut self.nodes[usize::from(node)]
    }

    /// An authority, to be changed.
    pub(crate) fn authority_mut(&mut self, authority: u8) -> &mut Authority {
        &mut self.authorities[usize::from(authority)]
    }

    /// The node as it answers now, if it takes itself for a primary.
    pub(crate) fn primary(&self, node: u8) -> Option<Source> {
        match self.node(node).role {
            Role::Primary { reign } => Some(Source { node, reign }),
            Role::Replica { .. } => None,
        }
    }

    /// The calls that have been acknowledged.
    pub(crate) fn acknowledged(&self) -> Calls {
        Calls(
            self.calls
                .map(|call| matches!(call.phase, Phase::Acknowledged { .. })),
        )
    }

    /// The node that is, or is about to be, named.
    pub(crate) fn leader(&self) -> u8 {
        self.elected.unwrap_or(self.named)
    }

    /// The token, once it has been handed out.
    pub(crate) fn held(&self) -> Option<Issued> {
        match self.token {
            Token::Held(issued) => Some(issued),
            Token::None | Token::Granted { .. } => None,
        }
    }
}

impl Calls {
    /// Those that are in one or the other.
    pub(crate) fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|call| self.0[call] || other.0[call]))
    }

    /// Whether one is among them.
    pub(crate) fn has(self, call: usize) -> bool {
        self.0[call]
    }
}

impl View {
    /// What this machine's own clock shows.
    pub(crate) fn clock(self, now: u8) -> BootTime {
        moment(self.ticks(now))
    }

    /// The same in ticks.
    pub(crate) fn ticks(self, now: u8) -> u8 {
        UPTIME + now - self.missed
    }

    /// The real record of how fresh the list is.
    pub(crate) fn freshness(self) -> Freshness {
        let mut freshness = Freshness::never();
        if let Some(as_of) = self.as_of {
            freshness.confirm(moment(as_of));
        }
        freshness
    }

    /// Records that the list is complete as of a moment on this machine's own clock.
    pub(crate) fn confirm(&mut self, as_of: BootTime) {
        let mut freshness = self.freshness();
        freshness.confirm(as_of);
        self.as_of = freshness.as_of().map(ticks);
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, node) in NODE_NAMES.iter().zip(&self.nodes) {
            let role = match node.role {
                Role::Primary { .. } => "*",
                Role::Replica { .. } => "",
            };
            write!(f, "{name}{role}{} ", node.log)?;
        }
        let known = self
            .authorities
            .map(|authority| authority.view.known.revoked_before());
        write!(f, "lists {} {}", known[0], known[1])?;
        write!(f, " point {}", self.point.view.known.revoked_before())?;
        match self.token {
            Token::None => Ok(()),
            Token::Granted { issued, .. } => write!(f, " token granted {}", issued.at),
            Token::Held(issued) => write!(f, " token {}", issued.at),
        }
    }
}

/// The point of a machine's own clock at so many ticks.
pub(crate) fn moment(ticks: u8) -> BootTime {
    BootTime::from_duration(TICK * u32::from(ticks))
}

fn ticks(moment: BootTime) -> u8 {
    let ticks = moment.since(BootTime::default()).as_secs() / TICK.as_secs();
    u8::try_from(ticks).expect("a few ticks")
}

/// How many nodes the store has: a primary and two replicas.
pub(crate) const NODES: usize = 3;
/// How many replicas the authority has.
pub(crate) const AUTHORITIES: usize = 2;
/// How many calls there can be.
pub(crate) const CALLS: usize = 2;
/// What the nodes are called.
pub(crate) const NODE_NAMES: [&str; NODES] = ["A", "B", "C"];
/// For how long the machines have been running, in ticks: longer than any list is old.
const UPTIME: u8 = 100;
