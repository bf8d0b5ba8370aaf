//! The embedded backend: one process, one data directory, one redb file.
//!
//! Reads run where they are called, each on a snapshot of what was last committed. Changes go to one
//! writer thread, which takes all that are waiting into one transaction: callers who come while an
//! fsync is under way share the next one. Nothing is answered before its fsync has returned.
//!
//! | file | idea |
//! |---|---|
//! | `open` | the data directory and its one owner |
//! | `file`, `watched` | the file, and what is done when a write to it fails |
//! | `commit_record` | the number of the last acknowledged commit |
//! | `guard` | a panic in the library is an error like any other |
//! | `tables` | what is kept where |
//! | `writer`, `committer` | group commit |
//! | `log` | the log of the one partition |
//! | `healing` | what is done about a damaged log |
//! | `first_start`, `tenancy`, `credentials`, `identities`, `signing_keys` | the steps, by what they are about |
//! | `sweep` | what nobody needs any more |
//! | `tampering` | for tests: what another hand may do to a log |

mod commit_record;
mod committer;
mod credentials;
mod file;
mod first_start;
mod guard;
mod healing;
mod identities;
mod latest;
mod log;
mod open;
mod signing_keys;
mod sweep;
mod tables;
#[cfg(feature = "conformance")]
mod tampering;
mod tenancy;
mod watched;
mod writer;

use std::{collections::BTreeSet, future::pending, num::NonZeroU16, sync::Arc, time::Duration};

use lanyard_revocation::{Cursor, LogRead, PartitionId};
use lanyard_token::{CredentialId, IdentityId, ResourceId, SubscriptionId, TokenId, UnixTime};

pub use self::{commit_record::CommitRecordError, open::OpenError};
use self::{
    file::StoreFile,
    guard::guarded,
    tables::{Reads, Writes},
    writer::Writer,
};
use crate::{
    Appended, Credential, FirstStart, Healing, Identity, IdentityCreation, IssueGrant,
    IssueRequest, KeyRotation, NewIdentity, NewResource, Page, Resource, ResourceCreation,
    RevocationOutcome, ServiceKeyDeletion, SigningKeyChange, SigningKeys, Store, StoreError,
    Subscription, SweepTime, Swept, UnreadableEntry,
};

/// The store of one process in one directory.
#[derive(Debug)]
pub struct EmbeddedStore {
    file: Arc<StoreFile>,
    writer: Writer,
}

impl EmbeddedStore {
    /// How many transactions have been committed since the store was opened. Each is one fsync, so
    /// that the changes made divided by this say how well they shared.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.writer.commits()
    }

    fn read<T>(&self, step: impl FnOnce(&Reads) -> Result<T, StoreError>) -> Result<T, StoreError> {
        guarded(|| step(&*self.file.latest()?))
    }

    async fn write<T, F>(&self, step: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Writes<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.writer.run(step).await
    }
}

impl Store for EmbeddedStore {
    fn partitions(&self) -> NonZeroU16 {
        NonZeroU16::MIN
    }

    fn durable_commits(&self) -> Option<u64> {
        Some(self.commits())
    }

    async fn create_subscription(&self, new: Subscription) -> Result<(), StoreError> {
        self.write(move |tables| tenancy::create_subscription(tables, &new))
            .await
    }

    async fn subscriptions(
        &self,
        page: Page<SubscriptionId>,
    ) -> Result<Vec<Subscription>, StoreError> {
        self.read(|tables| tenancy::subscriptions(tables, page))
    }

    async fn delete_subscription(
        &self,
        id: SubscriptionId,
    ) -> Result<Option<Vec<Appended>>, StoreError> {
        self.write(move |tables| tenancy::delete_subscription(tables, id))
            .await
    }

    async fn create_resource(&self, new: NewResource) -> Result<ResourceCreation, StoreError> {
        self.write(move |tables| tenancy::create_resource(tables, &new))
            .await
    }

    async fn resource(&self, id: ResourceId) -> Result<Option<Resource>, StoreError> {
        self.read(|tables| tenancy::resource(&tables.resources, id))
    }

    async fn resource_named(&self, name: String) -> Result<Option<ResourceId>, StoreError> {
        self.read(|tables| tenancy::resource_named(tables, &name))
    }

    async fn resources(
        &self,
        subscription: SubscriptionId,
        page: Page<ResourceId>,
    ) -> Result<Option<Vec<Resource>>, StoreError> {
        self.read(|tables| tenancy::resources(tables, subscription, page))
    }

    async fn delete_resource(&self, id: ResourceId) -> Result<Option<Appended>, StoreError> {
        self.write(move |tables| tenancy::delete_resource(tables, id))
            .await
    }

    async fn credential(&self, id: CredentialId) -> Result<Option<Credential>, StoreError> {
        self.read(|tables| credentials::credential(&tables.credentials, id))
    }

    async fn access_keys(
        &self,
        resource: ResourceId,
    ) -> Result<Option<[Credential; 2]>, StoreError> {
        self.read(|tables| credentials::access_keys(tables, resource))
    }

    async fn rotate_access_key(
        &self,
        new: Credential,
        expected: CredentialId,
    ) -> Result<KeyRotation, StoreError> {
        self.write(move |tables| credentials::rotate(tables, &new, expected))
            .await
    }

    async fn take_first_turn(
        &self,
        _: CredentialId,
        _: Duration,
    ) -> Result<FirstStart, StoreError> {
        self.read(first_start::state)
    }

    async fn end_first_start(&self, operator: Credential) -> Result<bool, StoreError> {
        self.write(move |tables| first_start::end(tables, &operator))
            .await
    }

    async fn create_service_key(&self, new: Credential) -> Result<(), StoreError> {
        self.write(move |tables| credentials::create_service_key(tables, &new))
            .await
    }

    async fn service_keys(&self, page: Page<CredentialId>) -> Result<Vec<Credential>, StoreError> {
        self.read(|tables| credentials::service_keys(tables, page))
    }

    async fn delete_service_key(&self, id: CredentialId) -> Result<ServiceKeyDeletion, StoreError> {
        self.write(move |tables| credentials::delete_service_key(tables, id))
            .await
    }

    async fn create_identity(&self, new: NewIdentity) -> Result<IdentityCreation, StoreError> {
        self.write(move |tables| identities::create(tables, &new))
            .await
    }

    async fn identity(&self, id: IdentityId) -> Result<Option<Identity>, StoreError> {
        self.read(|tables| identities::find(tables, id))
    }

    async fn identities(
        &self,
        resource: ResourceId,
        page: Page<IdentityId>,
    ) -> Result<Vec<Identity>, StoreError> {
        self.read(|tables| identities::list(tables, resource, page))
    }

    async fn delete_identity(
        &self,
        id: IdentityId,
        by: CredentialId,
    ) -> Result<RevocationOutcome, StoreError> {
        self.write(move |tables| identities::delete(tables, id, by))
            .await
    }

    async fn issue_grant(&self, request: IssueRequest) -> Result<IssueGrant, StoreError> {
        self.read(|tables| identities::issue_grant(tables, &request))
    }

    async fn note_issues(&self, issues: Vec<(IdentityId, UnixTime)>) -> Result<(), StoreError> {
        self.write(move |tables| identities::note_issues(tables, &issues))
            .await
    }

    async fn revoke_identity(
        &self,
        id: IdentityId,
        by: CredentialId,
    ) -> Result<RevocationOutcome, StoreError> {
        self.write(move |tables| identities::revoke(tables, id, by))
            .await
    }

    async fn revoke_token(
        &self,
        resource: ResourceId,
        token: TokenId,
        by: CredentialId,
    ) -> Result<RevocationOutcome, StoreError> {
        self.write(move |tables| identities::revoke_token(tables, (resource, token), by))
            .await
    }

    async fn read_log(
        &self,
        _partition: PartitionId,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<LogRead, StoreError> {
        self.read(|tables| log::read(tables, after, limit))
    }

    /// There is no other process.
    async fn grown(&self) -> BTreeSet<PartitionId> {
        pending().await
    }

    async fn heal(
        &self,
        _partition: PartitionId,
        healing: Healing,
    ) -> Result<Option<Cursor>, StoreError> {
        self.write(move |tables| healing::heal(tables, &healing))
            .await
    }

    async fn unreadable_entries(&self) -> Result<Vec<UnreadableEntry>, StoreError> {
        self.read(healing::unreadable_entries)
    }

    async fn strike(&self, _partition: PartitionId, place: String) -> Result<bool, StoreError> {
        self.write(move |tables| healing::strike(tables, &place))
            .await
    }

    async fn give_up_missing(&self, _partition: PartitionId) -> Result<bool, StoreError> {
        self.write(healing::give_up_missing).await
    }

    async fn signing_keys_version(&self) -> Result<u64, StoreError> {
        self.read(signing_keys::version)
    }

    async fn signing_keys(&self) -> Result<SigningKeys, StoreError> {
        self.read(signing_keys::all)
    }

    async fn change_signing_keys(
        &self,
        change: SigningKeyChange,
    ) -> Result<Option<Vec<Appended>>, StoreError> {
        self.write(move |tables| signing_keys::change(tables, &change))
            .await
    }

    async fn sweep(&self, time: SweepTime) -> Result<Swept, StoreError> {
        loop {
            let bite = self.write(move |tables| sweep::bite(tables, time)).await?;
            if !bite.is_partial {
                // The process and its store go by one clock.
                return Ok(Swept {
                    vouched: bite.vouched,
                    disagreement: None,
                });
            }
        }
    }
}
