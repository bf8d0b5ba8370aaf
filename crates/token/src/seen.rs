//! Signed texts that were verified before, so that they are not verified again.
//!
//! The key is the whole text, compared in full: the hash only finds the place, so that two texts
//! with one hash are never taken for each other. What is kept with it is what the signature proved
//! and nothing else. Whatever can change meanwhile is for the caller to ask each time.

use std::{
    fmt,
    hash::{BuildHasher as _, RandomState},
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use hashbrown::HashTable;

/// A bounded memory of verified texts, shared between threads.
///
/// It has two generations: what is asked for stays in the young one, and when that is full it
/// becomes the old one, and what was old is forgotten. So nothing is kept for long that nobody
/// shows any more, and no text that is in use is pushed out by a flood of others at once.
pub struct Seen<T> {
    hasher: RandomState,
    shards: Box<[Mutex<Generations<T>>]>,
    room: usize,
}

struct Generations<T> {
    young: HashTable<Remembered<T>>,
    old: HashTable<Remembered<T>>,
}

struct Remembered<T> {
    hash: u64,
    text: Box<str>,
    proven: T,
}

impl<T: Clone> Seen<T> {
    /// One that remembers about so many texts; none if that is zero.
    #[must_use]
    pub fn new(room: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            room: room.div_ceil(SHARDS * 2),
        }
    }

    /// What a text proved when it was verified, if it is remembered.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<T> {
        let hash = self.hash(text);
        self.shard(hash)?.find(hash, text, self.room)
    }

    /// Remembers a text that was just verified.
    pub fn remember(&self, text: &str, proven: T) {
        if self.room == 0 {
            return;
        }
        let hash = self.hash(text);
        let text = text.into();
        if let Some(mut shard) = self.shard(hash) {
            let one = Remembered { hash, text, proven };
            shard.remember(one, self.room);
        }
    }

    /// A hash of the end of a text, which is its signature. The texts in here all differ in it, and
    /// nobody but who signs can choose it; a text that only ends like one in here is told from it by
    /// the comparison.
    fn hash(&self, text: &str) -> u64 {
        let bytes = text.as_bytes();
        let end = bytes.last_chunk::<HASHED>().map_or(bytes, |end| end);
        self.hasher.hash_one(end)
    }

    fn shard(&self, hash: u64) -> Option<MutexGuard<'_, Generations<T>>> {
        // The upper bits, since the lower ones say where in the shard it is.
        let index = usize::try_from((hash >> 32) % SHARDS as u64).ok()?;
        // A table whose user panicked has an entry or does not have it: either is right.
        let shard = self.shards.get(index)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How many there are says nothing of use, and the texts are secrets.
impl<T> fmt::Debug for Seen<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen").finish_non_exhaustive()
    }
}

impl<T> Default for Generations<T> {
    fn default() -> Self {
        Self {
            young: HashTable::new(),
            old: HashTable::new(),
        }
    }
}

impl<T: Clone> Generations<T> {
    fn find(&mut self, hash: u64, text: &str, room: usize) -> Option<T> {
        let is_it = |one: &Remembered<T>| *one.text == *text;
        if let Some(found) = self.young.find(hash, is_it) {
            return Some(found.proven.clone());
        }
        let (found, _) = self.old.find_entry(hash, is_it).ok()?.remove();
        let proven = found.proven.clone();
        self.remember(found, room);
        Some(proven)
    }

    fn remember(&mut self, one: Remembered<T>, room: usize) {
        if self.young.len() >= room {
            self.old = mem::take(&mut self.young);
        }
        let is_it = |other: &Remembered<T>| other.text == one.text;
        // Two callers may have verified it at the same time; what the later one proved counts.
        if let Some(found) = self.young.find_mut(one.hash, is_it) {
            *found = one;
        } else {
            self.young.insert_unique(one.hash, one, |other| other.hash);
        }
    }
}

/// How many parts can be asked at once.
const SHARDS: usize = 16;
/// How many bytes of the end of a text are hashed: two dozen base64 characters of the signature.
const HASHED: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    /// As a signed text is: what differs is its end.
    fn text(number: usize) -> String {
        format!("header.payload.{number:043}")
    }

    #[test]
    fn a_text_is_found_by_the_whole_of_it_only() {
        let seen = Seen::new(100);
        let text = text(1);
        assert_eq!(seen.find(&text), None);
        seen.remember(&text, 7);
        assert_eq!(seen.find(&text), Some(7));
        for index in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[index] ^= 1;
            let other = String::from_utf8(other).unwrap();
            assert_eq!(seen.find(&other), None, "{index}");
        }
        assert_eq!(seen.find(text.split_at(text.len() - 1).0), None);
        assert_eq!(seen.find(&format!("x{text}")), None);
        assert_eq!(seen.find(""), None);
    }

    #[test]
    fn what_was_proven_last_counts() {
        let seen = Seen::new(100);
        seen.remember("short", 1);
        seen.remember("short", 2);
        assert_eq!(seen.find("short"), Some(2));
    }

    #[test]
    fn it_never_remembers_more_than_it_has_room_for_and_keeps_what_is_in_use() {
        let seen = Seen::new(320);
        seen.remember(&text(0), 0);
        for number in 1..2_000 {
            seen.remember(&text(number), number);
            assert_eq!(seen.find(&text(0)), Some(0), "{number}");
        }
        let count = |shard: &Mutex<Generations<usize>>| {
            let shard = shard.lock().unwrap();
            shard.young.len() + shard.old.len()
        };
        let held: usize = seen.shards.iter().map(count).sum();
        assert!((160..=320).contains(&held), "{held}");
    }

    #[test]
    fn without_room_nothing_is_remembered() {
        let seen = Seen::new(0);
        seen.remember("text", ());
        assert_eq!(seen.find("text"), None);
    }
}
