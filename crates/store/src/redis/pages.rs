//! Lists in the order of ids, a part at a time.

use redis::Cmd;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{RedisStore, keys::text, records::decode};
use crate::StoreError;

/// The command that finds the ids of a part in an ordered set.
pub(super) fn command(key: &str, after: Option<Uuid>, limit: usize) -> Cmd {
    let from = after.map_or_else(|| "-".to_owned(), |id| format!("({}", text(id)));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut command = Cmd::new();
    command
        .arg("ZRANGE")
        .arg(key)
        .arg(from)
        .arg("+")
        .arg("BYLEX");
    command.arg("LIMIT").arg(0).arg(limit);
    command
}

impl RedisStore {
    /// A part of a list at the root: an ordered set of ids, and a hash of records.
    pub(super) async fn listed<T: DeserializeOwned>(
        &self,
        (order, records): (String, String),
        (after, limit): (Option<Uuid>, usize),
        kind: &'static str,
    ) -> Result<Vec<T>, StoreError> {
        let engine = self.engine();
        let slot = engine.keys.root().slot();
        let part = command(&order, after, limit);
        let ids: Vec<String> = engine.look_one(slot, part, kind).await?;
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(RECORDS_AT_ONCE) {
            let mut command = Cmd::new();
            command.arg("HMGET").arg(&records).arg(ids);
            let records: Vec<Option<Vec<u8>>> = engine.look_one(slot, command, kind).await?;
            // One that is gone was deleted after the ids were read.
            for record in records.into_iter().flatten() {
                found.push(decode(&record, kind)?);
            }
        }
        Ok(found)
    }
}

/// How many records are asked for in one go.
pub(super) const RECORDS_AT_ONCE: usize = 1_000;
