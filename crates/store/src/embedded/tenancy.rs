//! Subscriptions and resources.

use lanyard_revocation::Handle;
use lanyard_token::{ResourceId, SubscriptionId};
use redb::ReadableTable;
use uuid::Uuid;

use super::{
    credentials, log,
    tables::{Reads, Writes, after, corrupt, decode, encode, record},
};
use crate::{
    Appended, KeySlot, NewResource, Page, Resource, ResourceCreation, StoreError, Subscription,
};

pub(super) fn create_subscription(
    tables: &mut Writes<'_>,
    new: &Subscription,
) -> Result<(), StoreError> {
    let bytes = encode(new, SUBSCRIPTION)?;
    tables
        .subscriptions
        .insert(new.id.as_uuid().as_u128(), bytes.as_slice())?;
    Ok(())
}

pub(super) fn subscriptions(
    tables: &Reads,
    page: Page<SubscriptionId>,
) -> Result<Vec<Subscription>, StoreError> {
    let Some(first) = after(page.after.map(|id| id.as_uuid())) else {
        return Ok(Vec::new());
    };
    let table = &tables.subscriptions;
    let found = table.range(first..)?.take(page.limit);
    found
        .map(|row| decode(row?.1.value(), SUBSCRIPTION))
        .collect()
}

pub(super) fn delete_subscription(
    tables: &mut Writes<'_>,
    id: SubscriptionId,
) -> Result<Option<Vec<Appended>>, StoreError> {
    if tables
        .subscriptions
        .remove(id.as_uuid().as_u128())?
        .is_none()
    {
        return Ok(None);
    }
    let mut appended = Vec::new();
    for resource in resource_ids(
        &tables.resources_of,
        id,
        Page {
            after: None,
            limit: usize::MAX,
        },
    )? {
        appended.extend(delete_resource(tables, resource)?);
    }
    Ok(Some(appended))
}

pub(super) fn create_resource(
    tables: &mut Writes<'_>,
    new: &NewResource,
) -> Result<ResourceCreation, StoreError> {
    let NewResource { resource, keys } = new;
    let id = resource.id.as_uuid().as_u128();
    let subscription = resource.subscription.as_uuid().as_u128();
    if tables.subscriptions.get(subscription)?.is_none() {
        return Ok(ResourceCreation::SubscriptionUnknown);
    }
    if tables.resource_names.get(resource.name.as_str())?.is_some() {
        return Ok(ResourceCreation::NameTaken);
    }
    tables
        .resources
        .insert(id, encode(resource, RESOURCE)?.as_slice())?;
    tables.resource_names.insert(resource.name.as_str(), id)?;
    tables.resources_of.insert((subscription, id), ())?;
    for (key, slot) in keys.iter().zip(KeySlot::ALL) {
        credentials::put_access_key(tables, resource.id, slot, key)?;
    }
    Ok(ResourceCreation::Created)
}

pub(super) fn resource(
    table: &impl ReadableTable<u128, &'static [u8]>,
    id: ResourceId,
) -> Result<Option<Resource>, StoreError> {
    record(table, id.as_uuid().as_u128(), RESOURCE)
}

pub(super) fn resource_named(tables: &Reads, name: &str) -> Result<Option<ResourceId>, StoreError> {
    let found = tables.resource_names.get(name)?;
    Ok(found.map(|id| ResourceId::from_uuid(Uuid::from_u128(id.value()))))
}

pub(super) fn resources(
    tables: &Reads,
    subscription: SubscriptionId,
    page: Page<ResourceId>,
) -> Result<Option<Vec<Resource>>, StoreError> {
    if tables
        .subscriptions
        .get(subscription.as_uuid().as_u128())?
        .is_none()
    {
        return Ok(None);
    }
    let table = &tables.resources;
    let ids = resource_ids(&tables.resources_of, subscription, page)?;
    let listed = ids.into_iter().map(|id| {
        resource(table, id)?.ok_or_else(|| corrupt(RESOURCE, "a listed one has no record"))
    });
    listed.collect::<Result<_, _>>().map(Some)
}

pub(super) fn delete_resource(
    tables: &mut Writes<'_>,
    id: ResourceId,
) -> Result<Option<Appended>, StoreError> {
    let Some(found) = resource(&tables.resources, id)? else {
        return Ok(None);
    };
    let key = id.as_uuid().as_u128();
    tables.resources.remove(key)?;
    tables.resource_names.remove(found.name.as_str())?;
    tables
        .resources_of
        .remove((found.subscription.as_uuid().as_u128(), key))?;
    for slot in KeySlot::ALL {
        credentials::remove_access_key(tables, id, slot)?;
    }
    // Unknown from here on: nothing finds an identity whose resource is gone. There may be a million
    // of them, so the rows are swept out later.
    tables.deleted_resources.insert(key, ())?;
    log::append(tables, Handle::resource(id), true).map(Some)
}

fn resource_ids(
    table: &impl ReadableTable<(u128, u128), ()>,
    subscription: SubscriptionId,
    page: Page<ResourceId>,
) -> Result<Vec<ResourceId>, StoreError> {
    let subscription = subscription.as_uuid().as_u128();
    let Some(first) = after(page.after.map(|id| id.as_uuid())) else {
        return Ok(Vec::new());
    };
    let found = table
        .range((subscription, first)..=(subscription, u128::MAX))?
        .take(page.limit);
    found
        .map(|row| Ok(ResourceId::from_uuid(Uuid::from_u128(row?.0.value().1))))
        .collect()
}

const SUBSCRIPTION: &str = "subscription";
const RESOURCE: &str = "resource";
