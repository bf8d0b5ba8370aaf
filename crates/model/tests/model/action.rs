//! Everything that can happen, one thing at a time.

use std::fmt;

use crate::{
    authority::{self, authorities},
    checker::Model,
    engine::{self, nodes},
    point, promises,
    setting::{Promise, Setting, point_bound},
    world::{CALLS, NODE_NAMES, View, World},
};

/// One thing that can happen. What takes time is made of several, and anything can happen in
/// between; what is not reached, is slow or is cut off is an action that does not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Time goes on by a tick, which one clock may miss.
    Tick {
        missed_by: Option<Machine>,
    },
    Replicate {
        node: u8,
    },
    Promote {
        node: u8,
    },
    Name,
    Follow {
        node: u8,
    },
    Open {
        node: u8,
    },
    WaitForGeneration {
        node: u8,
    },
    Read {
        by: u8,
        from: u8,
    },
    ConfirmRead {
        by: u8,
    },
    Heal {
        by: u8,
        to: u8,
    },
    Revoke {
        call: usize,
        by: u8,
        to: u8,
    },
    Wait {
        call: usize,
    },
    Acknowledge {
        call: usize,
    },
    Grant {
        by: u8,
        from: u8,
    },
    HandOut,
    RestartAuthority {
        authority: u8,
    },
    Ping {
        authority: u8,
    },
}

/// A machine whose clock decides something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    Authority(u8),
    Point,
}

impl Model for Setting {
    type State = World;
    type Action = Action;
    type Promise = Promise;

    fn start(&self) -> World {
        World::new()
    }

    fn actions(&self) -> Vec<Action> {
        let mut actions = vec![
            Action::Tick { missed_by: None },
            Action::Tick {
                missed_by: Some(Machine::Point),
            },
            Action::Name,
            Action::HandOut,
        ];
        actions.extend(nodes().flat_map(of_node));
        actions.extend(authorities().flat_map(of_authority));
        actions.extend((0..CALLS).flat_map(of_call));
        actions
    }

    fn step(&self, state: &World, action: Action) -> Option<World> {
        let mut world = *state;
        let after = &mut world;
        match action {
            Action::Tick { missed_by } => tick(self, after, missed_by)?,
            Action::Replicate { node } => engine::replicate(self, after, node)?,
            Action::Promote { node } => engine::promote(self, after, node)?,
            Action::Name => engine::name(after)?,
            Action::Follow { node } => engine::follow(after, node)?,
            Action::Open { node } => engine::open(self, after, node)?,
            Action::WaitForGeneration { node } => engine::wait_for_generation(self, after, node)?,
            Action::Read { by, from } => authority::read(self, after, by, from)?,
            Action::ConfirmRead { by } => authority::confirm(self, after, by)?,
            Action::Heal { by, to } => authority::heal(self, after, by, to)?,
            Action::Revoke { call, by, to } => authority::revoke(self, after, call, by, to)?,
            Action::Wait { call } => authority::wait(self, after, call)?,
            Action::Acknowledge { call } => authority::acknowledge(self, after, call)?,
            Action::Grant { by, from } => authority::grant(self, after, by, from)?,
            Action::HandOut => authority::hand_out(self, after)?,
            Action::RestartAuthority { authority } => authority::restart(self, after, authority)?,
            Action::Ping { authority } => point::ping(self, after, authority)?,
        }
        forget_what_is_stale(after);
        Some(world)
    }

    fn broken(&self, state: &World) -> Option<Promise> {
        promises::broken(self, state)
    }
}

fn of_node(node: u8) -> impl Iterator<Item = Action> {
    [
        Action::Replicate { node },
        Action::Promote { node },
        Action::Follow { node },
        Action::Open { node },
        Action::WaitForGeneration { node },
    ]
    .into_iter()
}

fn of_authority(by: u8) -> impl Iterator<Item = Action> {
    let alone = [
        Action::Tick {
            missed_by: Some(Machine::Authority(by)),
        },
        Action::ConfirmRead { by },
        Action::RestartAuthority { authority: by },
        Action::Ping { authority: by },
    ];
    let with_node = move |node| {
        [
            Action::Read { by, from: node },
            Action::Heal { by, to: node },
            Action::Grant { by, from: node },
        ]
    };
    alone.into_iter().chain(nodes().flat_map(with_node))
}

fn of_call(call: usize) -> impl Iterator<Item = Action> {
    let begun =
        authorities().flat_map(move |by| nodes().map(move |to| Action::Revoke { call, by, to }));
    [Action::Wait { call }, Action::Acknowledge { call }]
        .into_iter()
        .chain(begun)
}

fn tick(setting: &Setting, world: &mut World, missed_by: Option<Machine>) -> Option<()> {
    if world.now == setting.budget.last_tick {
        return None;
    }
    world.now += 1;
    let Some(machine) = missed_by else {
        return Some(());
    };
    let missed: u8 = views(world).map(|view| view.missed).sum();
    if missed == setting.budget.missed_ticks {
        return None;
    }
    match machine {
        Machine::Authority(number) => world.authority_mut(number).view.missed += 1,
        Machine::Point => world.point.view.missed += 1,
    }
    Some(())
}

/// A list that is older than every bound is as good as one that was never confirmed: states that
/// differ in nothing else are made one.
fn forget_what_is_stale(world: &mut World) {
    let now = world.now;
    for view in views(world) {
        if view
            .freshness()
            .check(view.clock(now), point_bound())
            .is_err()
        {
            view.as_of = None;
        }
    }
}

fn views(world: &mut World) -> impl Iterator<Item = &mut View> {
    let authorities = world
        .authorities
        .iter_mut()
        .map(|authority| &mut authority.view);
    authorities.chain([&mut world.point.view])
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |node: u8| NODE_NAMES[usize::from(node)];
        match *self {
            Self::Tick { missed_by: None } => f.write_str("a tick passes"),
            Self::Tick {
                missed_by: Some(Machine::Authority(by)),
            } => {
                write!(f, "a tick passes that the clock of authority {by} misses")
            }
            Self::Tick {
                missed_by: Some(Machine::Point),
            } => f.write_str("a tick passes that the clock of the point misses"),
            Self::Replicate { node } => write!(f, "{} takes over an entry", name(node)),
            Self::Promote { node } => write!(f, "{} is promoted", name(node)),
            Self::Name => f.write_str("the majority names the promoted node"),
            Self::Follow { node } => write!(f, "{} follows the named primary", name(node)),
            Self::Open { node } => write!(f, "a generation is opened on {}", name(node)),
            Self::WaitForGeneration { node } => {
                write!(f, "the generation of {} is on the replicas", name(node))
            }
            Self::Read { by, from } => write!(f, "authority {by} reads {}", name(from)),
            Self::ConfirmRead { by } => write!(f, "authority {by} confirms its read"),
            Self::Heal { by, to } => write!(f, "authority {by} heals {}", name(to)),
            Self::Revoke { call, by, to } => {
                write!(f, "call {call}: authority {by} appends to {}", name(to))
            }
            Self::Wait { call } => write!(f, "call {call}: is on the replicas"),
            Self::Acknowledge { call } => write!(f, "call {call}: is acknowledged"),
            Self::Grant { by, from } => {
                write!(
                    f,
                    "the token: authority {by} is granted it by {}",
                    name(from)
                )
            }
            Self::HandOut => f.write_str("the token: is handed out"),
            Self::RestartAuthority { authority } => write!(f, "authority {authority} restarts"),
            Self::Ping { authority } => write!(f, "the point pings authority {authority}"),
        }
    }
}
