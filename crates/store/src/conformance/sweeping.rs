//! What a sweep drops, to the millisecond, and what it never drops.

use std::time::Duration;

use lanyard_revocation::{PartitionId, RETENTION};
use lanyard_token::{KeyState, Position, TokenId};

use super::{
    Backend,
    world::{START, World, whole},
};
use crate::{CredentialRole, Healing, IdentityCreation, Store as _};

/// An entry is there until the last token that it covers has expired by every clock, and gone at
/// that millisecond.
pub async fn an_entry_stays_until_the_millisecond_it_expires<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let token = TokenId::from_uuid(world.id());
    let entry = world.revoke_token(tenant.id(), token).await.entry;
    world
        .clock
        .set_wall(START.saturating_add(RETENTION).saturating_sub(MOMENT));
    world.sweep().await;
    assert_eq!(world.log(tenant.id()).await, [entry]);
    world.clock.set_wall(START.saturating_add(RETENTION));
    world.sweep().await;
    assert_eq!(world.log(tenant.id()).await, []);
}

/// A clock that is ahead of the time that is vouched for deletes nothing, neither entries nor keys.
pub async fn what_is_past_its_time_by_the_wall_clock_alone_stays<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let retired = world.new_signing_key(KeyState::Retired { since: START });
    world.keep_keys(vec![retired.clone()], None).await.unwrap();
    let token = TokenId::from_uuid(world.id());
    let entry = world.revoke_token(tenant.id(), token).await.entry;
    world.clock.set_wall(START.saturating_add(RETENTION * 2));
    let later = START.saturating_add(Duration::from_mins(1));
    for vouched in [None, Some(later), None, Some(START)] {
        world.sweep_at(vouched).await;
        assert_eq!(world.log(tenant.id()).await, [entry]);
        let keys = world.store.signing_keys().await.unwrap().keys;
        assert_eq!(keys, std::slice::from_ref(&retired));
    }
    assert_eq!(world.sweep_at(None).await.vouched, Some(later));
    world.clock.set_wall(START);
    assert_eq!(world.sweep_at(None).await.vouched, Some(later));
}

/// The vouched time on record begins with the store, never falls, never passes the store's own clock,
/// and outlives a restart.
pub async fn the_vouched_time_is_on_record<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let after = |hours| START.saturating_add(Duration::from_hours(hours));
    assert_eq!(world.sweep_at(None).await.vouched, Some(START));
    world.clock.set_wall(after(3));
    for (vouched, on_record) in [(2, 2), (1, 2), (9, 3)] {
        let swept = world.sweep_at(Some(after(vouched))).await;
        assert_eq!(swept.vouched, Some(after(on_record)));
    }
    let world = world.reopened().await;
    world.clock.set_wall(START);
    assert_eq!(world.sweep_at(None).await.vouched, Some(after(3)));
}

/// An entry that is made while the clock is behind is kept for its retention all the same.
pub async fn no_entry_is_stamped_before_the_vouched_time<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let vouched = START.saturating_add(Duration::from_hours(30));
    world.clock.set_wall(vouched);
    world.sweep().await;
    world.clock.set_wall(START);
    let token = TokenId::from_uuid(world.id());
    let entry = world.revoke_token(tenant.id(), token).await.entry;
    assert!(entry.time >= vouched, "{entry:?}");
    let last = vouched.saturating_add(RETENTION).saturating_sub(MOMENT);
    world.clock.set_wall(last);
    world.sweep().await;
    assert_eq!(world.log(tenant.id()).await, [entry]);
}

/// The position of the last entry that was trimmed is read with the log, before and after a restart,
/// and only rises.
pub async fn a_log_keeps_the_position_up_to_which_it_was_trimmed<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let partition = world.partition(tenant.id());
    let mut appended = Vec::new();
    for _ in 0..3 {
        let token = TokenId::from_uuid(world.id());
        appended.push(world.revoke_token(tenant.id(), token).await.entry);
        world.clock.advance(Duration::from_hours(1));
    }
    assert_eq!(floor(&world, partition).await, Position::ZERO);
    let passed = RETENTION + Duration::from_hours(1);
    world.clock.set_wall(START.saturating_add(passed));
    world.sweep().await;
    let last = appended.get(1).unwrap().position;
    assert_eq!(floor(&world, partition).await, last);
    let world = world.reopened().await;
    assert_eq!(floor(&world, partition).await, last);
    world.sweep().await;
    assert_eq!(floor(&world, partition).await, last);

    let read = world.store.read_log(partition, None, 10).await.unwrap();
    let higher = Position::new(last.millis() + 1, 0);
    for (offered, kept) in [(Position::ZERO, last), (higher, higher), (last, higher)] {
        let healing = Healing {
            as_of: read.next_cursor().unwrap(),
            lost: Vec::new(),
            beyond: Position::ZERO,
            mends: false,
            floor: offered,
        };
        world.store.heal(partition, healing).await.unwrap().unwrap();
        assert_eq!(floor(&world, partition).await, kept);
    }
}

/// Only the expired go, from the front, however many there are.
pub async fn a_sweep_drops_the_expired_and_no_others<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let mut appended = Vec::new();
    for _ in 0..5 {
        let token = TokenId::from_uuid(world.id());
        appended.push(world.revoke_token(tenant.id(), token).await.entry);
        world.clock.advance(Duration::from_hours(1));
    }
    world
        .clock
        .set_wall(START.saturating_add(RETENTION + Duration::from_hours(2)));
    world.sweep().await;
    assert_eq!(world.log(tenant.id()).await, appended.split_off(3));
}

/// A clock that is set back makes nothing expire sooner: an entry counts from the time it carries.
pub async fn an_entry_made_under_a_fallen_clock_stays_as_long_as_its_neighbours<B: Backend>(
    backend: &B,
) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let mut appended = Vec::new();
    for ahead in [10, 0] {
        world
            .clock
            .set_wall(START.saturating_add(Duration::from_hours(ahead)));
        let token = TokenId::from_uuid(world.id());
        appended.push(world.revoke_token(tenant.id(), token).await.entry);
    }
    world
        .clock
        .set_wall(START.saturating_add(RETENTION + Duration::from_hours(1)));
    world.sweep().await;
    assert_eq!(world.log(tenant.id()).await, appended);
}

/// Positions and numbers go on where they were, though nothing of the log is left.
pub async fn places_go_on_after_everything_was_trimmed<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let token = TokenId::from_uuid(world.id());
    let before = world.revoke_token(tenant.id(), token).await.entry;
    world.clock.advance(RETENTION);
    world.sweep().await;
    world.clock.set_wall(START);
    let after = world.revoke_token(tenant.id(), token).await.entry;
    assert_eq!(after.number, before.number + 1);
    assert!(after.position > before.position && after.time >= before.time);
    assert_eq!(world.log(tenant.id()).await, [after]);
}

/// Whatever is in use is as it was, after any time.
pub async fn a_sweep_leaves_what_is_in_use<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, key) = (world.tenant().await, world.active_key().await);
    let operator = world.service_key(CredentialRole::Operator).await;
    let identity = world.identity_called(tenant.id(), Some("alice")).await;
    world.clock.advance(RETENTION * 1000);
    let store = &world.store;
    world.sweep().await;
    assert_eq!(
        store.resource(tenant.id()).await.unwrap(),
        Some(tenant.resource.clone())
    );
    assert_eq!(
        store.access_keys(tenant.id()).await.unwrap(),
        Some(tenant.keys.clone())
    );
    assert_eq!(store.service_keys(whole()).await.unwrap(), [operator]);
    assert_eq!(
        store.identity(identity.id).await.unwrap(),
        Some(identity.clone())
    );
    world.granted(identity.id, tenant.primary(), key).await;
    let again = world.new_identity(tenant.id(), Some("alice"));
    assert_eq!(world.found(again).await, identity);
}

/// What was beneath a deleted resource goes, however much it is, and its neighbours stay.
pub async fn a_large_deleted_resource_is_swept_out_and_nothing_else<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (gone, stays) = (world.tenant().await, world.tenant().await);
    let kept = world.identity_called(stays.id(), Some("alice")).await;
    let offers = (0..2_100).map(|number| {
        let called = format!("user-{number}");
        world.create(world.new_identity(gone.id(), Some(&called)))
    });
    for answer in super::world::all_at_once(offers).await {
        assert!(matches!(answer, IdentityCreation::Created(_)));
    }
    world.store.delete_resource(gone.id()).await.unwrap();
    world.sweep().await;
    world.sweep().await;
    assert_eq!(
        world.store.identities(gone.id(), whole()).await.unwrap(),
        []
    );
    assert_eq!(
        world.store.identities(stays.id(), whole()).await.unwrap(),
        [kept]
    );
}

/// A retired or revoked key stays until the last token that it signed has expired by every clock.
pub async fn a_key_out_of_use_stays_until_its_tokens_have_expired<B: Backend>(backend: &B) {
    let since = START;
    for state in [KeyState::Retired { since }, KeyState::Revoked { since }] {
        let world = World::new(backend).await;
        let record = world.new_signing_key(state);
        world.keep_keys(vec![record.clone()], None).await.unwrap();
        world
            .clock
            .set_wall(START.saturating_add(RETENTION).saturating_sub(MOMENT));
        world.sweep().await;
        assert_eq!(world.store.signing_keys().await.unwrap().keys, [record]);
        world.clock.set_wall(START.saturating_add(RETENTION));
        world.sweep().await;
        assert_eq!(world.store.signing_keys().await.unwrap().keys, []);
    }
}

/// A key that waits or signs stays for as long as it does.
pub async fn a_key_in_use_stays_for_ever<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let since = START;
    let states = [KeyState::Prepared { since }, KeyState::Active { since }];
    let mut records = states.map(|state| world.new_signing_key(state)).to_vec();
    world.keep_keys(records.clone(), None).await.unwrap();
    world.clock.advance(RETENTION * 1000);
    world.sweep().await;
    records.sort_by_key(|record| record.id);
    assert_eq!(world.store.signing_keys().await.unwrap().keys, records);
}

async fn floor<B: Backend>(world: &World<'_, B>, partition: PartitionId) -> Position {
    let read = world.store.read_log(partition, None, 10).await.unwrap();
    read.floor
}

/// The least that a clock can tell.
const MOMENT: Duration = Duration::from_millis(1);
