//! The backend for any number of replicas of the authority: Redis, or Valkey, alone, under Sentinel
//! or as a Cluster.
//!
//! Each step of the [`Store`] is a script that the server runs whole, on keys that share a slot. It is
//! acknowledged when the server has it on disk, as many replicas as were asked for have it, and the
//! node that took it is confirmed to have been the primary all the while. What spans slots is decided
//! in one of them and finished by whoever comes by.
//!
//! | file | idea |
//! |---|---|
//! | `options`, `url` | which servers, and what is asked of them |
//! | `open` | the store as it begins |
//! | `stream`, `tls`, `connection` | one connection to a server, down to its bytes |
//! | `connector`, `link`, `waiting`, `node`, `failure` | one server: its links, its fitness, its refusals |
//! | `topology`, `cluster`, `confirm` | which node is the primary, and the proof that it was |
//! | `engine`, `script`, `reply`, `server_clock` | running a step, within its period of time |
//! | `scripts/` | the steps |
//! | `keys`, `slot`, `records`, `pages` | what is kept where |
//! | `log`, `entry`, `finals`, `grown`, `trimming` | the logs of the partitions, and hearing that they have grown |
//! | `grants` | grants that are asked for at the same time |
//! | `first_start`, `tenancy`, `credentials`, `access_key_index`, `identities`, `signing_keys` | the steps, by what they are about |

mod access_key_index;
mod cluster;
mod confirm;
mod connection;
mod connector;
mod credentials;
mod engine;
mod entry;
mod failure;
mod finals;
mod first_start;
mod grants;
mod grown;
mod identities;
mod keys;
mod link;
mod log;
mod node;
mod open;
mod options;
mod pages;
mod records;
mod reply;
mod script;
mod server_clock;
mod signing_keys;
mod slot;
mod stream;
mod tenancy;
mod tls;
mod topology;
mod trimming;
mod url;
mod waiting;

use std::{collections::BTreeSet, fmt, num::NonZeroU16, sync::Arc, time::Duration};

use futures_util::future::{join_all, try_join_all};
use lanyard_revocation::{Cursor, LogId, LogRead, PartitionId};
use lanyard_token::{CredentialId, IdentityId, ResourceId, SubscriptionId, TokenId, UnixTime};

use self::{credentials::KnownAccessKeys, engine::Engine, grants::Grants, grown::Listener};
pub use self::{
    engine::RedisTime,
    failure::Unfit,
    open::RedisOpenError,
    options::{
        InvalidNamespace, RedisAddress, RedisDurability, RedisLogin, RedisNamespace, RedisOptions,
        RedisPassword, RedisServers, RedisTls, RedisTopology,
    },
    tls::RedisTlsError,
    url::{InvalidRedisUrl, RedisUrl},
};
use crate::{
    Appended, Credential, FirstStart, Healing, Identity, IdentityCreation, IssueGrant,
    IssueRequest, KeyRotation, NewIdentity, NewResource, Page, ReplicaShortage, Resource,
    ResourceCreation, RevocationOutcome, ServiceKeyDeletion, SigningKeyChange, SigningKeys, Store,
    StoreError, Subscription, SweepTime, Swept, UnreadableEntry,
};

/// The store of any number of processes on one or many servers.
pub struct RedisStore {
    engine: Arc<Engine>,
    grants: Arc<Grants>,
    partitions: NonZeroU16,
    known_access_keys: KnownAccessKeys,
    new_log: Box<dyn Fn() -> LogId + Send + Sync>,
    listener: Listener,
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("topology", &self.engine.topology)
            .field("partitions", &self.partitions)
            .finish_non_exhaustive()
    }
}

impl Store for RedisStore {
    fn partitions(&self) -> NonZeroU16 {
        self.partitions
    }

    fn replica_shortage(&self) -> Option<ReplicaShortage> {
        self.engine.replica_shortage()
    }

    async fn create_subscription(&self, new: Subscription) -> Result<(), StoreError> {
        tenancy::create_subscription(self, new).await
    }

    async fn subscriptions(
        &self,
        page: Page<SubscriptionId>,
    ) -> Result<Vec<Subscription>, StoreError> {
        tenancy::subscriptions(self, page).await
    }

    async fn delete_subscription(
        &self,
        id: SubscriptionId,
    ) -> Result<Option<Vec<Appended>>, StoreError> {
        tenancy::delete_subscription(self, id).await
    }

    async fn create_resource(&self, new: NewResource) -> Result<ResourceCreation, StoreError> {
        tenancy::create_resource(self, new).await
    }

    async fn resource(&self, id: ResourceId) -> Result<Option<Resource>, StoreError> {
        tenancy::resource(self, id).await
    }

    async fn resource_named(&self, name: String) -> Result<Option<ResourceId>, StoreError> {
        tenancy::resource_named(self, &name).await
    }

    async fn resources(
        &self,
        subscription: SubscriptionId,
        page: Page<ResourceId>,
    ) -> Result<Option<Vec<Resource>>, StoreError> {
        tenancy::resources(self, subscription, page).await
    }

    async fn delete_resource(&self, id: ResourceId) -> Result<Option<Appended>, StoreError> {
        tenancy::delete_resource(self, id).await
    }

    async fn credential(&self, id: CredentialId) -> Result<Option<Credential>, StoreError> {
        credentials::find(self, id).await
    }

    async fn access_keys(
        &self,
        resource: ResourceId,
    ) -> Result<Option<[Credential; 2]>, StoreError> {
        credentials::access_keys(self, resource).await
    }

    async fn rotate_access_key(
        &self,
        new: Credential,
        expected: CredentialId,
    ) -> Result<KeyRotation, StoreError> {
        credentials::rotate(self, new, expected).await
    }

    async fn take_first_turn(
        &self,
        operator: CredentialId,
        length: Duration,
    ) -> Result<FirstStart, StoreError> {
        first_start::take_turn(self, operator, length).await
    }

    async fn end_first_start(&self, operator: Credential) -> Result<bool, StoreError> {
        first_start::end(self, operator).await
    }

    async fn create_service_key(&self, new: Credential) -> Result<(), StoreError> {
        credentials::create_service_key(self, new).await
    }

    async fn service_keys(&self, page: Page<CredentialId>) -> Result<Vec<Credential>, StoreError> {
        credentials::service_keys(self, page).await
    }

    async fn delete_service_key(&self, id: CredentialId) -> Result<ServiceKeyDeletion, StoreError> {
        credentials::delete_service_key(self, id).await
    }

    async fn create_identity(&self, new: NewIdentity) -> Result<IdentityCreation, StoreError> {
        identities::create(self, new).await
    }

    async fn identity(&self, id: IdentityId) -> Result<Option<Identity>, StoreError> {
        identities::find(self, id).await
    }

    async fn identities(
        &self,
        resource: ResourceId,
        page: Page<IdentityId>,
    ) -> Result<Vec<Identity>, StoreError> {
        identities::list(self, resource, page).await
    }

    async fn delete_identity(
        &self,
        id: IdentityId,
        by: CredentialId,
    ) -> Result<RevocationOutcome, StoreError> {
        identities::delete(self, id, by).await
    }

    async fn issue_grant(&self, request: IssueRequest) -> Result<IssueGrant, StoreError> {
        identities::issue_grant(self, request).await
    }

    async fn note_issues(&self, issues: Vec<(IdentityId, UnixTime)>) -> Result<(), StoreError> {
        identities::note_issues(self, issues).await
    }

    async fn revoke_identity(
        &self,
        id: IdentityId,
        by: CredentialId,
    ) -> Result<RevocationOutcome, StoreError> {
        identities::revoke(self, id, by).await
    }

    async fn revoke_token(
        &self,
        resource: ResourceId,
        token: TokenId,
        by: CredentialId,
    ) -> Result<RevocationOutcome, StoreError> {
        identities::revoke_token(self, (resource, token), by).await
    }

    async fn read_log(
        &self,
        partition: PartitionId,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<LogRead, StoreError> {
        log::read(&self.engine, partition, after, limit).await
    }

    async fn check_writable(&self, partition: PartitionId) -> Result<(), StoreError> {
        self.engine.check_writable(partition).await
    }

    async fn grown(&self) -> BTreeSet<PartitionId> {
        self.listener.heard().await
    }

    async fn heal(
        &self,
        partition: PartitionId,
        healing: Healing,
    ) -> Result<Option<Cursor>, StoreError> {
        if log::is_absent(&healing.as_of) {
            // Where the logs are gone, so is what the store was made with, and who starts now must
            // not make it otherwise.
            open::restore_record(&self.engine, self.partitions).await?;
        }
        log::heal(&self.engine, partition, healing, (self.new_log)()).await
    }

    async fn unreadable_entries(&self) -> Result<Vec<UnreadableEntry>, StoreError> {
        let all = PartitionId::all(self.partitions);
        let found = try_join_all(all.map(|one| log::unreadable(&self.engine, one))).await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn strike(&self, partition: PartitionId, place: String) -> Result<bool, StoreError> {
        log::strike(&self.engine, partition, place).await
    }

    async fn give_up_missing(&self, partition: PartitionId) -> Result<bool, StoreError> {
        log::give_up_missing(&self.engine, partition, (self.new_log)()).await
    }

    async fn signing_keys_version(&self) -> Result<u64, StoreError> {
        signing_keys::version(self).await
    }

    async fn signing_keys(&self) -> Result<SigningKeys, StoreError> {
        signing_keys::all(self).await
    }

    async fn change_signing_keys(
        &self,
        change: SigningKeyChange,
    ) -> Result<Option<Vec<Appended>>, StoreError> {
        signing_keys::change(self, change).await
    }

    async fn restore_signing_keys(&self, keys: SigningKeys) -> Result<bool, StoreError> {
        signing_keys::restore(self, keys).await
    }

    async fn sweep(&self, time: SweepTime) -> Result<Swept, StoreError> {
        let swept = trimming::trim_all(self, time).await;
        let partitions = PartitionId::all(self.partitions);
        let finals = partitions.map(|partition| finals::sweep(&self.engine, partition));
        // Each is swept, whichever of them is out of reach.
        let finals: Result<(), StoreError> = join_all(finals).await.into_iter().collect();
        let swept = swept?;
        finals?;
        // The record of the store itself may have been lost, which nobody notices before the next start.
        open::restore_record(&self.engine, self.partitions).await?;
        tenancy::finish_deletions(self).await?;
        if let Swept {
            vouched: Some(vouched),
            disagreement: None,
        } = swept
        {
            signing_keys::sweep(self, vouched).await?;
        }
        Ok(swept)
    }
}
