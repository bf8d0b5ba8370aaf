//! Credentials of all roles: access keys in their slots, and service keys.

use lanyard_revocation::Handle;
use lanyard_token::{CredentialId, ResourceId};
use redb::ReadableTable;
use uuid::Uuid;

use super::{
    log,
    tables::{Reads, Writes, after, corrupt, encode, record},
};
use crate::{
    Credential, CredentialRole, KeyRotation, KeySlot, Page, ServiceKeyDeletion, StoreError,
};

pub(super) fn credential(
    table: &impl ReadableTable<u128, &'static [u8]>,
    id: CredentialId,
) -> Result<Option<Credential>, StoreError> {
    record(table, id.as_uuid().as_u128(), CREDENTIAL)
}

pub(super) fn access_keys(
    tables: &Reads,
    resource: ResourceId,
) -> Result<Option<[Credential; 2]>, StoreError> {
    if tables
        .resources
        .get(resource.as_uuid().as_u128())?
        .is_none()
    {
        return Ok(None);
    }
    let (slots, records) = (&tables.access_keys, &tables.credentials);
    let in_slot = |slot| {
        let id = slot_holder(slots, resource, slot)?;
        credential(records, id)?.ok_or_else(|| corrupt(CREDENTIAL, "an access key has no record"))
    };
    Ok(Some([
        in_slot(KeySlot::Primary)?,
        in_slot(KeySlot::Secondary)?,
    ]))
}

pub(super) fn rotate(
    tables: &mut Writes<'_>,
    new: &Credential,
    expected: CredentialId,
) -> Result<KeyRotation, StoreError> {
    let CredentialRole::AccessKey { resource, slot } = new.role else {
        return Ok(KeyRotation::ResourceUnknown);
    };
    if tables
        .resources
        .get(resource.as_uuid().as_u128())?
        .is_none()
    {
        return Ok(KeyRotation::ResourceUnknown);
    }
    if slot_holder(&tables.access_keys, resource, slot)? != expected {
        return Ok(KeyRotation::SlotChanged);
    }
    let old = remove_access_key(tables, resource, slot)?;
    put_access_key(tables, resource, slot, new)?;
    log::append(tables, Handle::credential(old), true).map(KeyRotation::Rotated)
}

pub(super) fn put_access_key(
    tables: &mut Writes<'_>,
    resource: ResourceId,
    slot: KeySlot,
    key: &Credential,
) -> Result<(), StoreError> {
    put(tables, key)?;
    tables
        .access_keys
        .insert(slot_key(resource, slot), key.id.as_uuid().as_u128())?;
    Ok(())
}

pub(super) fn remove_access_key(
    tables: &mut Writes<'_>,
    resource: ResourceId,
    slot: KeySlot,
) -> Result<CredentialId, StoreError> {
    let id = slot_holder(&tables.access_keys, resource, slot)?;
    tables.access_keys.remove(slot_key(resource, slot))?;
    tables.credentials.remove(id.as_uuid().as_u128())?;
    Ok(id)
}

pub(super) fn create_service_key(
    tables: &mut Writes<'_>,
    new: &Credential,
) -> Result<(), StoreError> {
    put(tables, new)?;
    let is_operator = new.role == CredentialRole::Operator;
    tables
        .service_keys
        .insert(new.id.as_uuid().as_u128(), is_operator)?;
    Ok(())
}

pub(super) fn service_keys(
    tables: &Reads,
    page: Page<CredentialId>,
) -> Result<Vec<Credential>, StoreError> {
    let Some(first) = after(page.after.map(|id| id.as_uuid())) else {
        return Ok(Vec::new());
    };
    let (listed, records) = (&tables.service_keys, &tables.credentials);
    let found = listed.range(first..)?.take(page.limit).map(|row| {
        let id = CredentialId::from_uuid(Uuid::from_u128(row?.0.value()));
        credential(records, id)?
            .ok_or_else(|| corrupt(CREDENTIAL, "a listed service key has no record"))
    });
    found.collect()
}

pub(super) fn delete_service_key(
    tables: &mut Writes<'_>,
    id: CredentialId,
) -> Result<ServiceKeyDeletion, StoreError> {
    let key = id.as_uuid().as_u128();
    let Some(is_operator) = tables.service_keys.get(key)?.map(|found| found.value()) else {
        return Ok(ServiceKeyDeletion::Unknown);
    };
    if is_operator && operators(tables)? <= 1 {
        return Ok(ServiceKeyDeletion::LastOperator);
    }
    tables.service_keys.remove(key)?;
    tables.credentials.remove(key)?;
    Ok(ServiceKeyDeletion::Deleted)
}

fn operators(tables: &Writes<'_>) -> Result<usize, StoreError> {
    let mut count = 0;
    for row in tables.service_keys.iter()? {
        count += usize::from(row?.1.value());
    }
    Ok(count)
}

fn put(tables: &mut Writes<'_>, new: &Credential) -> Result<(), StoreError> {
    let bytes = encode(new, CREDENTIAL)?;
    tables
        .credentials
        .insert(new.id.as_uuid().as_u128(), bytes.as_slice())?;
    Ok(())
}

/// What a credential is to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// One of its two access keys.
    AccessKey,
    /// Nothing, or there is no such resource: a key of another one does not learn which.
    Stranger,
    /// There is no such credential any more.
    Unknown,
}

/// Finds out in a step what the credential is that asks for it. Other keys than the resource's own
/// do nothing in it: their rotation would not take back what they did.
pub(super) fn standing(
    (credentials, resources, slots): (
        &impl ReadableTable<u128, &'static [u8]>,
        &impl ReadableTable<u128, &'static [u8]>,
        &impl ReadableTable<(u128, u8), u128>,
    ),
    resource: ResourceId,
    id: CredentialId,
) -> Result<Standing, StoreError> {
    if credentials.get(id.as_uuid().as_u128())?.is_none() {
        return Ok(Standing::Unknown);
    }
    if resources.get(resource.as_uuid().as_u128())?.is_none() {
        return Ok(Standing::Stranger);
    }
    for slot in KeySlot::ALL {
        if slot_holder(slots, resource, slot)? == id {
            return Ok(Standing::AccessKey);
        }
    }
    Ok(Standing::Stranger)
}

/// Every resource has a key in each slot, so an empty slot is a damaged store.
fn slot_holder(
    table: &impl ReadableTable<(u128, u8), u128>,
    resource: ResourceId,
    slot: KeySlot,
) -> Result<CredentialId, StoreError> {
    let id = table
        .get(slot_key(resource, slot))?
        .map(|found| found.value());
    id.map(|id| CredentialId::from_uuid(Uuid::from_u128(id)))
        .ok_or_else(|| corrupt("access key slot", "it is empty"))
}

fn slot_key(resource: ResourceId, slot: KeySlot) -> (u128, u8) {
    let slot = match slot {
        KeySlot::Primary => 0,
        KeySlot::Secondary => 1,
    };
    (resource.as_uuid().as_u128(), slot)
}

const CREDENTIAL: &str = "credential";
