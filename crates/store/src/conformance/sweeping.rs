//! What a sweep drops, to the millisecond, and what it never drops.

use std::time::Duration;

use lanyard_revocation::RETENTION;
use lanyard_token::{KeyState, TokenId};

use super::{
    Backend,
    world::{START, World, whole},
};
use crate::{CredentialRole, IdentityCreation, Store as _};

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
    world.store.sweep().await.unwrap();
    assert_eq!(world.log(tenant.id()).await, [entry]);
    world.clock.set_wall(START.saturating_add(RETENTION));
    world.store.sweep().await.unwrap();
    assert_eq!(world.log(tenant.id()).await, []);
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
    world.store.sweep().await.unwrap();
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
    world.store.sweep().await.unwrap();
    assert_eq!(world.log(tenant.id()).await, appended);
}

/// Positions and numbers go on where they were, though nothing of the log is left.
pub async fn places_go_on_after_everything_was_trimmed<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let token = TokenId::from_uuid(world.id());
    let before = world.revoke_token(tenant.id(), token).await.entry;
    world.clock.advance(RETENTION);
    world.store.sweep().await.unwrap();
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
    store.sweep().await.unwrap();
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
    world.store.sweep().await.unwrap();
    world.store.sweep().await.unwrap();
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
        world.store.sweep().await.unwrap();
        assert_eq!(world.store.signing_keys().await.unwrap().keys, [record]);
        world.clock.set_wall(START.saturating_add(RETENTION));
        world.store.sweep().await.unwrap();
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
    world.store.sweep().await.unwrap();
    records.sort_by_key(|record| record.id);
    assert_eq!(world.store.signing_keys().await.unwrap().keys, records);
}

/// The least that a clock can tell.
const MOMENT: Duration = Duration::from_millis(1);
