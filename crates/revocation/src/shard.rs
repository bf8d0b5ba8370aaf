//! One partition's part of a view: its list, how far that goes, and who waits for it to go further.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use lanyard_token::{Claims, Position, UnixTime};
use tokio::sync::Notify;

use crate::{Digest, Handle, List, Revocation};

/// One partition's list, shared between threads.
#[derive(Debug, Default)]
pub(crate) struct Shard {
    known: RwLock<Known>,
    moved: Notify,
}

#[derive(Debug, Default)]
struct Known {
    list: List,
    /// Everything up to here is in the list.
    reached: Position,
    /// The latest time of a trim.
    trimmed_to: UnixTime,
    /// The greatest position of anything that was dropped, here or before this copy was made. What
    /// revoked a token before it may have been dropped.
    floor: Position,
    /// Something up to here was taken in ahead of its turn.
    ahead_to: Position,
    /// How many are in the middle of taking something in.
    growing: usize,
}

/// What one partition's list was at one instant, if it was exactly what had been reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) len: usize,
    pub(crate) digest: Digest,
    pub(crate) trimmed_to: UnixTime,
}

impl Shard {
    /// Takes revocations in, and only when all of them are in counts the position as reached.
    ///
    /// A great many are taken in by parts, so that checks go on in between. They see a list that is
    /// on its way, which is as good as the one before: nothing says yet that it is further.
    pub(crate) fn grow(
        &self,
        revocations: impl Iterator<Item = (Revocation, UnixTime)>,
        reached: Position,
    ) {
        let mut revocations = revocations.peekable();
        self.write().growing += 1;
        while revocations.peek().is_some() {
            let mut known = self.write();
            for (revocation, expires_at) in revocations.by_ref().take(PART) {
                known.list.insert(revocation, expires_at);
            }
        }
        self.write().growing -= 1;
        self.advance(reached);
    }

    /// Takes one revocation in that stands at a position ahead of what has been reached.
    pub(crate) fn learn(&self, (revocation, expires_at): (Revocation, UnixTime), at: Position) {
        let mut known = self.write();
        known.ahead_to = known.ahead_to.max(at);
        known.list.insert(revocation, expires_at);
    }

    /// What the list is now, unless it has more than what was reached, or is on its way there.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        let known = self.read();
        let is_exact = known.growing == 0 && known.ahead_to <= known.reached;
        is_exact.then(|| Stamp {
            len: known.list.len(),
            digest: known.list.digest(),
            trimmed_to: known.trimmed_to,
        })
    }

    /// Everything in the list.
    pub(crate) fn revocations(&self) -> Vec<(Revocation, UnixTime)> {
        self.read().list.iter().collect()
    }

    /// Counts a position as reached, unless a later one is, and wakes those who wait.
    pub(crate) fn advance(&self, reached: Position) {
        let mut known = self.write();
        if reached <= known.reached {
            return;
        }
        known.reached = reached;
        drop(known);
        self.moved.notify_waiters();
    }

    /// The first of a token's handles that it is dead under.
    pub(crate) fn revoked(&self, handles: &[Handle], claims: &Claims) -> Option<Handle> {
        let known = self.read();
        let revoked = known.list.revoked(handles, claims.position);
        revoked.or((claims.position < known.floor).then(|| Handle::token(claims.token_id)))
    }

    /// Drops what had expired at `now`, and remembers up to which position.
    pub(crate) fn trim(&self, now: UnixTime) {
        let mut known = self.write();
        known.trimmed_to = known.trimmed_to.max(now);
        let dropped = known.list.trim(now);
        known.floor = known.floor.max(dropped);
    }

    /// Takes over what another copy, or the log, remembers of what it dropped.
    pub(crate) fn raise_floor(&self, floor: Position) {
        // Usually unchanged, and then no check waits for the write lock.
        if floor > self.floor() {
            let mut known = self.write();
            known.floor = known.floor.max(floor);
        }
    }

    /// The greatest position of anything that was dropped.
    pub(crate) fn floor(&self) -> Position {
        self.read().floor
    }

    /// The latest position that is known of, reached or not.
    pub(crate) fn furthest(&self) -> Position {
        let known = self.read();
        known.reached.max(known.ahead_to)
    }

    /// Whether a handle was revoked for good.
    pub(crate) fn is_final(&self, handle: Handle) -> bool {
        self.read().list.is_final(handle)
    }

    /// How many handles are revoked.
    pub(crate) fn len(&self) -> usize {
        self.read().list.len()
    }

    /// Waits until a position is reached.
    pub(crate) async fn reached(&self, position: Position) {
        loop {
            // From here on every waking is noticed, also one before the first poll, so none can be
            // lost between the look and the wait.
            let moved = self.moved.notified();
            if self.read().reached >= position {
                return;
            }
            moved.await;
        }
    }

    // A lock whose holder panicked is used all the same; `View` says why that is right.
    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many revocations are taken in under one lock: well under a millisecond of work.
const PART: usize = 1024;
