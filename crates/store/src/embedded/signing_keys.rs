//! Signing keys: read whole, changed whole.

use lanyard_revocation::Handle;
use redb::ReadableTable as _;

use super::{
    log,
    tables::{Meta, Reads, Writes, clear_meta, decode, encode, meta, meta_u64, set_meta},
};
use crate::{Appended, SigningKeyChange, SigningKeys, StoreError};

pub(super) fn all(tables: &Reads) -> Result<SigningKeys, StoreError> {
    let mut keys = Vec::new();
    for row in tables.signing_keys.iter()? {
        keys.push(decode(row?.1.value(), SIGNING_KEY)?);
    }
    let version = version(tables)?;
    Ok(SigningKeys { version, keys })
}

pub(super) fn version(tables: &Reads) -> Result<u64, StoreError> {
    meta_u64(&tables.meta, Meta::SigningKeysVersion)
}

pub(super) fn change(
    tables: &mut Writes<'_>,
    change: &SigningKeyChange,
) -> Result<Option<Vec<Appended>>, StoreError> {
    let SigningKeyChange {
        from_version,
        records,
        active,
        revoked,
    } = change;
    if meta_u64(&tables.meta, Meta::SigningKeysVersion)? != *from_version {
        return Ok(None);
    }
    for record in records {
        let bytes = encode(record, SIGNING_KEY)?;
        tables
            .signing_keys
            .insert(record.id.as_uuid().as_u128(), bytes.as_slice())?;
    }
    set_meta(
        &mut tables.meta,
        Meta::SigningKeysVersion,
        from_version.saturating_add(1),
    )?;
    if let Some(key) = active {
        set_meta(
            &mut tables.meta,
            Meta::ActiveSigningKey,
            key.as_uuid().as_u128(),
        )?;
    }
    // Whatever else the change says, nothing is issued under a key that it revokes.
    let signs = meta(&tables.meta, Meta::ActiveSigningKey)?;
    if signs.is_some() && signs == revoked.map(|key| key.as_uuid().as_u128()) {
        clear_meta(&mut tables.meta, Meta::ActiveSigningKey)?;
    }
    let revocation = revoked.map(|key| log::append(tables, Handle::signing_key(key), true));
    Ok(Some(revocation.transpose()?.into_iter().collect()))
}

pub(super) const SIGNING_KEY: &str = "signing key";
