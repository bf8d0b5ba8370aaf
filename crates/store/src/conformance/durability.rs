//! What was acknowledged is there after a restart, for every kind of change.

use lanyard_revocation::RETENTION;
use lanyard_token::{KeyState, TokenId};

use super::{
    Backend,
    log_reader::LogReader,
    world::{World, whole},
};
use crate::{CredentialRole, Identity, IssueGrant, KeySlot, Store as _};

/// Subscriptions, resources and their keys are kept, and the names that they took.
pub async fn tenants_outlive_a_restart<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let listed = world.store.subscriptions(whole()).await.unwrap();
    let world = world.reopened().await;
    assert_eq!(world.store.subscriptions(whole()).await.unwrap(), listed);
    assert_eq!(
        world.store.resource(tenant.id()).await.unwrap(),
        Some(tenant.resource.clone())
    );
    assert_eq!(
        world.store.access_keys(tenant.id()).await.unwrap(),
        Some(tenant.keys)
    );
    let other = world.new_resource(tenant.resource.subscription, &tenant.resource.name);
    let refused = world.store.create_resource(other).await.unwrap();
    assert_eq!(refused, crate::ResourceCreation::NameTaken);
}

/// Service keys are kept, and the deletion of one too.
pub async fn service_keys_outlive_a_restart<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let operator = world.service_key(CredentialRole::Operator).await;
    let enforcer = world.service_key(CredentialRole::Enforcer).await;
    world.store.delete_service_key(enforcer.id).await.unwrap();
    let world = world.reopened().await;
    assert_eq!(world.store.service_keys(whole()).await.unwrap(), [operator]);
    assert_eq!(world.store.credential(enforcer.id).await.unwrap(), None);
}

/// A rotation is kept: the old key stays out.
pub async fn a_rotation_outlives_a_restart<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let new = world.access_key(tenant.id(), KeySlot::Primary);
    let appended = world.rotate(&new, tenant.primary()).await;
    let world = world.reopened().await;
    assert_eq!(
        world.store.credential(tenant.primary()).await.unwrap(),
        None
    );
    assert_eq!(world.store.credential(new.id).await.unwrap(), Some(new));
    assert_eq!(world.log(tenant.id()).await, [appended.entry]);
}

/// Identities are kept with their custom ids and the times of their last issues.
pub async fn identities_outlive_a_restart<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let identity = world.identity_called(tenant.id(), Some("alice")).await;
    world
        .store
        .note_issues(vec![(identity.id, world.now())])
        .await
        .unwrap();
    let expected = Identity {
        last_token_issue_time: Some(world.now()),
        ..identity
    };
    let world = world.reopened().await;
    assert_eq!(
        world.store.identity(expected.id).await.unwrap(),
        Some(expected.clone())
    );
    let again = world.new_identity(tenant.id(), Some("alice"));
    assert_eq!(world.found(again).await, expected);
}

/// What was deleted stays deleted, and its revocation stays in the log.
pub async fn deletions_outlive_a_restart<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (stays, gone, emptied) = (
        world.tenant().await,
        world.tenant().await,
        world.tenant().await,
    );
    let identity = world.identity_called(stays.id(), Some("alice")).await;
    let beneath = world.identity(gone.id()).await;
    let store = &world.store;
    let mut appended = vec![world.delete(identity.id).await];
    appended.extend(store.delete_resource(gone.id()).await.unwrap());
    let subscription = emptied.resource.subscription;
    appended.extend(
        store
            .delete_subscription(subscription)
            .await
            .unwrap()
            .unwrap(),
    );
    let world = world.reopened().await;
    for one in &appended {
        assert!(world.log_in(one.partition).await.contains(&one.entry));
    }
    for id in [identity.id, beneath.id] {
        assert_eq!(world.store.identity(id).await.unwrap(), None);
    }
    for id in [gone.id(), emptied.id()] {
        assert_eq!(world.store.resource(id).await.unwrap(), None);
    }
    assert_eq!(
        world.store.resources(subscription, whole()).await.unwrap(),
        None
    );
}

/// The log is the same log, a cursor into it is still good, and its places go on.
pub async fn the_log_goes_on_after_a_restart<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let identity = world.identity(tenant.id()).await;
    let mut reader = LogReader::new(world.partition(tenant.id()));
    let first = world.revoke(identity.id).await.entry;
    assert_eq!(reader.read_on(&world.store).await, [first]);
    let token = TokenId::from_uuid(world.id());
    let second = world.revoke_token(tenant.id(), token).await.entry;
    let world = world.reopened().await;
    assert_eq!(reader.read_on(&world.store).await, [second]);
    let third = world.revoke(identity.id).await.entry;
    assert_eq!(third.number, 3);
    assert_eq!(reader.read_on(&world.store).await, [third]);
}

/// Signing keys are kept with their version and which of them signs, and a compromise too.
pub async fn signing_keys_outlive_a_restart<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let identity = world.identity(tenant.id()).await.id;
    let compromised = world.active_key().await;
    let next = world.new_signing_key(KeyState::Active { since: world.now() });
    let change = crate::SigningKeyChange {
        from_version: world.store.signing_keys().await.unwrap().version,
        records: vec![next.clone()],
        active: Some(next.id),
        revoked: Some(compromised),
    };
    world
        .store
        .change_signing_keys(change)
        .await
        .unwrap()
        .unwrap();
    let kept = world.store.signing_keys().await.unwrap();
    let log = world.log(tenant.id()).await;
    let world = world.reopened().await;
    assert_eq!(world.store.signing_keys().await.unwrap(), kept);
    assert_eq!(world.log(tenant.id()).await, log);
    world.granted(identity, tenant.primary(), next.id).await;
    let answer = world.ask(identity, tenant.primary(), compromised).await;
    assert_eq!(answer, IssueGrant::SigningKeyNotActive);
}

/// What a sweep dropped does not come back, and the end of the log is remembered.
pub async fn a_sweep_outlives_a_restart<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let token = TokenId::from_uuid(world.id());
    world.revoke_token(tenant.id(), token).await;
    world.clock.advance(RETENTION);
    world.sweep().await;
    let ends = world.ends().await;
    let world = world.reopened().await;
    assert_eq!(world.log(tenant.id()).await, []);
    assert_eq!(world.ends().await, ends);
}

/// What was refused before a restart is not there after it.
pub async fn refusals_leave_no_trace_after_a_restart<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let refused = world.new_resource(tenant.resource.subscription, &tenant.resource.name);
    world.store.create_resource(refused.clone()).await.unwrap();
    let ends = world.ends().await;
    let world = world.reopened().await;
    assert_eq!(
        world.store.resource(refused.resource.id).await.unwrap(),
        None
    );
    assert_eq!(world.ends().await, ends);
}
