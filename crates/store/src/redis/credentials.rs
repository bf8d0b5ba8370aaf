//! Credentials of all roles: access keys in their slots, and service keys.
//!
//! An access key is kept with its resource, so that a step in the resource finds it in the same slot.
//! Which resource that is, is written where the key's own id leads. That never changes, so it is
//! written before the key is there and remembered once it was read.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use lanyard_revocation::{Handle, HandleKind, PartitionId, partition_of};
use lanyard_token::{CredentialId, ResourceId};
use redis::{Cmd, Value};

use super::{
    RedisStore, access_key_index,
    engine::Effect,
    finals,
    keys::text,
    records::{decode, decode_found, encode, read},
    tenancy::ensure_shown,
};
use crate::{
    Credential, CredentialRole, KeyRotation, KeySlot, Page, ServiceKeyDeletion, StoreError,
};

/// Which resources access keys belong to, as far as was read.
#[derive(Debug, Default)]
pub(super) struct KnownAccessKeys(Mutex<HashMap<CredentialId, ResourceId>>);

impl KnownAccessKeys {
    fn resource_of(&self, id: CredentialId) -> Option<ResourceId> {
        self.with(|known| known.get(&id).copied())
    }

    fn learn(&self, id: CredentialId, resource: ResourceId) {
        self.with(|known| {
            // Rather than let strangers fill the memory, begin anew.
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(id, resource);
        });
    }

    // A lock whose holder panicked is used all the same: each change is one insertion.
    fn with<T>(&self, look: impl FnOnce(&mut HashMap<CredentialId, ResourceId>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(super) async fn find(
    store: &RedisStore,
    id: CredentialId,
) -> Result<Option<Credential>, StoreError> {
    if let Some(resource) = store.known_access_keys.resource_of(id) {
        return access_key(store, resource, id).await;
    }
    let (service_key, resource) = tokio::join!(service_key(store, id), resource_of(store, id));
    // Where the log of its partition is lost, the index is not read. An operator is needed then.
    if let Some(found) = service_key? {
        return Ok(Some(found));
    }
    let Some(resource) = resource? else {
        return Ok(None);
    };
    store.known_access_keys.learn(id, resource);
    access_key(store, resource, id).await
}

/// Whether there is such a credential, of whatever role.
pub(super) async fn is_known(store: &RedisStore, id: CredentialId) -> Result<bool, StoreError> {
    Ok(find(store, id).await?.is_some())
}

pub(super) async fn access_keys(
    store: &RedisStore,
    resource: ResourceId,
) -> Result<Option<[Credential; 2]>, StoreError> {
    if !ensure_shown(store, resource).await? {
        return Ok(None);
    }
    let (partition, keys) = store.place(resource);
    let slot = store.engine().keys.partition(partition).slot();
    let mut command = Cmd::new();
    command.arg("HMGET").arg(&keys.resource);
    command.arg("primary_record").arg("secondary_record");
    let found = store.engine().look_one(slot, command, CREDENTIAL);
    let (primary, secondary): (Option<Vec<u8>>, Option<Vec<u8>>) = found.await?;
    // It may have been deleted since.
    let Some((primary, secondary)) = primary.zip(secondary) else {
        return Ok(None);
    };
    Ok(Some([
        decode(&primary, CREDENTIAL)?,
        decode(&secondary, CREDENTIAL)?,
    ]))
}

pub(super) async fn rotate(
    store: &RedisStore,
    new: Credential,
    expected: CredentialId,
) -> Result<KeyRotation, StoreError> {
    let CredentialRole::AccessKey { resource, slot } = new.role else {
        return Ok(KeyRotation::ResourceUnknown);
    };
    if !ensure_shown(store, resource).await? {
        return Ok(KeyRotation::ResourceUnknown);
    }
    place_access_key(store, new.id, resource).await?;
    let (partition, keys) = store.place(resource);
    let args = vec![
        slot_name(slot).into(),
        text(new.id.as_uuid()).into_bytes(),
        encode(&new, CREDENTIAL)?,
        text(expected.as_uuid()).into_bytes(),
    ];
    let engine = store.engine();
    let how = (&engine.scripts.rotate, Effect::Changes);
    let reply = engine
        .in_partition(partition, how, &[&keys.resource], args)
        .await?;
    match reply.status() {
        "done" => {
            // It is done: what is left of the old key if this fails leads nowhere.
            drop(forget_access_key(store, expected).await);
            let what = (HandleKind::Credential, expected.as_uuid());
            let appended = reply.appended(partition, what, true);
            appended.map(KeyRotation::Rotated)
        }
        refusal @ ("unknown" | "changed") => {
            drop(forget_access_key(store, new.id).await);
            if refusal == "changed" {
                return Ok(KeyRotation::SlotChanged);
            }
            Ok(KeyRotation::ResourceUnknown)
        }
        _ => Err(reply.unexpected()),
    }
}

pub(super) async fn create_service_key(
    store: &RedisStore,
    new: Credential,
) -> Result<(), StoreError> {
    let engine = store.engine();
    let root = engine.keys.root();
    let is_operator = new.role == CredentialRole::Operator;
    let keys = vec![
        root.service_keys(),
        root.service_key_order(),
        root.operators(),
    ];
    let args = vec![
        text(new.id.as_uuid()).into_bytes(),
        encode(&new, CREDENTIAL)?,
        if is_operator {
            b"1".into()
        } else {
            b"0".into()
        },
    ];
    let how = (&engine.scripts.create_service_key, Effect::Changes);
    engine.at_root(how, keys, args).await.map(drop)
}

pub(super) async fn service_keys(
    store: &RedisStore,
    page: Page<CredentialId>,
) -> Result<Vec<Credential>, StoreError> {
    let after = page.after.map(|id| id.as_uuid());
    let root = store.engine().keys.root();
    let places = (root.service_key_order(), root.service_keys());
    store.listed(places, (after, page.limit), CREDENTIAL).await
}

pub(super) async fn delete_service_key(
    store: &RedisStore,
    id: CredentialId,
) -> Result<ServiceKeyDeletion, StoreError> {
    let engine = store.engine();
    let root = engine.keys.root();
    let keys = vec![
        root.service_keys(),
        root.service_key_order(),
        root.operators(),
    ];
    let args = vec![text(id.as_uuid()).into_bytes()];
    let how = (&engine.scripts.delete_service_key, Effect::Changes);
    let reply = engine.at_root(how, keys, args).await?;
    match reply.status() {
        "done" => Ok(ServiceKeyDeletion::Deleted),
        "unknown" => Ok(ServiceKeyDeletion::Unknown),
        "last_operator" => Ok(ServiceKeyDeletion::LastOperator),
        _ => Err(reply.unexpected()),
    }
}

/// Writes down which resource an access key belongs to, before it is there.
pub(super) async fn place_access_key(
    store: &RedisStore,
    id: CredentialId,
    resource: ResourceId,
) -> Result<(), StoreError> {
    write_down(store, id, text(resource.as_uuid())).await
}

/// The same, undone: the key is gone. What is left if this fails leads to a resource that does not
/// have the key.
pub(super) async fn forget_access_key(
    store: &RedisStore,
    id: CredentialId,
) -> Result<(), StoreError> {
    write_down(store, id, String::new()).await
}

async fn write_down(
    store: &RedisStore,
    id: CredentialId,
    resource: String,
) -> Result<(), StoreError> {
    let partition = home(store, id);
    let engine = store.engine();
    let keys = engine.keys.partition(partition).access_keys();
    let args = vec![text(id.as_uuid()).into_bytes(), resource.into_bytes()];
    let how = (&engine.scripts.place_access_key, Effect::Changes);
    engine
        .in_partition(partition, how, &[&keys], args)
        .await
        .map(drop)
}

pub(super) const fn slot_name(slot: KeySlot) -> &'static str {
    match slot {
        KeySlot::Primary => "primary",
        KeySlot::Secondary => "secondary",
    }
}

async fn service_key(
    store: &RedisStore,
    id: CredentialId,
) -> Result<Option<Credential>, StoreError> {
    let root = store.engine().keys.root();
    let mut command = Cmd::new();
    command
        .arg("HGET")
        .arg(root.service_keys())
        .arg(text(id.as_uuid()));
    let found = store.engine().look_one(root.slot(), command, CREDENTIAL);
    decode_found(found.await?, CREDENTIAL)
}

async fn resource_of(
    store: &RedisStore,
    id: CredentialId,
) -> Result<Option<ResourceId>, StoreError> {
    let partition = home(store, id);
    let entry = access_key_index::find(store, partition, id).await?;
    if entry.resource.is_some() || entry.is_index_whole {
        return Ok(entry.resource);
    }
    access_key_index::restore(store, partition).await?;
    Ok(access_key_index::find(store, partition, id).await?.resource)
}

/// An access key of a resource, if the resource has it: one look at all that decides it.
async fn access_key(
    store: &RedisStore,
    resource: ResourceId,
    id: CredentialId,
) -> Result<Option<Credential>, StoreError> {
    let (partition, keys) = store.place(resource);
    let own = store.engine().keys.partition(partition);
    let mut held = Cmd::new();
    held.arg("HMGET").arg(&keys.resource).arg("pending");
    held.arg("primary_record").arg("secondary_record");
    let mark = finals::mark(Handle {
        kind: HandleKind::Credential,
        id: id.as_uuid(),
    });
    let [beside, set] = finals::lookup(&own, &[mark]);
    let answers = store
        .engine()
        .look(own.slot(), &[held, beside, set])
        .await?;
    let mut answers = answers.into_iter();
    let mut next = || answers.next().unwrap_or(Value::Nil);
    let (pending, primary, secondary): (Option<String>, Option<Vec<u8>>, Option<Vec<u8>>) =
        read(next(), CREDENTIAL)?;
    if finals::found(partition, next(), next())?.contains(&true) {
        return Ok(None);
    }
    if pending.is_some() && !ensure_shown(store, resource).await? {
        return Ok(None);
    }
    for record in [primary, secondary].into_iter().flatten() {
        let found: Credential = decode(&record, CREDENTIAL)?;
        if found.id == id {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The partition that a credential's own id leads to.
pub(super) fn home(store: &RedisStore, id: CredentialId) -> PartitionId {
    partition_of(ResourceId::from_uuid(id.as_uuid()), store.partitions)
}

pub(super) const CREDENTIAL: &str = "credential";
/// How many access keys are remembered.
const REMEMBERED: usize = 100_000;
