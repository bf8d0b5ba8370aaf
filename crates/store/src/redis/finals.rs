//! Final revocations: what was deleted, or revoked for good, stays so although an older copy of the data
//! has it.
//!
//! They are kept in a set and again beside the log, so that the loss of either key brings nothing back.

use lanyard_revocation::{Handle, PartitionId};
use redis::{Cmd, Value};

use super::{
    engine::{Effect, Engine, log_absent},
    keys::PartitionKeys,
    records::{corrupt, read},
};
use crate::StoreError;

/// The form in which a handle is kept.
pub(super) fn mark(handle: Handle) -> String {
    format!("{} {}", handle.kind, super::keys::text(handle.id))
}

/// The commands that look handles up, to be sent with those that read their records.
pub(super) fn lookup(own: &PartitionKeys, marks: &[String]) -> [Cmd; 2] {
    let [meta, ..] = own.common();
    let mut beside = Cmd::new();
    beside.arg("HMGET").arg(meta).arg("log");
    for mark in marks {
        beside.arg(format!("{PREFIX}{mark}"));
    }
    let mut set = Cmd::new();
    set.arg("SMISMEMBER").arg(own.dead()).arg(marks);
    [beside, set]
}

/// Whether each handle is finally revoked, by the answers to [`lookup`].
///
/// # Errors
/// Where the log is gone, the revocations in it are unknown until it is made again.
pub(super) fn found(
    partition: PartitionId,
    beside: Value,
    set: Value,
) -> Result<Vec<bool>, StoreError> {
    let beside: Vec<Option<String>> = read(beside, FINAL)?;
    let set: Vec<bool> = read(set, FINAL)?;
    let (log, beside) = beside
        .split_first()
        .ok_or_else(|| corrupt(FINAL, "the answer is empty"))?;
    if log.is_none() {
        return Err(log_absent(partition));
    }
    let both = beside.iter().zip(set);
    Ok(both.map(|(one, other)| one.is_some() || other).collect())
}

/// Restores the set if it was lost.
pub(super) async fn sweep(engine: &Engine, partition: PartitionId) -> Result<(), StoreError> {
    let own = engine.keys.partition(partition);
    let [meta, ..] = own.common();
    let (mut expected, mut count) = (Cmd::new(), Cmd::new());
    expected.arg("HGET").arg(meta).arg("finals");
    count.arg("SCARD").arg(own.dead());
    let answers = engine.look(own.slot(), &[expected, count]).await?;
    let mut answers = answers.into_iter();
    let mut next = || answers.next().unwrap_or(Value::Nil);
    let (expected, count): (Option<u64>, u64) = (read(next(), FINAL)?, read(next(), FINAL)?);
    if expected.unwrap_or(0) == count {
        return Ok(());
    }
    let how = (&engine.scripts.restore_finals, Effect::Changes);
    engine.in_partition(partition, how, &[], vec![]).await?;
    tracing::warn!(%partition, "the set of final revocations was incomplete and is restored");
    Ok(())
}

const FINAL: &str = "final revocation";
/// What the fields beside the log begin with.
const PREFIX: &str = "final ";
