//! The real seam over the simulated store: how an authority reads, confirms and waits.
//!
//! This stands where the backend of a replicated store stands. It keeps to the rules that
//! `docs/proof.md` asks of an implementation, and nothing in it knows what the world is up to.

use std::{
    collections::BTreeSet,
    future,
    num::NonZeroU16,
    sync::{Arc, Mutex},
    time::Duration,
};

use lanyard_revocation::{ClockOffset, Cursor, Handle, LogRead, PartitionId, partition_of};
use lanyard_store::{
    Appended, Credential, FirstStart, Healing, Identity, IdentityCreation, IssueGrant,
    IssueRequest, KeyRotation, NewIdentity, NewResource, Page, Resource, ResourceCreation,
    RevocationOutcome, ServiceKeyDeletion, SigningKeyChange, SigningKeys, Store, StoreError,
    Subscription, SweepTime, Swept, UnreadableEntry,
};
use lanyard_token::{
    Clock as _, CredentialId, IdentityId, Position, ResourceId, SubscriptionId, TokenId, UnixTime,
};

use crate::{
    clocks::Shown,
    links::Place,
    protocol::{Answer, Command, End, Source},
    storage::PARTITIONS,
    tenancy::Tenancy,
    wire::{Wire, unavailable},
};

/// One authority's access to the store.
#[derive(Debug)]
pub(crate) struct SharedStore {
    tenancy: Arc<Tenancy>,
    wire: Arc<Wire>,
    clock: Shown,
    primary: Mutex<Option<Source>>,
    /// Whether a read counts only if the primary is confirmed after it. It must.
    confirms_reads: bool,
    /// Whether sweeps go by the vouched time. They must.
    trims_by_vouched_time: bool,
    /// Whether reads have the position up to which the log was trimmed. They must.
    reads_floor: bool,
}

impl SharedStore {
    /// One that knows nothing of the store yet.
    pub(crate) fn new(tenancy: &Arc<Tenancy>, wire: &Arc<Wire>, clock: &Shown) -> Self {
        Self {
            tenancy: Arc::clone(tenancy),
            wire: Arc::clone(wire),
            clock: clock.clone(),
            confirms_reads: true,
            trims_by_vouched_time: true,
            reads_floor: true,
            primary: Mutex::default(),
        }
    }

    /// Weakened: one that believes whoever answers a read.
    pub(crate) fn without_confirming_reads(self) -> Self {
        Self {
            confirms_reads: false,
            ..self
        }
    }

    /// Weakened: one that trims by the wall clock alone.
    pub(crate) fn trimming_by_the_wall_clock(self) -> Self {
        Self {
            trims_by_vouched_time: false,
            ..self
        }
    }

    /// Weakened: one in which nothing is left of what was trimmed.
    pub(crate) fn without_a_floor(self) -> Self {
        Self {
            reads_floor: false,
            ..self
        }
    }

    fn wall(&self) -> Result<UnixTime, StoreError> {
        self.clock.wall().map_err(|_| unavailable("no clock"))
    }

    /// Reads on, and counts only what the primary says.
    async fn read(
        &self,
        partition: PartitionId,
        after: Option<Cursor>,
    ) -> Result<LogRead, StoreError> {
        let read = Command::Read { partition, after };
        let Answer::Found(source, mut read) = self.ask_primary(read).await? else {
            return Err(unavailable("an odd answer to a read"));
        };
        if self.confirms_reads {
            self.confirm(source).await?;
        }
        if !self.reads_floor {
            read.floor = Position::ZERO;
        }
        Ok(read)
    }

    /// Revokes, and returns once enough replicas have it and the primary is confirmed.
    async fn revoke(
        &self,
        resource: ResourceId,
        handle: Handle,
    ) -> Result<RevocationOutcome, StoreError> {
        let partition = partition_of(resource, PARTITIONS);
        let append = Command::Append {
            partition,
            handle,
            time: self.wall()?,
        };
        let Answer::Appended(source, entry) = self.ask_primary(append).await? else {
            return Err(unavailable("an odd answer to an append"));
        };
        self.settle(source, partition, entry.position).await?;
        Ok(RevocationOutcome::Appended(Appended { partition, entry }))
    }

    /// Waits until enough replicas have what was appended, and only then has it confirmed that this
    /// was the primary.
    async fn settle(
        &self,
        source: Source,
        partition: PartitionId,
        position: Position,
    ) -> Result<(), StoreError> {
        let wait = Command::Wait {
            source,
            partition,
            position,
        };
        self.ask_node(source.node, wait).await?;
        self.confirm(source).await
    }

    /// Where the log ends, in a generation that the replicas have, on a node that is confirmed.
    async fn end_of_log(&self, partition: PartitionId) -> Result<End, StoreError> {
        for _ in 0..ATTEMPTS {
            let answer = self.ask_primary(Command::Grant { partition }).await?;
            let Answer::End(end) = answer else {
                return Err(unavailable("an odd answer to a grant"));
            };
            let source = end.source;
            if ClockOffset::beyond_tolerance(self.wall()?, end.time).is_some() {
                return Err(unavailable("the clocks are too far apart"));
            }
            if end.is_ready {
                self.confirm(source).await?;
                return Ok(end);
            }
            let position = end.opened;
            let wait = Command::Wait {
                source,
                partition,
                position,
            };
            self.ask_node(source.node, wait).await?;
            let ready = Command::Ready {
                source,
                partition,
                position,
            };
            self.ask_node(source.node, ready).await?;
        }
        Err(unavailable("the generation goes on changing"))
    }

    /// Whoever answered was the primary all the while: it is named as that now, in the same reign.
    async fn confirm(&self, source: Source) -> Result<(), StoreError> {
        if self.name().await? == source {
            return Ok(());
        }
        Err(unavailable("the primary is another"))
    }

    async fn ask_primary(&self, command: Command) -> Result<Answer, StoreError> {
        let known = *self.primary.lock().expect("nobody panics in here");
        let primary = match known {
            Some(primary) => primary,
            None => self.name().await?,
        };
        self.ask_node(primary.node, command).await
    }

    async fn ask_node(&self, node: usize, command: Command) -> Result<Answer, StoreError> {
        let answer = self.wire.ask(Place::Node(node), command).await;
        let failed = matches!(answer, Err(_) | Ok(Answer::NotPrimary));
        if failed {
            *self.primary.lock().expect("nobody panics in here") = None;
        }
        match answer? {
            Answer::NotPrimary => Err(unavailable("it is not the primary")),
            answer => Ok(answer),
        }
    }

    async fn name(&self) -> Result<Source, StoreError> {
        match self.wire.ask(Place::Register, Command::Name).await? {
            Answer::Named(named) => {
                *self.primary.lock().expect("nobody panics in here") = Some(named);
                Ok(named)
            }
            _ => Err(unavailable("an odd answer of the register")),
        }
    }
}

impl Store for SharedStore {
    fn partitions(&self) -> NonZeroU16 {
        PARTITIONS
    }

    async fn create_subscription(&self, new: Subscription) -> Result<(), StoreError> {
        self.tenancy.add_subscription(new);
        Ok(())
    }

    async fn subscriptions(
        &self,
        _: Page<SubscriptionId>,
    ) -> Result<Vec<Subscription>, StoreError> {
        Ok(self.tenancy.subscriptions())
    }

    async fn delete_subscription(
        &self,
        _: SubscriptionId,
    ) -> Result<Option<Vec<Appended>>, StoreError> {
        Err(not_simulated())
    }

    async fn create_resource(&self, new: NewResource) -> Result<ResourceCreation, StoreError> {
        self.tenancy.add_resource(new);
        Ok(ResourceCreation::Created)
    }

    async fn resource(&self, _: ResourceId) -> Result<Option<Resource>, StoreError> {
        Err(not_simulated())
    }

    async fn resource_named(&self, _: String) -> Result<Option<ResourceId>, StoreError> {
        Err(not_simulated())
    }

    async fn resources(
        &self,
        _: SubscriptionId,
        _: Page<ResourceId>,
    ) -> Result<Option<Vec<Resource>>, StoreError> {
        Err(not_simulated())
    }

    async fn delete_resource(&self, _: ResourceId) -> Result<Option<Appended>, StoreError> {
        Err(not_simulated())
    }

    async fn credential(&self, id: CredentialId) -> Result<Option<Credential>, StoreError> {
        Ok(self.tenancy.credential(id))
    }

    async fn access_keys(&self, _: ResourceId) -> Result<Option<[Credential; 2]>, StoreError> {
        Err(not_simulated())
    }

    async fn rotate_access_key(
        &self,
        _: Credential,
        _: CredentialId,
    ) -> Result<KeyRotation, StoreError> {
        Err(not_simulated())
    }

    async fn take_first_turn(
        &self,
        _: CredentialId,
        _: Duration,
    ) -> Result<FirstStart, StoreError> {
        // Nobody else is there when it is made.
        Ok(FirstStart::Yours)
    }

    async fn end_first_start(&self, operator: Credential) -> Result<bool, StoreError> {
        self.tenancy.add_credential(operator);
        Ok(true)
    }

    async fn create_service_key(&self, new: Credential) -> Result<(), StoreError> {
        self.tenancy.add_credential(new);
        Ok(())
    }

    async fn service_keys(&self, _: Page<CredentialId>) -> Result<Vec<Credential>, StoreError> {
        Ok(self.tenancy.service_keys())
    }

    async fn delete_service_key(&self, _: CredentialId) -> Result<ServiceKeyDeletion, StoreError> {
        Err(not_simulated())
    }

    async fn create_identity(&self, new: NewIdentity) -> Result<IdentityCreation, StoreError> {
        let partition = partition_of(new.identity.id.resource(), PARTITIONS);
        let end = self.end_of_log(partition).await?.position;
        self.tenancy.add_identity(new.identity);
        Ok(IdentityCreation::Created(end))
    }

    async fn identity(&self, _: IdentityId) -> Result<Option<Identity>, StoreError> {
        Err(not_simulated())
    }

    async fn identities(
        &self,
        _: ResourceId,
        _: Page<IdentityId>,
    ) -> Result<Vec<Identity>, StoreError> {
        Err(not_simulated())
    }

    async fn delete_identity(
        &self,
        _: IdentityId,
        _: CredentialId,
    ) -> Result<RevocationOutcome, StoreError> {
        Err(not_simulated())
    }

    async fn issue_grant(&self, request: IssueRequest) -> Result<IssueGrant, StoreError> {
        if self.tenancy.credential(request.credential).is_none() {
            return Ok(IssueGrant::CredentialUnknown);
        }
        if !self.tenancy.is_active_key(request.signing_key) {
            return Ok(IssueGrant::SigningKeyNotActive);
        }
        if !self.tenancy.has_identity(request.identity) {
            return Ok(IssueGrant::IdentityUnknown);
        }
        let partition = partition_of(request.identity.resource(), PARTITIONS);
        Ok(IssueGrant::Granted(
            self.end_of_log(partition).await?.position,
        ))
    }

    async fn note_issues(&self, _: Vec<(IdentityId, UnixTime)>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn revoke_identity(
        &self,
        id: IdentityId,
        _: CredentialId,
    ) -> Result<RevocationOutcome, StoreError> {
        self.revoke(id.resource(), Handle::identity(&id)).await
    }

    async fn revoke_token(
        &self,
        resource: ResourceId,
        token: TokenId,
        _: CredentialId,
    ) -> Result<RevocationOutcome, StoreError> {
        self.revoke(resource, Handle::token(token)).await
    }

    async fn read_log(
        &self,
        partition: PartitionId,
        after: Option<Cursor>,
        _: usize,
    ) -> Result<LogRead, StoreError> {
        self.read(partition, after).await
    }

    async fn grown(&self) -> BTreeSet<PartitionId> {
        // Nobody is told. Authorities look.
        future::pending().await
    }

    async fn heal(
        &self,
        partition: PartitionId,
        healing: Healing,
    ) -> Result<Option<Cursor>, StoreError> {
        let heal = Command::Heal {
            partition,
            healing,
            time: self.wall()?,
        };
        let Answer::Healed(source, end) = self.ask_primary(heal).await? else {
            return Err(unavailable("an odd answer to a healing"));
        };
        if let Some(end) = end {
            self.settle(source, partition, end.position).await?;
        }
        Ok(end)
    }

    async fn unreadable_entries(&self) -> Result<Vec<UnreadableEntry>, StoreError> {
        Err(not_simulated())
    }

    async fn strike(&self, _: PartitionId, _: String) -> Result<bool, StoreError> {
        Err(not_simulated())
    }

    async fn give_up_missing(&self, _: PartitionId) -> Result<bool, StoreError> {
        Err(not_simulated())
    }

    async fn signing_keys_version(&self) -> Result<u64, StoreError> {
        Ok(self.tenancy.signing_keys().version)
    }

    async fn signing_keys(&self) -> Result<SigningKeys, StoreError> {
        Ok(self.tenancy.signing_keys())
    }

    async fn change_signing_keys(
        &self,
        change: SigningKeyChange,
    ) -> Result<Option<Vec<Appended>>, StoreError> {
        Ok(self.tenancy.add_signing_keys(change).then(Vec::new))
    }

    async fn sweep(&self, time: SweepTime) -> Result<Swept, StoreError> {
        let is_forced = !self.trims_by_vouched_time;
        let sweep = Command::Sweep { time, is_forced };
        match self.ask_primary(sweep).await? {
            Answer::Swept(swept) => Ok(swept),
            _ => Err(unavailable("an odd answer to a sweep")),
        }
    }
}

/// What nobody does in the simulation fails if somebody does.
fn not_simulated() -> StoreError {
    unavailable("this is not simulated")
}

/// How often something is begun again because somebody else was faster.
const ATTEMPTS: usize = 4;
