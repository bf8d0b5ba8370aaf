//! Records as they are kept: JSON, so that a later version can add a field.

use redis::Value;
use serde::{Serialize, de::DeserializeOwned};

use crate::StoreError;

pub(super) fn encode<T: Serialize>(record: &T, kind: &'static str) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(record).map_err(|error| corrupt(kind, error))
}

pub(super) fn decode<T: DeserializeOwned>(
    bytes: &[u8],
    kind: &'static str,
) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| corrupt(kind, error))
}

/// A record, or nothing where there is none.
pub(super) fn decode_found<T: DeserializeOwned>(
    found: Value,
    kind: &'static str,
) -> Result<Option<T>, StoreError> {
    let bytes: Option<Vec<u8>> = read(found, kind)?;
    bytes.map(|bytes| decode(&bytes, kind)).transpose()
}

/// An answer in the form that it should have.
pub(super) fn read<T: redis::FromRedisValue>(
    value: Value,
    kind: &'static str,
) -> Result<T, StoreError> {
    redis::from_redis_value(value).map_err(|error| corrupt(kind, error))
}

pub(super) fn corrupt(
    record: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    let source = source.into();
    StoreError::Corrupt { record, source }
}
