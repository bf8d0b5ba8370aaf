//! Whether a token may be issued, and the position that it shall carry.

use std::{future::poll_fn, task::Poll, time::Duration};

use lanyard_revocation::Revocation;
use lanyard_token::{CredentialId, IdentityId, KeyId, KeyState, Position};

use super::{
    Backend,
    world::{START, World, all_at_once},
};
use crate::{CredentialRole, IssueGrant, KeySlot, Store as _};

/// Before the first entry a token carries the place before everything.
pub async fn a_grant_on_an_empty_log_carries_its_start<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, key) = (world.tenant().await, world.active_key().await);
    let identity = world.identity(tenant.id()).await;
    assert_eq!(
        world.granted(identity.id, tenant.primary(), key).await,
        Position::ZERO
    );
}

/// A token carries the position of the last entry, and time alone does not move it.
pub async fn a_grant_carries_the_end_of_the_log<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, key) = (world.tenant().await, world.active_key().await);
    let identity = world.identity(tenant.id()).await;
    for _ in 0..3 {
        world.clock.advance(Duration::from_millis(7));
        let appended = world.revoke(identity.id).await;
        world.clock.advance(Duration::from_secs(9));
        for slot in &tenant.keys {
            let position = world.granted(identity.id, slot.id, key).await;
            assert_eq!(position, appended.entry.position);
        }
    }
}

/// Every token from before a revocation is covered by it and none from after it, although all of
/// it happens in one millisecond.
pub async fn a_revocation_covers_exactly_what_was_issued_before_it<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, key) = (world.tenant().await, world.active_key().await);
    let identity = world.identity(tenant.id()).await;
    let mut issued = Vec::new();
    let mut revocations: Vec<Revocation> = Vec::new();
    for _ in 0..100 {
        issued.push(world.granted(identity.id, tenant.primary(), key).await);
        let appended = world.revoke(identity.id).await;
        revocations.push(appended.entry.revocation);
        let after = world.granted(identity.id, tenant.primary(), key).await;
        assert!(
            issued
                .iter()
                .all(|before| appended.entry.revocation.covers(*before))
        );
        assert!(
            !revocations
                .iter()
                .any(|revocation| revocation.covers(after))
        );
    }
}

/// The same holds when the clock is set back in between.
pub async fn a_clock_that_goes_back_spares_and_kills_no_token<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, key) = (world.tenant().await, world.active_key().await);
    let identity = world.identity(tenant.id()).await;
    for hours in [5, 1, 9, 0] {
        world
            .clock
            .set_wall(START.saturating_add(Duration::from_hours(hours)));
        let before = world.granted(identity.id, tenant.primary(), key).await;
        let appended = world.revoke(identity.id).await;
        let after = world.granted(identity.id, tenant.primary(), key).await;
        assert!(appended.entry.revocation.covers(before));
        assert!(!appended.entry.revocation.covers(after));
    }
}

/// Each of many who ask at the same time gets the answer to its own question, whatever the others ask
/// and whoever of them goes away.
pub async fn of_many_who_ask_at_once_each_has_its_own_answer<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, key) = (world.tenant().await, world.active_key().await);
    let other = world.tenant().await;
    let [living, deleted] = [
        world.identity(tenant.id()).await,
        world.identity(tenant.id()).await,
    ];
    world.delete(deleted.id).await;
    let elsewhere = world.identity(other.id()).await;
    let unknown = world.new_identity(tenant.id(), None);
    let position = world.granted(living.id, tenant.primary(), key).await;
    let [primary, secondary] = tenant.keys.each_ref().map(|key| key.id);
    let stranger = CredentialId::from_uuid(world.id());
    let wrong_key = KeyId::from_uuid(world.id());
    let kinds = [
        (living.id, primary, key, IssueGrant::Granted(position)),
        (living.id, secondary, key, IssueGrant::Granted(position)),
        (deleted.id, primary, key, IssueGrant::IdentityUnknown),
        (unknown.id, secondary, key, IssueGrant::IdentityUnknown),
        (
            living.id,
            primary,
            wrong_key,
            IssueGrant::SigningKeyNotActive,
        ),
        (living.id, stranger, key, IssueGrant::CredentialUnknown),
        (elsewhere.id, primary, key, IssueGrant::IdentityUnknown),
    ];
    let asked: Vec<_> = kinds.iter().cycle().take(700).collect();
    let impatient = world.ask(living.id, primary, key);
    let all = all_at_once(
        asked
            .iter()
            .map(|(identity, by, key, _)| world.ask(*identity, *by, *key)),
    );
    // It asks, and does not wait for the answer.
    let mut impatient = Box::pin(impatient);
    let _first = poll_fn(|context| Poll::Ready(impatient.as_mut().poll(context))).await;
    drop(impatient);
    let answers = all.await;
    for ((_, _, _, expected), answer) in asked.into_iter().zip(answers) {
        assert_eq!(answer, *expected);
    }
}

/// Whoever asks while revocations run is answered with the end of some moment: a position that an
/// entry has, and never one that lies before a revocation which had returned.
pub async fn a_grant_among_revocations_carries_the_end_of_one_moment<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, key) = (world.tenant().await, world.active_key().await);
    let identity = world.identity(tenant.id()).await.id;
    let rounds = all_at_once((0..32).map(|_| async {
        let appended = world.revoke(identity).await;
        let position = world.granted(identity, tenant.primary(), key).await;
        assert!(position >= appended.entry.position);
        position
    }))
    .await;
    let log = world.log(tenant.id()).await;
    assert!(
        rounds
            .iter()
            .all(|position| log.iter().any(|entry| entry.position == *position))
    );
}

/// Nothing is issued for somebody who was never made or is no more.
pub async fn nothing_is_issued_for_an_unknown_identity<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, key) = (world.tenant().await, world.active_key().await);
    let gone = world.identity(tenant.id()).await;
    world.delete(gone.id).await;
    for id in [gone.id, IdentityId::new(tenant.id(), world.id())] {
        assert_eq!(
            world.ask(id, tenant.primary(), key).await,
            IssueGrant::IdentityUnknown
        );
    }
}

/// Nothing is issued with a key that never was, or that was rotated out; the other slot's still may.
pub async fn nothing_is_issued_with_an_unknown_access_key<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, key) = (world.tenant().await, world.active_key().await);
    let identity = world.identity(tenant.id()).await.id;
    let new = world.access_key(tenant.id(), KeySlot::Primary);
    world.rotate(&new, tenant.primary()).await;
    for credential in [tenant.primary(), CredentialId::from_uuid(world.id())] {
        let answer = world.ask(identity, credential, key).await;
        assert_eq!(answer, IssueGrant::CredentialUnknown);
    }
    let [_, secondary] = &tenant.keys;
    for credential in [new.id, secondary.id] {
        world.granted(identity, credential, key).await;
    }
}

/// A credential that is not one of the resource's own keys issues nothing in it.
pub async fn nothing_is_issued_with_a_credential_of_others<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, other) = (world.tenant().await, world.tenant().await);
    let key = world.active_key().await;
    let identity = world.identity(tenant.id()).await.id;
    let operator = world.service_key(CredentialRole::Operator).await.id;
    let enforcer = world.service_key(CredentialRole::Enforcer).await.id;
    for credential in [other.primary(), operator, enforcer] {
        let answer = world.ask(identity, credential, key).await;
        assert_eq!(answer, IssueGrant::IdentityUnknown);
    }
}

/// Nothing is issued before a signing key is active, nor under one that is not the active one.
pub async fn nothing_is_issued_under_a_key_that_is_not_active<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let identity = world.identity(tenant.id()).await.id;
    let refused = IssueGrant::SigningKeyNotActive;
    let unknown = KeyId::from_uuid(world.id());
    assert_eq!(
        world.ask(identity, tenant.primary(), unknown).await,
        refused
    );
    let first = world.active_key().await;
    world.granted(identity, tenant.primary(), first).await;
    assert_eq!(
        world.ask(identity, tenant.primary(), unknown).await,
        refused
    );
    let prepared = world.new_signing_key(KeyState::Prepared { since: world.now() });
    world.keep_keys(vec![prepared.clone()], None).await.unwrap();
    assert_eq!(
        world.ask(identity, tenant.primary(), prepared.id).await,
        refused
    );
    let second = world.active_key().await;
    world.granted(identity, tenant.primary(), second).await;
    assert_eq!(world.ask(identity, tenant.primary(), first).await, refused);
}

/// Asking is not issuing: whatever the answer, nothing is written.
pub async fn asking_leaves_no_trace<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, key) = (world.tenant().await, world.active_key().await);
    let identity = world.identity(tenant.id()).await;
    world.revoke(identity.id).await;
    let ends = world.ends().await;
    world.granted(identity.id, tenant.primary(), key).await;
    world
        .ask(identity.id, CredentialId::from_uuid(world.id()), key)
        .await;
    world
        .ask(
            IdentityId::new(tenant.id(), world.id()),
            tenant.primary(),
            key,
        )
        .await;
    assert_eq!(world.ends().await, ends);
    assert_eq!(
        world.store.identity(identity.id).await.unwrap(),
        Some(identity)
    );
}
