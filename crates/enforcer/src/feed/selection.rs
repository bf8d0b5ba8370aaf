//! Which of several authorities to follow, without clock, randomness or network.
//!
//! An authority that is cut off from its store goes on answering, with a list that only grows older.
//! When the age that it reports exceeds [`Pace::stale_after`](super::Pace), the next address is tried
//! over a second connection beside the first. The fresher of the two is kept, so the connection is
//! replaced only by a better one. Where all authorities are equally stale, candidates are tried in
//! turn with growing waits, and the connection stays where it is.

use std::time::Duration;

use lanyard_token::BootTime;

use super::{Backoff, Chance};

/// The connection that is followed, and the candidate beside it.
#[derive(Clone, Debug)]
pub struct Selection {
    addresses: usize,
    stale_after: Duration,
    current: Followed,
    candidate: Option<usize>,
    /// The address that was tried last.
    tried: usize,
    /// No candidate is opened before this.
    try_at: BootTime,
    backoff: Backoff,
}

/// An address, and as of when the list there was complete.
#[derive(Clone, Copy, Debug)]
struct Followed {
    address: usize,
    as_of: Option<BootTime>,
    is_stale: bool,
}

/// What has changed about the connection that is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Its authority has become stale.
    Stale,
    /// Its authority is fresh again. A candidate, if there is one, is dropped.
    Fresh,
}

/// What comes of a candidate's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The candidate is fresher: it takes the place of the connection, which is dropped.
    Switched,
    /// It is not: it is dropped.
    Dropped,
}

impl Selection {
    /// Follows the first of so many addresses.
    #[must_use]
    pub const fn new(addresses: usize, stale_after: Duration) -> Self {
        Self {
            addresses,
            stale_after,
            current: Followed::new(0),
            candidate: None,
            tried: 0,
            try_at: BootTime::from_duration(Duration::ZERO),
            backoff: Backoff::between(FIRST_WAIT, LONGEST_WAIT),
        }
    }

    /// The address that is followed.
    #[must_use]
    pub const fn current(&self) -> usize {
        self.current.address
    }

    /// The address that is tried beside it.
    #[must_use]
    pub const fn candidate(&self) -> Option<usize> {
        self.candidate
    }

    /// When [`Self::try_next`] may have an address to try.
    #[must_use]
    pub fn due(&self) -> Option<BootTime> {
        let wants_another = self.current.is_stale && self.candidate.is_none() && self.addresses > 1;
        wants_another.then_some(self.try_at)
    }

    /// The address to try beside the connection, if it is time.
    pub fn try_next(&mut self, now: BootTime) -> Option<usize> {
        self.due().filter(|due| now >= *due)?;
        let next = (1..=self.addresses)
            .map(|step| (self.tried + step) % self.addresses)
            .find(|address| *address != self.current.address)?;
        self.tried = next;
        self.candidate = Some(next);
        Some(next)
    }

    /// The connection has answered: so old is its authority's list, if it has one.
    pub fn current_answered(&mut self, age: Option<Duration>, now: BootTime) -> Option<Change> {
        self.current.answered(age, now);
        let was_stale = self.current.is_stale;
        self.current.is_stale = self.is_stale(age);
        match (was_stale, self.current.is_stale) {
            (false, true) => Some(Change::Stale),
            (true, false) => {
                self.candidate = None;
                self.backoff.reset();
                self.try_at = now;
                Some(Change::Fresh)
            }
            (true, true) | (false, false) => None,
        }
    }

    /// The candidate has answered: so old is its authority's list, if it has one.
    pub fn candidate_answered(
        &mut self,
        age: Option<Duration>,
        now: BootTime,
        chance: &mut impl Chance,
    ) -> Outcome {
        let Some(address) = self.candidate else {
            return Outcome::Dropped;
        };
        let mut candidate = Followed::new(address);
        candidate.answered(age, now);
        if !candidate.is_fresher_than(&self.current, self.stale_after) {
            self.candidate_lost(now, chance);
            return Outcome::Dropped;
        }
        candidate.is_stale = self.is_stale(age);
        self.current = candidate;
        self.candidate = None;
        if !candidate.is_stale {
            self.backoff.reset();
        }
        self.try_at = now.saturating_add(self.backoff.wait(chance));
        Outcome::Switched
    }

    /// The candidate's connection is lost, or was never made.
    pub fn candidate_lost(&mut self, now: BootTime, chance: &mut impl Chance) {
        self.candidate = None;
        self.try_at = now.saturating_add(self.backoff.wait(chance));
    }

    /// The connection is lost. The candidate takes its place if there is one, and else the next
    /// address is to be connected to, which this gives.
    pub fn current_lost(&mut self) -> Option<usize> {
        if let Some(candidate) = self.candidate.take() {
            self.current = Followed::new(candidate);
            return None;
        }
        let next = (self.current.address + 1) % self.addresses.max(1);
        self.current = Followed::new(next);
        self.tried = next;
        Some(next)
    }

    fn is_stale(&self, age: Option<Duration>) -> bool {
        age.is_none_or(|age| age > self.stale_after)
    }
}

impl Followed {
    const fn new(address: usize) -> Self {
        Self {
            address,
            as_of: None,
            is_stale: false,
        }
    }

    fn answered(&mut self, age: Option<Duration>, now: BootTime) {
        let as_of = age.map(|age| now.saturating_sub(age));
        self.as_of = self.as_of.max(as_of);
    }

    /// By half of what makes an authority stale at least, so that two that are about the same do not
    /// take turns.
    fn is_fresher_than(&self, other: &Self, stale_after: Duration) -> bool {
        let Some(as_of) = self.as_of else {
            return false;
        };
        let margin = stale_after / 2;
        other
            .as_of
            .is_none_or(|other| as_of >= other.saturating_add(margin))
    }
}

/// How long after a first candidate was no better the next is tried.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest wait between two: how long a point may stay with a stale authority beside one that
/// has just recovered.
const LONGEST_WAIT: Duration = Duration::from_secs(8);

#[cfg(test)]
mod tests;
