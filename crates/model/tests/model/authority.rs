//! A replica of the authority: it reads the log, heals it, issues and revokes.

use lanyard_revocation::{Continuity, Cursor, LogRead, continuity};

use crate::{
    engine::{is_confirmed, is_open, is_replicated, readable, record_durable, wall_clock},
    list::Known,
    log::{Log, Says, Written, identity, log_id},
    place::Place,
    setting::{Grain, Rule, Setting, issue_bound},
    world::{AUTHORITIES, Authority, Calls, Issued, Phase, Sent, Token, World, moment},
};

/// A read is sent and answered. What it found is taken in when it is confirmed. If the log lacks
/// something that is known, that is appended again, and the list can be confirmed before it is.
pub(crate) fn read(setting: &Setting, world: &mut World, by: u8, from: u8) -> Option<()> {
    let to = world.primary(from)?;
    let log = readable(setting, world, from);
    let (at, after) = moment_of_reading(setting, world, by);
    let authority = world.authority_mut(by);
    let known_before = authority.view.known.revoked_before();
    let (entries, whole) = found_in(setting, &log, authority.cursor);
    let mut found = Known::default();
    for entry in &entries.entries {
        found.learn_from(entry);
    }
    let lacks = whole && known_before.is_after(log.revoked_before());
    let goes_on = setting.keeps_cursors && !(lacks && setting.keeps(Rule::Heal));
    let cursor = entries.next_cursor().map(kept).filter(|_| goes_on);
    authority.read = Some(Sent {
        to,
        at,
        after,
        found,
        cursor,
    });
    if setting.grain == Grain::Coarse && confirm(setting, world, by).is_none() {
        world.authority_mut(by).read = None;
    }
    Some(())
}

/// The node that answered a read is named as the primary: the list is complete as of when the read
/// was sent.
pub(crate) fn confirm(setting: &Setting, world: &mut World, by: u8) -> Option<()> {
    let sent = world.authority_mut(by).read?;
    if setting.keeps(Rule::ConfirmReads) && !is_confirmed(setting, world, sent.to) {
        return None;
    }
    let authority = world.authority_mut(by);
    authority.read = None;
    authority.cursor = sent.cursor;
    authority.view.known.merge(sent.found);
    authority.view.confirm(moment(sent.at));
    authority.view.vouches_for = authority.view.vouches_for.or(sent.after);
    Some(())
}

/// A revocation that is known and that the log lacks is appended again.
pub(crate) fn heal(setting: &Setting, world: &mut World, by: u8, to: u8) -> Option<()> {
    let known = world.authority_mut(by).view.known.revoked_before();
    let source = world.primary(to)?;
    let starts_over = world.authority_mut(by).cursor.is_none();
    let lacks = known.is_after(readable(setting, world, to).revoked_before());
    if !lacks || !starts_over || !setting.keeps(Rule::Heal) || !is_open(setting, world, source) {
        return None;
    }
    let place = next_place(world, to);
    let before = if setting.keeps(Rule::HealInPlace) {
        known
    } else {
        place
    };
    world.node_mut(to).log.push(Written {
        place,
        says: Says::Revoked(before),
    });
    // Whoever appends it again has passed it on already.
    record_durable(world, to, place);
    Some(())
}

/// A call to revoke is received, and its entry is appended.
pub(crate) fn revoke(
    setting: &Setting,
    world: &mut World,
    call: usize,
    by: u8,
    to: u8,
) -> Option<()> {
    // The authorities differ in nothing, so the first to be called can be called 0.
    let comes_next = call == 0 && by == 0 || call > 0 && world.calls[call - 1].phase != Phase::Idle;
    let idle = world.calls[call].phase == Phase::Idle && call < setting.budget.calls;
    let source = world.primary(to)?;
    if !comes_next || !idle || !is_open(setting, world, source) {
        return None;
    }
    let at = next_place(world, to);
    let before = if setting.keeps(Rule::Positions) {
        at
    } else {
        timestamp(world, by)
    };
    world.node_mut(to).log.push(Written {
        place: at,
        says: Says::Revoked(before),
    });
    world.calls[call].phase = Phase::Appended { by, to: source, at };
    world.calls[call].before = before;
    world.calls[call].covers = world.held().is_some();
    Some(())
}

/// The entry of a call is found on as many replicas as it has to be.
pub(crate) fn wait(setting: &Setting, world: &mut World, call: usize) -> Option<()> {
    let Phase::Appended { by, to, at } = world.calls[call].phase else {
        return None;
    };
    is_replicated(setting, world, to, at).then_some(())?;
    record_durable(world, to.node, at);
    world.calls[call].phase = Phase::Replicated { by, to };
    match setting.grain {
        Grain::Fine => Some(()),
        Grain::Coarse => acknowledge(setting, world, call),
    }
}

/// A call is answered. The authority knows the revocation from then on.
pub(crate) fn acknowledge(setting: &Setting, world: &mut World, call: usize) -> Option<()> {
    let Phase::Replicated { by, to } = world.calls[call].phase else {
        return None;
    };
    if setting.keeps(Rule::ConfirmAcknowledgements) && !is_confirmed(setting, world, to) {
        return None;
    }
    world.calls[call].phase = Phase::Acknowledged { at: world.now };
    let before = world.calls[call].before;
    world.authority_mut(by).view.known.learn(before);
    Some(())
}

/// A token is asked for and granted, at the end of a node's log.
pub(crate) fn grant(setting: &Setting, world: &mut World, by: u8, from: u8) -> Option<()> {
    let source = world.primary(from)?;
    let view = world.authority_mut(by).view;
    let fresh = view
        .freshness()
        .check(view.clock(world.now), issue_bound())
        .is_ok();
    let ready = world.node(from).ready || !setting.keeps(Rule::WaitForGeneration);
    let may = (fresh || !setting.keeps(Rule::IssueBound)) && ready;
    if world.token != Token::None || !may || !is_open(setting, world, source) {
        return None;
    }
    let end = world.node(from).log.end();
    let at = if setting.keeps(Rule::Positions) {
        end
    } else {
        timestamp(world, by)
    };
    let after = world.acknowledged();
    world.token = Token::Granted {
        by: source,
        issued: Issued { at, after },
    };
    match setting.grain {
        Grain::Fine => Some(()),
        Grain::Coarse => hand_out(setting, world),
    }
}

/// The token is handed out.
pub(crate) fn hand_out(setting: &Setting, world: &mut World) -> Option<()> {
    let Token::Granted { by, issued } = world.token else {
        return None;
    };
    if setting.keeps(Rule::ConfirmIssues) && !is_confirmed(setting, world, by) {
        return None;
    }
    world.token = Token::Held(issued);
    Some(())
}

/// An authority crashes and is started again. Only its clock goes on.
pub(crate) fn restart(setting: &Setting, world: &mut World, authority: u8) -> Option<()> {
    if world.restarts == setting.budget.restarts {
        return None;
    }
    world.restarts += 1;
    let restarted = world.authority_mut(authority);
    let missed = restarted.view.missed;
    *restarted = Authority::default();
    restarted.view.missed = missed;
    for call in &mut world.calls {
        match call.phase {
            Phase::Appended { by, .. } | Phase::Replicated { by, .. } if by == authority => {
                call.phase = Phase::Abandoned;
            }
            _ => {}
        }
    }
    Some(())
}

/// The authorities by their numbers.
pub(crate) fn authorities() -> impl Iterator<Item = u8> {
    (0..).take(AUTHORITIES)
}

/// When a read is sent, on the clock of the authority if that runs, and else in the order of things.
fn moment_of_reading(setting: &Setting, world: &World, by: u8) -> (u8, Calls) {
    let at = world.authorities[usize::from(by)].view.ticks(world.now);
    let after = if setting.is_timed() {
        Calls::default()
    } else {
        world.acknowledged()
    };
    (at, after)
}

/// What a read finds, and whether that is the whole log. If the log does not go on from the cursor,
/// or a new generation has begun, it is read again from the start.
fn found_in(setting: &Setting, log: &Log, cursor: Option<(Place, u8)>) -> (LogRead, bool) {
    let Some((place, number)) = cursor else {
        return (log.read(None), true);
    };
    let cursor = Cursor {
        log: log_id(),
        position: place.position(),
        number: u64::from(number),
    };
    let found = log.read(Some(&cursor));
    let breaks = continuity(Some(&cursor), &found) != Continuity::Continues;
    let is_new_generation = found
        .entries
        .iter()
        .any(|entry| entry.revocation.handle != identity());
    let starts_over = breaks && setting.keeps(Rule::Continuity)
        || is_new_generation && setting.keeps(Rule::CompareOnGeneration);
    if starts_over {
        (log.read(None), true)
    } else {
        (found, false)
    }
}

/// A cursor as it is kept in a state.
fn kept(cursor: Cursor) -> (Place, u8) {
    let number = u8::try_from(cursor.number).expect("few entries");
    (Place::of(cursor.position), number)
}

fn next_place(world: &World, node: u8) -> Place {
    world.node(node).log.end().next_at(wall_clock(world, node))
}

/// What a protocol with timestamps would write: the clock of the authority.
fn timestamp(world: &World, authority: u8) -> Place {
    Place::at_time(world.now + AHEAD[usize::from(authority)])
}

/// How far the clocks of the authorities are ahead of the time, in ticks.
const AHEAD: [u8; AUTHORITIES] = [1, 0];
