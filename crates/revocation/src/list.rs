//! The list of what is revoked in one partition: a map that only grows until it is trimmed.
//!
//! Of several revocations of a handle the greatest position counts, the latest expiry counts, and
//! one final one makes the handle final. Each of the three is a maximum, so the list is a join
//! semilattice: taking a revocation in twice, late or out of order changes nothing, copies merge
//! in any order to the same list, and no copy, however old, takes anything back.

mod table;

use lanyard_token::{Position, UnixTime};

use self::table::Table;
use crate::{Digest, Handle, HandleKind, Revocation};

/// What is revoked in one partition.
///
/// One table for each kind of handle, since the kind then costs no memory. An entry takes 40 bytes,
/// and its share of the table's empty room brings that to 49 to 54, at any size from a hundred
/// thousand entries on; from ten thousand on it is never above 61, also not while the table grows.
/// `tests/memory.rs` counts that at the allocator.
///
/// No insertion moves more than some two thousand entries, so checks never wait for a table
/// to be made anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    tokens: Table,
    identities: Table,
    credentials: Table,
    resources: Table,
    signing_keys: Table,
    digest: Digest,
}

impl List {
    /// A list of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in a revocation, to be kept until `expires_at`. One that covers nothing, as at the start
    /// of a generation, is passed over.
    pub fn insert(&mut self, revocation: Revocation, expires_at: UnixTime) {
        if revocation.position == Position::ZERO {
            return;
        }
        let held = Held {
            position: revocation.position,
            keep: Keep::new(expires_at, revocation.is_final),
        };
        let handle = revocation.handle;
        let Some(before) = self.table_mut(handle.kind).join(handle.id, held) else {
            self.digest.add(&revocation);
            return;
        };
        let joined = before.join(held);
        let (before, joined) = (before.revocation(handle), joined.revocation(handle));
        // What is heard twice, as most is that is merged, costs no hash.
        if before != joined {
            self.digest.remove(&before);
            self.digest.add(&joined);
        }
    }

    /// Takes in everything that another copy knows.
    pub fn merge(&mut self, other: &Self) {
        for (revocation, expires_at) in other.iter() {
            self.insert(revocation, expires_at);
        }
    }

    /// The first of a token's handles whose revocation [covers](Revocation::covers) the position at
    /// which the token was issued, or nothing if the token lives.
    #[must_use]
    pub fn revoked(&self, handles: &[Handle], issued_at: Position) -> Option<Handle> {
        handles.iter().copied().find(|handle| {
            self.find(*handle)
                .is_some_and(|held| held.revocation(*handle).covers(issued_at))
        })
    }

    /// The greatest position at which a handle was revoked.
    #[must_use]
    pub fn position_of(&self, handle: Handle) -> Option<Position> {
        self.find(handle).map(|held| held.position)
    }

    /// Whether a handle was revoked for good. A trimmed list has forgotten it: what must never be
    /// issued again is refused by the store's own records, not by this.
    #[must_use]
    pub fn is_final(&self, handle: Handle) -> bool {
        self.find(handle).is_some_and(|held| held.keep.is_final())
    }

    /// Everything in the list with the time until which it is kept, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (Revocation, UnixTime)> + '_ {
        HandleKind::ALL.into_iter().flat_map(move |kind| {
            self.table(kind)
                .iter()
                .map(move |(id, held)| held.written_out(Handle { kind, id }))
        })
    }

    /// Drops what no token can be covered by any more: only what expired at `now` or before.
    ///
    /// The memory is given back too, so that a day after a great many revocations the list is small
    /// again.
    ///
    /// Returns the greatest position among what was dropped, [`Position::ZERO`] if nothing was: a token
    /// before it may have been revoked by what was dropped.
    pub fn trim(&mut self, now: UnixTime) -> Position {
        let mut digest = self.digest;
        let mut floor = Position::ZERO;
        for kind in HandleKind::ALL {
            self.table_mut(kind).retain(|id, held| {
                let is_kept = now < held.keep.until();
                if !is_kept {
                    floor = floor.max(held.position);
                    digest.remove(&held.revocation(Handle { kind, id }));
                }
                is_kept
            });
        }
        self.digest = digest;
        floor
    }

    /// A digest of everything in the list, whatever the order in which it came.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// How many handles are revoked.
    #[must_use]
    pub fn len(&self) -> usize {
        HandleKind::ALL
            .into_iter()
            .map(|kind| self.table(kind).len())
            .sum()
    }

    /// Whether nothing is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn find(&self, handle: Handle) -> Option<&Held> {
        self.table(handle.kind).find(handle.id)
    }

    fn table(&self, kind: HandleKind) -> &Table {
        match kind {
            HandleKind::Token => &self.tokens,
            HandleKind::Identity => &self.identities,
            HandleKind::Credential => &self.credentials,
            HandleKind::Resource => &self.resources,
            HandleKind::SigningKey => &self.signing_keys,
        }
    }

    fn table_mut(&mut self, kind: HandleKind) -> &mut Table {
        match kind {
            HandleKind::Token => &mut self.tokens,
            HandleKind::Identity => &mut self.identities,
            HandleKind::Credential => &mut self.credentials,
            HandleKind::Resource => &mut self.resources,
            HandleKind::SigningKey => &mut self.signing_keys,
        }
    }
}

/// What is known of one handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    position: Position,
    keep: Keep,
}

impl Held {
    fn join(self, other: Self) -> Self {
        Self {
            position: self.position.max(other.position),
            keep: self.keep.join(other.keep),
        }
    }

    fn written_out(self, handle: Handle) -> (Revocation, UnixTime) {
        (self.revocation(handle), self.keep.until())
    }

    fn revocation(self, handle: Handle) -> Revocation {
        Revocation {
            handle,
            position: self.position,
            is_final: self.keep.is_final(),
        }
    }
}

/// Until when an entry is kept, and in the highest bit whether it is final: a flag of its own would
/// cost eight bytes an entry. That leaves times up to the year 292 million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Keep(u64);

impl Keep {
    const FINAL: u64 = 1 << 63;

    fn new(until: UnixTime, is_final: bool) -> Self {
        let flag = if is_final { Self::FINAL } else { 0 };
        Self(until.as_millis().min(!Self::FINAL) | flag)
    }

    fn until(self) -> UnixTime {
        UnixTime::from_millis(self.0 & !Self::FINAL)
    }

    fn is_final(self) -> bool {
        self.0 & Self::FINAL != 0
    }

    fn join(self, other: Self) -> Self {
        Self::new(
            self.until().max(other.until()),
            self.is_final() || other.is_final(),
        )
    }
}

#[cfg(test)]
mod tests;
