//! The first start. The store has one process, so it is always that one's turn.

use redb::ReadableTable;

use super::{
    credentials,
    tables::{Reads, Writes},
};
use crate::{Credential, CredentialRole, FirstStart, StoreError};

pub(super) fn state(tables: &Reads) -> Result<FirstStart, StoreError> {
    if has_operator(&tables.service_keys)? {
        Ok(FirstStart::Over)
    } else {
        Ok(FirstStart::Yours)
    }
}

pub(super) fn end(tables: &mut Writes<'_>, operator: &Credential) -> Result<bool, StoreError> {
    if operator.role != CredentialRole::Operator || has_operator(&tables.service_keys)? {
        return Ok(false);
    }
    credentials::create_service_key(tables, operator)?;
    Ok(true)
}

fn has_operator(service_keys: &impl ReadableTable<u128, bool>) -> Result<bool, StoreError> {
    for row in service_keys.iter()? {
        if row?.1.value() {
            return Ok(true);
        }
    }
    Ok(false)
}
