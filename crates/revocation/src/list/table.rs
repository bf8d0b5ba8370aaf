//! A hash table that grows by one bucket at a time.
//!
//! A table that doubles is half empty right after, holds both copies while it moves, and moves
//! everything in one go. This one is a linear hash table: it has any number of small buckets, and
//! whenever the entries are too many for them, one more is made and gets its share of the entries of
//! one other. So an entry costs about the same at every size, and no insertion takes long.
//!
//! Nearly every lookup is for what is not there. Each bucket therefore has a filter beside it, which
//! tells nine times in ten that the bucket need not be read.

use std::hash::{BuildHasher as _, RandomState};

use uuid::Uuid;

use super::Held;

/// What is held under each of some ids.
///
/// The hash is seeded at random: ids come from the authority, but nothing here relies on that.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    buckets: Vec<Bucket>,
    len: usize,
    seed: RandomState,
}

#[derive(Clone, Debug, Default)]
struct Bucket {
    /// One bit for each entry, drawn from its hash.
    filter: u64,
    entries: Vec<Entry>,
}

type Entry = (Uuid, Held);

impl Table {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Entry> + '_ {
        let entries = self.buckets.iter().flat_map(|bucket| &bucket.entries);
        entries.copied()
    }

    pub(super) fn find(&self, id: Uuid) -> Option<&Held> {
        // A hash is most of what a lookup costs, and most kinds have nothing revoked.
        if self.len == 0 {
            return None;
        }
        let hash = self.seed.hash_one(id);
        let bucket = self.buckets.get(bucket_of(hash, self.buckets.len()))?;
        if bucket.filter & bit(hash) == 0 {
            return None;
        }
        let found = bucket.entries.iter().find(|(other, _)| *other == id);
        found.map(|(_, held)| held)
    }

    pub(super) fn find_mut(&mut self, id: Uuid) -> Option<&mut Held> {
        let bucket = self.bucket_mut(self.seed.hash_one(id))?;
        let found = bucket.entries.iter_mut().find(|(other, _)| *other == id);
        found.map(|(_, held)| held)
    }

    /// Adds what is held under an id that is not in the table.
    pub(super) fn add(&mut self, id: Uuid, held: Held) {
        if self.len >= self.buckets.len() * LOAD {
            self.split();
        }
        let hash = self.seed.hash_one(id);
        let Some(bucket) = self.bucket_mut(hash) else {
            return;
        };
        bucket.filter |= bit(hash);
        // One more and no room beyond it, which would be most of what a small bucket takes.
        bucket.entries.reserve_exact(1);
        bucket.entries.push((id, held));
        self.len += 1;
    }

    /// Drops what is not to be kept, and gives its memory back.
    pub(super) fn retain(&mut self, mut is_kept: impl FnMut(Uuid, &Held) -> bool) {
        self.len = 0;
        for bucket in &mut self.buckets {
            let before = bucket.entries.len();
            bucket.entries.retain(|(id, held)| is_kept(*id, held));
            if bucket.entries.len() < before {
                bucket.settle(&self.seed);
            }
            self.len += bucket.entries.len();
        }
        while self.buckets.len() > self.len.div_ceil(LOAD) {
            self.fold();
        }
        self.buckets.shrink_to(room(self.buckets.len()));
    }

    /// Makes one more bucket, for its share of the entries of the one that has them so far.
    fn split(&mut self) {
        let (seed, new) = (&self.seed, self.buckets.len());
        let mut made = Bucket::default();
        if let Some(old) = self.buckets.get_mut(parent_of(new)) {
            let is_moved = |(id, _): &mut Entry| bucket_of(seed.hash_one(*id), new + 1) == new;
            made.entries.extend(old.entries.extract_if(.., is_moved));
            made.settle(seed);
            old.settle(seed);
        }
        if new == self.buckets.capacity() {
            self.buckets.reserve_exact(room(new) - new);
        }
        self.buckets.push(made);
    }

    /// Undoes the latest split. The first bucket of all goes only when it is empty.
    fn fold(&mut self) {
        let Some(Bucket { filter, entries }) = self.buckets.pop() else {
            return;
        };
        let parent = parent_of(self.buckets.len());
        if let Some(old) = self.buckets.get_mut(parent) {
            old.filter |= filter;
            old.entries.reserve_exact(entries.len());
            old.entries.extend(entries);
        }
    }

    fn bucket_mut(&mut self, hash: u64) -> Option<&mut Bucket> {
        let index = bucket_of(hash, self.buckets.len());
        self.buckets.get_mut(index)
    }
}

impl PartialEq for Table {
    /// Whether they hold the same, whatever their seeds and their buckets.
    fn eq(&self, other: &Self) -> bool {
        let has_it = |(id, held)| other.find(id) == Some(&held);
        self.len == other.len && self.iter().all(has_it)
    }
}

impl Eq for Table {}

impl Bucket {
    /// Makes the bucket as large, and its filter as full, as its entries ask for.
    fn settle(&mut self, seed: &RandomState) {
        self.entries.shrink_to_fit();
        let bits = self.entries.iter().map(|(id, _)| bit(seed.hash_one(*id)));
        self.filter = bits.fold(0, |filter, bit| filter | bit);
    }
}

/// Which of `count` buckets a hash belongs to: the one named by as many of its low bits as tell them
/// apart, or by one bit less where that one has not been split off yet.
fn bucket_of(hash: u64, count: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "only low bits are wanted, as many as a number of buckets has"
    )]
    let low = hash as usize;
    let mask = count.next_power_of_two() - 1;
    let wide = low & mask;
    if wide < count {
        wide
    } else {
        wide & (mask >> 1)
    }
}

/// The bucket that has the entries of a further one until it is made: that of its number less the
/// highest bit.
fn parent_of(new: usize) -> usize {
    let below = new.checked_ilog2().map_or(0, |bits| 1 << bits);
    new - below
}

/// The bit of a bucket's filter that a hash sets, by its high bits: the low ones are the same in the
/// whole bucket.
const fn bit(hash: u64) -> u64 {
    1 << (hash >> 58)
}

/// For how many buckets there is room. It grows by an eighth, not by doubling, and is copied then.
const fn room(buckets: usize) -> usize {
    buckets + buckets / 8 + 1
}

/// How many entries there are for each bucket. With more, more of a filter's bits are set and a
/// bucket takes longer to read; with fewer, each entry pays for more of its bucket.
const LOAD: usize = 4;

#[cfg(test)]
mod tests {
    use lanyard_token::{Position, UnixTime};

    use super::*;
    use crate::list::Keep;

    fn held(number: u64) -> Held {
        Held {
            position: Position::new(number, 0),
            keep: Keep::new(UnixTime::from_millis(number), false),
        }
    }

    fn id(number: u64) -> Uuid {
        Uuid::from_u64_pair(0, number)
    }

    fn table(numbers: std::ops::Range<u64>) -> Table {
        let mut table = Table::default();
        for number in numbers {
            table.add(id(number), held(number));
        }
        table
    }

    fn longest(table: &Table) -> usize {
        let lengths = table.buckets.iter().map(|bucket| bucket.entries.len());
        lengths.max().unwrap_or(0)
    }

    #[test]
    fn what_was_added_is_found_at_every_size_and_nothing_else_is() {
        let mut table = Table::default();
        for len in 0..300 {
            assert_eq!(table.len(), usize::try_from(len).unwrap());
            for number in 0..300 {
                let found = table.find(id(number)).copied();
                assert_eq!(found, (number < len).then(|| held(number)));
            }
            table.add(id(len), held(len));
        }
    }

    #[test]
    fn what_was_dropped_is_gone_and_the_rest_is_found_after_folding() {
        for kept in [0, 1, 4, 5, 30, 999, 1000] {
            let mut table = table(0..1000);
            table.retain(|_, held| held.position.millis() < kept);
            for number in 0..1000 {
                assert_eq!(table.find(id(number)).is_some(), number < kept, "{number}");
            }
            assert_eq!(table.buckets.len(), table.len().div_ceil(LOAD));
        }
    }

    #[test]
    fn a_bucket_has_no_empty_room_and_a_filter_of_its_entries_alone() {
        let mut table = table(0..5000);
        table.retain(|_, held| held.position.millis() % 3 == 0);
        let seed = table.seed.clone();
        for bucket in &mut table.buckets {
            assert_eq!(bucket.entries.capacity(), bucket.entries.len());
            let filter = bucket.filter;
            bucket.settle(&seed);
            assert_eq!(bucket.filter, filter);
        }
    }

    #[test]
    fn the_row_of_buckets_is_short_again_when_most_of_them_are_gone() {
        let mut table = table(0..5000);
        table.retain(|_, held| held.position.millis() < 8);
        assert!(table.buckets.capacity() < 8);
    }

    #[test]
    fn ids_in_a_row_are_spread_like_any_others() {
        assert!(longest(&table(0..50_000)) < 12 * LOAD);
    }

    #[test]
    fn two_tables_are_equal_by_what_they_hold_and_not_by_how() {
        let one = table(0..1000);
        let mut other = Table::default();
        for number in (0..2000).rev() {
            other.add(id(number), held(number));
        }
        assert_ne!(one, other);
        other.retain(|_, held| held.position.millis() < 1000);
        assert_eq!(one, other);
        if let Some(held) = other.find_mut(id(7)) {
            held.position = Position::new(9, 9);
        }
        assert_ne!(one, other);
    }

    #[test]
    fn a_bucket_is_split_off_from_where_its_entries_were() {
        for count in 1..300 {
            for hash in 0..1000 {
                let (before, after) = (bucket_of(hash, count), bucket_of(hash, count + 1));
                assert!(after == before || (before, after) == (parent_of(count), count));
            }
        }
    }
}
