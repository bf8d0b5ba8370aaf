//! One node's copy of the log, and how it is read.

use std::fmt;

use lanyard_revocation::{Cursor, Entry, Handle, HandleKind, LogId, LogRead, Revocation};
use lanyard_token::{Position, UnixTime};
use uuid::Uuid;

use crate::place::Place;

/// An entry as it is kept in a state.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Written {
    /// Where it stands.
    pub(crate) place: Place,
    /// What it says.
    pub(crate) says: Says,
}

/// What an entry says.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Says {
    /// A generation begins, with the mark of the primary that opened it.
    Opening(u8),
    /// Everything that the identity had before this place is revoked.
    Revoked(Place),
}

/// A log of a few entries.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Log {
    entries: [Option<Written>; CAPACITY],
}

impl Log {
    /// A log that the first primary has opened.
    pub(crate) fn opened() -> Self {
        let mut log = Self {
            entries: [None; CAPACITY],
        };
        log.push(Written {
            place: Place::of(Position::new(0, 1)),
            says: Says::Opening(0),
        });
        log
    }

    /// Appends an entry. A log that is full would hide what comes after, so it fails instead.
    pub(crate) fn push(&mut self, entry: Written) {
        let len = self.len();
        let room = self.entries.get_mut(len);
        *room.expect("no setting fills a log") = Some(entry);
    }

    /// The number of the entry at a place.
    pub(crate) fn number_of(&self, place: Place) -> Option<u8> {
        let mut entries = (1..).zip(self.entries());
        let found = entries.find(|(_, entry)| entry.place == place);
        found.map(|(number, _)| number)
    }

    /// How many entries it has.
    pub(crate) fn len(&self) -> usize {
        self.entries().count()
    }

    /// The entries in their order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Written> + '_ {
        self.entries.iter().copied().map_while(|entry| entry)
    }

    /// Where it ends.
    pub(crate) fn end(&self) -> Place {
        self.entries()
            .last()
            .map_or(Place::ZERO, |entry| entry.place)
    }

    /// The mark of the latest generation.
    pub(crate) fn generation(&self) -> Option<u8> {
        self.entries()
            .filter_map(|entry| match entry.says {
                Says::Opening(mark) => Some(mark),
                Says::Revoked(_) => None,
            })
            .last()
    }

    /// The greatest place before which everything is revoked.
    pub(crate) fn revoked_before(&self) -> Place {
        self.entries()
            .filter_map(|entry| match entry.says {
                Says::Revoked(before) => Some(before),
                Says::Opening(_) => None,
            })
            .max_by_key(|before| before.position())
            .unwrap_or_default()
    }

    /// Whether another log begins with all of this.
    pub(crate) fn is_beginning_of(&self, other: &Self) -> bool {
        self.entries()
            .zip(other.entries())
            .all(|(one, other)| one == other)
            && self.len() <= other.len()
    }

    /// The next entry of a log that begins with all of this.
    pub(crate) fn next_of(&self, other: &Self) -> Option<Written> {
        other.entries().nth(self.len())
    }

    /// The same log, up to a number of entries.
    pub(crate) fn beginning(&self, len: u8) -> Self {
        let mut beginning = *self;
        for entry in beginning.entries.iter_mut().skip(usize::from(len)) {
            *entry = None;
        }
        beginning
    }

    /// What a read from a cursor to the end finds.
    pub(crate) fn read(&self, cursor: Option<&Cursor>) -> LogRead {
        let from = cursor.map_or(Position::ZERO, |cursor| cursor.position);
        let entries = (1..).zip(self.entries());
        LogRead {
            log: log_id(),
            entries: entries
                .filter(|(_, entry)| entry.place.position() > from)
                .map(|(number, entry)| entry.written_out(number))
                .collect(),
            end: self.end().position(),
            last_number: self.len() as u64,
            complete: true,
            intact: true,
            mended_to: 0,
            floor: Position::ZERO,
        }
    }
}

impl Written {
    fn written_out(self, number: u64) -> Entry {
        let position = self.place.position();
        Entry {
            number,
            position,
            time: UnixTime::default(),
            revocation: match self.says {
                Says::Revoked(before) => revocation(before),
                Says::Opening(_) => Revocation::of_nothing(),
            },
        }
    }
}

/// The revocation of everything that the identity had before a place.
pub(crate) fn revocation(before: Place) -> Revocation {
    Revocation {
        handle: identity(),
        position: before.position(),
        is_final: false,
    }
}

/// The one handle that is revoked.
pub(crate) fn identity() -> Handle {
    Handle {
        kind: HandleKind::Identity,
        id: Uuid::from_u128(1),
    }
}

/// The one log. Its id outlives every failover.
pub(crate) fn log_id() -> LogId {
    LogId::from_uuid(Uuid::from_u128(2))
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (number, entry) in self.entries().enumerate() {
            if number > 0 {
                f.write_str(" ")?;
            }
            match entry.says {
                Says::Opening(_) => write!(f, "{}:open", entry.place)?,
                Says::Revoked(before) if before == entry.place => write!(f, "{before}:revoke")?,
                Says::Revoked(before) => write!(f, "{}:revoke<{before}", entry.place)?,
            }
        }
        f.write_str("]")
    }
}

/// More than any setting's budget can fill.
const CAPACITY: usize = 8;
