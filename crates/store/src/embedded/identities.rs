//! Identities, what they are issued, and what is taken back from them.

use lanyard_revocation::Handle;
use lanyard_token::{IdentityId, ResourceId, TokenId, UnixTime};
use redb::ReadableTable as _;
use uuid::Uuid;

use super::{
    credentials::is_access_key,
    log,
    tables::{
        ACCESS_KEYS, CREDENTIALS, IDENTITIES, META, Meta, RESOURCES, Reads, Writes, after, corrupt,
        decode, encode, meta, record,
    },
};
use crate::{Appended, CustomIdentity, Identity, IssueGrant, IssueRequest, Page, StoreError};

pub(super) fn create(
    tables: &mut Writes<'_>,
    new: &Identity,
) -> Result<CustomIdentity, StoreError> {
    let (resource, identity) = key(new.id);
    if tables.resources.get(resource)?.is_none() {
        return Ok(CustomIdentity::ResourceUnknown);
    }
    if let Some(custom_id) = new.custom_id.as_deref() {
        if let Some(existing) = by_custom_id(tables, new.id.resource(), custom_id)? {
            return Ok(CustomIdentity::Existing(existing));
        }
        tables.custom_ids.insert((resource, custom_id), identity)?;
    }
    put(tables, new)?;
    Ok(CustomIdentity::Created)
}

pub(super) fn find(tables: &Reads, id: IdentityId) -> Result<Option<Identity>, StoreError> {
    if tables.open(RESOURCES)?.get(key(id).0)?.is_none() {
        return Ok(None);
    }
    record(&tables.open(IDENTITIES)?, key(id), IDENTITY)
}

pub(super) fn list(
    tables: &Reads,
    resource: ResourceId,
    page: Page<IdentityId>,
) -> Result<Vec<Identity>, StoreError> {
    let resource = resource.as_uuid().as_u128();
    if tables.open(RESOURCES)?.get(resource)?.is_none() {
        return Ok(Vec::new());
    }
    let Some(first) = after(page.after.map(|id| id.uuid())) else {
        return Ok(Vec::new());
    };
    let table = tables.open(IDENTITIES)?;
    let found = table
        .range((resource, first)..=(resource, u128::MAX))?
        .take(page.limit);
    found.map(|row| decode(row?.1.value(), IDENTITY)).collect()
}

pub(super) fn delete(
    tables: &mut Writes<'_>,
    id: IdentityId,
) -> Result<Option<Appended>, StoreError> {
    let Some(found) = find_to_change(tables, id)? else {
        return Ok(None);
    };
    if let Some(custom_id) = found.custom_id.as_deref() {
        tables.custom_ids.remove((key(id).0, custom_id))?;
    }
    tables.identities.remove(key(id))?;
    log::append(tables, Handle::identity(&id), true).map(Some)
}

/// One snapshot answers all of it, so that the position is exactly where everything was alive.
pub(super) fn issue_grant(
    tables: &Reads,
    request: &IssueRequest,
) -> Result<IssueGrant, StoreError> {
    let credential = request.credential.as_uuid().as_u128();
    if tables.open(CREDENTIALS)?.get(credential)?.is_none() {
        return Ok(IssueGrant::CredentialUnknown);
    }
    let (resource, identity) = key(request.identity);
    // A key of another resource learns nothing about this one, and its rotation would not take the
    // token back.
    if tables.open(RESOURCES)?.get(resource)?.is_none()
        || !is_access_key(
            &tables.open(ACCESS_KEYS)?,
            request.identity.resource(),
            request.credential,
        )?
        || tables
            .open(IDENTITIES)?
            .get((resource, identity))?
            .is_none()
    {
        return Ok(IssueGrant::IdentityUnknown);
    }
    let numbers = tables.open(META)?;
    let active = meta(&numbers, Meta::ActiveSigningKey)?;
    if active != Some(request.signing_key.as_uuid().as_u128()) {
        return Ok(IssueGrant::SigningKeyNotActive);
    }
    log::end(&numbers).map(IssueGrant::Granted)
}

pub(super) fn note_issues(
    tables: &mut Writes<'_>,
    issues: &[(IdentityId, UnixTime)],
) -> Result<(), StoreError> {
    for &(id, time) in issues {
        let Some(mut identity) = find_to_change(tables, id)? else {
            continue;
        };
        if identity.last_token_issue_time < Some(time) {
            identity.last_token_issue_time = Some(time);
            put(tables, &identity)?;
        }
    }
    Ok(())
}

pub(super) fn revoke(
    tables: &mut Writes<'_>,
    id: IdentityId,
) -> Result<Option<Appended>, StoreError> {
    if find_to_change(tables, id)?.is_none() {
        return Ok(None);
    }
    log::append(tables, Handle::identity(&id), false).map(Some)
}

pub(super) fn revoke_token(
    tables: &mut Writes<'_>,
    resource: ResourceId,
    token: TokenId,
) -> Result<Option<Appended>, StoreError> {
    if tables
        .resources
        .get(resource.as_uuid().as_u128())?
        .is_none()
    {
        return Ok(None);
    }
    log::append(tables, Handle::token(token), false).map(Some)
}

fn find_to_change(tables: &Writes<'_>, id: IdentityId) -> Result<Option<Identity>, StoreError> {
    if tables.resources.get(key(id).0)?.is_none() {
        return Ok(None);
    }
    record(&tables.identities, key(id), IDENTITY)
}

fn by_custom_id(
    tables: &Writes<'_>,
    resource: ResourceId,
    custom_id: &str,
) -> Result<Option<Identity>, StoreError> {
    let found = tables
        .custom_ids
        .get((resource.as_uuid().as_u128(), custom_id))?;
    let Some(identity) = found.map(|found| Uuid::from_u128(found.value())) else {
        return Ok(None);
    };
    find_to_change(tables, IdentityId::new(resource, identity))?
        .ok_or_else(|| corrupt(IDENTITY, "a custom id leads to none"))
        .map(Some)
}

fn put(tables: &mut Writes<'_>, identity: &Identity) -> Result<(), StoreError> {
    let bytes = encode(identity, IDENTITY)?;
    tables
        .identities
        .insert(key(identity.id), bytes.as_slice())?;
    Ok(())
}

fn key(id: IdentityId) -> (u128, u128) {
    (id.resource().as_uuid().as_u128(), id.uuid().as_u128())
}

const IDENTITY: &str = "identity";
