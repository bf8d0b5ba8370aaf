//! Short ways to a store with something in it.

use std::sync::atomic::{AtomicU64, Ordering};

use lanyard_store::{
    Appended, Credential, CredentialRole, Identity, IdentityCreation, IssueGrant, IssueRequest,
    KeySlot, NewIdentity, NewResource, Resource, ResourceCreation, RevocationOutcome, SealedSecret,
    SigningKeyChange, SigningKeyRecord, Store, StoreError, Subscription,
};
use lanyard_token::{
    CredentialId, IdentityId, KeyId, KeyState, Position, ResourceId, SubscriptionId,
    TokenAlgorithm, TokenId, UnixTime,
};
use uuid::Uuid;

/// When every test starts.
pub(crate) const START: UnixTime = UnixTime::from_millis(1_700_000_000_000);

/// An id that no other in this process is.
pub(crate) fn id() -> Uuid {
    static DRAWN: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u128(u128::from(DRAWN.fetch_add(1, Ordering::Relaxed)) << 64 | 0xabcd)
}

/// Makes a resource in a subscription of its own.
pub(crate) async fn tenant(store: &impl Store) -> ResourceId {
    let subscription = SubscriptionId::from_uuid(id());
    let new = Subscription {
        id: subscription,
        display_name: "Example".into(),
        create_time: START,
    };
    store.create_subscription(new).await.unwrap();
    let resource = Resource {
        id: ResourceId::from_uuid(id()),
        subscription,
        name: format!("name-{}", id()),
        create_time: START,
    };
    let keys = KeySlot::ALL.map(|slot| Credential {
        id: CredentialId::from_uuid(id()),
        role: CredentialRole::AccessKey {
            resource: resource.id,
            slot,
        },
        secret: SealedSecret::new(vec![1, 2, 3]),
        create_time: START,
    });
    let id = resource.id;
    let made = store
        .create_resource(NewResource { resource, keys })
        .await
        .unwrap();
    assert_eq!(made, ResourceCreation::Created);
    id
}

/// A new identity, not kept anywhere yet.
pub(crate) fn new_identity(resource: ResourceId) -> Identity {
    Identity {
        id: IdentityId::new(resource, id()),
        custom_id: Some(format!("user-{}", id())),
        create_time: START,
        last_token_issue_time: None,
    }
}

/// Makes an identity.
pub(crate) async fn identity(store: &impl Store, resource: ResourceId) -> Identity {
    let new = new_identity(resource);
    let made = create(store, new.clone()).await.unwrap();
    assert!(matches!(made, IdentityCreation::Created(_)));
    new
}

/// Offers an identity, as the holder of its resource's primary key and without a token.
pub(crate) async fn create(
    store: &impl Store,
    identity: Identity,
) -> Result<IdentityCreation, StoreError> {
    let new = NewIdentity {
        credential: primary(store, identity.id.resource()).await?,
        identity,
        signing_key: None,
    };
    store.create_identity(new).await
}

/// The primary key of a resource.
pub(crate) async fn primary(
    store: &impl Store,
    resource: ResourceId,
) -> Result<CredentialId, StoreError> {
    let keys = store.access_keys(resource).await?;
    let [primary, _] = keys.expect("the resource should be known");
    Ok(primary.id)
}

/// A request for a new identity of a resource that is granted: by its primary key, under a new signing
/// key that is the active one.
pub(crate) async fn grantable(store: &impl Store, resource: ResourceId) -> IssueRequest {
    let signing_key = KeyId::from_uuid(id());
    let record = SigningKeyRecord {
        id: signing_key,
        state: KeyState::Active { since: START },
        create_time: START,
        seed: SealedSecret::new(vec![1, 2, 3]),
        public_key: [7; 32],
        algorithm: TokenAlgorithm::default(),
    };
    let change = SigningKeyChange {
        from_version: store.signing_keys().await.unwrap().version,
        records: vec![record],
        active: Some(signing_key),
        revoked: None,
    };
    let changed = store.change_signing_keys(change).await.unwrap();
    assert_eq!(changed, Some(Vec::new()));
    IssueRequest {
        identity: identity(store, resource).await.id,
        credential: primary(store, resource).await.unwrap(),
        signing_key,
    }
}

/// The position of a grant that should be made.
pub(crate) async fn granted(store: &impl Store, request: IssueRequest) -> Position {
    match store.issue_grant(request).await.unwrap() {
        IssueGrant::Granted(position) => position,
        refused => panic!("should be granted, and is {refused:?}"),
    }
}

/// Revokes some token of a resource.
pub(crate) async fn revoke_token(
    store: &impl Store,
    resource: ResourceId,
) -> Result<Appended, StoreError> {
    let by = primary(store, resource).await?;
    let outcome = store.revoke_token(resource, TokenId::from_uuid(id()), by);
    Ok(appended(outcome.await?))
}

/// The entry of a revocation that should have been made.
pub(crate) fn appended(outcome: RevocationOutcome) -> Appended {
    match outcome {
        RevocationOutcome::Appended(appended) => appended,
        refused => panic!("should be revoked, and is {refused:?}"),
    }
}
