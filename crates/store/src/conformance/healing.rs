//! What a log gets back that it has lost, and what nobody can take out of a log that is whole.
//!
//! How a log comes to lack something is each backend's own. What these cases give back was never
//! there or still is: to the log that is all one, since only the position counts that comes with it.

use std::time::Duration;

use lanyard_revocation::{
    Cursor, Entry, GENERATION_JUMP, Handle, LogId, LogRead, PartitionId, Revocation,
};
use lanyard_token::{Position, TokenId};

use super::{
    Backend,
    world::{START, Tenant, World, all_at_once},
};
use crate::{Healing, Store as _};

/// What was lost is an entry again, at a place of its own, and with the position that counts.
pub async fn what_was_lost_is_appended_again_with_the_position_that_counts<B: Backend>(
    backend: &B,
) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let before = append(&world, &tenant, 3).await;
    let lost = [
        revocation(&world, Position::new(START.as_millis(), 0)),
        Revocation {
            is_final: true,
            ..revocation(&world, Position::new(1, 7))
        },
    ];
    world.clock.advance(Duration::from_secs(5));
    let as_of = end(&world, &tenant).await;
    let healed = heal(&world, &tenant, healing(as_of, &lost)).await.unwrap();
    let log = world.log(tenant.id()).await;
    let (old, new) = log.split_at(3);
    assert_eq!(old, before);
    assert!(new.iter().map(|entry| entry.revocation).eq(lost));
    assert!(new.iter().map(|entry| entry.number).eq([4, 5]));
    assert!(new.iter().all(|entry| entry.time == world.now()));
    assert_eq!(healed, end(&world, &tenant).await);
    assert_eq!(Some(healed.position), new.last().map(|one| one.position));
}

/// It kills what it killed at first, and spares whatever was issued since: before the loss, after
/// the loss, and after the healing.
pub async fn what_comes_back_kills_exactly_what_it_killed<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, key) = (world.tenant().await, world.active_key().await);
    let identity = world.identity(tenant.id()).await.id;
    let issue = || world.granted(identity, tenant.primary(), key);
    append(&world, &tenant, 2).await;
    let dead = issue().await;
    let revoked = world.revoke(identity).await.entry.revocation;
    let first = issue().await;
    append(&world, &tenant, 2).await;
    let second = issue().await;
    let as_of = end(&world, &tenant).await;
    heal(&world, &tenant, healing(as_of, &[revoked]))
        .await
        .unwrap();
    let third = issue().await;
    let log = world.log(tenant.id()).await;
    let of_identity = log
        .iter()
        .filter(|entry| entry.revocation.handle == revoked.handle);
    assert_eq!(of_identity.clone().count(), 2);
    for entry in of_identity {
        assert!(entry.revocation.covers(dead));
        for spared in [first, second, third] {
            assert!(!entry.revocation.covers(spared), "{entry:?}");
        }
    }
}

/// Who has read less than there is now may be about to give back what is there.
pub async fn a_log_that_has_moved_on_is_not_healed<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    append(&world, &tenant, 2).await;
    let as_of = end(&world, &tenant).await;
    append(&world, &tenant, 1).await;
    let lost = [revocation(&world, Position::new(1, 0))];
    let far = Healing {
        beyond: Position::new(u64::MAX / 2, 0),
        mends: true,
        ..healing(as_of, &lost)
    };
    assert_unhealed(&world, &tenant, [healing(as_of, &lost), far]).await;
}

/// What was read of another log says nothing about this one.
pub async fn another_log_is_not_healed<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    append(&world, &tenant, 2).await;
    let as_of = end(&world, &tenant).await;
    let lost = [revocation(&world, Position::new(1, 0))];
    let others = [
        Cursor {
            log: LogId::from_uuid(world.id()),
            ..as_of
        },
        Cursor {
            number: as_of.number + 1,
            ..as_of
        },
    ];
    let others = others.map(|as_of| healing(as_of, &lost));
    assert_unhealed(&world, &tenant, others).await;
}

/// Of several who found the same to be lost, one gives it back.
pub async fn what_is_healed_twice_is_appended_once<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    append(&world, &tenant, 2).await;
    let as_of = end(&world, &tenant).await;
    let lost = [revocation(&world, Position::new(1, 0))];
    let healers = (0..4).map(|_| heal(&world, &tenant, healing(as_of, &lost)));
    let healed = all_at_once(healers).await;
    assert_eq!(healed.iter().flatten().count(), 1);
    assert_eq!(world.log(tenant.id()).await.len(), 3);
}

/// Positions that were in a lost end are never given out again: the log goes on an hour above them,
/// above its own end, and above the time.
pub async fn beyond_its_end_a_log_goes_on_in_a_new_generation<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, key) = (world.tenant().await, world.active_key().await);
    let identity = world.identity(tenant.id()).await.id;
    for ahead in [Duration::from_millis(1), Duration::from_hours(30)] {
        append(&world, &tenant, 1).await;
        let as_of = end(&world, &tenant).await;
        let millis = as_of.position.millis() + u64::try_from(ahead.as_millis()).unwrap();
        let beyond = Position::new(millis, 9);
        let lost = [revocation(&world, beyond)];
        let healing = Healing {
            beyond,
            ..healing(as_of, &lost)
        };
        heal(&world, &tenant, healing).await.unwrap();
        let log = world.log(tenant.id()).await;
        let [.., opening, healed] = log.as_slice() else {
            panic!("should have two entries more: {log:?}");
        };
        assert!(opening.opens_generation() && opening.number == as_of.number + 1);
        let jump = u64::try_from(GENERATION_JUMP.as_millis()).unwrap();
        let least = millis.max(world.now().as_millis()) + jump;
        assert!(opening.position.millis() >= least, "{opening:?}");
        assert_eq!(healed.revocation, lost[0]);
        let granted = world.granted(identity, tenant.primary(), key).await;
        assert!(granted > beyond && !lost[0].covers(granted));
        assert!(
            world
                .revoke(identity)
                .await
                .entry
                .revocation
                .covers(granted)
        );
    }
}

/// A log that goes further than anybody knows of does not jump, and one that lacks nothing does not
/// move.
pub async fn a_log_that_lacks_nothing_is_left_as_it_is<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    append(&world, &tenant, 2).await;
    let before = read(&world, &tenant).await;
    let as_of = end(&world, &tenant).await;
    let healing = Healing {
        beyond: as_of.position,
        ..healing(as_of, &[])
    };
    assert_eq!(heal(&world, &tenant, healing).await, Some(as_of));
    assert_eq!(read(&world, &tenant).await, before);
}

/// What comes back to one log comes back to no other.
pub async fn a_log_is_healed_in_its_own_partition<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let before = world.ends().await;
    let as_of = end(&world, &tenant).await;
    let lost = [revocation(&world, Position::new(1, 0))];
    heal(&world, &tenant, healing(as_of, &lost)).await.unwrap();
    let after = world.ends().await;
    let here = world.partition(tenant.id());
    for (partition, ends) in PartitionId::all(world.partitions()).zip(before.iter().zip(after)) {
        let has_moved = *ends.0 != ends.1;
        assert_eq!(has_moved, partition == here, "{partition}");
    }
}

/// A mended log is whole, says up to where it was mended, and goes on.
pub async fn a_mended_log_says_so_and_goes_on<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    append(&world, &tenant, 2).await;
    let as_of = end(&world, &tenant).await;
    let lost = [revocation(&world, Position::new(1, 0))];
    let mending = Healing {
        mends: true,
        ..healing(as_of, &lost)
    };
    heal(&world, &tenant, mending).await.unwrap();
    append(&world, &tenant, 1).await;
    let read = read(&world, &tenant).await;
    assert!(read.intact && read.mended_to >= 2, "{read:?}");
    assert_eq!(world.log(tenant.id()).await.len(), 4);
}

/// Nobody strikes what can be understood, what is not there, or what no place is called.
pub async fn what_can_be_understood_is_not_struck<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let log = append(&world, &tenant, 3).await;
    let partition = world.partition(tenant.id());
    let places = log
        .iter()
        .flat_map(|entry| [entry.number.to_string(), entry.position.to_string()]);
    let odd = [
        "",
        "9",
        "0",
        "-1",
        "+2",
        " 2",
        "2-",
        "*",
        "18446744073709551616",
    ];
    for place in places.chain(odd.map(str::to_owned)) {
        let struck = world.store.strike(partition, place.clone()).await;
        assert!(!struck.unwrap(), "{place}");
    }
    assert_eq!(world.store.unreadable_entries().await.unwrap(), []);
    assert_eq!(world.log(tenant.id()).await, log);
}

/// A log that lacks nothing has nothing to be given up: new, in use, and after its first entries
/// were trimmed.
pub async fn a_whole_log_has_nothing_to_give_up<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let partition = world.partition(tenant.id());
    for _ in 0..3 {
        assert!(!world.store.give_up_missing(partition).await.unwrap());
        assert!(read(&world, &tenant).await.intact);
        append(&world, &tenant, 2).await;
        world.clock.advance(Duration::from_hours(20));
        world.sweep().await;
    }
    let read = read(&world, &tenant).await;
    assert!(read.entries.len() < 6, "the sweep should have trimmed it");
}

/// What came back is there after a restart, and the log goes on where it was.
pub async fn a_healed_log_outlives_a_restart<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    append(&world, &tenant, 1).await;
    let as_of = end(&world, &tenant).await;
    let beyond = Position::new(as_of.position.millis() + 1, 0);
    let lost = [revocation(&world, beyond)];
    let healing = Healing {
        beyond,
        mends: true,
        ..healing(as_of, &lost)
    };
    heal(&world, &tenant, healing).await.unwrap();
    let before = read(&world, &tenant).await;
    let world = world.reopened().await;
    assert_eq!(read(&world, &tenant).await, before);
    let next = append(&world, &tenant, 1).await;
    assert!(next.iter().all(|entry| entry.position > before.end));
    assert_eq!(world.log(tenant.id()).await.len(), 4);
}

async fn append<B: Backend>(world: &World<'_, B>, tenant: &Tenant, count: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    for _ in 0..count {
        let token = TokenId::from_uuid(world.id());
        entries.push(world.revoke_token(tenant.id(), token).await.entry);
    }
    entries
}

/// The revocation of some token.
fn revocation<B: Backend>(world: &World<'_, B>, position: Position) -> Revocation {
    Revocation {
        handle: Handle::token(TokenId::from_uuid(world.id())),
        position,
        is_final: false,
    }
}

/// A healing that mends nothing and knows of no position.
fn healing(as_of: Cursor, lost: &[Revocation]) -> Healing {
    Healing {
        as_of,
        lost: lost.to_vec(),
        beyond: Position::ZERO,
        mends: false,
        floor: Position::ZERO,
    }
}

async fn heal<B: Backend>(
    world: &World<'_, B>,
    tenant: &Tenant,
    healing: Healing,
) -> Option<Cursor> {
    let partition = world.partition(tenant.id());
    world.store.heal(partition, healing).await.unwrap()
}

async fn assert_unhealed<B: Backend>(
    world: &World<'_, B>,
    tenant: &Tenant,
    healings: [Healing; 2],
) {
    let before = read(world, tenant).await;
    for healing in healings {
        assert_eq!(heal(world, tenant, healing).await, None);
        assert_eq!(read(world, tenant).await, before);
    }
}

async fn read<B: Backend>(world: &World<'_, B>, tenant: &Tenant) -> LogRead {
    let partition = world.partition(tenant.id());
    world.store.read_log(partition, None, 1000).await.unwrap()
}

async fn end<B: Backend>(world: &World<'_, B>, tenant: &Tenant) -> Cursor {
    let end = read(world, tenant).await.next_cursor();
    end.expect("a complete read has an end")
}
