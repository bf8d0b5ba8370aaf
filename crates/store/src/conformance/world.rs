//! What the cases have in common: a store, a clock, and short ways to fill the one by the other.

use std::{
    future::poll_fn,
    num::NonZeroU16,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
};

use lanyard_revocation::{Entry, PartitionId, partition_of};
use lanyard_token::{
    Clock as _, CredentialId, IdentityId, KeyId, KeyState, ManualClock, Position, ResourceId,
    SubscriptionId, TokenAlgorithm, TokenId, UnixTime,
};
use uuid::Uuid;

use super::{Backend, log_reader::LogReader};
use crate::{
    Appended, Credential, CredentialRole, Identity, IdentityCreation, IssueGrant, IssueRequest,
    KeyRotation, KeySlot, NewIdentity, NewResource, Page, Resource, ResourceCreation,
    RevocationOutcome, SealedSecret, SigningKeyChange, SigningKeyRecord, Store, Subscription,
    SweepTime, Swept,
};

/// One case's store and clock.
pub(super) struct World<'b, B: Backend> {
    backend: &'b B,
    pub(super) clock: Arc<ManualClock>,
    pub(super) store: B::Store,
    drawn: AtomicU64,
}

/// A resource with its keys.
pub(super) struct Tenant {
    pub(super) resource: Resource,
    pub(super) keys: [Credential; 2],
}

impl Tenant {
    pub(super) fn id(&self) -> ResourceId {
        self.resource.id
    }

    pub(super) fn primary(&self) -> CredentialId {
        let [primary, _] = &self.keys;
        primary.id
    }
}

impl<'b, B: Backend> World<'b, B> {
    pub(super) async fn new(backend: &'b B) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let store = backend.fresh(Arc::clone(&clock)).await;
        Self {
            backend,
            clock,
            store,
            drawn: AtomicU64::new(0),
        }
    }

    /// The same after a restart.
    pub(super) async fn reopened(self) -> Self {
        let Self {
            backend,
            clock,
            store,
            drawn,
        } = self;
        let store = backend.reopen(store, Arc::clone(&clock)).await;
        Self {
            backend,
            clock,
            store,
            drawn,
        }
    }

    pub(super) fn now(&self) -> UnixTime {
        self.clock.wall().expect("a manual clock can be read")
    }

    /// An id that was not drawn before. They do not come in their order.
    pub(super) fn id(&self) -> Uuid {
        let number = self.drawn.fetch_add(1, Ordering::Relaxed) + 1;
        Uuid::from_u128(u128::from(number).wrapping_mul(SPREAD))
    }

    pub(super) async fn subscription(&self) -> Subscription {
        let new = Subscription {
            id: SubscriptionId::from_uuid(self.id()),
            display_name: "Example".to_owned(),
            create_time: self.now(),
        };
        self.store.create_subscription(new.clone()).await.unwrap();
        new
    }

    /// Replaces the key in a slot, which is the expected one.
    pub(super) async fn rotate(&self, new: &Credential, expected: CredentialId) -> Appended {
        let rotation = self.store.rotate_access_key(new.clone(), expected).await;
        match rotation.unwrap() {
            KeyRotation::Rotated(appended) => appended,
            refused => panic!("should be rotated: {refused:?}"),
        }
    }

    /// A resource in a subscription of its own.
    pub(super) async fn tenant(&self) -> Tenant {
        let subscription = self.subscription().await;
        self.tenant_in(subscription.id, &format!("name-{}", self.id()))
            .await
    }

    pub(super) async fn tenant_in(&self, subscription: SubscriptionId, name: &str) -> Tenant {
        let new = self.new_resource(subscription, name);
        let made = self.store.create_resource(new.clone()).await.unwrap();
        assert_eq!(made, ResourceCreation::Created);
        Tenant {
            resource: new.resource,
            keys: new.keys,
        }
    }

    pub(super) fn new_resource(&self, subscription: SubscriptionId, name: &str) -> NewResource {
        let id = ResourceId::from_uuid(self.id());
        NewResource {
            resource: Resource {
                id,
                subscription,
                name: name.to_owned(),
                create_time: self.now(),
            },
            keys: KeySlot::ALL.map(|slot| self.access_key(id, slot)),
        }
    }

    /// A new access key, not kept anywhere yet.
    pub(super) fn access_key(&self, resource: ResourceId, slot: KeySlot) -> Credential {
        self.credential(CredentialRole::AccessKey { resource, slot })
    }

    /// A new credential, not kept anywhere yet.
    pub(super) fn credential(&self, role: CredentialRole) -> Credential {
        let id = CredentialId::from_uuid(self.id());
        let secret = SealedSecret::new(id.as_uuid().as_bytes().to_vec());
        Credential {
            id,
            role,
            secret,
            create_time: self.now(),
        }
    }

    pub(super) async fn service_key(&self, role: CredentialRole) -> Credential {
        let new = self.credential(role);
        self.store.create_service_key(new.clone()).await.unwrap();
        new
    }

    /// A new identity, not kept anywhere yet.
    pub(super) fn new_identity(&self, resource: ResourceId, custom_id: Option<&str>) -> Identity {
        Identity {
            id: IdentityId::new(resource, self.id()),
            custom_id: custom_id.map(str::to_owned),
            create_time: self.now(),
            last_token_issue_time: None,
        }
    }

    pub(super) async fn identity(&self, resource: ResourceId) -> Identity {
        self.identity_called(resource, None).await
    }

    pub(super) async fn identity_called(
        &self,
        resource: ResourceId,
        custom_id: Option<&str>,
    ) -> Identity {
        let new = self.new_identity(resource, custom_id);
        let made = self.create(new.clone()).await;
        assert!(matches!(made, IdentityCreation::Created(_)), "{made:?}");
        new
    }

    /// Offers an identity, as the holder of its resource's primary key and without a token.
    pub(super) async fn create(&self, identity: Identity) -> IdentityCreation {
        let by = self.primary_of(identity.id.resource()).await;
        self.offer(identity, by, None).await
    }

    /// Offers an identity, with a token where a signing key is named.
    pub(super) async fn offer(
        &self,
        identity: Identity,
        credential: CredentialId,
        signing_key: Option<KeyId>,
    ) -> IdentityCreation {
        let new = NewIdentity {
            identity,
            credential,
            signing_key,
        };
        self.store.create_identity(new).await.unwrap()
    }

    /// Offers an identity with a custom id that is taken, and gives the identity that has it.
    pub(super) async fn found(&self, offered: Identity) -> Identity {
        match self.create(offered).await {
            IdentityCreation::Existing(existing, _) => existing,
            other => panic!("should be found, and is {other:?}"),
        }
    }

    /// Deletes an identity, as the holder of its resource's primary key.
    pub(super) async fn delete(&self, id: IdentityId) -> Appended {
        let by = self.primary_of(id.resource()).await;
        appended(self.store.delete_identity(id, by).await.unwrap())
    }

    /// Revokes what an identity has, as the holder of its resource's primary key.
    pub(super) async fn revoke(&self, id: IdentityId) -> Appended {
        let by = self.primary_of(id.resource()).await;
        appended(self.store.revoke_identity(id, by).await.unwrap())
    }

    /// Revokes a token, as the holder of its resource's primary key.
    pub(super) async fn revoke_token(&self, resource: ResourceId, token: TokenId) -> Appended {
        let by = self.primary_of(resource).await;
        appended(self.store.revoke_token(resource, token, by).await.unwrap())
    }

    async fn primary_of(&self, resource: ResourceId) -> CredentialId {
        let keys = self.store.access_keys(resource).await.unwrap();
        let [primary, _] = keys.expect("the resource should be known");
        primary.id
    }

    /// A new signing key, not kept anywhere yet.
    pub(super) fn new_signing_key(&self, state: KeyState) -> SigningKeyRecord {
        let id = KeyId::from_uuid(self.id());
        SigningKeyRecord {
            id,
            state,
            create_time: self.now(),
            seed: SealedSecret::new(id.as_uuid().as_bytes().to_vec()),
            public_key: [7; 32],
            algorithm: TokenAlgorithm::default(),
        }
    }

    /// Keeps records of signing keys, as one change.
    pub(super) async fn keep_keys(
        &self,
        records: Vec<SigningKeyRecord>,
        active: Option<KeyId>,
    ) -> Option<Vec<Appended>> {
        let from_version = self.store.signing_keys().await.unwrap().version;
        let change = SigningKeyChange {
            from_version,
            records,
            active,
            revoked: None,
        };
        self.store.change_signing_keys(change).await.unwrap()
    }

    /// A signing key that signs.
    pub(super) async fn active_key(&self) -> KeyId {
        let record = self.new_signing_key(KeyState::Active { since: self.now() });
        let id = record.id;
        assert_eq!(
            self.keep_keys(vec![record], Some(id)).await,
            Some(Vec::new())
        );
        id
    }

    pub(super) async fn ask(
        &self,
        identity: IdentityId,
        credential: CredentialId,
        signing_key: KeyId,
    ) -> IssueGrant {
        let request = IssueRequest {
            identity,
            credential,
            signing_key,
        };
        self.store.issue_grant(request).await.unwrap()
    }

    pub(super) async fn granted(
        &self,
        identity: IdentityId,
        credential: CredentialId,
        signing_key: KeyId,
    ) -> Position {
        match self.ask(identity, credential, signing_key).await {
            IssueGrant::Granted(position) => position,
            refused => panic!("should be granted, and is {refused:?}"),
        }
    }

    /// Sweeps at the time of the clock, all of which is vouched for.
    pub(super) async fn sweep(&self) -> Swept {
        self.sweep_at(Some(self.now())).await
    }

    /// Sweeps at the time of the clock, of which so much is vouched for.
    pub(super) async fn sweep_at(&self, vouched: Option<UnixTime>) -> Swept {
        let wall = self.now();
        let time = SweepTime { wall, vouched };
        self.store.sweep(time).await.unwrap()
    }

    pub(super) fn partitions(&self) -> NonZeroU16 {
        self.store.partitions()
    }

    pub(super) fn partition(&self, resource: ResourceId) -> PartitionId {
        partition_of(resource, self.partitions())
    }

    /// Every entry of the log of a resource's partition.
    pub(super) async fn log(&self, resource: ResourceId) -> Vec<Entry> {
        self.log_in(self.partition(resource)).await
    }

    pub(super) async fn log_in(&self, partition: PartitionId) -> Vec<Entry> {
        LogReader::new(partition).read_on(&self.store).await
    }

    /// Where every log ends: what a refusal must not move.
    pub(super) async fn ends(&self) -> Vec<(Position, u64)> {
        let mut ends = Vec::new();
        for partition in PartitionId::all(self.partitions()) {
            let read = self.store.read_log(partition, None, 1).await.unwrap();
            ends.push((read.end, read.last_number));
        }
        ends
    }
}

fn appended(outcome: RevocationOutcome) -> Appended {
    match outcome {
        RevocationOutcome::Appended(appended) => appended,
        refused => panic!("should be revoked, and is {refused:?}"),
    }
}

/// The first page, of any length.
pub(super) const fn whole<K>() -> Page<K> {
    Page {
        after: None,
        limit: usize::MAX,
    }
}

/// Drives all of them together, so that each has begun before any has to end.
pub(super) async fn all_at_once<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, output) in running.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *output = Some(ready);
            }
        }
        if outputs.iter().all(Option::is_some) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    outputs.into_iter().flatten().collect()
}

/// When every case starts.
pub(super) const START: UnixTime = UnixTime::from_millis(1_700_000_000_000);
/// An odd factor, so that ids differ in every byte and spread over the partitions.
const SPREAD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
