//! One watch: a client that follows the feed.
//!
//! A watch is a task that goes on from its place in the feed whenever there is news, and answers
//! pings in between. What it costs is bounded: the messages that wait for the client are few, and a
//! client that does not take them for a while is ended and told to resume.

use std::{sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt as _, stream};
use lanyard_authority::{Error, FeedPlace, News, Snapshot, TrustFeed, Watcher};
use lanyard_proto::v1::{self, watch_request, watch_response::Message};
use lanyard_revocation::{FeedCursor, Fingerprint, FreshnessBound, Stale};
use lanyard_store::Store;
use lanyard_token::{Clock as _, Position, SystemClock};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task, time,
};
use tonic::{Status, Streaming};
use tonic_types::FieldViolation;

use super::{
    ServedAuthority, feed_messages,
    status::{self, Fault},
};

/// What a watch lives under.
pub(super) struct Guard<S> {
    pub(super) authority: Arc<ServedAuthority<S>>,
    pub(super) watcher: Watcher,
    pub(super) stopped: watch::Receiver<bool>,
}

/// Answers a client for as long as it listens and may.
pub(super) fn answers<S: Store>(
    guard: Guard<S>,
    asked: Streaming<v1::WatchRequest>,
) -> impl Stream<Item = Result<v1::WatchResponse, Status>> + Send {
    let (outgoing, waiting) = mpsc::channel(WAITING);
    let (end, ended) = oneshot::channel();
    tokio::spawn(async move {
        // Nobody may be listening any more, and then nobody misses the end.
        drop(end.send(run(guard, asked, outgoing).await));
    });
    let messages = stream::unfold(waiting, async |mut waiting| {
        Some((Ok(waiting.recv().await?), waiting))
    });
    // The end has a place of its own: it must not have to wait for room among the messages.
    let end = stream::once(ended).filter_map(async |ended| ended.ok()?.err().map(Err));
    messages.chain(end)
}

async fn run<S: Store>(
    guard: Guard<S>,
    asked: Streaming<v1::WatchRequest>,
    outgoing: mpsc::Sender<v1::WatchResponse>,
) -> Result<(), Status> {
    let mut watch = Watch {
        feed: guard.authority.feed(),
        authority: Arc::clone(&guard.authority),
        outgoing: outgoing.clone(),
    };
    tokio::select! {
        biased;
        reason = guard.over(&outgoing) => Err(reason),
        ended = watch.follow(asked) => ended,
    }
}

impl<S: Store> Guard<S> {
    /// Waits until the watch must end, whatever it is doing: the process stops, the client has gone,
    /// or its credential has.
    async fn over(mut self, outgoing: &mpsc::Sender<v1::WatchResponse>) -> Status {
        loop {
            tokio::select! {
                _ = self.stopped.wait_for(|stopped| *stopped) => return Fault::Draining.into(),
                () = outgoing.closed() => return gone(),
                () = time::sleep(CONFIRM_EVERY) => {}
            }
            let confirmed = self
                .authority
                .reauthenticate(self.watcher.credential())
                .await;
            // A store that is away says nothing about the credential. The list is then not read
            // either, and the client is told how old it is.
            if let Err(error @ Error::CredentialRefused) = confirmed {
                return Fault::from(error).into();
            }
        }
    }
}

/// A watch that goes on.
struct Watch<S> {
    authority: Arc<ServedAuthority<S>>,
    feed: Arc<TrustFeed>,
    outgoing: mpsc::Sender<v1::WatchResponse>,
}

impl<S: Store> Watch<S> {
    async fn follow(&mut self, mut asked: Streaming<v1::WatchRequest>) -> Result<(), Status> {
        let Some(first) = asked.message().await.map_err(status::told)? else {
            return Ok(());
        };
        let (cursor, mut ping) = opening(first)?;
        let mut place = self.begin(cursor).await?;
        let mut changes = self.feed.changes();
        loop {
            match ping.take() {
                Some(ping) => self.answer(&mut place, ping).await?,
                None => drop(self.catch_up(&mut place).await?),
            }
            tokio::select! {
                message = asked.message() => match message.map_err(status::told)? {
                    Some(message) => ping = Some(later(message)?),
                    None => return Ok(()),
                },
                // An error means that the feed is gone, and so is everything else.
                _ = changes.changed() => {}
            }
        }
    }

    /// Goes on from the client's cursor, or else begins with a snapshot.
    async fn begin(&self, cursor: Option<FeedCursor>) -> Result<FeedPlace, Status> {
        let partitions = self.authority.view().partitions();
        let place = cursor.map(FeedPlace::new);
        if let Some(place) = place.filter(|place| self.feed.can_resume(place)) {
            let started = feed_messages::started(partitions, true);
            self.send(&place.cursor.to_string(), started).await?;
            return Ok(place);
        }
        let feed = Arc::clone(&self.feed);
        let snapshot = task::spawn_blocking(move || feed.snapshot()).await;
        let snapshot = snapshot.map_err(|_| Error::Internal("no snapshot could be made"));
        let snapshot = snapshot.map_err(Fault::from)?.ok_or_else(never_read)?;
        self.send("", feed_messages::started(partitions, false))
            .await?;
        self.tell_snapshot(&snapshot).await?;
        Ok(snapshot.place.clone())
    }

    async fn tell_snapshot(&self, snapshot: &Snapshot) -> Result<(), Status> {
        for list in &snapshot.lists {
            for part in list.revocations.chunks(BITE) {
                self.send("", feed_messages::snapshot(list.partition, part))
                    .await?;
            }
            if list.floor > Position::ZERO {
                self.send(
                    "",
                    feed_messages::snapshot_floor(list.partition, list.floor),
                )
                .await?;
            }
        }
        let cursor = snapshot.place.cursor.to_string();
        self.send(&cursor, feed_messages::end_of_snapshot()).await
    }

    /// Sends all that has come since, and tells what the list holds at the end of it, if that is
    /// known.
    async fn catch_up(&self, place: &mut FeedPlace) -> Result<Option<Fingerprint>, Status> {
        loop {
            let news = self.feed.after(place, BITE);
            let News {
                keys,
                keys_version,
                entries,
                place: next,
                complete,
                fingerprint,
            } = news.map_err(|_| Fault::WatchTooSlow)?;
            if let Some(keys) = keys {
                let keys = Message::KeySet(feed_messages::key_set(&keys, keys_version));
                self.send(&place.cursor.to_string(), keys).await?;
            }
            for (partition, entries) in entries {
                if let Some(reached) = next.cursor.place(partition) {
                    place.cursor.set(partition, *reached);
                }
                let entries = feed_messages::revocations(partition, &entries);
                self.send(&place.cursor.to_string(), entries).await?;
            }
            *place = next;
            if complete {
                return Ok(fingerprint);
            }
        }
    }

    /// Answers a ping, after everything that made the list as young as the answer says.
    async fn answer(&self, place: &mut FeedPlace, ping: v1::Ping) -> Result<(), Status> {
        let v1::Ping { nonce } = ping;
        let now = SystemClock
            .boot()
            .map_err(|error| Fault::from(Error::from(error)))?;
        let ages = self.authority.view().ages(now);
        let fingerprint = self.catch_up(place).await?;
        let heartbeat = feed_messages::heartbeat(nonce, &ages, fingerprint);
        self.send(&place.cursor.to_string(), heartbeat).await
    }

    /// Hands a message to the client, which has a while to make room for it.
    async fn send(&self, cursor: &str, message: Message) -> Result<(), Status> {
        let message = v1::WatchResponse {
            cursor: cursor.to_owned(),
            message: Some(message),
        };
        match time::timeout(PATIENCE, self.outgoing.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(gone()),
            Err(_) => Err(Fault::WatchTooSlow.into()),
        }
    }
}

/// The first message: a cursor, or a ping of somebody who has none.
fn opening(first: v1::WatchRequest) -> Result<(Option<FeedCursor>, Option<v1::Ping>), Fault> {
    let v1::WatchRequest { message } = first;
    match message {
        Some(watch_request::Message::Cursor(cursor)) => match cursor.parse() {
            Ok(cursor) => Ok((Some(cursor), None)),
            Err(error) => Err(wrong("cursor", format!("{error}, or left out"))),
        },
        Some(watch_request::Message::Ping(ping)) => Ok((None, Some(ping))),
        None => Err(wrong("message", "must be a cursor or a ping")),
    }
}

/// Every message but the first: a ping.
fn later(message: v1::WatchRequest) -> Result<v1::Ping, Fault> {
    let v1::WatchRequest { message } = message;
    match message {
        Some(watch_request::Message::Ping(ping)) => Ok(ping),
        Some(watch_request::Message::Cursor(_)) => {
            Err(wrong("cursor", "may only be in the first message"))
        }
        None => Err(wrong("message", "must be a ping")),
    }
}

fn wrong(field: &str, remedy: impl Into<String>) -> Fault {
    Fault::Fields(vec![FieldViolation::new(field, remedy)])
}

fn never_read() -> Fault {
    let bound = FreshnessBound::MAX;
    Fault::Authority(Error::Stale(Stale { age: None, bound }))
}

/// For a client that is not there to read it.
fn gone() -> Status {
    Status::cancelled("the client has gone")
}

/// How many entries go into one message: some 80 KiB.
const BITE: usize = 1000;
/// How many messages may wait for a client. With what the connection buffers, this is all that a
/// client can make the server keep.
const WAITING: usize = 4;
/// How long a client may leave a message waiting.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a watcher's credential is looked up. With the time that takes, a deleted one ends its
/// watches within the fifteen seconds that the contract promises.
const CONFIRM_EVERY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn request(message: watch_request::Message) -> v1::WatchRequest {
        let message = Some(message);
        v1::WatchRequest { message }
    }

    fn refused<T>(answer: Result<T, Fault>) -> String {
        match answer {
            Err(Fault::Fields(fields)) => fields.into_iter().map(|field| field.field).collect(),
            Err(fault) => panic!("it is not about fields: {fault:?}"),
            Ok(_) => panic!("it was taken"),
        }
    }

    #[test]
    fn a_watch_begins_with_a_cursor_or_a_ping() {
        let text = "00112233445566778899aabbccddeeff.5-3.4";
        let cursor = watch_request::Message::Cursor(text.to_owned());
        let (cursor, ping) = opening(request(cursor)).unwrap();
        assert_eq!((cursor, ping), (Some(text.parse().unwrap()), None));
        let ping = v1::Ping { nonce: 7 };
        let begun = opening(request(watch_request::Message::Ping(ping))).unwrap();
        assert_eq!(begun, (None, Some(ping)));
    }

    #[test]
    fn nothing_a_bad_cursor_or_a_second_one_is_refused_with_its_field() {
        let cursor = |text: &str| request(watch_request::Message::Cursor(text.to_owned()));
        let nothing = v1::WatchRequest { message: None };
        assert_eq!(refused(opening(nothing.clone())), "message");
        assert_eq!(refused(later(nothing)), "message");
        for text in ["", "0", &"0".repeat(1 << 19)] {
            assert_eq!(refused(opening(cursor(text))), "cursor");
        }
        let good = cursor("00112233445566778899aabbccddeeff.5-3.4");
        assert_eq!(refused(later(good)), "cursor");
    }
}
