//! What one enforcement point knows, shared between all of its threads.

use std::{
    num::NonZeroU16,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use lanyard_token::{BootTime, KeySet, Position, ResourceId, UnixTime, VerifiedToken};
use tokio::sync::watch;

use crate::{
    Ages, Digest, Entry, Freshness, FreshnessBound, Handle, List, PartitionId, Revocation, Stale,
    handles_of, partition_of,
    shard::{Shard, Stamp},
};

/// What one enforcement point knows: the list of every partition, how fresh each is, and the keys.
///
/// A check asks [`View::fresh`] *first* and [`View::revoked`] second. The list only grows between
/// the two, so the answer of the first holds for what the second reads; the other way round, a
/// confirmation that arrives in between would vouch for a list that had not been looked at.
///
/// A lock whose holder panicked is used all the same. The lists take in one whole revocation at a
/// time and only ever grow, a position is reached only after everything before it is in, and
/// freshness and keys are replaced by one assignment each: there is no half-done state to find.
#[derive(Debug)]
pub struct View {
    partitions: NonZeroU16,
    shards: Box<[Shard]>,
    confirmed: RwLock<Confirmed>,
    keys: RwLock<Arc<KeySet>>,
    changed: watch::Sender<()>,
}

/// As of when what a view holds is known to be complete.
#[derive(Debug)]
struct Confirmed {
    /// One for each partition, in their order.
    lists: Box<[Freshness]>,
    /// The key set, where its age is followed.
    keys: Freshness,
}

/// For which partitions checks can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// The lists of all partitions are fresh.
    Full,
    /// The lists of these partitions are stale, and those of all others are fresh.
    Partial(Vec<PartitionId>),
    /// No list is fresh.
    None,
}

/// What a view holds, in so few words that two can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// How many handles are revoked.
    pub live_entries: u64,
    /// The digest of all of them.
    pub digest: Digest,
    /// The time of the latest trim: what had expired by then is in neither.
    pub cutoff: UnixTime,
}

impl View {
    /// A view of a store of so many partitions that knows nothing yet, and is not fresh.
    #[must_use]
    pub fn new(partitions: NonZeroU16) -> Self {
        let every = || PartitionId::all(partitions);
        Self {
            partitions,
            shards: every().map(|_| Shard::default()).collect(),
            confirmed: RwLock::new(Confirmed {
                lists: every().map(|_| Freshness::never()).collect(),
                keys: Freshness::never(),
            }),
            keys: RwLock::new(Arc::new(KeySet::default())),
            changed: watch::Sender::new(()),
        }
    }

    /// How many partitions the store has.
    #[must_use]
    pub const fn partitions(&self) -> NonZeroU16 {
        self.partitions
    }

    /// The partition of a resource and of every token beneath it.
    #[must_use]
    pub fn partition_of(&self, resource: ResourceId) -> PartitionId {
        partition_of(resource, self.partitions)
    }

    /// Takes in entries of a partition's log, and then counts their positions as reached.
    ///
    /// The caller has found that they go on where it was, by [`continuity`](crate::continuity);
    /// hearing an entry again is harmless, skipping one is not.
    ///
    /// # Errors
    /// If the store has no such partition.
    pub fn apply(&self, partition: PartitionId, entries: &[Entry]) -> Result<(), UnknownPartition> {
        let revocations = entries
            .iter()
            .map(|entry| (entry.revocation, entry.expires_at()));
        let reached = entries
            .iter()
            .map(|entry| entry.position)
            .max()
            .unwrap_or(Position::ZERO);
        self.shard(partition)?.grow(revocations, reached);
        if !entries.is_empty() {
            self.changed.send_replace(());
        }
        Ok(())
    }

    /// Takes in one entry ahead of its turn, without counting its position as reached: others before
    /// it may not have been heard. Whoever appends an entry does this before saying so, and no check
    /// of its own accepts what the entry covers from then on.
    ///
    /// # Errors
    /// If the store has no such partition.
    pub fn learn(&self, partition: PartitionId, entry: &Entry) -> Result<(), UnknownPartition> {
        let revocation = (entry.revocation, entry.expires_at());
        self.shard(partition)?.learn(revocation, entry.position);
        self.changed.send_replace(());
        Ok(())
    }

    /// Takes in a whole list that is complete up to a position, and then counts that as reached.
    /// What is known already stays known.
    ///
    /// # Errors
    /// If the store has no such partition.
    pub fn merge_snapshot(
        &self,
        partition: PartitionId,
        snapshot: &List,
        reached: Position,
    ) -> Result<(), UnknownPartition> {
        self.shard(partition)?.grow(snapshot.iter(), reached);
        self.changed.send_replace(());
        Ok(())
    }

    /// Takes in a part of a list, without counting any position as reached: the rest is to come.
    ///
    /// # Errors
    /// If the store has no such partition.
    pub fn merge_part(
        &self,
        partition: PartitionId,
        part: &[(Revocation, UnixTime)],
    ) -> Result<(), UnknownPartition> {
        let revocations = part.iter().copied();
        self.shard(partition)?.grow(revocations, Position::ZERO);
        self.changed.send_replace(());
        Ok(())
    }

    /// Records that the list of a partition has everything up to a position, which was the end of
    /// the log as of a moment. [`Freshness::moment`] makes that moment out of an age that was told.
    ///
    /// # Errors
    /// If the store has no such partition.
    pub fn confirm(
        &self,
        partition: PartitionId,
        reached: Position,
        as_of: BootTime,
    ) -> Result<(), UnknownPartition> {
        self.shard(partition)?.advance(reached);
        let mut confirmed = write(&self.confirmed);
        if let Some(list) = confirmed.lists.get_mut(usize::from(partition.as_u16())) {
            list.confirm(as_of);
        }
        Ok(())
    }

    /// Records that the key set is what the store has as of a moment.
    ///
    /// A view that never records this is not held to it. One that does has no fresh list once the
    /// key set is older than [`View::KEYS_TRUSTED_FOR`].
    pub fn confirm_keys(&self, as_of: BootTime) {
        write(&self.confirmed).keys.confirm(as_of);
    }

    /// Replaces the key set as a whole: a key that is not in the new one verifies nothing more.
    pub fn set_keys(&self, keys: KeySet) {
        *write(&self.keys) = Arc::new(keys);
        self.changed.send_replace(());
    }

    /// Tells whenever there is a further revocation or another key set.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Looks at the key set as it is now. It waits for whoever looks, so the look must be short.
    pub fn with_keys<T>(&self, look: impl FnOnce(&KeySet) -> T) -> T {
        look(&read(&self.keys))
    }

    /// The key set as it is now.
    #[must_use]
    pub fn keys(&self) -> Arc<KeySet> {
        Arc::clone(&read(&self.keys))
    }

    /// How old the list of the slowest partition is, or nothing if one was never confirmed.
    #[must_use]
    pub fn age(&self, now: BootTime) -> Option<Duration> {
        let confirmed = read(&self.confirmed);
        let mut ages = confirmed.ages(now);
        ages.try_fold(Duration::ZERO, |slowest, age| Some(slowest.max(age?)))
    }

    /// How old the list of a resource's partition is, or nothing if it was never confirmed.
    #[must_use]
    pub fn age_for(&self, resource: ResourceId, now: BootTime) -> Option<Duration> {
        let partition = usize::from(self.partition_of(resource).as_u16());
        let confirmed = read(&self.confirmed);
        let list = confirmed.lists.get(partition)?;
        list.age(now).filter(|_| confirmed.trusts_keys(now))
    }

    /// How old the lists of all partitions are.
    #[must_use]
    pub fn ages(&self, now: BootTime) -> Ages {
        Ages::of_all(&self.every_age(now))
    }

    /// How old the list of each partition is, in the order of their numbers.
    #[must_use]
    pub fn every_age(&self, now: BootTime) -> Vec<Option<Duration>> {
        read(&self.confirmed).ages(now).collect()
    }

    /// The age of the slowest partition's list, if that is fresh enough to be trusted.
    ///
    /// # Errors
    /// If it is older than the bound, or was never confirmed.
    pub fn fresh(&self, now: BootTime, bound: FreshnessBound) -> Result<Duration, Stale> {
        bound.check(self.age(now))
    }

    /// The age of the list of a resource's partition, if that is fresh enough to be trusted.
    ///
    /// It is enough for a token of that resource. Revocations of the token, its identity, the access
    /// key that issued it and its resource are appended to the log of the resource's partition and to
    /// no other. That of a signing key is appended to the log of every partition before it is
    /// acknowledged, and is final, so [`List::revoked`] refuses what the key signed from this
    /// partition's list alone. The key set spans all partitions: a copy that is out of date lacks new
    /// keys, whose tokens it refuses, and may have a compromised key, whose revocation is in the list
    /// for [`RETENTION`](crate::RETENTION) and longer than such a copy is trusted.
    ///
    /// # Errors
    /// If it is older than the bound, or was never confirmed.
    pub fn fresh_for(
        &self,
        resource: ResourceId,
        now: BootTime,
        bound: FreshnessBound,
    ) -> Result<Duration, Stale> {
        bound.check(self.age_for(resource, now))
    }

    /// For which partitions checks can be answered.
    #[must_use]
    pub fn coverage(&self, now: BootTime, bound: FreshnessBound) -> Coverage {
        let ages = self.every_age(now);
        let numbered = PartitionId::all(self.partitions).zip(&ages);
        let stale = numbered.filter(|(_, age)| bound.check(**age).is_err());
        let stale: Vec<_> = stale.map(|(partition, _)| partition).collect();
        match stale.len() {
            0 => Coverage::Full,
            all if all == ages.len() => Coverage::None,
            _ => Coverage::Partial(stale),
        }
    }

    /// How old a key set may be beside a fresh list. What a compromised key signed is refused by the
    /// list for a day; a copy of a copy, each of them as old as this, is still younger.
    pub const KEYS_TRUSTED_FOR: Duration = Duration::from_hours(6);

    /// The handle under which a token is revoked, or nothing if it lives.
    ///
    /// A token whose position is below the floor is answered as revoked, under its own handle: the
    /// revocation that covers it may have been dropped. A revocation is dropped when every token
    /// before it is more than a day old, so only a token that an unsteady wall clock makes look
    /// younger gets this far.
    #[must_use]
    pub fn revoked(&self, token: &VerifiedToken) -> Option<Handle> {
        let claims = token.claims();
        let handles = handles_of(token);
        match self.shard(self.partition_of(claims.subject.resource())) {
            Ok(shard) => shard.revoked(&handles, claims),
            // There is a shard for every partition that the hash can name. If there were none, it
            // could not be told whether the token lives, and that is a refusal.
            Err(UnknownPartition { .. }) => Some(Handle::token(claims.token_id)),
        }
    }

    /// Whether something of a resource, or the resource itself, is known to be gone for good. What
    /// has left the list is not told of any more.
    #[must_use]
    pub fn is_final(&self, resource: ResourceId, handle: Handle) -> bool {
        self.shard(self.partition_of(resource))
            .is_ok_and(|shard| shard.is_final(handle))
    }

    /// How many handles are revoked, in all partitions together.
    #[must_use]
    pub fn live_entries(&self) -> usize {
        self.shards.iter().map(Shard::len).sum()
    }

    /// What the view holds, to be compared with another that has reached the same positions.
    /// Nothing while it cannot be compared: it is just growing, or has heard of something ahead of
    /// its turn.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        let stamps: Option<Vec<Stamp>> = self.shards.iter().map(Shard::stamp).collect();
        let stamps = stamps?;
        let cutoff = stamps.first()?.trimmed_to;
        let mut all = Fingerprint {
            live_entries: 0,
            digest: Digest::default(),
            cutoff,
        };
        for (partition, stamp) in PartitionId::all(self.partitions).zip(stamps) {
            if stamp.trimmed_to != cutoff {
                return None;
            }
            all.live_entries += u64::try_from(stamp.len).unwrap_or(u64::MAX);
            all.digest.add_partition(partition.as_u16(), stamp.digest);
        }
        Some(all)
    }

    /// Everything that is revoked in a partition, with the time until which each is kept.
    ///
    /// # Errors
    /// If the store has no such partition.
    pub fn revocations(
        &self,
        partition: PartitionId,
    ) -> Result<Vec<(Revocation, UnixTime)>, UnknownPartition> {
        Ok(self.shard(partition)?.revocations())
    }

    /// The latest position of a partition's log that is known of, whether or not everything before
    /// it is: nothing that is appended from now on may lie below it.
    ///
    /// # Errors
    /// If the store has no such partition.
    pub fn furthest(&self, partition: PartitionId) -> Result<Position, UnknownPartition> {
        Ok(self.shard(partition)?.furthest())
    }

    /// Drops what no token can be covered by any more at `now`, a time that a
    /// [`RetentionClock`](crate::RetentionClock) vouches for. The floor of each partition rises to
    /// the greatest position that was dropped there.
    pub fn trim(&self, now: UnixTime) {
        for shard in &self.shards {
            shard.trim(now);
        }
    }

    /// Refuses every token of a partition with a position below this one: another copy of the list,
    /// or the log, has dropped what may have revoked it. The floor never falls.
    ///
    /// # Errors
    /// If the store has no such partition.
    pub fn raise_floor(
        &self,
        partition: PartitionId,
        floor: Position,
    ) -> Result<(), UnknownPartition> {
        self.shard(partition)?.raise_floor(floor);
        Ok(())
    }

    /// The position below which every token of a partition is refused.
    ///
    /// # Errors
    /// If the store has no such partition.
    pub fn floor(&self, partition: PartitionId) -> Result<Position, UnknownPartition> {
        Ok(self.shard(partition)?.floor())
    }

    /// Waits until everything up to a position of a partition is in the list. It waits for as long
    /// as that takes, and may be dropped at any time.
    ///
    /// # Errors
    /// If the store has no such partition.
    pub async fn reached(
        &self,
        partition: PartitionId,
        position: Position,
    ) -> Result<(), UnknownPartition> {
        self.shard(partition)?.reached(position).await;
        Ok(())
    }

    fn shard(&self, partition: PartitionId) -> Result<&Shard, UnknownPartition> {
        self.shards
            .get(usize::from(partition.as_u16()))
            .ok_or(UnknownPartition {
                partition,
                partitions: self.partitions,
            })
    }
}

impl Confirmed {
    /// The age of each partition's list, in the order of their numbers.
    fn ages(&self, now: BootTime) -> impl Iterator<Item = Option<Duration>> + '_ {
        let trusts_keys = self.trusts_keys(now);
        let ages = self.lists.iter().map(move |list| list.age(now));
        ages.map(move |age| age.filter(|_| trusts_keys))
    }

    fn trusts_keys(&self, now: BootTime) -> bool {
        let age = self.keys.age(now);
        age.is_none_or(|age| age <= View::KEYS_TRUSTED_FOR)
    }
}

/// A partition that the store does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no partition `{partition}` in a store of {partitions}, counted from 0")]
pub struct UnknownPartition {
    partition: PartitionId,
    partitions: NonZeroU16,
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
