//! What an authority knows of a partition's log, with which it heals a log that has lost something.

use std::{collections::BTreeMap, time::Duration};

use lanyard_revocation::{Entry, Handle};
use lanyard_token::UnixTime;

/// The revocation that counts of every handle, as the entry that said it.
#[derive(Debug, Default)]
pub(crate) struct KnownLog {
    revoked: BTreeMap<Handle, Entry>,
    /// The latest generation that was found to have all of it.
    compared: Option<u64>,
}

impl KnownLog {
    /// Takes in entries, read or appended.
    pub(crate) fn learn(&mut self, entries: &[Entry]) {
        for entry in entries {
            let known = self
                .revoked
                .entry(entry.revocation.handle)
                .or_insert(*entry);
            if entry.revocation.position > known.revocation.position {
                *known = *entry;
            }
        }
    }

    /// What is known and not in a whole log, in the order of its positions. What is about to pass its
    /// time may have been dropped by somebody whose calendar is ahead.
    pub(crate) fn lacking(&self, log: &[Entry], now: UnixTime) -> Vec<Entry> {
        let mut there = Self::default();
        there.learn(log);
        let soon = now.saturating_add(CALENDARS_DIFFER);
        let lacks = |known: &&Entry| {
            let found = there.revoked.get(&known.revocation.handle);
            let is_there =
                found.is_some_and(|found| found.revocation.position >= known.revocation.position);
            !is_there && known.is_live(soon)
        };
        let mut lacking: Vec<Entry> = self.revoked.values().filter(lacks).copied().collect();
        lacking.sort_by_key(|entry| entry.revocation.position);
        lacking
    }

    /// The log was found to have all of it, as of a generation.
    pub(crate) const fn compared(&mut self, generation: u64) {
        self.compared = Some(generation);
    }

    /// Whether it was found to have all of it since that generation began.
    pub(crate) fn was_compared(&self, generation: u64) -> bool {
        self.compared == Some(generation)
    }
}

/// More than the calendars of two authorities differ by.
const CALENDARS_DIFFER: Duration = Duration::from_mins(2);
