//! The store: asynchronous replication, promotions that nobody asked for, and deposed primaries
//! that go on answering.

use crate::{
    log::{Log, Says, Written},
    place::Place,
    setting::{Promotes, Rule, Setting},
    world::{NODES, Node, Role, Source, World},
};

/// A replica takes over the next entry of the node that it follows.
pub(crate) fn replicate(setting: &Setting, world: &mut World, node: u8) -> Option<()> {
    let Role::Replica { of } = world.node(node).role else {
        return None;
    };
    world.primary(of)?;
    let theirs = world.node(of).log;
    let ours = &mut world.node_mut(node).log;
    let next = ours
        .is_beginning_of(&theirs)
        .then(|| ours.next_of(&theirs))??;
    ours.push(next);
    if !setting.keeps(Rule::InheritAll) {
        let len = u8::try_from(ours.len()).expect("few entries");
        world.node_mut(node).durable = world.node(of).durable.min(len);
    }
    Some(())
}

/// A replica of the named primary is promoted, whatever has become of the primary: it may have
/// crashed, and it may as well be alive and cut off.
pub(crate) fn promote(setting: &Setting, world: &mut World, node: u8) -> Option<()> {
    let may_go_on = world.elected.is_none() && world.promotions < setting.budget.promotions;
    if !may_go_on || !is_candidate(setting, world, node) {
        return None;
    }
    world.promotions += 1;
    let reign = world.promotions;
    let promoted = world.node_mut(node);
    promoted.role = Role::Primary { reign };
    promoted.ready = false;
    if setting.keeps(Rule::InheritAll) {
        promoted.durable = u8::try_from(promoted.log.len()).expect("few entries");
    }
    if setting.engine.naming_lags {
        world.elected = Some(node);
    } else {
        world.named = node;
    }
    Some(())
}

/// A majority learns of the promotion.
pub(crate) fn name(world: &mut World) -> Option<()> {
    world.named = world.elected.take()?;
    Some(())
}

/// A node learns of the promotion, and follows the named primary from then on. If its log went on
/// where the primary's does not, it is replaced.
pub(crate) fn follow(world: &mut World, node: u8) -> Option<()> {
    let role = Role::Replica { of: world.named };
    if node == world.named || Some(node) == world.elected || world.node(node).role == role {
        return None;
    }
    let theirs = world.node(world.named).log;
    let follower = world.node_mut(node);
    follower.role = role;
    follower.ready = false;
    follower.durable = 0;
    if !follower.log.is_beginning_of(&theirs) {
        follower.log = theirs;
    }
    Some(())
}

/// Whether so many replicas of a primary as an acknowledgement waits for have an entry of its log.
pub(crate) fn is_replicated(setting: &Setting, world: &World, to: Source, at: Place) -> bool {
    let has_it = |node: &u8| {
        let node = world.node(*node);
        node.role == Role::Replica { of: to.node } && node.log.entries().any(|one| one.place == at)
    };
    world.primary(to.node) == Some(to) && nodes().filter(has_it).count() >= setting.engine.wait_for
}

/// Whether an answer of a node counts: it is named as the primary, in the reign that it answered in.
pub(crate) fn is_confirmed(setting: &Setting, world: &World, source: Source) -> bool {
    let same_reign = world.primary(source.node) == Some(source);
    world.named == source.node && (same_reign || !setting.keeps(Rule::ConfirmTheReign))
}

/// A primary whose log does not end in a generation of its own opens one.
pub(crate) fn open(setting: &Setting, world: &mut World, node: u8) -> Option<()> {
    let source = world.primary(node)?;
    if is_open(setting, world, source) {
        return None;
    }
    let time = wall_clock(world, node);
    let log = &mut world.node_mut(node).log;
    let ahead = if setting.keeps(Rule::Jump) {
        let end = u8::try_from(log.end().position().millis()).expect("a few ticks");
        end.max(time) + JUMP
    } else {
        time
    };
    let place = log.end().next_at(ahead);
    log.push(Written {
        place,
        says: Says::Opening(mark(setting, source)),
    });
    Some(())
}

/// Whether the log of a primary ends in a generation of its own.
pub(crate) fn is_open(setting: &Setting, world: &World, source: Source) -> bool {
    world.node(source.node).log.generation() == Some(mark(setting, source))
}

/// The first entry of a primary's generation is found on the replicas.
pub(crate) fn wait_for_generation(setting: &Setting, world: &mut World, node: u8) -> Option<()> {
    let source = world.primary(node)?;
    let is_opening = |one: &Written| matches!(one.says, Says::Opening(_));
    let opening = world.node(node).log.entries().filter(is_opening).last()?;
    let waits = is_open(setting, world, source) && !world.node(node).ready;
    if !waits || !is_replicated(setting, world, source, opening.place) {
        return None;
    }
    world.node_mut(node).ready = true;
    record_durable(world, node, opening.place);
    Some(())
}

/// The log of a primary is recorded to be durable up to a place.
pub(crate) fn record_durable(world: &mut World, node: u8, up_to: Place) {
    let number = world.node(node).log.number_of(up_to).unwrap_or_default();
    let node = world.node_mut(node);
    node.durable = node.durable.max(number);
}

/// What readers take in of a node's log.
pub(crate) fn readable(setting: &Setting, world: &World, node: u8) -> Log {
    let Node { log, durable, .. } = world.node(node);
    if setting.keeps(Rule::ReadDurable) {
        log.beginning(*durable)
    } else {
        *log
    }
}

/// What the clock of a node shows. It decides nothing but the first part of positions.
pub(crate) fn wall_clock(world: &World, node: u8) -> u8 {
    world.now + AHEAD[usize::from(node)]
}

/// The nodes by their numbers.
pub(crate) fn nodes() -> impl Iterator<Item = u8> {
    (0..).take(NODES)
}

/// Whether a node is a replica that can be promoted now.
fn is_candidate(setting: &Setting, world: &World, node: u8) -> bool {
    let follows = |node: u8| world.node(node).role == Role::Replica { of: world.named };
    let is_ahead = |other: u8| world.node(other).log.len() > world.node(node).log.len();
    let is_best = match setting.engine.promotes {
        Promotes::MostAdvanced => !nodes().any(|other| other != world.named && is_ahead(other)),
        Promotes::MostAdvancedReplica => !nodes().any(|other| follows(other) && is_ahead(other)),
        Promotes::Any => true,
    };
    follows(node) && is_best
}

/// What tells one generation from another.
fn mark(setting: &Setting, source: Source) -> u8 {
    if setting.keeps(Rule::GenerationPerReign) {
        source.reign
    } else {
        source.node
    }
}

/// How far the clocks of the nodes are ahead of the time, in ticks.
const AHEAD: [u8; NODES] = [1, 1, 0];
/// How far ahead a generation opens: further than clocks differ (1), and than an authority that is
/// cut off goes on issuing (1) on a clock that misses a tick (1).
const JUMP: u8 = 4;
