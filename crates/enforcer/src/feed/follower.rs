//! The protocol of the feed, without clock, chance or network.
//!
//! As of when is the list complete? A ping is answered after everything that made the authority's
//! list as young as the answer says. So the list here is complete as of the moment at which the ping
//! was *sent*, less that age: whatever the answer took to arrive only makes the list look older than
//! it is. This holds only on a connection on which nothing was missed, which the follower proves to
//! itself: entries are numbered without gaps, and each message says where the reader must now be.

use std::{
    collections::VecDeque,
    num::NonZeroU16,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use lanyard_proto::v1::{
    self, WatchRequest, WatchResponse, watch_request::Message as Asked, watch_response::Message,
};
use lanyard_revocation::{Cursor, Entry, FeedCursor, Freshness, List, UnknownPartition, View};
use lanyard_token::{BootTime, UnixTime};

use super::{
    Break, FeedStatus, Pace,
    status::count,
    wire::{self, NotUnderstood},
};
use crate::{
    Known,
    known::{Replace, VersionedKeys},
};

/// Somebody who follows the feed, over one connection after the other.
#[derive(Debug)]
pub struct Follower {
    known: Known,
    pace: Pace,
    status: Arc<FeedStatus>,
    /// Where it stands; nothing if it has to hear everything again.
    place: Option<FeedCursor>,
    /// When a snapshot was last begun.
    snapshot_begun: Option<BootTime>,
    /// The latest time up to which the list was trimmed.
    trimmed_to: UnixTime,
    nonce: u64,
    role: Role,
    connection: Connection,
}

/// What a follower is beside another that makes the same knowledge grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// There is no other.
    #[default]
    Only,
    /// The one that counts, beside a candidate.
    Current,
    /// One that may take its place.
    Candidate,
}

/// What the answer to a ping has of the authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// How old the authority's own list was; absent if it has read none of it, or not all.
    pub age: Option<Duration>,
}

/// What is forgotten with a connection.
#[derive(Debug, Default)]
struct Connection {
    phase: Phase,
    /// Whether the keys were told. Those of the connection before may be out of date.
    has_keys: bool,
    /// Keys that are older than those that count, until the authority has shown that it is fresh.
    older_keys: Option<VersionedKeys>,
    /// The answer to a ping that has come last.
    answered: Option<Answered>,
    /// Pings that were not answered yet, and when each was sent.
    asked: VecDeque<(u64, BootTime)>,
    heard_at: BootTime,
    ping_at: BootTime,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Nothing was heard.
    #[default]
    Opening,
    /// In the middle of a snapshot.
    Snapshot,
    /// Everything up to the place is known.
    InStep,
}

impl Follower {
    /// Somebody who makes what is known grow.
    #[must_use]
    pub fn new(known: Known, pace: Pace, status: Arc<FeedStatus>) -> Self {
        Self {
            known,
            pace,
            status,
            place: None,
            snapshot_begun: None,
            trimmed_to: UnixTime::default(),
            nonce: 0,
            role: Role::Only,
            connection: Connection::default(),
        }
    }

    /// Another one that makes the same knowledge grow, over a connection of its own to another
    /// authority. It goes on from the same place: all that is known up to there is common to both.
    #[must_use]
    pub fn candidate(&self) -> Self {
        Self {
            known: self.known.clone(),
            pace: self.pace,
            status: Arc::clone(&self.status),
            place: self.place.clone(),
            snapshot_begun: self.snapshot_begun,
            trimmed_to: self.trimmed_to,
            nonce: 0,
            role: Role::Candidate,
            connection: Connection::default(),
        }
    }

    /// Sets what it is beside another.
    pub const fn set_role(&mut self, role: Role) {
        self.role = role;
    }

    /// How often it asks, and how long it waits.
    #[must_use]
    pub const fn pace(&self) -> Pace {
        self.pace
    }

    /// The answer to a ping that has come since this was last called.
    pub const fn take_answer(&mut self) -> Option<Answered> {
        self.connection.answered.take()
    }

    /// Begins a connection: what to send first.
    pub fn connect(&mut self, now: BootTime) -> Vec<WatchRequest> {
        self.connection = Connection {
            heard_at: now,
            ..Connection::default()
        };
        let cursor = self
            .place
            .as_ref()
            .map(|place| request(Asked::Cursor(place.to_string())));
        cursor.into_iter().chain([self.ping(now)]).collect()
    }

    /// When to call [`Self::tick`] at the latest.
    #[must_use]
    pub fn due(&self) -> BootTime {
        let silent = self.connection.heard_at.saturating_add(self.pace.silence);
        self.connection.ping_at.min(silent)
    }

    /// What to send, if it is time.
    ///
    /// # Errors
    /// If nothing was heard for too long.
    pub fn tick(&mut self, now: BootTime) -> Result<Option<WatchRequest>, Break> {
        if now.since(self.connection.heard_at) >= self.pace.silence {
            return Err(Break::Silent);
        }
        Ok((now >= self.connection.ping_at).then(|| self.ping(now)))
    }

    /// Takes a message in.
    ///
    /// # Errors
    /// If the connection must be given up. What was understood is known all the same.
    pub fn receive(&mut self, message: &WatchResponse, now: BootTime) -> Result<(), Break> {
        self.connection.heard_at = now;
        let taken = self.take(message, now);
        match taken {
            Err(Break::NotUnderstood(_)) => count(&self.status.not_understood),
            Err(Break::Gap) => count(&self.status.gaps),
            Ok(())
            | Err(Break::Unexpected | Break::OtherStore | Break::Diverged | Break::Silent) => {}
        }
        if matches!(taken, Err(Break::Gap | Break::Diverged)) {
            self.place = None;
        }
        taken
    }

    /// How it goes.
    #[must_use]
    pub fn status(&self) -> Arc<FeedStatus> {
        Arc::clone(&self.status)
    }

    fn take(&mut self, response: &WatchResponse, now: BootTime) -> Result<(), Break> {
        let WatchResponse { cursor, message } = response;
        let message = message.as_ref().ok_or(NotUnderstood("a kind of message"))?;
        match (message, self.connection.phase) {
            (Message::Started(started), Phase::Opening) => self.start(*started, now)?,
            (Message::Snapshot(batch), Phase::Snapshot) => return self.merge(batch, cursor),
            (Message::Revocations(batch), Phase::InStep) => self.extend(batch)?,
            (Message::KeySet(keys), Phase::InStep) => self.take_keys(keys)?,
            (Message::Heartbeat(heartbeat), Phase::InStep) => {
                // First: an answer that comes after something that was missed proves nothing.
                self.check_place(cursor)?;
                return self.hear(heartbeat, now);
            }
            (
                Message::Started(_)
                | Message::Snapshot(_)
                | Message::Revocations(_)
                | Message::KeySet(_)
                | Message::Heartbeat(_),
                Phase::Opening | Phase::Snapshot | Phase::InStep,
            ) => return Err(Break::Unexpected),
        }
        self.check_place(cursor)
    }

    /// The server says where the reader stands; if that is elsewhere, something was missed.
    fn check_place(&self, cursor: &str) -> Result<(), Break> {
        let expected = match (self.connection.phase, &self.place) {
            (Phase::InStep, Some(place)) => place.to_string(),
            (Phase::Opening | Phase::Snapshot | Phase::InStep, _) => String::new(),
        };
        if cursor == expected {
            Ok(())
        } else {
            Err(Break::Gap)
        }
    }

    fn start(&mut self, started: v1::WatchStarted, now: BootTime) -> Result<(), Break> {
        let v1::WatchStarted {
            partitions,
            resumed,
        } = started;
        let partitions = wire::partitions(partitions)?;
        if self.known.view_or(|| View::new(partitions)).partitions() != partitions {
            return Err(Break::OtherStore);
        }
        if resumed {
            let place = self.place.as_ref().ok_or(Break::Unexpected)?;
            self.connection.phase = Phase::InStep;
            return expect_size(place, partitions);
        }
        self.place = None;
        self.snapshot_begun = Some(now);
        self.connection.phase = Phase::Snapshot;
        Ok(())
    }

    /// Merges a part of a snapshot into what is known, and counts its end as the place.
    fn merge(&mut self, batch: &v1::SnapshotBatch, cursor: &str) -> Result<(), Break> {
        let v1::SnapshotBatch {
            partition,
            revoked,
            last,
            floor,
        } = batch;
        let view = self.view()?;
        let mut understood = Vec::with_capacity(revoked.len());
        let mut fault = None;
        for message in revoked {
            match wire::revoked(message) {
                Ok(revocation) => understood.push(revocation),
                Err(not_understood) => fault = Some(not_understood),
            }
        }
        let partition = wire::partition(*partition)?;
        view.merge_part(partition, &understood).map_err(unknown)?;
        if !floor.is_empty() {
            let floor = floor.parse().map_err(|_| NotUnderstood("a position"))?;
            view.raise_floor(partition, floor).map_err(unknown)?;
        }
        if let Some(fault) = fault {
            return Err(fault.into());
        }
        if !*last {
            return self.check_place(cursor);
        }
        let place: FeedCursor = cursor.parse().map_err(|_| NotUnderstood("a cursor"))?;
        expect_size(&place, view.partitions())?;
        for (partition, end) in place.iter() {
            view.merge_snapshot(partition, &List::new(), end.position)
                .map_err(unknown)?;
        }
        self.place = Some(place);
        self.connection.phase = Phase::InStep;
        count(&self.status.snapshots);
        Ok(())
    }

    fn extend(&mut self, batch: &v1::RevocationBatch) -> Result<(), Break> {
        let v1::RevocationBatch { partition, entries } = batch;
        let view = self.view()?;
        let partition = wire::partition(*partition)?;
        let understood: Vec<Entry> = entries
            .iter()
            .filter_map(|one| wire::entry(one).ok())
            .collect();
        // Learned first, whatever comes of it: each of them is true, and kills what it covers.
        for entry in &understood {
            view.learn(partition, entry).map_err(unknown)?;
        }
        if let Some(fault) = entries.iter().find_map(|one| wire::entry(one).err()) {
            return Err(fault.into());
        }
        let place = self.place.as_mut().ok_or(Break::Unexpected)?;
        let mut reached = *place.place(partition).ok_or(Break::Unexpected)?;
        for entry in &understood {
            let is_next = reached.number.checked_add(1) == Some(entry.number);
            if !is_next || entry.position <= reached.position {
                return Err(Break::Gap);
            }
            reached = Cursor {
                position: entry.position,
                number: entry.number,
                ..reached
            };
        }
        view.apply(partition, &understood).map_err(unknown)?;
        place.set(partition, reached);
        let taken = u64::try_from(understood.len()).unwrap_or(u64::MAX);
        self.status.entries.fetch_add(taken, Ordering::Relaxed);
        Ok(())
    }

    fn take_keys(&mut self, keys: &v1::KeySet) -> Result<(), Break> {
        self.view()?;
        let keys = wire::key_set(keys);
        let counts = self.known.take_keys(&keys, Replace::UnlessOlder);
        self.connection.older_keys = (!counts).then_some(keys);
        self.connection.has_keys = true;
        Ok(())
    }

    /// Takes the answer to a ping for what it proves.
    fn hear(&mut self, heartbeat: &v1::Heartbeat, now: BootTime) -> Result<(), Break> {
        let v1::Heartbeat {
            nonce,
            age,
            list,
            younger_partitions,
        } = heartbeat;
        let ages = wire::ages(*age, younger_partitions)?;
        if let Some(list) = list {
            self.compare(list, now)?;
        }
        let sent = self.answered(*nonce).ok_or(Break::Unexpected)?;
        if !self.connection.has_keys {
            return Err(Break::Unexpected);
        }
        let view = self.view()?;
        let age = ages.oldest();
        self.connection.answered = Some(Answered { age });
        if age.is_some_and(|age| age <= self.pace.stale_after)
            && let Some(keys) = self.connection.older_keys.take()
        {
            self.known.take_keys(&keys, Replace::Always);
        }
        let place = self.place.as_ref().ok_or(Break::Unexpected)?;
        let mut is_confirmed = false;
        for (partition, end) in place.iter() {
            let age = ages.of(partition);
            if let Some(as_of) = age.and_then(|age| Freshness::moment(sent, age)) {
                view.confirm(partition, end.position, as_of)
                    .map_err(unknown)?;
                is_confirmed = true;
            }
        }
        if is_confirmed {
            // The authority gives no age beside keys that are out of date.
            view.confirm_keys(sent);
            if self.role != Role::Candidate {
                self.status.connected.store(true, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Compares the list with the authority's, both trimmed alike.
    ///
    /// A list that differs although it was read as a whole a moment ago has more than the
    /// authority's, which does no harm. Otherwise it may lack something: it is not confirmed, and
    /// read again.
    ///
    /// Nothing is compared while another follower makes the list grow, nor while the list is ahead of
    /// this authority's, as it may be for a moment after that.
    fn compare(&mut self, list: &v1::ListDigest, now: BootTime) -> Result<(), Break> {
        let theirs = wire::fingerprint(list)?;
        let view = self.view()?;
        if theirs.cutoff < self.trimmed_to || self.role != Role::Only || self.is_ahead(&view) {
            return Ok(());
        }
        if theirs.cutoff > self.trimmed_to {
            view.trim(theirs.cutoff);
            self.trimmed_to = theirs.cutoff;
        }
        if view.fingerprint() == Some(theirs) {
            return Ok(());
        }
        // A snapshot from an authority that had trimmed less may have brought expired ones back.
        view.trim(theirs.cutoff);
        if view.fingerprint() == Some(theirs) {
            return Ok(());
        }
        count(&self.status.divergences);
        let begun = self.snapshot_begun;
        let was_read_whole = begun.is_some_and(|begun| now.since(begun) < READ_WHOLE_EVERY);
        tracing::error!(
            was_read_whole,
            "the revocation list differs from the authority's"
        );
        if was_read_whole {
            return Ok(());
        }
        Err(Break::Diverged)
    }

    /// Whether the list has something that lies beyond the place of this follower.
    fn is_ahead(&self, view: &View) -> bool {
        let mut places = self.place.iter().flat_map(FeedCursor::iter);
        places.any(|(partition, end)| {
            let furthest = view.furthest(partition);
            furthest.is_ok_and(|furthest| furthest > end.position)
        })
    }

    /// When the ping of that nonce was sent. Those before it will not be answered any more.
    fn answered(&mut self, nonce: u64) -> Option<BootTime> {
        let asked = &mut self.connection.asked;
        let index = asked.iter().position(|(asked, _)| *asked == nonce)?;
        asked.drain(..=index).next_back().map(|(_, sent)| sent)
    }

    fn ping(&mut self, now: BootTime) -> WatchRequest {
        self.nonce += 1;
        let nonce = self.nonce;
        self.connection.asked.push_back((nonce, now));
        self.connection.ping_at = now.saturating_add(self.pace.ping_every);
        request(Asked::Ping(v1::Ping { nonce }))
    }

    fn view(&self) -> Result<Arc<View>, Break> {
        self.known.view().cloned().ok_or(Break::Unexpected)
    }
}

fn expect_size(place: &FeedCursor, partitions: NonZeroU16) -> Result<(), Break> {
    if place.partitions() == partitions {
        Ok(())
    } else {
        Err(Break::OtherStore)
    }
}

fn request(message: Asked) -> WatchRequest {
    let message = Some(message);
    WatchRequest { message }
}

/// A partition that the store said it does not have.
fn unknown(_: UnknownPartition) -> Break {
    NotUnderstood("a partition").into()
}

/// How often a list that differs is read as a whole.
const READ_WHOLE_EVERY: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests;
