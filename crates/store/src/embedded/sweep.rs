//! What nobody needs any more, dropped in bites between other callers' steps.

use lanyard_revocation::RETENTION;
use lanyard_token::{KeyState, UnixTime};
use redb::ReadableTable as _;

use super::{
    log,
    signing_keys::SIGNING_KEY,
    tables::{Meta, Writes, decode, set_meta},
};
use crate::{SigningKeyRecord, StoreError, SweepTime};

/// What one bite has left.
pub(super) struct Bite {
    /// Whether there is more to drop.
    pub(super) is_partial: bool,
    /// The vouched time on record.
    pub(super) vouched: Option<UnixTime>,
}

/// Takes one bite.
pub(super) fn bite(tables: &mut Writes<'_>, time: SweepTime) -> Result<Bite, StoreError> {
    let vouched = record_vouched(tables, time)?;
    let mut trimmed = 0;
    if let Some(vouched) = vouched {
        trimmed = log::trim(tables, vouched, BITE)?;
        sweep_signing_keys(tables, vouched)?;
    }
    let swept = sweep_deleted_resource(tables, BITE)?;
    Ok(Bite {
        is_partial: trimmed == BITE || swept,
        vouched,
    })
}

/// Raises the vouched time on record, and returns it.
fn record_vouched(
    tables: &mut Writes<'_>,
    time: SweepTime,
) -> Result<Option<UnixTime>, StoreError> {
    let before = log::vouched(&tables.meta)?;
    let offered = time.vouched.map(|vouched| vouched.min(tables.now));
    let vouched = before.max(offered);
    if let Some(raised) = vouched.filter(|_| vouched > before) {
        set_meta(&mut tables.meta, Meta::Vouched, raised.as_millis())?;
    }
    Ok(vouched)
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
fn sweep_signing_keys(tables: &mut Writes<'_>, vouched: UnixTime) -> Result<(), StoreError> {
    let mut gone = Vec::new();
    for row in tables.signing_keys.iter()? {
        let (key, value) = row?;
        let record: SigningKeyRecord = decode(value.value(), SIGNING_KEY)?;
        let (KeyState::Retired { since } | KeyState::Revoked { since }) = record.state else {
            continue;
        };
        if vouched >= since.saturating_add(RETENTION) {
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
