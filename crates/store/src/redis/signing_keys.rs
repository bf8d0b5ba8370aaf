//! Signing keys: read whole, changed whole.
//!
//! The keys are kept at the root, and which of them signs in each partition as well, so that a grant
//! finds it in the slot of the identity. A change is decided at the root and then taken to the
//! partitions. Whoever meets one on its way finishes it before doing anything else.

use futures_util::future::try_join_all;
use lanyard_revocation::{HandleKind, PartitionId, RETENTION};
use lanyard_token::{KeyId, KeyState, UnixTime};
use redis::Cmd;
use uuid::Uuid;

use super::{
    RedisStore,
    engine::Effect,
    keys::text,
    records::{corrupt, decode, encode},
    reply::Reply,
};
use crate::{Appended, SigningKeyChange, SigningKeyRecord, SigningKeys, StoreError};

pub(super) async fn all(store: &RedisStore) -> Result<SigningKeys, StoreError> {
    let kept = kept(store).await?;
    let applied = match &kept.pending {
        Some(pending) => finish(store, pending, &kept.active).await.map(drop),
        None => bring_up_to_date(store, &kept).await,
    };
    match applied {
        // The keys are as they were decided to be. Where that has not arrived, nothing is issued under a
        // key that it takes out of use, and the next reading tries again.
        Err(StoreError::Unavailable(cause)) => {
            tracing::warn!(cause, "could not apply the signing keys to every partition");
        }
        applied => applied?,
    }
    Ok(kept.keys)
}

pub(super) async fn version(store: &RedisStore) -> Result<u64, StoreError> {
    let root = store.engine().keys.root();
    let mut command = Cmd::new();
    command.arg("HGET").arg(root.signing_keys()).arg("version");
    let version = store.engine().look_one(root.slot(), command, SIGNING_KEY);
    let version: Option<u64> = version.await?;
    Ok(version.unwrap_or(0))
}

pub(super) async fn change(
    store: &RedisStore,
    change: SigningKeyChange,
) -> Result<Option<Vec<Appended>>, StoreError> {
    let SigningKeyChange {
        from_version,
        records,
        active,
        revoked,
    } = change;
    let before = kept(store).await?;
    if let Some(pending) = &before.pending {
        finish(store, pending, &before.active).await?;
    }
    // At the first start, or after the keys were lost.
    let in_partitions = match before.keys.version {
        0 => latest_in_partitions(store).await?,
        _ => 0,
    };
    let id = |key: Option<KeyId>| key.map(|key| text(key.as_uuid())).unwrap_or_default();
    let mut args = vec![
        from_version.to_string().into_bytes(),
        id(active).into_bytes(),
        id(revoked).into_bytes(),
        in_partitions.to_string().into_bytes(),
    ];
    for record in &records {
        args.push(text(record.id.as_uuid()).into_bytes());
        args.push(encode(record, SIGNING_KEY)?);
    }
    let engine = store.engine();
    let how = (&engine.scripts.change_keys, Effect::Changes);
    let keys = vec![engine.keys.root().signing_keys()];
    let reply = engine.at_root(how, keys, args).await?;
    match reply.status() {
        "moved" => Ok(None),
        "done" => {
            let pending = Pending {
                version: reply.parsed(1)?,
                revoked: id(revoked),
            };
            finish(store, &pending, &reply.text(0)?).await.map(Some)
        }
        _ => Err(reply.unexpected()),
    }
}

/// Restores keys that were lost. See [`Store::restore_signing_keys`](crate::Store::restore_signing_keys).
pub(super) async fn restore(store: &RedisStore, keys: SigningKeys) -> Result<bool, StoreError> {
    // A partition that is ahead took over a change that these keys lack.
    if latest_in_partitions(store).await? > keys.version {
        return Ok(false);
    }
    let is_active = |record: &&SigningKeyRecord| matches!(record.state, KeyState::Active { .. });
    let active = keys.keys.iter().find(is_active);
    let active = active.map(|record| text(record.id.as_uuid()));
    let mut args = vec![
        keys.version.to_string().into_bytes(),
        active.unwrap_or_default().into_bytes(),
    ];
    for record in &keys.keys {
        args.push(text(record.id.as_uuid()).into_bytes());
        args.push(encode(record, SIGNING_KEY)?);
    }
    let engine = store.engine();
    let how = (&engine.scripts.restore_keys, Effect::Changes);
    let at = vec![engine.keys.root().signing_keys()];
    match engine.at_root(how, at, args).await?.status() {
        "done" => {
            // It is on its way to the partitions, and whoever reads the keys takes it there.
            all(store).await?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// The latest version that a partition has taken over.
async fn latest_in_partitions(store: &RedisStore) -> Result<u64, StoreError> {
    let versions = PartitionId::all(store.partitions);
    let versions = versions.map(|partition| version_in(store, partition));
    let versions = try_join_all(versions).await?;
    Ok(versions.into_iter().flatten().max().unwrap_or(0))
}

/// The version that a partition has taken over. `None` where its log is gone.
async fn version_in(store: &RedisStore, partition: PartitionId) -> Result<Option<u64>, StoreError> {
    let engine = store.engine();
    let keys = engine.keys.partition(partition);
    let [meta, ..] = keys.common();
    let mut command = Cmd::new();
    command.arg("HGET").arg(meta).arg("keys_version");
    engine.look_one(keys.slot(), command, SIGNING_KEY).await
}

/// Forgets keys whose every token has expired at the vouched time.
pub(super) async fn sweep(store: &RedisStore, vouched: UnixTime) -> Result<(), StoreError> {
    let keys = all(store).await?;
    let is_over = |record: &&SigningKeyRecord| match record.state {
        KeyState::Retired { since } | KeyState::Revoked { since } => {
            vouched >= since.saturating_add(RETENTION)
        }
        KeyState::Prepared { .. } | KeyState::Active { .. } => false,
    };
    let over = keys.keys.iter().filter(is_over).map(|record| record.id);
    let mut args = vec![keys.version.to_string().into_bytes()];
    args.extend(over.map(|id| text(id.as_uuid()).into_bytes()));
    if args.len() == 1 {
        return Ok(());
    }
    let engine = store.engine();
    let how = (&engine.scripts.forget_keys, Effect::Changes);
    let keys = vec![engine.keys.root().signing_keys()];
    engine.at_root(how, keys, args).await.map(drop)
}

/// What is kept of the signing keys.
struct Kept {
    keys: SigningKeys,
    /// The key that signs, or nothing.
    active: String,
    pending: Option<Pending>,
}

/// A change on its way to the partitions.
struct Pending {
    version: u64,
    /// The key that it revokes, or nothing.
    revoked: String,
}

impl Pending {
    fn read(text: &str) -> Result<Self, StoreError> {
        let parts = text.split_once(' ');
        let (version, revoked) =
            parts.ok_or_else(|| corrupt(SIGNING_KEY, "a pending change cannot be read"))?;
        Ok(Self {
            version: version
                .parse()
                .map_err(|error| corrupt(SIGNING_KEY, error))?,
            revoked: revoked.to_owned(),
        })
    }
}

async fn kept(store: &RedisStore) -> Result<Kept, StoreError> {
    let root = store.engine().keys.root();
    let mut command = Cmd::new();
    command.arg("HGETALL").arg(root.signing_keys());
    let fields = store.engine().look_one(root.slot(), command, SIGNING_KEY);
    let fields: Vec<(String, Vec<u8>)> = fields.await?;
    let mut kept = Kept {
        keys: SigningKeys {
            version: 0,
            keys: Vec::new(),
        },
        active: String::new(),
        pending: None,
    };
    for (name, value) in fields {
        let text = || String::from_utf8_lossy(&value).into_owned();
        match name.as_str() {
            "version" => {
                let version = text().parse();
                kept.keys.version = version.map_err(|error| corrupt(SIGNING_KEY, error))?;
            }
            "active" => kept.active = text(),
            "pending" => kept.pending = Some(Pending::read(&text())?),
            _ => kept.keys.keys.push(decode(&value, SIGNING_KEY)?),
        }
    }
    kept.keys.keys.sort_by_key(|record| record.id);
    Ok(kept)
}

/// Takes a change to every partition. Gives the entries of the revocation, if there is one. A partition
/// that is out of reach does not keep the change from the others.
async fn finish(
    store: &RedisStore,
    pending: &Pending,
    active: &str,
) -> Result<Vec<Appended>, StoreError> {
    let engine = store.engine();
    let (mut appended, mut failed) = (Vec::new(), None);
    for partition in PartitionId::all(store.partitions) {
        let args = vec![
            pending.version.to_string().into_bytes(),
            active.as_bytes().to_vec(),
            pending.revoked.clone().into_bytes(),
        ];
        let how = (&engine.scripts.apply_keys, Effect::Changes);
        let reply = match engine.in_partition(partition, how, &[], args).await {
            Ok(reply) => reply,
            Err(error) => {
                failed.get_or_insert(error);
                continue;
            }
        };
        let entry = reply.text(0)?;
        if !entry.is_empty() {
            appended.push(entry_of(&reply, &entry, (partition, &pending.revoked))?);
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    let text = format!("{} {}", pending.version, pending.revoked);
    let how = (&engine.scripts.keys_applied, Effect::Changes);
    let keys = vec![engine.keys.root().signing_keys()];
    engine.at_root(how, keys, vec![text.into_bytes()]).await?;
    Ok(appended)
}

/// Tells which key signs to partitions that have lost it: one whose log was made anew from what others
/// know, or that was restored from an older copy. Without it nothing is issued there.
async fn bring_up_to_date(store: &RedisStore, kept: &Kept) -> Result<(), StoreError> {
    let all = PartitionId::all(store.partitions);
    try_join_all(all.map(|partition| bring_up_one(store, partition, kept))).await?;
    Ok(())
}

async fn bring_up_one(
    store: &RedisStore,
    partition: PartitionId,
    kept: &Kept,
) -> Result<(), StoreError> {
    let engine = store.engine();
    let version = version_in(store, partition).await?;
    // Where there is no log at all, whoever knows what it was has to make it first.
    if version.is_none_or(|version| version >= kept.keys.version) {
        return Ok(());
    }
    // What the change revoked, if anything, is in the log, and is healed as everything there.
    let args = vec![
        kept.keys.version.to_string().into_bytes(),
        kept.active.as_bytes().to_vec(),
        Vec::new(),
    ];
    let how = (&engine.scripts.apply_keys, Effect::Changes);
    let reply = engine.in_partition(partition, how, &[], args).await?;
    reply.text(0).map(drop)
}

fn entry_of(
    reply: &Reply,
    entry: &str,
    (partition, revoked): (PartitionId, &str),
) -> Result<Appended, StoreError> {
    let id: Uuid = revoked
        .parse()
        .map_err(|error| corrupt(SIGNING_KEY, error))?;
    let parts = reply.with(entry.split(' ').map(str::to_owned));
    parts.appended(partition, (HandleKind::SigningKey, id), true)
}

const SIGNING_KEY: &str = "signing key";
