//! What the holder of an access key asks for is done only while the key is one of the resource's.

use lanyard_revocation::Handle;
use lanyard_token::{CredentialId, TokenId};

use super::{
    Backend,
    world::{World, all_at_once, whole},
};
use crate::{CredentialRole, Identity, IdentityCreation, KeySlot, RevocationOutcome, Store as _};

/// Whoever was let in before a rotation does nothing after it; the new key and the other one do.
pub async fn a_key_that_was_rotated_out_does_nothing_any_more<B: Backend>(backend: &B) {
    for (slot, index) in [(KeySlot::Primary, 0), (KeySlot::Secondary, 1)] {
        let world = World::new(backend).await;
        let tenant = world.tenant().await;
        let identity = world.identity_called(tenant.id(), Some("alice")).await;
        let new = world.access_key(tenant.id(), slot);
        let [old, other] = [index, 1 - index].map(|index| tenant.keys.get(index).unwrap().id);
        world.rotate(&new, old).await;
        assert_refused(&world, &identity, (old, GONE)).await;
        for by in [new.id, other] {
            let new = world.new_identity(tenant.id(), None);
            let made = world.offer(new.clone(), by, None).await;
            assert!(matches!(made, IdentityCreation::Created(_)));
            let revoked = take_back(&world, &new, by).await;
            assert!(revoked.map(is_appended).iter().all(|appended| *appended));
        }
    }
}

/// Neither the key of another resource nor a service key learns more than that there is nothing.
pub async fn a_credential_of_others_does_nothing<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, other) = (world.tenant().await, world.tenant().await);
    let identity = world.identity_called(tenant.id(), Some("alice")).await;
    let operator = world.service_key(CredentialRole::Operator).await.id;
    let enforcer = world.service_key(CredentialRole::Enforcer).await.id;
    for by in [other.primary(), operator, enforcer] {
        assert_refused(&world, &identity, (by, FOREIGN)).await;
    }
}

/// An id that nobody has is like that of a key that is gone.
pub async fn a_credential_that_never_was_does_nothing<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let identity = world.identity_called(tenant.id(), Some("alice")).await;
    let unknown = CredentialId::from_uuid(world.id());
    assert_refused(&world, &identity, (unknown, GONE)).await;
}

/// A call that meets a rotation is done wholly before it, or refused.
pub async fn what_a_key_does_lies_before_its_rotation<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let identity = world.identity(tenant.id()).await.id;
    let calls = (0..64).map(|number| {
        let (world, by) = (&world, tenant.primary());
        let new = world.access_key(tenant.id(), KeySlot::Primary);
        async move {
            if number == 32 {
                RevocationOutcome::Appended(world.rotate(&new, by).await)
            } else {
                world.store.revoke_identity(identity, by).await.unwrap()
            }
        }
    });
    let answers = all_at_once(calls).await;
    let log = world.log(tenant.id()).await;
    let acknowledged = answers.iter().filter(|answer| is_appended(**answer));
    assert_eq!(log.len(), acknowledged.count());
    assert!(
        answers.iter().all(|answer| {
            is_appended(*answer) || *answer == RevocationOutcome::CredentialUnknown
        })
    );
    let last = log.last().unwrap().revocation.handle;
    assert_eq!(last, Handle::credential(tenant.primary()));
}

/// Asserts that none of the calls does anything, each with the refusal that is expected of it.
pub(super) async fn assert_refused<B: Backend>(
    world: &World<'_, B>,
    identity: &Identity,
    (by, (creation, revocation)): (CredentialId, (IdentityCreation, RevocationOutcome)),
) {
    let resource = identity.id.resource();
    let before = world.store.identities(resource, whole()).await.unwrap();
    let ends = world.ends().await;
    for custom_id in [None, Some("bob"), identity.custom_id.as_deref()] {
        let new = world.new_identity(resource, custom_id);
        assert_eq!(world.offer(new, by, None).await, creation);
    }
    assert_eq!(take_back(world, identity, by).await, [revocation; 3]);
    let after = world.store.identities(resource, whole()).await.unwrap();
    assert_eq!((after, world.ends().await), (before, ends));
}

/// Tries whatever takes something back of an identity, the deletion last.
async fn take_back<B: Backend>(
    world: &World<'_, B>,
    identity: &Identity,
    by: CredentialId,
) -> [RevocationOutcome; 3] {
    let (store, id) = (&world.store, identity.id);
    let token = TokenId::from_uuid(world.id());
    [
        store.revoke_token(id.resource(), token, by).await.unwrap(),
        store.revoke_identity(id, by).await.unwrap(),
        store.delete_identity(id, by).await.unwrap(),
    ]
}

const fn is_appended(outcome: RevocationOutcome) -> bool {
    matches!(outcome, RevocationOutcome::Appended(_))
}

/// What is answered to a key that is gone.
pub(super) const GONE: (IdentityCreation, RevocationOutcome) = (
    IdentityCreation::CredentialUnknown,
    RevocationOutcome::CredentialUnknown,
);
/// What is answered to a credential that has no business in the resource.
pub(super) const FOREIGN: (IdentityCreation, RevocationOutcome) = (
    IdentityCreation::ResourceUnknown,
    RevocationOutcome::Unknown,
);
