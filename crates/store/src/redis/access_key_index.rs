//! The index of access keys: which resource has the key of an id.
//!
//! It lies in the partition that the id of the key leads to, which is mostly another one than the
//! resource's. The log has the number of its entries beside it, so that its loss is noticed when a key is
//! not found, and the index is filled again from the resources.

use futures_util::future::try_join_all;
use lanyard_revocation::PartitionId;
use lanyard_token::{CredentialId, ResourceId};
use redis::{Cmd, Value};
use uuid::Uuid;

use super::{
    RedisStore,
    credentials::{CREDENTIAL, home},
    engine::{Effect, log_absent},
    keys::text,
    records::{corrupt, read},
};
use crate::StoreError;

/// What the index has for an access key.
pub(super) struct Entry {
    pub(super) resource: Option<ResourceId>,
    /// Whether the index has as many entries as it should.
    pub(super) is_index_whole: bool,
}

/// Looks an access key up.
pub(super) async fn find(
    store: &RedisStore,
    partition: PartitionId,
    id: CredentialId,
) -> Result<Entry, StoreError> {
    let own = store.engine().keys.partition(partition);
    let [meta, ..] = own.common();
    let (mut entry, mut count, mut expected) = (Cmd::new(), Cmd::new(), Cmd::new());
    entry
        .arg("HGET")
        .arg(own.access_keys())
        .arg(text(id.as_uuid()));
    count.arg("HLEN").arg(own.access_keys());
    expected
        .arg("HMGET")
        .arg(meta)
        .arg("log")
        .arg("access_keys");
    let commands = [entry, count, expected];
    let answers = store.engine().look(own.slot(), &commands).await?;
    let mut answers = answers.into_iter();
    let mut next = || answers.next().unwrap_or(Value::Nil);
    let found: Option<String> = read(next(), CREDENTIAL)?;
    let count: u64 = read(next(), CREDENTIAL)?;
    let (log, expected): (Option<String>, Option<String>) = read(next(), CREDENTIAL)?;
    let resource = found.map(|id| parsed(&id)).transpose()?;
    if resource.is_none() && log.is_none() {
        return Err(log_absent(partition));
    }
    let expected = expected.and_then(|expected| expected.parse().ok());
    Ok(Entry {
        resource: resource.map(ResourceId::from_uuid),
        is_index_whole: expected == Some(count),
    })
}

/// Fills the index of a partition from the resources.
pub(super) async fn restore(store: &RedisStore, partition: PartitionId) -> Result<(), StoreError> {
    let engine = store.engine();
    let root = engine.keys.root();
    let mut names = Cmd::new();
    names.arg("HVALS").arg(root.names());
    let resources: Vec<String> = engine.look_one(root.slot(), names, CREDENTIAL).await?;
    let mut args = Vec::new();
    for resources in resources.chunks(AT_ONCE) {
        let found = resources.iter().map(|resource| keys_of(store, resource));
        let found = try_join_all(found).await?;
        for (resource, key) in resources
            .iter()
            .zip(found)
            .flat_map(|(resource, keys)| keys.into_iter().flatten().map(move |key| (resource, key)))
        {
            if home(store, CredentialId::from_uuid(parsed(&key)?)) == partition {
                args.push(key.into_bytes());
                args.push(resource.clone().into_bytes());
            }
        }
    }
    let own = engine.keys.partition(partition).access_keys();
    let how = (&engine.scripts.restore_access_keys, Effect::Changes);
    engine.in_partition(partition, how, &[&own], args).await?;
    tracing::warn!(%partition, "the index of access keys was incomplete and is restored");
    Ok(())
}

/// The ids of the access keys of a resource.
async fn keys_of(store: &RedisStore, resource: &str) -> Result<[Option<String>; 2], StoreError> {
    let (partition, keys) = store.place(ResourceId::from_uuid(parsed(resource)?));
    let slot = store.engine().keys.partition(partition).slot();
    let mut command = Cmd::new();
    command.arg("HMGET").arg(&keys.resource);
    command.arg("primary").arg("secondary");
    let found = store.engine().look_one(slot, command, CREDENTIAL).await?;
    let (primary, secondary) = found;
    Ok([primary, secondary])
}

fn parsed(id: &str) -> Result<Uuid, StoreError> {
    id.parse().map_err(|error| corrupt(CREDENTIAL, error))
}

/// How many resources are read at once.
const AT_ONCE: usize = 256;
