//! Somebody who follows the trust feed.

use lanyard_proto::v1::watch_request::Message as Asked;
use lanyard_proto::v1::watch_response::Message;
use lanyard_proto::v1::{
    Heartbeat, KeySet, Ping, RevocationEntry, RevokedHandle, WatchRequest, WatchResponse,
    WatchStarted,
};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::{Caller, DEADLINE, eventually};

/// A watch, and what it has told so far.
pub(crate) struct Watching {
    asked: mpsc::Sender<WatchRequest>,
    messages: Streaming<WatchResponse>,
    /// The last cursor.
    pub(crate) cursor: String,
    pub(crate) started: Option<WatchStarted>,
    pub(crate) keys: Vec<KeySet>,
    pub(crate) snapshot: Vec<RevokedHandle>,
    pub(crate) entries: Vec<RevocationEntry>,
    nonce: u64,
}

impl Watching {
    /// Begins a watch with this as its first message.
    pub(crate) async fn begin(caller: &Caller, first: Asked) -> Result<Self, Status> {
        let (asked, requests) = mpsc::channel(100_000);
        let message = Some(first);
        asked.send(WatchRequest { message }).await.expect("room");
        let messages = caller.trust().watch(ReceiverStream::new(requests)).await?;
        Ok(Self {
            asked,
            messages: messages.into_inner(),
            cursor: String::new(),
            started: None,
            keys: Vec::new(),
            snapshot: Vec::new(),
            entries: Vec::new(),
            nonce: 0,
        })
    }

    /// Begins from nothing, and reads on until it is up to date.
    pub(crate) async fn start(caller: &Caller) -> Self {
        let ping = Asked::Ping(Ping { nonce: 0 });
        let mut watching = Self::begin(caller, ping).await.expect("a watch");
        watching.heartbeat().await;
        watching
    }

    /// The same, once the feed has come to where the list is, which holds so much. The list hears of a
    /// revocation before it is acknowledged and the feed a moment after, so that whoever begins between
    /// the two is told of it twice.
    pub(crate) async fn start_after(caller: &Caller, live_entries: u64) -> Self {
        let mut before = Self::start(caller).await;
        eventually("the feed is where the list is", async || {
            let list = before.ping().await.list;
            list.is_some_and(|list| list.live_entries == live_entries)
        })
        .await;
        Self::start(caller).await
    }

    /// Goes on from a cursor, and reads on until it is up to date.
    pub(crate) async fn resume(caller: &Caller, cursor: &str) -> Self {
        let cursor = Asked::Cursor(cursor.to_owned());
        let mut watching = Self::begin(caller, cursor).await.expect("a watch");
        watching.ping().await;
        watching
    }

    /// Asks for a heartbeat, and does not wait for it.
    pub(crate) fn ask(&mut self) {
        self.nonce += 1;
        self.say(Asked::Ping(Ping { nonce: self.nonce }));
    }

    /// Says anything.
    pub(crate) fn say(&mut self, message: Asked) {
        let message = Some(message);
        self.asked.try_send(WatchRequest { message }).expect("room");
    }

    /// Pings, and reads up to the answer.
    pub(crate) async fn ping(&mut self) -> Heartbeat {
        self.ask();
        let heartbeat = self.heartbeat().await;
        assert_eq!(heartbeat.nonce, self.nonce);
        heartbeat
    }

    /// Reads up to the next heartbeat.
    pub(crate) async fn heartbeat(&mut self) -> Heartbeat {
        loop {
            let message = self.next().await.expect("no end");
            if let Message::Heartbeat(heartbeat) = message {
                return heartbeat;
            }
        }
    }

    /// Reads until the watch is ended, and says why.
    pub(crate) async fn end(&mut self) -> Status {
        loop {
            if let Err(status) = self.next().await {
                return status;
            }
        }
    }

    /// Reads one message.
    pub(crate) async fn next(&mut self) -> Result<Message, Status> {
        let message = timeout(DEADLINE, self.messages.message()).await;
        let message = message.expect("the watch is silent")?;
        let WatchResponse { cursor, message } = message.expect("no end without a status");
        assert!(!cursor.is_empty() || self.cursor.is_empty(), "{message:?}");
        self.cursor = cursor;
        let message = message.expect("a message says something");
        self.note(message.clone());
        Ok(message)
    }

    fn note(&mut self, message: Message) {
        match message {
            Message::Started(started) => self.started = Some(started),
            Message::KeySet(keys) => self.keys.push(keys),
            Message::Snapshot(batch) => self.snapshot.extend(batch.revoked),
            Message::Revocations(batch) => self.entries.extend(batch.entries),
            Message::Heartbeat(_) => {}
        }
    }
}
