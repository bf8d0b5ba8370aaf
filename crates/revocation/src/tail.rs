//! The latest entries of a partition's log, kept in memory for those who follow it at second hand.

use std::collections::VecDeque;

use crate::{Cursor, Entry};

/// The latest entries of one log, as many as there is room for.
///
/// One reader of the log fills it, and any number of others go on from where each of them is. Who
/// is further behind than it goes back is told so, and has to begin with a snapshot.
#[derive(Clone, Debug)]
pub struct Tail {
    room: usize,
    /// Without gaps, the last of them at the head.
    entries: VecDeque<Entry>,
    head: Option<Cursor>,
}

impl Tail {
    /// An empty one that keeps at most so many entries.
    #[must_use]
    pub const fn new(room: usize) -> Self {
        Self {
            room,
            entries: VecDeque::new(),
            head: None,
        }
    }

    /// How far it goes; nothing if nothing was ever read.
    #[must_use]
    pub const fn head(&self) -> Option<Cursor> {
        self.head
    }

    /// Forgets everything: the log was found to be not what was read before.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.head = None;
    }

    /// Takes in what was read next, up to `head`. What is known already is passed over; what does
    /// not follow on what is known takes its place.
    pub fn extend(&mut self, read: &[Entry], head: Cursor) {
        let known = self.head.filter(|known| known.log == head.log);
        if known.is_none() {
            self.clear();
        }
        if known.is_some_and(|known| head.number < known.number) {
            return;
        }
        for entry in read {
            if self.next_number().is_some_and(|next| entry.number < next) {
                continue;
            }
            if self.next_number().is_some_and(|next| entry.number > next) {
                self.entries.clear();
            }
            self.entries.push_back(*entry);
            self.head = Some(Cursor {
                log: head.log,
                position: entry.position,
                number: entry.number,
            });
        }
        // What lies between the last entry and the head was gone before it could be read.
        if self.next_number() <= Some(head.number) {
            self.entries.clear();
        }
        let excess = self.entries.len().saturating_sub(self.room);
        self.entries.drain(..excess);
        self.head = Some(head);
    }

    /// What comes after a place, `limit` entries at most, or nothing if that cannot be told: the
    /// place is of another log, is further back than this goes, or was never passed.
    #[must_use]
    pub fn after(&self, place: &Cursor, limit: usize) -> Option<Vec<Entry>> {
        let head = self.head?;
        if place.log != head.log || place.number > head.number {
            return None;
        }
        if place.number == head.number {
            return (place.position == head.position).then(Vec::new);
        }
        let first = self.entries.front()?;
        let skipped = (place.number + 1).checked_sub(first.number)?;
        let skipped = usize::try_from(skipped).ok()?;
        let last_taken = skipped
            .checked_sub(1)
            .and_then(|index| self.entries.get(index));
        // A log that lost its end and grew again has the number, but at another position.
        if last_taken.is_some_and(|entry| entry.position != place.position) {
            return None;
        }
        let news: Vec<Entry> = self.entries.range(skipped..).take(limit).copied().collect();
        let follows = news
            .first()
            .is_some_and(|entry| entry.position > place.position);
        follows.then_some(news)
    }

    fn next_number(&self) -> Option<u64> {
        self.head?.number.checked_add(1)
    }
}

#[cfg(test)]
mod tests {
    use lanyard_token::{Position, UnixTime};
    use uuid::Uuid;

    use super::*;
    use crate::{Handle, HandleKind, LogId, Revocation};

    fn entry(number: u64) -> Entry {
        let position = Position::new(number * 10, 0);
        let handle = Handle {
            kind: HandleKind::Token,
            id: Uuid::from_u128(number.into()),
        };
        Entry {
            number,
            position,
            time: UnixTime::from_millis(number),
            revocation: Revocation {
                handle,
                position,
                is_final: false,
            },
        }
    }

    fn entries(numbers: std::ops::RangeInclusive<u64>) -> Vec<Entry> {
        numbers.map(entry).collect()
    }

    fn place(number: u64) -> Cursor {
        Cursor {
            log: LogId::from_uuid(Uuid::from_u128(1)),
            position: Position::new(number * 10, 0),
            number,
        }
    }

    fn tail(room: usize, numbers: std::ops::RangeInclusive<u64>) -> Tail {
        let mut tail = Tail::new(room);
        let end = *numbers.end();
        tail.extend(&entries(numbers), place(end));
        tail
    }

    #[test]
    fn it_goes_on_from_every_place_that_it_reaches_back_to() {
        let tail = tail(10, 3..=7);
        assert_eq!(tail.head(), Some(place(7)));
        for number in 2..=7 {
            let after = tail.after(&place(number), 100).unwrap();
            assert_eq!(after, entries(number + 1..=7), "{number}");
        }
        assert_eq!(tail.after(&place(2), 2), Some(entries(3..=4)));
    }

    #[test]
    fn further_back_ahead_or_of_another_log_is_not_told() {
        let tail = tail(3, 1..=7);
        assert_eq!(tail.after(&place(4), 9), Some(entries(5..=7)));
        assert_eq!(tail.after(&place(3), 9), None);
        assert_eq!(tail.after(&place(8), 9), None);
        let log = LogId::from_uuid(Uuid::from_u128(2));
        assert_eq!(tail.after(&Cursor { log, ..place(6) }, 9), None);
        assert_eq!(Tail::new(3).after(&place(0), 9), None);
    }

    #[test]
    fn a_place_in_a_lost_end_is_found_out_by_its_position() {
        let tail = tail(10, 1..=7);
        for number in 1..=7 {
            let position = Position::new(number * 10, 1);
            let lost = Cursor {
                position,
                ..place(number)
            };
            assert_eq!(tail.after(&lost, 9), None, "{number}");
        }
    }

    #[test]
    fn hearing_again_changes_nothing_and_a_gap_begins_anew() {
        let mut tail = tail(10, 1..=5);
        tail.extend(&entries(2..=4), place(4));
        assert_eq!(tail.head(), Some(place(5)));
        tail.extend(&entries(4..=6), place(6));
        assert_eq!(tail.after(&place(0), 9), Some(entries(1..=6)));
        tail.extend(&entries(9..=9), place(9));
        assert_eq!(tail.after(&place(6), 9), None);
        assert_eq!(tail.after(&place(8), 9), Some(entries(9..=9)));
    }

    #[test]
    fn an_empty_log_has_a_head_as_well() {
        let mut tail = Tail::new(4);
        tail.extend(&[], place(0));
        assert_eq!(tail.after(&place(0), 9), Some(vec![]));
        tail.extend(&entries(1..=1), place(1));
        assert_eq!(tail.after(&place(0), 9), Some(entries(1..=1)));
    }

    #[test]
    fn entries_that_were_gone_before_they_were_read_are_a_gap() {
        let mut tail = tail(10, 1..=5);
        tail.extend(&[], place(7));
        assert_eq!(tail.after(&place(5), 9), None);
        assert_eq!(tail.after(&place(6), 9), None);
        assert_eq!(tail.after(&place(7), 9), Some(vec![]));
    }

    #[test]
    fn what_was_cleared_is_told_to_nobody() {
        let mut tail = tail(4, 1..=2);
        tail.clear();
        assert_eq!((tail.head(), tail.after(&place(2), 9)), (None, None));
    }
}
