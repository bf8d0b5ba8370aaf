//! The server's side of one connection: the order of messages that the real service keeps, without
//! the tasks and the sockets.

use std::{sync::Arc, time::Duration};

use lanyard_authority::{FeedPlace, TrustFeed};
use lanyard_proto::v1::{
    WatchRequest, WatchResponse, watch_request::Message as Asked, watch_response::Message,
};
use lanyard_revocation::{Ages, FeedCursor, Fingerprint, View};
use lanyard_token::BootTime;

use crate::{messages, weakness::Weakness};

/// A watch that goes on.
#[derive(Debug)]
pub(crate) struct Watch {
    feed: Arc<TrustFeed>,
    view: Arc<View>,
    place: Option<FeedPlace>,
    /// What is done wrongly.
    weakness: Option<Weakness>,
}

/// The watch is over, and the client is to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Over;

impl Watch {
    /// One that has heard nothing.
    pub(crate) const fn new(
        feed: Arc<TrustFeed>,
        view: Arc<View>,
        weakness: Option<Weakness>,
    ) -> Self {
        Self {
            feed,
            view,
            place: None,
            weakness,
        }
    }

    /// Takes a request of the client, and says what to send.
    pub(crate) fn hear(
        &mut self,
        request: &WatchRequest,
        now: BootTime,
    ) -> Result<Vec<WatchResponse>, Over> {
        let mut out = Vec::new();
        let asked = request.message.as_ref().ok_or(Over)?;
        if self.place.is_none() {
            let cursor = match asked {
                Asked::Cursor(cursor) => Some(cursor.parse().map_err(|_| Over)?),
                Asked::Ping(_) => None,
            };
            self.place = Some(self.begin(cursor, &mut out)?);
        }
        match asked {
            Asked::Cursor(_) => drop(self.catch_up(&mut out)?),
            Asked::Ping(ping) => self.answer(ping.nonce, now, &mut out)?,
        }
        Ok(out)
    }

    /// What has come since.
    pub(crate) fn news(&mut self) -> Result<Vec<WatchResponse>, Over> {
        let mut out = Vec::new();
        if self.place.is_some() {
            self.catch_up(&mut out)?;
        }
        Ok(out)
    }

    fn begin(
        &self,
        cursor: Option<FeedCursor>,
        out: &mut Vec<WatchResponse>,
    ) -> Result<FeedPlace, Over> {
        let place = cursor.map(FeedPlace::new);
        if let Some(place) = place.filter(|place| self.feed.after(place, 1).is_ok()) {
            say(out, place.cursor.to_string(), messages::started(true));
            return Ok(place);
        }
        let snapshot = self.feed.snapshot().ok_or(Over)?;
        say(out, String::new(), messages::started(false));
        for one in &snapshot.lists {
            let mut list = one.revocations.clone();
            // The order means nothing, and here it must be the same each time.
            list.sort_unstable_by_key(|(revocation, _)| revocation.handle);
            for part in list.chunks(BITE) {
                say(out, String::new(), messages::snapshot(one.partition, part));
            }
            if self.weakness != Some(Weakness::TrimsWithoutAFloor) {
                let floor = messages::snapshot_floor(one.partition, one.floor);
                say(out, String::new(), floor);
            }
        }
        let cursor = snapshot.place.cursor.to_string();
        say(out, cursor, messages::end_of_snapshot());
        Ok(snapshot.place.clone())
    }

    fn catch_up(&mut self, out: &mut Vec<WatchResponse>) -> Result<Option<Fingerprint>, Over> {
        let place = self.place.as_mut().ok_or(Over)?;
        loop {
            let news = self.feed.after(place, BITE).map_err(|_| Over)?;
            if let Some(keys) = news.keys {
                say(
                    out,
                    place.cursor.to_string(),
                    messages::key_set(&keys, news.keys_version),
                );
            }
            for (partition, entries) in news.entries {
                if let Some(reached) = news.place.cursor.place(partition) {
                    place.cursor.set(partition, *reached);
                }
                let entries = messages::revocations(partition, &entries);
                say(out, place.cursor.to_string(), entries);
            }
            *place = news.place;
            if news.complete {
                return Ok(news.fingerprint);
            }
        }
    }

    fn answer(
        &mut self,
        nonce: u64,
        now: BootTime,
        out: &mut Vec<WatchResponse>,
    ) -> Result<(), Over> {
        let ages = if self.weakness == Some(Weakness::AgeIsAlwaysZero) {
            Ages::new(Some(Duration::ZERO), [])
        } else {
            self.view.ages(now)
        };
        let fingerprint = self.catch_up(out)?;
        let place = self.place.as_ref().ok_or(Over)?.cursor.to_string();
        say(out, place, messages::heartbeat(nonce, &ages, fingerprint));
        Ok(())
    }
}

fn say(out: &mut Vec<WatchResponse>, cursor: String, message: Message) {
    out.push(WatchResponse {
        cursor,
        message: Some(message),
    });
}

/// How many entries go into one message: few, so that what is many messages in a large store is some
/// in this one.
const BITE: usize = 3;
