//! A hash table that grows by a thousand entries at a time.
//!
//! A table that doubles is half empty right after, holds both copies while it moves, and moves
//! everything in one go while whoever asks must wait. This one is in parts, as many as the entries
//! ask for: whenever there are too many of them, one more part is made and gets its share of the
//! entries of one other (linear hashing). So an entry costs about the same at every size, and no
//! insertion moves more than a part.

use std::{
    hash::{BuildHasher as _, RandomState},
    mem,
};

use hashbrown::HashTable;
use uuid::Uuid;

use super::Held;

/// What is held under each of some ids.
///
/// The hash is seeded at random: ids come from the authority, but nothing here relies on that.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    parts: Vec<Part>,
    len: usize,
    seed: RandomState,
}

/// Entries one after the other, and where each of them is by its hash: a table of the entries
/// themselves would be large where it is empty.
#[derive(Clone, Debug, Default)]
struct Part {
    entries: Vec<Entry>,
    places: HashTable<u32>,
}

type Entry = (Uuid, Held);

impl Table {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Entry> + '_ {
        self.parts.iter().flat_map(|part| &part.entries).copied()
    }

    pub(super) fn find(&self, id: Uuid) -> Option<&Held> {
        // A hash is most of what a lookup costs, and most kinds have nothing revoked.
        if self.len == 0 {
            return None;
        }
        let hash = self.seed.hash_one(id);
        let part = self.parts.get(part_of(hash, self.parts.len()))?;
        part.find(hash, id)
    }

    /// Joins what is held under an id with something further, and tells what that was before.
    pub(super) fn join(&mut self, id: Uuid, held: Held) -> Option<Held> {
        let hash = self.seed.hash_one(id);
        if self.parts.is_empty() {
            self.parts.push(Part::default());
        }
        let number = part_of(hash, self.parts.len());
        let part = self.parts.get_mut(number)?;
        if let Some(found) = part.find_mut(hash, id) {
            let before = *found;
            *found = before.join(held);
            return Some(before);
        }
        part.add(hash, (id, held), &self.seed);
        self.len += 1;
        if self.len > self.parts.len() * LOAD {
            self.split();
        }
        None
    }

    /// Drops what is not to be kept, and gives its memory back.
    pub(super) fn retain(&mut self, mut is_kept: impl FnMut(Uuid, &Held) -> bool) {
        self.len = 0;
        for part in &mut self.parts {
            let before = part.entries.len();
            part.entries.retain(|(id, held)| is_kept(*id, held));
            if part.entries.len() < before {
                *part = Part::of(mem::take(&mut part.entries), &self.seed);
            }
            self.len += part.entries.len();
        }
        while self.parts.len() > self.len.div_ceil(LOAD) {
            self.fold();
        }
        self.parts.shrink_to(self.parts.len() * 2);
    }

    /// Makes one more part, for its share of the entries of the one that has them so far.
    fn split(&mut self) {
        let new = self.parts.len();
        let Some(old) = self.parts.get_mut(parent_of(new)) else {
            return;
        };
        let entries = mem::take(&mut old.entries);
        let mut made = Part::with_room(entries.len() / 2);
        *old = Part::with_room(entries.len() / 2);
        for entry in entries {
            let hash = self.seed.hash_one(entry.0);
            let is_moved = part_of(hash, new + 1) == new;
            let part = if is_moved { &mut made } else { &mut *old };
            part.add(hash, entry, &self.seed);
        }
        self.parts.push(made);
    }

    /// Undoes the latest split. The first part of all goes only when it is empty.
    fn fold(&mut self) {
        let Some(mut folded) = self.parts.pop() else {
            return;
        };
        let parent = parent_of(self.parts.len());
        if let Some(part) = self.parts.get_mut(parent) {
            folded.entries.append(&mut part.entries);
            *part = Part::of(folded.entries, &self.seed);
        }
    }
}

impl PartialEq for Table {
    /// Whether they hold the same, whatever their seeds and their parts.
    fn eq(&self, other: &Self) -> bool {
        let has_it = |(id, held)| other.find(id) == Some(&held);
        self.len == other.len && self.iter().all(has_it)
    }
}

impl Eq for Table {}

impl Part {
    fn with_room(entries: usize) -> Self {
        Self {
            entries: Vec::with_capacity(entries),
            places: HashTable::with_capacity(entries),
        }
    }

    /// A part of these entries, no larger than they ask for.
    fn of(entries: Vec<Entry>, seed: &RandomState) -> Self {
        let mut part = Self::with_room(entries.len());
        for entry in entries {
            part.add(seed.hash_one(entry.0), entry, seed);
        }
        part
    }

    fn find(&self, hash: u64, id: Uuid) -> Option<&Held> {
        let found = self.entries.get(self.place(hash, id)?);
        found.map(|(_, held)| held)
    }

    fn find_mut(&mut self, hash: u64, id: Uuid) -> Option<&mut Held> {
        let place = self.place(hash, id)?;
        let found = self.entries.get_mut(place);
        found.map(|(_, held)| held)
    }

    fn place(&self, hash: u64, id: Uuid) -> Option<usize> {
        let is_it = |place: &u32| {
            let entry = self.entries.get(*place as usize);
            entry.is_some_and(|(other, _)| *other == id)
        };
        self.places.find(hash, is_it).map(|place| *place as usize)
    }

    fn add(&mut self, hash: u64, entry: Entry, seed: &RandomState) {
        let Self { entries, places } = self;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a part is split long before it has so many entries"
        )]
        let place = entries.len() as u32;
        // Room for an eighth more, not for twice as many.
        if entries.len() == entries.capacity() {
            entries.reserve_exact(entries.len() / 8 + 1);
        }
        entries.push(entry);
        places.insert_unique(hash, place, |place| hash_at(entries, *place, seed));
    }
}

fn hash_at(entries: &[Entry], place: u32, seed: &RandomState) -> u64 {
    let entry = entries.get(place as usize);
    entry.map_or(0, |(id, _)| seed.hash_one(*id))
}

/// Which of `count` parts a hash belongs to: the one named by as many of its bits as tell them apart,
/// or by one bit less where that one has not been split off yet. The bits are the upper ones, since
/// the lower ones say where in the part it is.
fn part_of(hash: u64, count: usize) -> usize {
    let bits = (hash >> 32) as usize;
    let mask = count.next_power_of_two() - 1;
    let wide = bits & mask;
    if wide < count {
        wide
    } else {
        wide & (mask >> 1)
    }
}

/// The part that has the entries of a further one until it is made: that of its number less the
/// highest bit.
fn parent_of(new: usize) -> usize {
    let highest = new.checked_ilog2().map_or(0, |bits| 1 << bits);
    new - highest
}

/// How many entries there are for each part. With fewer, each of them pays for more of the part; with
/// more, an insertion that splits one takes longer, and this takes a tenth of a millisecond.
const LOAD: usize = 1000;

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
            table.join(id(number), held(number));
        }
        table
    }

    #[test]
    fn what_was_added_is_found_at_every_size_and_nothing_else_is() {
        let mut table = Table::default();
        for len in 0..8000 {
            assert_eq!(table.len(), usize::try_from(len).unwrap());
            assert_eq!(table.find(id(len)), None);
            table.join(id(len), held(len));
            for number in [0, len / 3, len / 2, len] {
                assert_eq!(table.find(id(number)), Some(&held(number)));
            }
        }
        for number in 0..8000 {
            assert_eq!(table.find(id(number)), Some(&held(number)));
        }
    }

    #[test]
    fn what_was_dropped_is_gone_and_the_rest_is_found_after_folding() {
        for kept in [0, 1, 1000, 1001, 3500, 7999, 8000] {
            let mut table = table(0..8000);
            table.retain(|_, held| held.position.millis() < kept);
            for number in 0..8000 {
                assert_eq!(table.find(id(number)).is_some(), number < kept, "{number}");
            }
            assert_eq!(table.parts.len(), table.len().div_ceil(LOAD));
        }
    }

    #[test]
    fn a_part_has_little_empty_room_and_after_a_trim_none() {
        let mut table = table(0..20_000);
        for part in &table.parts {
            let (len, capacity) = (part.entries.len(), part.entries.capacity());
            assert!(capacity <= len + len / 8 + 1, "{len} of {capacity}");
        }
        table.retain(|_, held| held.position.millis() % 100 != 0);
        let parts = table.parts.iter();
        let is_full = |part: &Part| part.entries.capacity() == part.entries.len();
        assert!(parts.clone().filter(|part| is_full(part)).count() > parts.len() / 2);
    }

    #[test]
    fn the_row_of_parts_is_short_again_when_most_of_them_are_gone() {
        let mut table = table(0..50_000);
        table.retain(|_, held| held.position.millis() < 8);
        assert!(table.parts.capacity() < 8);
    }

    #[test]
    fn ids_in_a_row_are_spread_like_any_others() {
        let table = table(0..50_000);
        let lengths = table.parts.iter().map(|part| part.entries.len());
        assert!(lengths.max() < Some(3 * LOAD));
    }

    #[test]
    fn two_tables_are_equal_by_what_they_hold_and_not_by_how() {
        let one = table(0..3000);
        let mut other = Table::default();
        for number in (0..5000).rev() {
            other.join(id(number), held(number));
        }
        assert_ne!(one, other);
        other.retain(|_, held| held.position.millis() < 3000);
        assert_eq!(one, other);
        other.join(id(7), held(3000));
        assert_ne!(one, other);
    }

    #[test]
    fn a_part_is_split_off_from_where_its_entries_were() {
        for count in 1..300 {
            for bits in 0..1000 {
                let hash = bits << 32;
                let (before, after) = (part_of(hash, count), part_of(hash, count + 1));
                assert!(after == before || (before, after) == (parent_of(count), count));
            }
        }
    }
}
