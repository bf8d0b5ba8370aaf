//! Identities, what they are issued, and what is taken back from them.

use lanyard_revocation::Handle;
use lanyard_token::{CredentialId, IdentityId, KeyId, Position, ResourceId, TokenId, UnixTime};
use redb::ReadableTable;
use uuid::Uuid;

use super::{
    credentials::{Standing, standing},
    log,
    tables::{Meta, Reads, Writes, after, corrupt, decode, encode, meta, record},
};
use crate::{
    Identity, IdentityCreation, IssueGrant, IssueRequest, NewIdentity, Page, RevocationOutcome,
    StoreError,
};

pub(super) fn create(
    tables: &mut Writes<'_>,
    new: &NewIdentity,
) -> Result<IdentityCreation, StoreError> {
    let NewIdentity {
        identity,
        credential,
        signing_key,
    } = new;
    let id = identity.id;
    match standing_to_change(tables, id.resource(), *credential)? {
        Standing::AccessKey => {}
        Standing::Stranger => return Ok(IdentityCreation::ResourceUnknown),
        Standing::Unknown => return Ok(IdentityCreation::CredentialUnknown),
    }
    // Before anything is written, so that no identity comes of it if its token is refused.
    let Some(end) = end_under(&tables.meta, *signing_key)? else {
        return Ok(IdentityCreation::SigningKeyNotActive);
    };
    if let Some(custom_id) = identity.custom_id.as_deref() {
        if let Some(existing) = by_custom_id(tables, id.resource(), custom_id)? {
            return Ok(IdentityCreation::Existing(existing, end));
        }
        let (resource, identity) = key(id);
        tables.custom_ids.insert((resource, custom_id), identity)?;
    }
    put(tables, identity)?;
    Ok(IdentityCreation::Created(end))
}

pub(super) fn find(tables: &Reads, id: IdentityId) -> Result<Option<Identity>, StoreError> {
    if tables.resources.get(key(id).0)?.is_none() {
        return Ok(None);
    }
    record(&tables.identities, key(id), IDENTITY)
}

pub(super) fn list(
    tables: &Reads,
    resource: ResourceId,
    page: Page<IdentityId>,
) -> Result<Vec<Identity>, StoreError> {
    let resource = resource.as_uuid().as_u128();
    if tables.resources.get(resource)?.is_none() {
        return Ok(Vec::new());
    }
    let Some(first) = after(page.after.map(|id| id.uuid())) else {
        return Ok(Vec::new());
    };
    let table = &tables.identities;
    let found = table
        .range((resource, first)..=(resource, u128::MAX))?
        .take(page.limit);
    found.map(|row| decode(row?.1.value(), IDENTITY)).collect()
}

pub(super) fn delete(
    tables: &mut Writes<'_>,
    id: IdentityId,
    by: CredentialId,
) -> Result<RevocationOutcome, StoreError> {
    if let Some(refused) = refusal(tables, id.resource(), by)? {
        return Ok(refused);
    }
    let Some(found) = find_to_change(tables, id)? else {
        return Ok(RevocationOutcome::Unknown);
    };
    if let Some(custom_id) = found.custom_id.as_deref() {
        tables.custom_ids.remove((key(id).0, custom_id))?;
    }
    tables.identities.remove(key(id))?;
    log::append(tables, Handle::identity(&id), true).map(RevocationOutcome::Appended)
}

/// One snapshot answers all of it, so that the position is exactly where everything was alive.
pub(super) fn issue_grant(
    tables: &Reads,
    request: &IssueRequest,
) -> Result<IssueGrant, StoreError> {
    let IssueRequest {
        identity,
        credential,
        signing_key,
    } = *request;
    let tenancy = (&tables.credentials, &tables.resources, &tables.access_keys);
    match standing(tenancy, identity.resource(), credential)? {
        Standing::AccessKey => {}
        Standing::Stranger => return Ok(IssueGrant::IdentityUnknown),
        Standing::Unknown => return Ok(IssueGrant::CredentialUnknown),
    }
    if tables.identities.get(key(identity))?.is_none() {
        return Ok(IssueGrant::IdentityUnknown);
    }
    let end = end_under(&tables.meta, Some(signing_key))?;
    Ok(end.map_or(IssueGrant::SigningKeyNotActive, IssueGrant::Granted))
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
    by: CredentialId,
) -> Result<RevocationOutcome, StoreError> {
    if let Some(refused) = refusal(tables, id.resource(), by)? {
        return Ok(refused);
    }
    if find_to_change(tables, id)?.is_none() {
        return Ok(RevocationOutcome::Unknown);
    }
    log::append(tables, Handle::identity(&id), false).map(RevocationOutcome::Appended)
}

pub(super) fn revoke_token(
    tables: &mut Writes<'_>,
    (resource, token): (ResourceId, TokenId),
    by: CredentialId,
) -> Result<RevocationOutcome, StoreError> {
    if let Some(refused) = refusal(tables, resource, by)? {
        return Ok(refused);
    }
    log::append(tables, Handle::token(token), false).map(RevocationOutcome::Appended)
}

/// Why a credential takes nothing back in a resource; none if it may.
fn refusal(
    tables: &Writes<'_>,
    resource: ResourceId,
    by: CredentialId,
) -> Result<Option<RevocationOutcome>, StoreError> {
    Ok(match standing_to_change(tables, resource, by)? {
        Standing::AccessKey => None,
        Standing::Stranger => Some(RevocationOutcome::Unknown),
        Standing::Unknown => Some(RevocationOutcome::CredentialUnknown),
    })
}

fn standing_to_change(
    tables: &Writes<'_>,
    resource: ResourceId,
    by: CredentialId,
) -> Result<Standing, StoreError> {
    let Writes {
        credentials,
        resources,
        access_keys,
        ..
    } = tables;
    standing((credentials, resources, access_keys), resource, by)
}

/// Where the log ends, unless a token is to be signed with a key that is not the active one.
fn end_under(
    numbers: &impl ReadableTable<&'static str, u128>,
    signing_key: Option<KeyId>,
) -> Result<Option<Position>, StoreError> {
    if let Some(key) = signing_key
        && meta(numbers, Meta::ActiveSigningKey)? != Some(key.as_uuid().as_u128())
    {
        return Ok(None);
    }
    log::end(numbers).map(Some)
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
