//! Subscriptions and resources.
//!
//! A resource lies in its partition, and its name and its place in its subscription at the root, which
//! may be another node. So it is made in three steps, of which the second decides: it is kept where
//! nobody sees it, its name is taken, it is shown. Whoever meets one that is not shown yet and has its
//! name finishes the work. It is deleted in its partition first, and that decides; a name that leads
//! nowhere is free.

use futures_util::future::try_join_all;
use lanyard_revocation::HandleKind;
use lanyard_token::{CredentialId, ResourceId, SubscriptionId};
use redis::{Cmd, Value};
use uuid::Uuid;

use super::{
    RedisStore,
    credentials::{CREDENTIAL, forget_access_key, place_access_key},
    engine::Effect,
    keys::text,
    pages,
    records::{corrupt, decode, decode_found, encode, read},
};
use crate::{Appended, NewResource, Page, Resource, ResourceCreation, StoreError, Subscription};

pub(super) async fn create_subscription(
    store: &RedisStore,
    new: Subscription,
) -> Result<(), StoreError> {
    let engine = store.engine();
    let root = engine.keys.root();
    let keys = vec![root.subscriptions(), root.subscription_order()];
    let args = vec![
        text(new.id.as_uuid()).into_bytes(),
        encode(&new, SUBSCRIPTION)?,
    ];
    let how = (&engine.scripts.create_subscription, Effect::Changes);
    engine.at_root(how, keys, args).await.map(drop)
}

pub(super) async fn subscriptions(
    store: &RedisStore,
    page: Page<SubscriptionId>,
) -> Result<Vec<Subscription>, StoreError> {
    let after = page.after.map(|id| id.as_uuid());
    let root = store.engine().keys.root();
    let places = (root.subscription_order(), root.subscriptions());
    store
        .listed(places, (after, page.limit), SUBSCRIPTION)
        .await
}

/// The subscription is hidden first; from then on it will be deleted, by a later sweep if this is cut
/// short.
pub(super) async fn delete_subscription(
    store: &RedisStore,
    id: SubscriptionId,
) -> Result<Option<Vec<Appended>>, StoreError> {
    let engine = store.engine();
    let root = engine.keys.root();
    let keys = vec![
        root.subscriptions(),
        root.subscription_order(),
        root.closing(),
    ];
    let args = vec![text(id.as_uuid()).into_bytes()];
    let how = (&engine.scripts.close_subscription, Effect::Changes);
    let reply = engine.at_root(how, keys, args).await?;
    match reply.status() {
        "done" => finish_deletion(store, id).await.map(Some),
        "unknown" => Ok(None),
        _ => Err(reply.unexpected()),
    }
}

/// Finishes deletions that were cut short.
pub(super) async fn finish_deletions(store: &RedisStore) -> Result<(), StoreError> {
    let root = store.engine().keys.root();
    let mut command = Cmd::new();
    command.arg("SMEMBERS").arg(root.closing());
    let closing = store.engine().look_one(root.slot(), command, SUBSCRIPTION);
    let closing: Vec<String> = closing.await?;
    for id in closing {
        finish_deletion(store, SubscriptionId::from_uuid(parsed(&id)?)).await?;
    }
    Ok(())
}

pub(super) async fn create_resource(
    store: &RedisStore,
    new: NewResource,
) -> Result<ResourceCreation, StoreError> {
    let NewResource { resource, keys } = new;
    for key in &keys {
        place_access_key(store, key.id, resource.id).await?;
    }
    let [primary, secondary] = &keys;
    let (partition, places) = store.place(resource.id);
    let args = vec![
        encode(&resource, RESOURCE)?,
        text(primary.id.as_uuid()).into_bytes(),
        encode(primary, CREDENTIAL)?,
        text(secondary.id.as_uuid()).into_bytes(),
        encode(secondary, CREDENTIAL)?,
    ];
    let engine = store.engine();
    let how = (&engine.scripts.put_resource, Effect::Changes);
    engine
        .in_partition(partition, how, &[&places.resource], args)
        .await?;
    let made = take_name(store, &resource).await?;
    settle(store, resource.id, made == ResourceCreation::Created).await?;
    if made != ResourceCreation::Created {
        for key in &keys {
            drop(forget_access_key(store, key.id).await);
        }
    }
    Ok(made)
}

pub(super) async fn resource(
    store: &RedisStore,
    id: ResourceId,
) -> Result<Option<Resource>, StoreError> {
    if !ensure_shown(store, id).await? {
        return Ok(None);
    }
    Ok(kept(store, id).await?.map(|(resource, _)| resource))
}

/// A name may lead to what was deleted, or is not shown yet.
pub(super) async fn resource_named(
    store: &RedisStore,
    name: &str,
) -> Result<Option<ResourceId>, StoreError> {
    let Some(id) = holder(store, name).await? else {
        return Ok(None);
    };
    Ok(ensure_shown(store, id).await?.then_some(id))
}

/// Whether a resource is there. One that has its name and is not shown yet, because whoever made it
/// did not come through, is shown now.
pub(super) async fn ensure_shown(store: &RedisStore, id: ResourceId) -> Result<bool, StoreError> {
    let Some((resource, is_pending)) = kept(store, id).await? else {
        return Ok(false);
    };
    if !is_pending {
        return Ok(true);
    }
    let is_named = holder(store, &resource.name).await? == Some(id);
    if is_named {
        settle(store, id, true).await?;
    }
    Ok(is_named)
}

pub(super) async fn resources(
    store: &RedisStore,
    subscription: SubscriptionId,
    page: Page<ResourceId>,
) -> Result<Option<Vec<Resource>>, StoreError> {
    let root = store.engine().keys.root();
    let mut known = Cmd::new();
    known
        .arg("HEXISTS")
        .arg(root.subscriptions())
        .arg(text(subscription.as_uuid()));
    let mut after = page.after.map(|id| id.as_uuid());
    let mut found = Vec::new();
    // Some that are listed may be gone, so one part may take several reads.
    loop {
        let missing = page.limit - found.len();
        let part = pages::command(&root.resources_of(subscription), after, missing);
        let answers = store
            .engine()
            .look(root.slot(), &[known.clone(), part])
            .await?;
        let mut answers = answers.into_iter();
        let mut next = || answers.next().unwrap_or(Value::Nil);
        if !read::<bool>(next(), SUBSCRIPTION)? {
            return Ok(None);
        }
        let ids: Vec<String> = read(next(), RESOURCE)?;
        let ids: Vec<Uuid> = ids.iter().map(|id| parsed(id)).collect::<Result<_, _>>()?;
        let records = ids
            .iter()
            .map(|id| resource(store, ResourceId::from_uuid(*id)));
        found.extend(try_join_all(records).await?.into_iter().flatten());
        after = ids.last().copied();
        if ids.len() < missing || found.len() >= page.limit {
            return Ok(Some(found));
        }
    }
}

pub(super) async fn delete_resource(
    store: &RedisStore,
    id: ResourceId,
) -> Result<Option<Appended>, StoreError> {
    if !ensure_shown(store, id).await? {
        return Ok(None);
    }
    delete_kept(store, id).await
}

/// Deletes a resource, whether or not it is shown.
async fn delete_kept(store: &RedisStore, id: ResourceId) -> Result<Option<Appended>, StoreError> {
    let (partition, keys) = store.place(id);
    let engine = store.engine();
    let how = (&engine.scripts.delete_resource, Effect::Changes);
    let args = vec![text(id.as_uuid()).into_bytes()];
    let reply = engine
        .in_partition(partition, how, &keys.all(), args)
        .await?;
    match reply.status() {
        "done" => {}
        "unknown" => return Ok(None),
        _ => return Err(reply.unexpected()),
    }
    let resource: Resource = decode(reply.text(3)?.as_bytes(), RESOURCE)?;
    // It is done: a name that leads nowhere is free, and so is what is left of the keys.
    drop(free_name(store, &resource).await);
    for at in [4, 5] {
        let key = CredentialId::from_uuid(reply.parsed(at)?);
        drop(forget_access_key(store, key).await);
    }
    let what = (HandleKind::Resource, id.as_uuid());
    reply.appended(partition, what, true).map(Some)
}

async fn finish_deletion(
    store: &RedisStore,
    id: SubscriptionId,
) -> Result<Vec<Appended>, StoreError> {
    let engine = store.engine();
    let root = engine.keys.root();
    let all = pages::command(&root.resources_of(id), None, usize::MAX);
    let ids: Vec<String> = engine.look_one(root.slot(), all, RESOURCE).await?;
    let mut appended = Vec::new();
    for resource in ids {
        let resource = ResourceId::from_uuid(parsed(&resource)?);
        appended.extend(delete_kept(store, resource).await?);
    }
    let keys = vec![root.closing(), root.resources_of(id)];
    let args = vec![text(id.as_uuid()).into_bytes()];
    let how = (&engine.scripts.forget_subscription, Effect::Changes);
    engine.at_root(how, keys, args).await?;
    Ok(appended)
}

/// Takes the name of a resource that is kept. A name that leads to nothing is free.
async fn take_name(
    store: &RedisStore,
    resource: &Resource,
) -> Result<ResourceCreation, StoreError> {
    let engine = store.engine();
    let root = engine.keys.root();
    loop {
        let keys = vec![
            root.subscriptions(),
            root.names(),
            root.resources_of(resource.subscription),
        ];
        let args = vec![
            text(resource.subscription.as_uuid()).into_bytes(),
            resource.name.clone().into_bytes(),
            text(resource.id.as_uuid()).into_bytes(),
        ];
        let how = (&engine.scripts.take_name, Effect::Changes);
        let reply = engine.at_root(how, keys, args).await?;
        match reply.status() {
            "done" => return Ok(ResourceCreation::Created),
            "subscription_unknown" => return Ok(ResourceCreation::SubscriptionUnknown),
            "taken" => {}
            _ => return Err(reply.unexpected()),
        }
        let holder = ResourceId::from_uuid(reply.parsed(0)?);
        if kept(store, holder).await?.is_some() {
            return Ok(ResourceCreation::NameTaken);
        }
        let gone = Resource {
            id: holder,
            ..resource.clone()
        };
        free_name(store, &gone).await?;
    }
}

async fn free_name(store: &RedisStore, resource: &Resource) -> Result<(), StoreError> {
    let engine = store.engine();
    let root = engine.keys.root();
    let keys = vec![root.names(), root.resources_of(resource.subscription)];
    let args = vec![
        resource.name.clone().into_bytes(),
        text(resource.id.as_uuid()).into_bytes(),
    ];
    let how = (&engine.scripts.free_name, Effect::Changes);
    engine.at_root(how, keys, args).await.map(drop)
}

async fn holder(store: &RedisStore, name: &str) -> Result<Option<ResourceId>, StoreError> {
    let root = store.engine().keys.root();
    let mut command = Cmd::new();
    command.arg("HGET").arg(root.names()).arg(name);
    let found = store.engine().look_one(root.slot(), command, RESOURCE);
    let found: Option<String> = found.await?;
    let found = found.map(|id| parsed(&id)).transpose()?;
    Ok(found.map(ResourceId::from_uuid))
}

/// Shows a resource, or drops one that nobody has seen.
async fn settle(store: &RedisStore, id: ResourceId, shows: bool) -> Result<(), StoreError> {
    let (partition, keys) = store.place(id);
    let engine = store.engine();
    let what: &[u8] = if shows { b"show" } else { b"drop" };
    let how = (&engine.scripts.settle_resource, Effect::Changes);
    let args = vec![what.to_vec()];
    engine
        .in_partition(partition, how, &[&keys.resource], args)
        .await
        .map(drop)
}

/// A resource's record, and whether it is not shown yet.
async fn kept(store: &RedisStore, id: ResourceId) -> Result<Option<(Resource, bool)>, StoreError> {
    let (partition, keys) = store.place(id);
    let slot = store.engine().keys.partition(partition).slot();
    let mut command = Cmd::new();
    command
        .arg("HMGET")
        .arg(&keys.resource)
        .arg("record")
        .arg("pending");
    let found = store.engine().look_one(slot, command, RESOURCE);
    let (record, pending): (Value, Option<String>) = found.await?;
    let resource = decode_found::<Resource>(record, RESOURCE)?;
    Ok(resource.map(|resource| (resource, pending.is_some())))
}

fn parsed(id: &str) -> Result<Uuid, StoreError> {
    id.parse().map_err(|error| corrupt(RESOURCE, error))
}

const SUBSCRIPTION: &str = "subscription";
const RESOURCE: &str = "resource";
