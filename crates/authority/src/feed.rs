//! What enforcement points follow: the log, at second hand, and the key set.
//!
//! The authority's follower is the one reader of the log. It writes the entries that it reads into
//! the tails here, and any number of watchers go on from there, each from its own place, at its own
//! pace. A watcher costs nothing but its place. One that is further behind than the tails go back
//! begins with a snapshot, which those who begin at about the same time share.

use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use lanyard_revocation::{
    Cursor, Entry, FeedCursor, Fingerprint, LogId, PartitionId, Revocation, Tail, View,
};
use lanyard_token::{KeySet, Position, UnixTime};
use tokio::sync::watch;
use uuid::Uuid;

/// The feed of one authority.
#[derive(Debug)]
pub struct TrustFeed {
    view: Arc<View>,
    state: RwLock<State>,
    changed: watch::Sender<()>,
    /// The snapshot that was made last, for as long as somebody is reading it.
    latest: Mutex<Weak<Snapshot>>,
}

#[derive(Debug)]
struct State {
    /// One for each partition, in their order.
    tails: Vec<Tail>,
    /// Counts the key sets.
    key_version: u64,
    /// The version that the store has of the keys.
    keys_version: u64,
    /// What the view holds with exactly what the tails have, if that is known.
    fingerprint: Option<Fingerprint>,
}

/// How far a watcher has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedPlace {
    /// In the log of each partition.
    pub cursor: FeedCursor,
    /// The key set that it has, none before the first.
    key_version: Option<u64>,
}

/// What has come after a place.
#[derive(Clone, Debug)]
pub struct News {
    /// The key set, if it is another.
    pub keys: Option<Arc<KeySet>>,
    /// The version that the store has of the key set.
    pub keys_version: u64,
    /// Entries, those of one partition in their order.
    pub entries: Vec<(PartitionId, Vec<Entry>)>,
    /// Where these lead.
    pub place: FeedPlace,
    /// Whether there is nothing beyond.
    pub complete: bool,
    /// What the authority's list holds at that place, if this leads to the end and it is known.
    pub fingerprint: Option<Fingerprint>,
}

/// Everything that was revoked when it was made, with the place to go on from.
#[derive(Debug)]
pub struct Snapshot {
    /// Where it leads.
    pub place: FeedPlace,
    /// The list of every partition.
    pub lists: Vec<SnapshotList>,
}

/// The list of one partition.
#[derive(Debug)]
pub struct SnapshotList {
    /// The partition.
    pub partition: PartitionId,
    /// What is revoked, with the time until which each revocation is kept.
    pub revocations: Vec<(Revocation, UnixTime)>,
    /// The position below which every token is refused: [`View::floor`].
    pub floor: Position,
}

/// What comes after a place is not known here: it is too far back, of another log, or ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the feed does not reach back to where the watcher is")]
pub struct NoFurther;

impl FeedPlace {
    /// The place that a cursor names, for somebody who has no keys yet.
    #[must_use]
    pub const fn new(cursor: FeedCursor) -> Self {
        Self {
            cursor,
            key_version: None,
        }
    }
}

impl TrustFeed {
    pub(crate) fn new(view: Arc<View>) -> Self {
        let tails = PartitionId::all(view.partitions()).map(|_| Tail::new(ROOM));
        Self {
            state: RwLock::new(State {
                tails: tails.collect(),
                key_version: 0,
                keys_version: 0,
                fingerprint: None,
            }),
            view,
            changed: watch::Sender::new(()),
            latest: Mutex::default(),
        }
    }

    /// Tells whenever there may be news.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// What has come after a place, `limit` entries of each partition at most.
    ///
    /// To answer how old the list is, ask for its age first and for the news second: what made the
    /// list that young is in the news.
    ///
    /// # Errors
    /// If that is not known here.
    pub fn after(&self, place: &FeedPlace, limit: usize) -> Result<News, NoFurther> {
        let state = self.read();
        if place.cursor.partitions() != self.view.partitions() {
            return Err(NoFurther);
        }
        let mut news = News {
            keys: None,
            keys_version: state.keys_version,
            entries: Vec::new(),
            place: place.clone(),
            complete: true,
            fingerprint: state.fingerprint,
        };
        for ((partition, from), tail) in place.cursor.iter().zip(&state.tails) {
            let entries = match tail.head() {
                None if *from == UNREAD => Vec::new(),
                _ => tail.after(from, limit).ok_or(NoFurther)?,
            };
            news.take(partition, (entries, *from), tail.head().unwrap_or(UNREAD));
        }
        if place.key_version != Some(state.key_version) {
            news.keys = Some(self.view.keys());
            news.place.key_version = Some(state.key_version);
        }
        if !news.complete {
            news.fingerprint = None;
        }
        Ok(news)
    }

    /// Whether a client that kept a cursor can go on from there. Its list of a log that was not read
    /// when it got the cursor has nothing, so it needs a snapshot.
    #[must_use]
    pub fn can_resume(&self, place: &FeedPlace) -> bool {
        let mut places = place.cursor.iter();
        places.all(|(_, place)| *place != UNREAD) && self.after(place, 1).is_ok()
    }

    /// Everything that is revoked, or nothing if no log was read yet. With many entries this takes a
    /// while.
    ///
    /// The place in a log that cannot be read now is `UNREAD`. Once that log is read, those who are
    /// there have to begin with a snapshot again; until then they follow the others.
    #[must_use]
    pub fn snapshot(&self) -> Option<Arc<Snapshot>> {
        // Held while one is made, so that those who come meanwhile wait for it and share it.
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = latest.upgrade();
        if let Some(shared) = shared.filter(|shared| self.after(&shared.place, 1).is_ok()) {
            return Some(shared);
        }
        // The place first: the list has everything up to there, and what it has beyond is harmless.
        let place = FeedPlace::new(self.heads()?);
        let lists = PartitionId::all(self.view.partitions()).map(|partition| {
            // The partitions are the view's own, so none is missing. The floor is read last: a
            // revocation that is trimmed in between is in the list, and one that was trimmed before is
            // below the floor.
            let revocations = self.view.revocations(partition).unwrap_or_default();
            let floor = self.view.floor(partition).unwrap_or_default();
            SnapshotList {
                partition,
                revocations,
                floor,
            }
        });
        let lists = lists.collect();
        let made = Arc::new(Snapshot { place, lists });
        *latest = Arc::downgrade(&made);
        Some(made)
    }

    /// Hands on what the follower has read, up to `head`.
    pub(crate) fn extend(&self, partition: PartitionId, entries: &[Entry], head: Cursor) {
        let mut state = self.write();
        let Some(tail) = state.tails.get_mut(usize::from(partition.as_u16())) else {
            return;
        };
        if tail.head() == Some(head) {
            return;
        }
        tail.extend(entries, head);
        state.fingerprint = None;
        drop(state);
        self.changed.send_replace(());
    }

    /// A log is not what was read before: whoever followed it begins with a snapshot.
    pub(crate) fn start_over(&self, partition: PartitionId) {
        let mut state = self.write();
        if let Some(tail) = state.tails.get_mut(usize::from(partition.as_u16())) {
            tail.clear();
        }
        state.fingerprint = None;
        drop(state);
        self.changed.send_replace(());
    }

    /// The follower has read every log to its end.
    pub(crate) fn caught_up(&self) {
        let mut state = self.write();
        let is_read = state.tails.iter().all(|tail| tail.head().is_some());
        state.fingerprint = self.view.fingerprint().filter(|_| is_read);
    }

    /// The view has heard of something ahead of the follower.
    pub(crate) fn withdraw_fingerprint(&self) {
        self.write().fingerprint = None;
    }

    /// The view has another key set, of this version.
    pub(crate) fn keys_changed(&self, version: u64) {
        let mut state = self.write();
        state.key_version += 1;
        state.keys_version = version;
        drop(state);
        self.changed.send_replace(());
    }

    fn heads(&self) -> Option<FeedCursor> {
        let state = self.read();
        let is_read = state.tails.iter().any(|tail| tail.head().is_some());
        let heads = state.tails.iter().map(|tail| tail.head().unwrap_or(UNREAD));
        is_read.then(|| FeedCursor::new(heads)).flatten()
    }

    // A lock whose holder panicked is used all the same: each tail is moved on by whole entries, and
    // a watcher notices a gap by their numbers.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl News {
    fn take(
        &mut self,
        partition: PartitionId,
        (entries, from): (Vec<Entry>, Cursor),
        head: Cursor,
    ) {
        if let Some(last) = entries.last() {
            let place = Cursor {
                position: last.position,
                number: last.number,
                ..from
            };
            self.place.cursor.set(partition, place);
        }
        self.complete &= self.place.cursor.place(partition) == Some(&head);
        if !entries.is_empty() {
            self.entries.push((partition, entries));
        }
    }
}

/// The place in a log that was not read yet, or is not known to be whole. No log has this id.
const UNREAD: Cursor = Cursor {
    log: LogId::from_uuid(Uuid::nil()),
    position: Position::ZERO,
    number: 0,
};

/// How many entries of each partition are kept for those who are behind. After a restart it is
/// filled from the log, so that a watcher that was away for a while gets what it missed and no more.
const ROOM: usize = 65_536;

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use super::*;

    fn head(log: u128, number: u64) -> Cursor {
        Cursor {
            log: LogId::from_uuid(Uuid::from_u128(log)),
            position: Position::new(number, 0),
            number,
        }
    }

    #[test]
    fn a_log_that_cannot_be_read_does_not_keep_watchers_from_the_others() {
        let (first, second) = (PartitionId::new(0), PartitionId::new(1));
        let view = Arc::new(View::new(NonZeroU16::new(2).unwrap()));
        let feed = TrustFeed::new(view);
        assert!(feed.snapshot().is_none(), "no log was read");
        feed.extend(first, &[], head(1, 0));
        feed.caught_up();
        let place = feed.snapshot().unwrap().place.clone();
        assert_eq!(place.cursor.place(second), Some(&UNREAD));
        let news = feed.after(&place, 10).unwrap();
        assert!(news.complete && news.fingerprint.is_none());
        // A later connection, perhaps to another authority that knows how old that log's list is, must
        // not vouch for a list that was never received.
        let kept: FeedCursor = place.cursor.to_string().parse().unwrap();
        assert!(!feed.can_resume(&FeedPlace::new(kept)));

        feed.extend(second, &[], head(2, 0));
        feed.caught_up();
        assert_eq!(feed.after(&place, 10).unwrap_err(), NoFurther);
        let place = feed.snapshot().unwrap().place.clone();
        assert_eq!(place.cursor.place(second), Some(&head(2, 0)));
        assert!(feed.after(&place, 10).unwrap().fingerprint.is_some());
        assert!(feed.can_resume(&place));
        // A log that is not whole any more is one that cannot be read.
        feed.start_over(second);
        assert_eq!(feed.after(&place, 10).unwrap_err(), NoFurther);
        let place = feed.snapshot().unwrap().place.clone();
        assert_eq!(place.cursor.place(second), Some(&UNREAD));
    }
}
