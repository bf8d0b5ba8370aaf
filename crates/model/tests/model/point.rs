//! An enforcement point: it asks an authority, and accepts or refuses.

use lanyard_revocation::Freshness;

use crate::{
    setting::{Rule, Setting, point_bound},
    world::{Issued, World},
};

/// The point sends a ping, and an authority answers with its list and the age of that.
pub(crate) fn ping(setting: &Setting, world: &mut World, authority: u8) -> Option<()> {
    if world.point.pings == setting.budget.pings {
        return None;
    }
    world.point.pings += 1;
    let theirs = world.authority_mut(authority).view;
    let ours = &mut world.point.view;
    if setting.keeps(Rule::Merge) {
        ours.known.merge(theirs.known);
    } else {
        ours.known = theirs.known;
    }
    if let Some(age) = theirs.freshness().age(theirs.clock(world.now)) {
        let as_of = Freshness::moment(ours.clock(world.now), age)?;
        ours.confirm(as_of);
        ours.vouches_for = ours.vouches_for.or(theirs.vouches_for);
    }
    Some(())
}

/// Whether the point accepts the token now.
pub(crate) fn accepts(world: &World, token: Issued) -> bool {
    let view = &world.point.view;
    let fresh = view.freshness().check(view.clock(world.now), point_bound());
    fresh.is_ok() && !view.known.refuses(token.at)
}
