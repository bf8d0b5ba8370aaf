//! Identities, what they are issued, and what is taken back from them.

use lanyard_revocation::{Handle, HandleKind, PartitionId, partition_of};
use lanyard_token::{CredentialId, IdentityId, ResourceId, TokenId, UnixTime};
use redis::{Cmd, Value};
use uuid::Uuid;

use super::{
    RedisStore,
    credentials::is_known,
    engine::{Effect, Engine},
    finals,
    grants::{Grant, Place},
    keys::{ResourceKeys, text},
    pages,
    records::{corrupt, decode, decode_found, encode, read},
    reply::Reply,
};
use crate::{
    Identity, IdentityCreation, IssueGrant, IssueRequest, NewIdentity, Page, RevocationOutcome,
    StoreError,
};

pub(super) async fn create(
    store: &RedisStore,
    new: NewIdentity,
) -> Result<IdentityCreation, StoreError> {
    let NewIdentity {
        identity,
        credential,
        signing_key,
    } = new;
    let (partition, keys) = store.place(identity.id.resource());
    let signing_key = signing_key.map(|key| text(key.as_uuid()));
    let args = vec![
        text(credential.as_uuid()).into_bytes(),
        text(identity.id.uuid()).into_bytes(),
        encode(&identity, IDENTITY)?,
        identity.custom_id.clone().unwrap_or_default().into_bytes(),
        signing_key.unwrap_or_default().into_bytes(),
    ];
    let engine = store.engine();
    let how = (&engine.scripts.create_identity, Effect::Changes);
    let reply = engine
        .in_partition(partition, how, &keys.all(), args)
        .await?;
    match reply.status() {
        "done" => {
            engine.ensure_same_time(reply.time(1)?)?;
            Ok(IdentityCreation::Created(reply.parsed(0)?))
        }
        "existing" => {
            engine.ensure_same_time(reply.time(1)?)?;
            let mut existing: Identity = decode(reply.text(2)?.as_bytes(), IDENTITY)?;
            existing.last_token_issue_time = issue_time(&reply.text(3)?)?;
            Ok(IdentityCreation::Existing(existing, reply.parsed(0)?))
        }
        "signing_key" => Ok(IdentityCreation::SigningKeyNotActive),
        "stranger" if is_known(store, credential).await? => Ok(IdentityCreation::ResourceUnknown),
        "stranger" => Ok(IdentityCreation::CredentialUnknown),
        _ => Err(reply.unexpected()),
    }
}

pub(super) async fn find(
    store: &RedisStore,
    id: IdentityId,
) -> Result<Option<Identity>, StoreError> {
    let (partition, keys) = store.place(id.resource());
    let own = store.engine().keys.partition(partition);
    let uuid = text(id.uuid());
    let [beside, set] = finals::lookup(&own, &[finals::mark(Handle::identity(&id))]);
    let commands = [
        command("HMGET", &keys.resource, &["record", "pending"]),
        command("HGET", &keys.identities, &[&uuid]),
        command("HGET", &keys.issue_times, &[&uuid]),
        beside,
        set,
    ];
    let answers = store.engine().look(own.slot(), &commands).await?;
    let [resource, identity, issued, beside, set] = exactly(answers)?;
    let is_final = finals::found(partition, beside, set)?.contains(&true);
    if !is_shown(resource)? || is_final {
        return Ok(None);
    }
    let Some(mut identity) = decode_found::<Identity>(identity, IDENTITY)? else {
        return Ok(None);
    };
    let issued: Option<String> = read(issued, IDENTITY)?;
    identity.last_token_issue_time = issue_time(&issued.unwrap_or_default())?;
    Ok(Some(identity))
}

pub(super) async fn list(
    store: &RedisStore,
    resource: ResourceId,
    page: Page<IdentityId>,
) -> Result<Vec<Identity>, StoreError> {
    let (partition, keys) = store.place(resource);
    let own = store.engine().keys.partition(partition);
    let commands = [
        command("HMGET", &keys.resource, &["record", "pending"]),
        pages::command(&keys.order, page.after.map(|id| id.uuid()), page.limit),
        command("HLEN", &keys.identities, &[]),
        command("ZCARD", &keys.order, &[]),
    ];
    let answers = store.engine().look(own.slot(), &commands).await?;
    let [resource, mut ids, records, ordered] = exactly(answers)?;
    if !is_shown(resource)? {
        return Ok(Vec::new());
    }
    let (records, ordered): (u64, u64) = (read(records, IDENTITY)?, read(ordered, IDENTITY)?);
    if records != ordered {
        restore_order(store, partition, &keys).await?;
        let [_, page, ..] = commands;
        ids = store.engine().look_one(own.slot(), page, IDENTITY).await?;
    }
    let ids: Vec<String> = read(ids, IDENTITY)?;
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(pages::RECORDS_AT_ONCE) {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let marks = ids
            .iter()
            .map(|id| format!("{} {id}", HandleKind::Identity));
        let [beside, set] = finals::lookup(&own, &marks.collect::<Vec<_>>());
        let commands = [
            command("HMGET", &keys.identities, &ids),
            command("HMGET", &keys.issue_times, &ids),
            beside,
            set,
        ];
        let answers = store.engine().look(own.slot(), &commands).await?;
        let [records, issued, beside, set] = exactly(answers)?;
        let finals = finals::found(partition, beside, set)?;
        found.extend(identities_of(records, issued, finals)?);
    }
    Ok(found)
}

pub(super) async fn delete(
    store: &RedisStore,
    id: IdentityId,
    by: CredentialId,
) -> Result<RevocationOutcome, StoreError> {
    // A custom id never changes, so it can be looked up ahead of the step that needs it.
    let custom_id = find(store, id).await?.and_then(|found| found.custom_id);
    let (partition, keys) = store.place(id.resource());
    let args = vec![
        text(by.as_uuid()).into_bytes(),
        text(id.uuid()).into_bytes(),
        custom_id.unwrap_or_default().into_bytes(),
    ];
    let engine = store.engine();
    let how = (&engine.scripts.delete_identity, Effect::Changes);
    let reply = engine
        .in_partition(partition, how, &keys.all(), args)
        .await?;
    let what = (HandleKind::Identity, id.uuid());
    outcome(store, (&reply, partition), (what, true), by).await
}

pub(super) async fn revoke(
    store: &RedisStore,
    id: IdentityId,
    by: CredentialId,
) -> Result<RevocationOutcome, StoreError> {
    revoke_handle(store, id.resource(), Handle::identity(&id), by).await
}

pub(super) async fn revoke_token(
    store: &RedisStore,
    (resource, token): (ResourceId, TokenId),
    by: CredentialId,
) -> Result<RevocationOutcome, StoreError> {
    revoke_handle(store, resource, Handle::token(token), by).await
}

pub(super) async fn issue_grant(
    store: &RedisStore,
    request: IssueRequest,
) -> Result<IssueGrant, StoreError> {
    let (partition, keys) = store.place(request.identity.resource());
    let place = Place { partition, keys };
    match store.grants.ask(&store.engine, place, request).await? {
        Grant::Granted(position) => Ok(IssueGrant::Granted(position)),
        Grant::IdentityUnknown => Ok(IssueGrant::IdentityUnknown),
        Grant::SigningKeyNotActive => Ok(IssueGrant::SigningKeyNotActive),
        Grant::Stranger if is_known(store, request.credential).await? => {
            Ok(IssueGrant::IdentityUnknown)
        }
        Grant::Stranger => Ok(IssueGrant::CredentialUnknown),
    }
}

pub(super) async fn note_issues(
    store: &RedisStore,
    issues: Vec<(IdentityId, UnixTime)>,
) -> Result<(), StoreError> {
    let engine = store.engine();
    for (id, time) in issues {
        let (partition, keys) = store.place(id.resource());
        let own = [keys.identities.as_str(), &keys.issue_times];
        let args = vec![
            text(id.uuid()).into_bytes(),
            time.as_millis().to_string().into_bytes(),
        ];
        // The one change that may be lost, so nothing waits for replicas.
        let how = (&engine.scripts.note_issue, Effect::Passes);
        engine.in_partition(partition, how, &own, args).await?;
    }
    Ok(())
}

async fn revoke_handle(
    store: &RedisStore,
    resource: ResourceId,
    handle: Handle,
    by: CredentialId,
) -> Result<RevocationOutcome, StoreError> {
    let (partition, keys) = store.place(resource);
    let args = vec![
        text(by.as_uuid()).into_bytes(),
        handle.kind.as_str().into(),
        text(handle.id).into_bytes(),
    ];
    let engine = store.engine();
    let how = (&engine.scripts.revoke, Effect::Changes);
    let own = [keys.resource.as_str(), &keys.identities];
    let reply = engine.in_partition(partition, how, &own, args).await?;
    let what = (handle.kind, handle.id);
    outcome(store, (&reply, partition), (what, false), by).await
}

async fn outcome(
    store: &RedisStore,
    (reply, partition): (&Reply, PartitionId),
    (what, is_final): ((HandleKind, Uuid), bool),
    by: CredentialId,
) -> Result<RevocationOutcome, StoreError> {
    match reply.status() {
        "done" => {
            let appended = reply.appended(partition, what, is_final)?;
            Ok(RevocationOutcome::Appended(appended))
        }
        "unknown" => Ok(RevocationOutcome::Unknown),
        "stranger" if is_known(store, by).await? => Ok(RevocationOutcome::Unknown),
        "stranger" => Ok(RevocationOutcome::CredentialUnknown),
        _ => Err(reply.unexpected()),
    }
}

fn identities_of(
    records: Value,
    issued: Value,
    finals: Vec<bool>,
) -> Result<Vec<Identity>, StoreError> {
    let records: Vec<Option<Vec<u8>>> = read(records, IDENTITY)?;
    let issued: Vec<Option<String>> = read(issued, IDENTITY)?;
    let mut found = Vec::new();
    for ((record, issued), is_final) in records.into_iter().zip(issued).zip(finals) {
        // One that is gone was deleted after the ids were read.
        let Some(record) = record.filter(|_| !is_final) else {
            continue;
        };
        let mut identity: Identity = decode(&record, IDENTITY)?;
        identity.last_token_issue_time = issue_time(&issued.unwrap_or_default())?;
        found.push(identity);
    }
    Ok(found)
}

fn issue_time(text: &str) -> Result<Option<UnixTime>, StoreError> {
    if text.is_empty() {
        return Ok(None);
    }
    let millis = text.parse().map_err(|error| corrupt(IDENTITY, error))?;
    Ok(Some(UnixTime::from_millis(millis)))
}

/// Whether a resource is there, told by its record and whether it is still being made.
fn is_shown(resource: Value) -> Result<bool, StoreError> {
    let (record, pending): (Option<Vec<u8>>, Option<String>) = read(resource, "resource")?;
    Ok(record.is_some() && pending.is_none())
}

fn exactly<const N: usize>(answers: Vec<Value>) -> Result<[Value; N], StoreError> {
    answers
        .try_into()
        .map_err(|_| corrupt("answer of the server", "it is too short"))
}

/// Makes the order of the identities again if it does not fit them: one of the two keys was lost, or an
/// identity was made between the looks at both, which changes nothing.
async fn restore_order(
    store: &RedisStore,
    partition: PartitionId,
    keys: &ResourceKeys,
) -> Result<(), StoreError> {
    let engine = store.engine();
    let own = [&keys.resource, &keys.identities, &keys.order].map(String::as_str);
    let how = (&engine.scripts.restore_order, Effect::Changes);
    let restored = engine.in_partition(partition, how, &own, vec![]);
    restored.await.map(drop)
}

fn command(name: &str, key: &str, args: &[&str]) -> Cmd {
    let mut command = Cmd::new();
    command.arg(name).arg(key).arg(args);
    command
}

impl RedisStore {
    /// Where a resource and everything beneath it lies.
    pub(super) fn place(&self, resource: ResourceId) -> (PartitionId, ResourceKeys) {
        let partition = partition_of(resource, self.partitions);
        let keys = self.engine().keys.partition(partition).resource(resource);
        (partition, keys)
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }
}

const IDENTITY: &str = "identity";
