//! The seam between the authority and where it keeps things.

use std::{collections::BTreeSet, error::Error, num::NonZeroU16, time::Duration};

use lanyard_revocation::{ClockOffset, Cursor, Entry, LogRead, PartitionId, Revocation};
use lanyard_token::{
    CredentialId, IdentityId, KeyId, Position, ResourceId, SubscriptionId, TokenId, UnixTime,
};

use crate::{Credential, Identity, Resource, SigningKeyRecord, Subscription};

/// Why the store did not do what it was asked. Nothing was half done.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The backend is away, or could not make the change durable.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// A record is there and makes no sense. It is never skipped: what it said might matter.
    #[error("a stored {record} cannot be read")]
    Corrupt {
        /// The kind of record.
        record: &'static str,
        /// What is wrong with it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// An entry of the log cannot be understood. It might be a revocation, so no reader steps over
    /// it: lists grow stale until an operator strikes it.
    #[error("an entry of the revocation log cannot be understood: {0}")]
    Unreadable(UnreadableEntry),
}

/// An entry of the log that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("partition {partition}, place {place}: {reason}")]
pub struct UnreadableEntry {
    /// In which partition's log.
    pub partition: PartitionId,
    /// Where it stands there: what names it to [`Store::strike`].
    pub place: String,
    /// What is wrong with it, in a few words that quote none of it.
    pub reason: String,
}

/// A part of a list, in the order of its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<K> {
    /// The last key of the part before; none for the first part.
    pub after: Option<K>,
    /// How many to return at most.
    pub limit: usize,
}

/// A resource and the two keys that it starts with.
#[derive(Clone, Debug)]
pub struct NewResource {
    /// The resource.
    pub resource: Resource,
    /// Its primary and its secondary access key.
    pub keys: [Credential; 2],
}

/// What came of making a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceCreation {
    /// It is there, durably, with its keys.
    Created,
    /// There is no such subscription.
    SubscriptionUnknown,
    /// Another resource has the name.
    NameTaken,
}

/// What came of deleting a service key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceKeyDeletion {
    /// It is gone, durably.
    Deleted,
    /// There was no such service key.
    Unknown,
    /// It is the last operator key, and it stays.
    LastOperator,
}

/// An identity to make, who makes it, and the key for a first token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIdentity {
    /// The identity.
    pub identity: Identity,
    /// Who: an access key of the identity's resource.
    pub credential: CredentialId,
    /// The signing key that the issuer holds for the active one; none if no token is asked for.
    pub signing_key: Option<KeyId>,
}

/// What came of making an identity. Where a token was asked for, it may be issued, or nothing was
/// made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityCreation {
    /// The identity that was offered is there, durably. The log of its partition ended here when it
    /// was made, so this is the position that its first token shall carry.
    Created(Position),
    /// The resource already has one with this custom id; it is the one to use. The log ended here
    /// when it was found.
    Existing(Identity, Position),
    /// There is no such resource, or it is not the access key's.
    ResourceUnknown,
    /// The access key is gone, by itself or with its resource.
    CredentialUnknown,
    /// A token was asked for, and the signing key is not the active one any more.
    SigningKeyNotActive,
}

/// Result of a rotation of an access key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRotation {
    /// The new key is in the slot, durably, and this is the entry that revokes the one before.
    Rotated(Appended),
    /// There is no such resource, or the role of the new key is not that of an access key.
    ResourceUnknown,
    /// Another key is in the slot than the one that was expected.
    SlotChanged,
}

/// What came of taking back what the holder of an access key may take back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationOutcome {
    /// It is revoked, durably, and this is the entry.
    Appended(Appended),
    /// What was named is gone or never was, or its resource is not the access key's.
    Unknown,
    /// The access key is gone, by itself or with its resource.
    CredentialUnknown,
}

/// Who wants to issue for whom, and with which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssueRequest {
    /// For whom.
    pub identity: IdentityId,
    /// Who: an access key of the identity's resource.
    pub credential: CredentialId,
    /// The signing key that the issuer holds for the active one.
    pub signing_key: KeyId,
}

/// Whether a token may be issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueGrant {
    /// Everything above it is alive, and the log of the identity's partition ends here.
    Granted(Position),
    /// The identity or its resource is gone or never was, or the resource is not the access key's.
    IdentityUnknown,
    /// The access key is gone, by itself or with its resource.
    CredentialUnknown,
    /// The signing key is not the active one any more.
    SigningKeyNotActive,
}

/// How the first start of a store stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstStart {
    /// It is over: there is an operator.
    Over,
    /// It is the asker's turn.
    Yours,
    /// It is somebody else's turn.
    AnothersTurn,
}

/// All signing keys, as of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKeys {
    /// Grows with each change; a change names the version that it was made from.
    pub version: u64,
    /// The keys in the order of their ids, which is that of their making.
    pub keys: Vec<SigningKeyRecord>,
}

/// A change of the signing keys, taken whole or not at all.
#[derive(Clone, Debug)]
pub struct SigningKeyChange {
    /// The version that the change was made from.
    pub from_version: u64,
    /// The records to write, new ones and changed ones.
    pub records: Vec<SigningKeyRecord>,
    /// The key that signs from now on; none if that does not change.
    pub active: Option<KeyId>,
    /// A key to revoke in the same step, in every partition. If it was the one that signs, and the
    /// change names no other, nothing is issued until a later change does.
    pub revoked: Option<KeyId>,
}

/// An entry that was appended, and to which partition's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The partition.
    pub partition: PartitionId,
    /// The entry.
    pub entry: Entry,
}

/// Fewer replicas are in reach than a change waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaShortage {
    /// How many replicas are in reach, of the primary that has the fewest.
    pub in_reach: u32,
    /// How many replicas a change waits for.
    pub required: u32,
}

/// What the log of a partition is to get back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Healing {
    /// The log as it was read when it was found to lack something: its id, its end and its last
    /// number. If it is not so any more, nothing is done.
    pub as_of: Cursor,
    /// What it lacks, each with the position that counts.
    pub lost: Vec<Revocation>,
    /// The latest position that is known of. The log goes on above it, by a new generation if need
    /// be.
    pub beyond: Position,
    /// Whether the healer knows everything that had stood up to `as_of`: then the gaps up to there
    /// are mended by this.
    pub mends: bool,
    /// The position below which the healer refuses every token. The log keeps it if it is above its
    /// own.
    pub floor: Position,
}

/// The time that a sweep is given, as the process that sweeps reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepTime {
    /// The wall clock.
    pub wall: UnixTime,
    /// The time up to which retention may count, if any is vouched for:
    /// [`RetentionClock`](lanyard_revocation::RetentionClock).
    pub vouched: Option<UnixTime>,
}

/// The time that a sweep went by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swept {
    /// The vouched time that the store has on record in every partition. It never falls. What was
    /// past its retention at this time is deleted, and nothing else.
    pub vouched: Option<UnixTime>,
    /// How far the store's clock is from that of the process, if that is more than two clocks may
    /// differ. Then nothing was deleted for its age.
    pub disagreement: Option<ClockOffset>,
}

/// Where the authority keeps what it knows.
///
/// Every implementation MUST hold to this:
///
/// - A call that changes something returns `Ok` only once the change is durable: it survives the
///   crash of any one process and is seen by every later read, on any connection. Otherwise it
///   returns an error.
/// - Each call is one atomic step: others see all of it or nothing, and an error leaves nothing.
/// - A refusal (`None`, or a value that says why) leaves no trace.
/// - Each call is bounded in time, and a caller that goes away midway harms nobody else.
/// - What is deleted takes its revocation with it, in the same step: from then on it is unknown,
///   and the entry is in the log.
/// - The entries of a partition are numbered without gaps, at strictly increasing positions, with
///   times that never fall.
/// - [`Store::issue_grant`] and [`Store::create_identity`] read the end of the log at the same
///   instant at which they find everything alive. That is what makes a revocation cover exactly the
///   tokens before it.
/// - A step that names the access key that asks for it finds in that same step that the key is one
///   of the two of the resource. A call that was admitted before a rotation does nothing after it.
pub trait Store: Send + Sync + 'static {
    /// How many partitions the store was made with.
    fn partitions(&self) -> NonZeroU16;

    /// How many times this process has made changes durable, if it is the one that does. Each is one
    /// fsync, so that the changes divided by this say how well they shared.
    fn durable_commits(&self) -> Option<u64> {
        None
    }

    /// Why changes are not acknowledged though the store can be read, where replicas are waited for and
    /// the store has found too few of them.
    fn replica_shortage(&self) -> Option<ReplicaShortage> {
        None
    }

    /// Keeps a new subscription.
    fn create_subscription(&self, new: Subscription) -> impl Step<()>;

    /// Lists subscriptions.
    fn subscriptions(&self, page: Page<SubscriptionId>) -> impl Step<Vec<Subscription>>;

    /// Deletes a subscription and everything beneath it; one final revocation for each resource.
    /// `None` if there is none.
    fn delete_subscription(&self, id: SubscriptionId) -> impl Step<Option<Vec<Appended>>>;

    /// Keeps a new resource with its keys.
    fn create_resource(&self, new: NewResource) -> impl Step<ResourceCreation>;

    /// Finds a resource.
    fn resource(&self, id: ResourceId) -> impl Step<Option<Resource>>;

    /// Finds the resource that has a name.
    fn resource_named(&self, name: String) -> impl Step<Option<ResourceId>>;

    /// Lists the resources of a subscription. `None` if there is no such subscription.
    fn resources(
        &self,
        subscription: SubscriptionId,
        page: Page<ResourceId>,
    ) -> impl Step<Option<Vec<Resource>>>;

    /// Deletes a resource with its keys and identities, finally. `None` if there is none.
    fn delete_resource(&self, id: ResourceId) -> impl Step<Option<Appended>>;

    /// Finds a credential of any role. One beneath a deleted resource is not found.
    fn credential(&self, id: CredentialId) -> impl Step<Option<Credential>>;

    /// The primary and the secondary key of a resource. `None` if there is no such resource.
    fn access_keys(&self, resource: ResourceId) -> impl Step<Option<[Credential; 2]>>;

    /// Replaces the access key in the slot that the role of the new one names, and finally revokes it.
    /// The slot must still hold the expected key, so that of two rotations that were prepared at the
    /// same time only one is done, and its new key stays.
    fn rotate_access_key(&self, new: Credential, expected: CredentialId) -> impl Step<KeyRotation>;

    /// Takes the turn to make the first start for so long, or gives it back if that is no time at
    /// all. It is taken in the name of the operator that the first start is to end with. A store
    /// that one process has for itself may give each asker its turn.
    fn take_first_turn(&self, operator: CredentialId, length: Duration) -> impl Step<FirstStart>;

    /// Keeps the operator that the first start ends with, if it still is its turn and there is no
    /// other. `false` if not.
    fn end_first_start(&self, operator: Credential) -> impl Step<bool>;

    /// Keeps a new credential of the role operator or enforcer.
    fn create_service_key(&self, new: Credential) -> impl Step<()>;

    /// Lists the credentials of the roles operator and enforcer.
    fn service_keys(&self, page: Page<CredentialId>) -> impl Step<Vec<Credential>>;

    /// Deletes a credential of the role operator or enforcer, but never the last operator.
    fn delete_service_key(&self, id: CredentialId) -> impl Step<ServiceKeyDeletion>;

    /// Keeps a new identity, or finds the one that has its custom id already, and checks that the
    /// token that was asked for with it may be issued.
    fn create_identity(&self, new: NewIdentity) -> impl Step<IdentityCreation>;

    /// Finds an identity.
    fn identity(&self, id: IdentityId) -> impl Step<Option<Identity>>;

    /// Lists the identities of a resource; empty if there is no such resource.
    fn identities(&self, resource: ResourceId, page: Page<IdentityId>) -> impl Step<Vec<Identity>>;

    /// Deletes an identity, finally.
    fn delete_identity(&self, id: IdentityId, by: CredentialId) -> impl Step<RevocationOutcome>;

    /// Checks that a token may be issued and reads the position that it shall carry, at one
    /// instant.
    fn issue_grant(&self, request: IssueRequest) -> impl Step<IssueGrant>;

    /// Notes when tokens were last issued. The one change that a crash may lose.
    fn note_issues(&self, issues: Vec<(IdentityId, UnixTime)>) -> impl Step<()>;

    /// Revokes everything that an identity has.
    fn revoke_identity(&self, id: IdentityId, by: CredentialId) -> impl Step<RevocationOutcome>;

    /// Revokes one token of a resource.
    fn revoke_token(
        &self,
        resource: ResourceId,
        token: TokenId,
        by: CredentialId,
    ) -> impl Step<RevocationOutcome>;

    /// Reads a partition's log: what is after the cursor, or all of it, `limit` entries at most.
    fn read_log(
        &self,
        partition: PartitionId,
        after: Option<Cursor>,
        limit: usize,
    ) -> impl Step<LogRead>;

    /// Finds out, without a change, whether the store would take a change in a partition now: it
    /// answers, and its clock is about the same as this machine's.
    ///
    /// # Errors
    /// Why not.
    fn check_writable(&self, _: PartitionId) -> impl Step<()> {
        async { self.signing_keys_version().await.map(drop) }
    }

    /// Waits until something may have been appended by another process, and tells to which
    /// partitions. A hint and no more: it may come late, for nothing, or never, but no more often
    /// than a log can be read.
    fn grown(&self) -> impl Future<Output = BTreeSet<PartitionId>> + Send;

    /// Appends again what a log has lost, so that every position that counts is as it was. Gives
    /// where the log ends then, or `None` if it is not as it was read: read on, and try again.
    fn heal(&self, partition: PartitionId, healing: Healing) -> impl Step<Option<Cursor>>;

    /// Looks through every log for entries that cannot be understood.
    fn unreadable_entries(&self) -> impl Step<Vec<UnreadableEntry>>;

    /// Takes out of a log the entry at a place, if it cannot be understood. What it may have revoked
    /// lives on. `false` if there is none, or it can be understood.
    fn strike(&self, partition: PartitionId, place: String) -> impl Step<bool>;

    /// Declares the gaps of a log to be mended, though nobody knows what had stood there. What it may
    /// have revoked lives on. `false` if there is none.
    fn give_up_missing(&self, partition: PartitionId) -> impl Step<bool>;

    /// The version of the signing keys, which tells whether another process has changed them.
    fn signing_keys_version(&self) -> impl Step<u64>;

    /// All signing keys that are kept.
    fn signing_keys(&self) -> impl Step<SigningKeys>;

    /// Changes the signing keys, and gives the revocation's entries, one for each partition, where
    /// one was asked for. `None` if the keys are not at the version that the change was made from.
    fn change_signing_keys(&self, change: SigningKeyChange) -> impl Step<Option<Vec<Appended>>>;

    /// Restores signing keys that the store has lost, all of them, at a version above theirs. `false` if it
    /// has that version or a later one, or cannot lose keys.
    fn restore_signing_keys(&self, keys: SigningKeys) -> impl Step<bool> {
        async move {
            drop(keys);
            Ok(false)
        }
    }

    /// Drops what nobody can need any more: entries past their time, what was beneath deleted
    /// resources, signing keys long out of use. In bites that do not hold up other callers.
    ///
    /// Age counts up to the vouched time that is on record. A sweep raises that to the time that it
    /// is given, but not beyond the store's own clock, and not while the two clocks disagree. A new
    /// store begins with the time at which it is made; one without a record deletes nothing for its
    /// age. No entry is ever stamped with a time before the one on record.
    fn sweep(&self, time: SweepTime) -> impl Step<Swept>;
}

/// One step of a store: a future that any thread may drive.
pub trait Step<T>: Future<Output = Result<T, StoreError>> + Send {}

impl<T, F: Future<Output = Result<T, StoreError>> + Send> Step<T> for F {}
