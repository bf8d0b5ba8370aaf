//! The promises, as what must hold in every state.

use crate::{
    action::Action,
    authority::authorities,
    checker::Model,
    engine::nodes,
    point::accepts,
    setting::{Promise, Setting, promised_ticks},
    world::{Call, Phase, View, World},
};

/// The first of the promises asked for that does not hold.
pub(crate) fn broken(setting: &Setting, world: &World) -> Option<Promise> {
    let holds = |promise: Promise| match promise {
        Promise::Bound => is_bounded(setting, world),
        Promise::Complete => is_complete(world),
        Promise::Kept => is_kept(setting, world),
        Promise::IssueAfterRevoke => is_good_after_revoke(world),
        Promise::Held => is_held(world),
    };
    setting
        .promises
        .iter()
        .copied()
        .find(|promise| !holds(*promise))
}

/// No point accepts a token now that was handed out before a call to revoke it began, if that was
/// acknowledged longer ago than is promised.
fn is_bounded(setting: &Setting, world: &World) -> bool {
    let Some(token) = world.held() else {
        return true;
    };
    let is_due = |call: &Call| match call.phase {
        Phase::Acknowledged { at } => call.covers && world.now - at > promised_ticks(setting),
        _ => false,
    };
    !world.calls.iter().any(is_due) || !accepts(world, token)
}

/// What was acknowledged is in the log of the primary, or is brought back into it when everything
/// that can go on does.
fn is_kept(setting: &Setting, world: &World) -> bool {
    let lost = |world: &World| {
        let known = world.node(world.leader()).log.revoked_before();
        let is_lost = |call: &Call| {
            matches!(call.phase, Phase::Acknowledged { .. }) && call.before.is_after(known)
        };
        world.calls.iter().any(is_lost)
    };
    !lost(world) || !lost(&healed(setting, world))
}

/// What a list has is in the log of the primary: no failover has lost it.
fn is_held(world: &World) -> bool {
    let held = world.node(world.leader()).log.revoked_before();
    !views(world).any(|view| view.known.revoked_before().is_after(held))
}

/// A list that vouches for a call refuses what the call covers. It is asked of the point and of the
/// authorities: a point that pinged one of them now would have its list and vouch for as much.
fn is_complete(world: &World) -> bool {
    let Some(token) = world.held() else {
        return true;
    };
    let lacks = |view: &View| {
        let vouches = |(number, call): (usize, &Call)| call.covers && view.vouches_for.has(number);
        world.calls.iter().enumerate().any(vouches) && !view.known.refuses(token.at)
    };
    !views(world).any(lacks)
}

/// A token that was asked for after calls had been acknowledged is refused because of no such call:
/// if a list refuses it, another call accounts for that.
fn is_good_after_revoke(world: &World) -> bool {
    let Some(token) = world.held() else {
        return true;
    };
    let accounts_for_it =
        |(number, call): (usize, &Call)| !token.after.has(number) && call.before.is_after(token.at);
    !views(world).any(|view| view.known.refuses(token.at))
        || world.calls.iter().enumerate().any(accounts_for_it)
}

/// More entries than a log has.
const MORE_THAN_A_LOG: usize = 10;

fn views(world: &World) -> impl Iterator<Item = &View> {
    let authorities = world.authorities.iter().map(|authority| &authority.view);
    authorities.chain([&world.point.view])
}

/// What becomes of the world when nothing else goes wrong: everybody learns who the primary is, the
/// replicas take over what it has, and every authority reads and heals.
fn healed(setting: &Setting, world: &World) -> World {
    let mut world = *world;
    let mut happen = |action: Action| {
        if let Some(after) = setting.step(&world, action) {
            world = after;
        }
        world.named
    };
    let named = happen(Action::Name);
    for node in nodes() {
        happen(Action::Follow { node });
    }
    happen(Action::Open { node: named });
    for _ in 0..MORE_THAN_A_LOG {
        for node in nodes() {
            happen(Action::Replicate { node });
        }
    }
    happen(Action::WaitForGeneration { node: named });
    for by in authorities() {
        happen(Action::Read { by, from: named });
        happen(Action::Heal { by, to: named });
    }
    world
}
