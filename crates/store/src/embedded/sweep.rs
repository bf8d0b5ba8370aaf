//! What nobody needs any more, dropped in bites between other callers' steps.

use lanyard_revocation::RETENTION;
use lanyard_token::KeyState;
use redb::ReadableTable as _;

use super::{
    log,
    signing_keys::SIGNING_KEY,
    tables::{Writes, decode},
};
use crate::{SigningKeyRecord, StoreError};

/// Takes one bite, and tells whether there is more.
pub(super) fn bite(tables: &mut Writes<'_>) -> Result<bool, StoreError> {
    let trimmed = log::trim(tables, BITE)?;
    let swept = sweep_deleted_resource(tables, BITE)?;
    sweep_signing_keys(tables)?;
    Ok(trimmed == BITE || swept)
}

/// Drops what one deleted resource has left, and its mark with the last of it. The rows are not
/// read: one that makes no sense must not keep the others.
fn sweep_deleted_resource(tables: &mut Writes<'_>, limit: usize) -> Result<bool, StoreError> {
    let Some(resource) = tables
        .deleted_resources
        .first()?
        .map(|(key, _)| key.value())
    else {
        return Ok(false);
    };
    let identities = (resource, 0)..=(resource, u128::MAX);
    let mut dropped = 0;
    for row in tables
        .identities
        .extract_from_if(identities, |_, _| true)?
        .take(limit)
    {
        row?;
        dropped += 1;
    }
    // No custom id sorts before the empty one, so from there on they are all this resource's until
    // the first of another.
    let mut custom_ids = Vec::new();
    for row in tables.custom_ids.range((resource, "")..)?.take(limit) {
        let (key, _) = row?;
        let (owner, custom_id) = key.value();
        if owner != resource {
            break;
        }
        custom_ids.push(custom_id.to_owned());
    }
    for custom_id in &custom_ids {
        tables.custom_ids.remove((resource, custom_id.as_str()))?;
    }
    if dropped < limit && custom_ids.len() < limit {
        tables.deleted_resources.remove(resource)?;
    }
    Ok(true)
}

/// Drops keys whose every token has expired.
fn sweep_signing_keys(tables: &mut Writes<'_>) -> Result<(), StoreError> {
    let mut gone = Vec::new();
    for row in tables.signing_keys.iter()? {
        let (key, value) = row?;
        let record: SigningKeyRecord = decode(value.value(), SIGNING_KEY)?;
        let (KeyState::Retired { since } | KeyState::Revoked { since }) = record.state else {
            continue;
        };
        if tables.now >= since.saturating_add(RETENTION) {
            gone.push(key.value());
        }
    }
    for key in gone {
        tables.signing_keys.remove(key)?;
    }
    Ok(())
}

/// How many rows one bite takes at most.
const BITE: usize = 1000;
