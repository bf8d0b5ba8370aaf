//! What an operator can do about a log that cannot be followed.
//!
//! Either is a decision that nobody but a person can take: what is taken out or given up may have
//! been a revocation, and what it revoked lives on. So both say who did it, where the audit log is.

use lanyard_revocation::PartitionId;
use lanyard_store::{Store, UnreadableEntry};
use lanyard_token::Clock;

use crate::{Authority, Entity, Entropy, Error, LogFault, Operator};

/// What is wrong with the logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFaults {
    /// Entries that cannot be understood, the first thousand of them.
    pub unreadable: Vec<UnreadableEntry>,
    /// Partitions whose logs lack entries that this authority has never read.
    pub missing: Vec<PartitionId>,
}

impl<S: Store, C: Clock, E: Entropy> Authority<S, C, E> {
    /// Looks through every log for what is wrong.
    ///
    /// # Errors
    /// The store's.
    pub async fn log_faults(&self, _: Operator) -> Result<LogFaults, Error> {
        let mut unreadable = self.store.unreadable_entries().await?;
        unreadable.truncate(SHOWN);
        let faults = self.log_status().faults.into_iter();
        let missing = faults.filter_map(|fault| match fault {
            LogFault::Missing(partition) => Some(partition),
            LogFault::Unreadable(_) | LogFault::Contradiction(_) => None,
        });
        Ok(LogFaults {
            unreadable,
            missing: missing.collect(),
        })
    }

    /// Takes an entry out of a log that cannot be understood.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such entry, or it can be understood, and the store's.
    pub async fn strike_entry(
        &self,
        by: Operator,
        partition: PartitionId,
        place: &str,
    ) -> Result<(), Error> {
        let none = || Error::not_found(Entity::UnreadableEntry, format!("{partition} {place}"));
        self.ensure_partition(partition, none)?;
        if !self.store.strike(partition, place.to_owned()).await? {
            return Err(none());
        }
        self.audit(
            by,
            partition,
            place,
            "an entry was struck from the revocation log",
        );
        Ok(())
    }

    /// Goes on without what a log lacks.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it lacks nothing, and the store's.
    pub async fn give_up_missing(&self, by: Operator, partition: PartitionId) -> Result<(), Error> {
        let none = || Error::not_found(Entity::LogGap, partition);
        self.ensure_partition(partition, none)?;
        if !self.store.give_up_missing(partition).await? {
            return Err(none());
        }
        let done = "the missing entries of the revocation log were given up";
        self.audit(by, partition, "all that is missing", done);
        Ok(())
    }

    fn ensure_partition(
        &self,
        partition: PartitionId,
        none: impl FnOnce() -> Error,
    ) -> Result<(), Error> {
        let is_there = partition.as_u16() < self.store.partitions().get();
        is_there.then_some(()).ok_or_else(none)
    }

    fn audit(&self, by: Operator, partition: PartitionId, place: &str, done: &str) {
        let by = by.credential();
        tracing::warn!(target: "audit", ?by, %partition, place, "{done}");
        self.wake_reader(partition);
    }
}

/// How many unreadable entries are listed at once.
const SHOWN: usize = 1000;
