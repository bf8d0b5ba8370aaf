//! Access keys in their slots, service keys, and the last operator.

use lanyard_revocation::Handle;
use lanyard_token::{CredentialId, ResourceId};

use super::{
    Backend,
    world::{World, all_at_once, whole},
};
use crate::{
    Credential, CredentialRole, KeyRotation, KeySlot, Page, ServiceKeyDeletion, Store as _,
};

/// A service key is found by its id and in the list, as it was made.
pub async fn a_service_key_is_found_and_listed<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    for role in [CredentialRole::Operator, CredentialRole::Enforcer] {
        let made = world.service_key(role).await;
        assert_eq!(
            world.store.credential(made.id).await.unwrap(),
            Some(made.clone())
        );
        assert!(
            world
                .store
                .service_keys(whole())
                .await
                .unwrap()
                .contains(&made)
        );
    }
}

/// An id that nobody has finds nothing.
pub async fn an_unknown_credential_is_not_found<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let unknown = CredentialId::from_uuid(world.id());
    assert_eq!(world.store.credential(unknown).await.unwrap(), None);
    let answer = world.store.delete_service_key(unknown).await.unwrap();
    assert_eq!(answer, ServiceKeyDeletion::Unknown);
}

/// Pages in the order of the ids, access keys not among them.
pub async fn service_keys_come_in_pages_and_no_access_key_among_them<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    world.tenant().await;
    let mut made = Vec::new();
    for number in 0..5 {
        let role = [CredentialRole::Operator, CredentialRole::Enforcer];
        let role = if number % 2 == 0 { role[0] } else { role[1] };
        made.push(world.service_key(role).await);
    }
    made.sort_by_key(|key| key.id);
    let mut listed = Vec::new();
    for length in [2, 2, 1, 0] {
        let after = listed.last().map(|last: &crate::Credential| last.id);
        let page = world
            .store
            .service_keys(Page { after, limit: 2 })
            .await
            .unwrap();
        assert_eq!(page.len(), length);
        listed.extend(page);
    }
    assert_eq!(listed, made);
}

/// The old key is unknown and finally revoked, and the new one is in its slot.
pub async fn a_rotation_replaces_a_key_and_revokes_it_finally<B: Backend>(backend: &B) {
    for (slot, index) in [(KeySlot::Primary, 0), (KeySlot::Secondary, 1)] {
        let world = World::new(backend).await;
        let tenant = world.tenant().await;
        let old = tenant.keys.get(index).unwrap().id;
        let new = world.access_key(tenant.id(), slot);
        let appended = world.rotate(&new, old).await;
        assert_eq!(appended.partition, world.partition(tenant.id()));
        assert_eq!(appended.entry.revocation.handle, Handle::credential(old));
        assert!(appended.entry.revocation.is_final);
        assert_eq!(world.log(tenant.id()).await, [appended.entry]);
        assert_eq!(world.store.credential(old).await.unwrap(), None);
        assert_eq!(
            world.store.credential(new.id).await.unwrap(),
            Some(new.clone())
        );
        let mut expected = tenant.keys.clone();
        *expected.get_mut(index).unwrap() = new;
        assert_eq!(
            world.store.access_keys(tenant.id()).await.unwrap(),
            Some(expected)
        );
    }
}

/// Each rotation revokes the key that the one before it made.
pub async fn a_key_is_rotated_again_and_again<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let mut current = tenant.primary();
    for _ in 0..3 {
        let new = world.access_key(tenant.id(), KeySlot::Primary);
        let appended = world.rotate(&new, current).await;
        assert_eq!(
            appended.entry.revocation.handle,
            Handle::credential(current)
        );
        current = new.id;
    }
}

/// A rotation that expects a key which is not in the slot leaves the key that is.
pub async fn a_rotation_replaces_only_the_key_that_it_expects<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, other) = (world.tenant().await, world.tenant().await);
    let [old, secondary] = tenant.keys.each_ref().map(|key| key.id);
    let current = world.access_key(tenant.id(), KeySlot::Primary);
    world.rotate(&current, old).await;
    let (keys, log) = (
        world.store.access_keys(tenant.id()).await.unwrap(),
        world.log(tenant.id()).await,
    );
    let unknown = CredentialId::from_uuid(world.id());
    for expected in [old, secondary, other.primary(), unknown] {
        let late = world.access_key(tenant.id(), KeySlot::Primary);
        let rotation = world.store.rotate_access_key(late.clone(), expected).await;
        assert_eq!(rotation.unwrap(), KeyRotation::SlotChanged);
        assert_eq!(world.store.credential(late.id).await.unwrap(), None);
    }
    assert_eq!(world.store.access_keys(tenant.id()).await.unwrap(), keys);
    assert_eq!(world.log(tenant.id()).await, log);
    let next = world.access_key(tenant.id(), KeySlot::Primary);
    world.rotate(&next, current.id).await;
}

/// Of rotations that all expect the same key, one is done.
pub async fn one_of_many_rotations_that_expect_the_same_key_is_done<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let rotations = (0..8).map(|_| {
        let (store, expected) = (&world.store, tenant.primary());
        let new = world.access_key(tenant.id(), KeySlot::Primary);
        async move {
            let rotation = store.rotate_access_key(new.clone(), expected).await;
            (new, rotation.unwrap())
        }
    });
    let answers = all_at_once(rotations).await;
    let is_done = |answer: &&(Credential, KeyRotation)| answer.1 != KeyRotation::SlotChanged;
    let done: Vec<_> = answers.iter().filter(is_done).collect();
    let [(new, KeyRotation::Rotated(appended))] = done.as_slice() else {
        panic!("one should be done: {done:?}");
    };
    assert_eq!(world.log(tenant.id()).await, [appended.entry]);
    let keys = world.store.access_keys(tenant.id()).await.unwrap();
    let [primary, _] = keys.unwrap();
    assert_eq!(primary, *new);
}

/// Neither the key nor a word in the log comes of it.
pub async fn a_rotation_in_an_unknown_resource_leaves_no_trace<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let ends = world.ends().await;
    let new = world.access_key(ResourceId::from_uuid(world.id()), KeySlot::Primary);
    let expected = CredentialId::from_uuid(world.id());
    let rotation = world.store.rotate_access_key(new.clone(), expected).await;
    assert_eq!(rotation.unwrap(), KeyRotation::ResourceUnknown);
    assert_eq!(world.store.credential(new.id).await.unwrap(), None);
    assert_eq!(world.ends().await, ends);
}

/// Only an access key has a slot to go to.
pub async fn a_service_key_cannot_be_rotated_in<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let ends = world.ends().await;
    for role in [CredentialRole::Operator, CredentialRole::Enforcer] {
        let new = world.credential(role);
        let rotation = world
            .store
            .rotate_access_key(new.clone(), tenant.primary())
            .await;
        assert_eq!(rotation.unwrap(), KeyRotation::ResourceUnknown);
        assert_eq!(world.store.credential(new.id).await.unwrap(), None);
    }
    assert_eq!(
        world.store.access_keys(tenant.id()).await.unwrap(),
        Some(tenant.keys)
    );
    assert_eq!(world.ends().await, ends);
}

/// An access key goes by rotation, never as a service key.
pub async fn an_access_key_is_not_deleted_as_a_service_key<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let answer = world
        .store
        .delete_service_key(tenant.primary())
        .await
        .unwrap();
    assert_eq!(answer, ServiceKeyDeletion::Unknown);
    assert_eq!(
        world.store.access_keys(tenant.id()).await.unwrap(),
        Some(tenant.keys)
    );
}

/// Nobody locks everybody out: the last operator stays, whatever enforcers there are.
pub async fn the_last_operator_stays<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let operator = world.service_key(CredentialRole::Operator).await;
    let enforcer = world.service_key(CredentialRole::Enforcer).await;
    let store = &world.store;
    let refused = store.delete_service_key(operator.id).await.unwrap();
    assert_eq!(refused, ServiceKeyDeletion::LastOperator);
    assert_eq!(store.credential(operator.id).await.unwrap(), Some(operator));
    let deleted = store.delete_service_key(enforcer.id).await.unwrap();
    assert_eq!(deleted, ServiceKeyDeletion::Deleted);
    assert_eq!(store.credential(enforcer.id).await.unwrap(), None);
    assert_eq!(store.service_keys(whole()).await.unwrap().len(), 1);
}

/// An operator goes while another stays, and is then unknown.
pub async fn an_operator_goes_while_another_stays<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let goes = world.service_key(CredentialRole::Operator).await;
    let stays = world.service_key(CredentialRole::Operator).await;
    let store = &world.store;
    assert_eq!(
        store.delete_service_key(goes.id).await.unwrap(),
        ServiceKeyDeletion::Deleted
    );
    assert_eq!(store.credential(goes.id).await.unwrap(), None);
    assert_eq!(
        store.delete_service_key(goes.id).await.unwrap(),
        ServiceKeyDeletion::Unknown
    );
    let answer = store.delete_service_key(stays.id).await.unwrap();
    assert_eq!(answer, ServiceKeyDeletion::LastOperator);
    assert_eq!(store.service_keys(whole()).await.unwrap(), [stays]);
}

/// Also when all of them are deleted in the same moment.
pub async fn of_many_operators_deleted_at_once_one_stays<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let mut operators = Vec::new();
    for _ in 0..8 {
        operators.push(world.service_key(CredentialRole::Operator).await.id);
    }
    let answers = all_at_once(
        operators
            .iter()
            .map(|id| world.store.delete_service_key(*id)),
    )
    .await;
    let kept = answers.into_iter().map(Result::unwrap);
    let kept = kept
        .filter(|answer| *answer == ServiceKeyDeletion::LastOperator)
        .count();
    assert_eq!(kept, 1);
    assert_eq!(world.store.service_keys(whole()).await.unwrap().len(), 1);
}
