//! Many who watch the feed, and how long it takes until each of them has heard of a revocation.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lanyard_proto::v1::trust_service_client::TrustServiceClient;
use lanyard_proto::v1::watch_request::Message as Asked;
use lanyard_proto::v1::watch_response::Message;
use lanyard_proto::v1::{Ping, RevocationBatch, WatchRequest, WatchResponse};
use lanyard_token::{BootTime, Clock as _, ClockError, SystemClock};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{self, MissedTickBehavior};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::failure::{Failure, Failures};
use crate::recorder::Recorder;
use crate::run::RunError;
use crate::workload::{Connection, Connections};

/// The 16 bytes that a revocation of a token is named by.
pub type Handle = [u8; 16];

/// When each revocation was due and acknowledged, and when each watcher heard of it.
#[derive(Debug)]
pub struct Hearing {
    begun: BootTime,
    numbers: HashMap<Handle, usize>,
    due: Vec<Moment>,
    acknowledged: Vec<Moment>,
    /// A row for each watcher.
    heard: Vec<Vec<Moment>>,
    /// One for each watcher that is told of what happens from now on.
    watching: Semaphore,
    /// One for each time that somebody heard of something.
    hearings: Semaphore,
}

/// A time that may not have come yet: nanoseconds since the beginning, and one more.
#[derive(Debug, Default)]
struct Moment(AtomicU64);

/// Those who watch, for as long as this is kept.
#[derive(Debug)]
pub struct Watchers {
    hearing: Arc<Hearing>,
    /// Each ends with why its watch broke, or with nothing once it was ended in order.
    tasks: JoinSet<Option<Status>>,
    count: usize,
    /// Turns true when the watches are to end.
    closing: watch::Sender<bool>,
}

/// What they have heard.
#[derive(Clone, Debug)]
pub struct Heard {
    /// From when the revocation was due until somebody heard of it.
    pub since_due: Recorder,
    /// The same from when it was acknowledged. Who heard of it before that heard at once.
    pub since_acknowledged: Recorder,
    /// How often somebody did not hear of an acknowledged revocation.
    pub missed: u64,
    /// The watches that broke.
    pub broken: Failures,
}

impl Hearing {
    /// For so many watchers, and revocations of these.
    ///
    /// # Errors
    /// If the clock cannot be read.
    pub fn new(watchers: usize, handles: &[Handle]) -> Result<Self, ClockError> {
        let moments = || handles.iter().map(|_| Moment::default()).collect();
        let numbers = handles.iter().enumerate();
        Ok(Self {
            begun: SystemClock.boot()?,
            numbers: numbers.map(|(number, handle)| (*handle, number)).collect(),
            due: moments(),
            acknowledged: moments(),
            heard: (0..watchers).map(|_| moments()).collect(),
            watching: Semaphore::new(0),
            hearings: Semaphore::new(0),
        })
    }

    /// Notes when this revocation was due. It may be asked for later than that, and nobody who is locked
    /// out by it cares why.
    pub fn due(&self, number: usize, due: BootTime) {
        if let Some(moment) = self.due.get(number) {
            moment.set(due.since(self.begun));
        }
    }

    /// Notes that it was acknowledged.
    pub fn acknowledged(&self, number: usize) {
        self.note(&self.acknowledged, number);
    }

    fn heard(&self, watcher: usize, batch: &RevocationBatch) {
        let Some(row) = self.heard.get(watcher) else {
            return;
        };
        let revoked = batch
            .entries
            .iter()
            .filter_map(|entry| entry.revoked.as_ref());
        for revoked in revoked {
            let handle = Handle::try_from(revoked.handle_id.as_slice()).ok();
            let number = handle.and_then(|handle| self.numbers.get(&handle));
            if let Some(number) = number
                && self.note(row, *number)
            {
                self.hearings.add_permits(1);
            }
        }
    }

    /// Notes the time, unless there is one. Without a clock nothing is noted, and it counts as missed.
    fn note(&self, moments: &[Moment], number: usize) -> bool {
        let (Some(moment), Ok(now)) = (moments.get(number), SystemClock.boot()) else {
            return false;
        };
        moment.set(now.since(self.begun))
    }

    fn result(&self, broken: Failures) -> Result<Heard, RunError> {
        let mut heard = Heard {
            since_due: Recorder::new()?,
            since_acknowledged: Recorder::new()?,
            missed: 0,
            broken,
        };
        for row in &self.heard {
            for ((due, acknowledged), moment) in self.due.iter().zip(&self.acknowledged).zip(row) {
                let (Some(due), Some(acknowledged)) = (due.told(), acknowledged.told()) else {
                    continue;
                };
                match moment.told() {
                    None => heard.missed += 1,
                    Some(at) => {
                        heard.since_due.record(due, at, Ok(1));
                        heard.since_acknowledged.record(acknowledged, at, Ok(1));
                    }
                }
            }
        }
        Ok(heard)
    }
}

impl Moment {
    fn set(&self, since: Duration) -> bool {
        let nanoseconds = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX - 1) + 1;
        let first = self
            .0
            .compare_exchange(0, nanoseconds, Ordering::Relaxed, Ordering::Relaxed);
        first.is_ok()
    }

    fn told(&self) -> Option<BootTime> {
        let nanoseconds = self.0.load(Ordering::Relaxed).checked_sub(1)?;
        Some(BootTime::from_duration(Duration::from_nanos(nanoseconds)))
    }
}

impl Watchers {
    /// Opens the watches, and waits until each is told of what happens from now on.
    ///
    /// # Errors
    /// If a watch is refused, or they are not all there in time.
    pub async fn open(connections: &Connections, hearing: Arc<Hearing>) -> Result<Self, Failure> {
        let count = hearing.heard.len();
        let (closing, closed) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for (watcher, connection) in connections.share(count).enumerate() {
            let (hearing, closed) = (Arc::clone(&hearing), closed.clone());
            let first_ping = first_ping(watcher, count);
            tasks.spawn(async move {
                let mut watcher = Watcher {
                    number: watcher,
                    first_ping,
                    hearing,
                };
                watcher.watch(&connection, closed).await.err()
            });
        }
        let mut watchers = Self {
            hearing,
            tasks,
            count,
            closing,
        };
        let hearing = Arc::clone(&watchers.hearing);
        let all = hearing.watching.acquire_many(permits(watchers.count));
        tokio::select! {
            _all = all => Ok(watchers),
            Some(broken) = watchers.tasks.join_next() => Err(broken_off(broken).into()),
            () = time::sleep(PATIENCE) => {
                let there = hearing.watching.available_permits();
                let text = format!("only {there} of {count} watches began in time");
                Err(Failure::Answer(text))
            }
        }
    }

    /// Waits until all have heard of so many revocations, but not for ever, and ends the watches.
    ///
    /// # Errors
    /// If there is no room for what they heard.
    pub async fn close(mut self, revocations: u64) -> Result<Heard, RunError> {
        let revocations = usize::try_from(revocations).unwrap_or(usize::MAX);
        let all = permits(self.count.saturating_mul(revocations));
        // Whoever has not heard by then has missed it, and is counted.
        drop(time::timeout(PATIENCE, self.hearing.hearings.acquire_many(all)).await);
        let mut broken = Failures::default();
        while let Some(ended) = self.tasks.try_join_next() {
            broken.count(&broken_off(ended).into());
        }
        self.end_in_order().await;
        self.hearing.result(broken)
    }

    /// Has each watch end by itself. One that is dropped in the middle is reset, and what the server
    /// still sends for it counts against the connection: the client gives one up on which too much of
    /// that comes, with all other streams on it.
    async fn end_in_order(&mut self) {
        self.closing.send_replace(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        drop(time::timeout(PATIENCE, ended).await);
    }
}

/// One that watches.
struct Watcher {
    number: usize,
    first_ping: time::Instant,
    hearing: Arc<Hearing>,
}

impl Watcher {
    /// Watches until the watch breaks, or is closed and has come to its end.
    async fn watch(
        &mut self,
        connection: &Connection,
        mut closed: watch::Receiver<bool>,
    ) -> Result<(), Status> {
        let (pings, requests) = mpsc::channel(WAITING_PINGS);
        let mut pings = Some(pings);
        send_ping(pings.as_ref());
        let mut ticks = time::interval_at(self.first_ping, PING_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut client = TrustServiceClient::new(connection.channel.clone());
        let request = connection.request(ReceiverStream::new(requests));
        let mut messages = client.watch(request).await?.into_inner();
        let mut is_new = true;
        loop {
            tokio::select! {
                message = messages.message() => match message? {
                    Some(message) => self.take(message, &mut is_new),
                    None if pings.is_none() => return Ok(()),
                    None => return Err(Status::unavailable("the watch has ended")),
                },
                _ = ticks.tick(), if pings.is_some() => send_ping(pings.as_ref()),
                // A client that has no more pings ends its watch.
                _ = closed.wait_for(|closed| *closed), if pings.is_some() => pings = None,
            }
        }
    }

    fn take(&self, message: WatchResponse, is_new: &mut bool) {
        match message.message {
            Some(Message::Revocations(batch)) => self.hearing.heard(self.number, &batch),
            // It is answered after everything that came before.
            Some(Message::Heartbeat(_)) if *is_new => {
                *is_new = false;
                self.hearing.watching.add_permits(1);
            }
            _ => {}
        }
    }
}

/// Each watcher pings at once, and then as often as an enforcement point does, at its own time.
fn first_ping(watcher: usize, of: usize) -> time::Instant {
    let part = u32::try_from(watcher).unwrap_or(u32::MAX);
    let parts = u32::try_from(of.max(1)).unwrap_or(u32::MAX);
    time::Instant::now() + PING_EVERY + PING_EVERY.saturating_mul(part) / parts
}

/// A ping for which there is no room is left out: those before it were not sent yet.
fn send_ping(pings: Option<&mpsc::Sender<WatchRequest>>) {
    let ping = WatchRequest {
        message: Some(Asked::Ping(Ping { nonce: 1 })),
    };
    if let Some(pings) = pings {
        drop(pings.try_send(ping));
    }
}

/// Why a watch is over that was not closed.
fn broken_off(ended: Result<Option<Status>, tokio::task::JoinError>) -> Status {
    let ended = ended.ok().flatten();
    ended.unwrap_or_else(|| Status::internal("a watcher ended in the middle"))
}

fn permits(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// As an enforcement point does.
const PING_EVERY: Duration = Duration::from_secs(2);
/// How many pings may wait to be sent.
const WAITING_PINGS: usize = 4;
/// How long all watches may take to begin, and the last news to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use lanyard_proto::v1::{RevocationEntry, RevokedHandle};

    use super::*;

    const LATE: Duration = Duration::from_secs(5);
    const HANDLES: [Handle; 2] = [[1; 16], [2; 16]];

    #[test]
    fn what_everybody_heard_is_timed_and_what_somebody_did_not_hear_is_missed() {
        let hearing = Hearing::new(2, &HANDLES).expect("a clock");
        for number in [0, 1] {
            hearing.due(number, hearing.begun);
            hearing.acknowledged(number);
        }
        hearing.heard(0, &batch(&[[1; 16], [9; 16], [2; 16]]));
        hearing.heard(1, &batch(&[[2; 16]]));

        let heard = hearing.result(Failures::default()).expect("room");
        assert_eq!(heard.missed, 1);
        assert_eq!(heard.since_due.calls(), 3);
        assert_eq!(heard.since_acknowledged.calls(), 3);
        assert_eq!(hearing.hearings.available_permits(), 3);
    }

    #[test]
    fn what_was_heard_twice_counts_once_and_from_the_first_time() {
        let hearing = Hearing::new(1, &HANDLES).expect("a clock");
        hearing.heard(0, &batch(&[[1; 16]]));
        let first = hearing.heard[0][0].told();
        hearing.heard(0, &batch(&[[1; 16]]));
        assert_eq!(hearing.heard[0][0].told(), first);
        assert_eq!(hearing.hearings.available_permits(), 1);
    }

    #[test]
    fn it_counts_from_when_the_revocation_was_due_and_not_from_when_it_was_sent() {
        let mut hearing = Hearing::new(1, &HANDLES).expect("a clock");
        // It was due five seconds before it is sent.
        hearing.begun = hearing.begun.saturating_sub(LATE);
        hearing.due(0, hearing.begun);
        hearing.acknowledged(0);
        hearing.heard(0, &batch(&[[1; 16]]));

        let heard = hearing.result(Failures::default()).expect("room");
        let late = LATE.as_secs_f64() * 1e6;
        assert!(heard.since_due.latency().p50 > late * 0.99, "{heard:?}");
        assert!(heard.since_acknowledged.latency().p50 < late, "{heard:?}");
    }

    #[test]
    fn a_revocation_that_was_not_acknowledged_cannot_be_missed() {
        let hearing = Hearing::new(1, &HANDLES).expect("a clock");
        hearing.due(0, hearing.begun);
        let heard = hearing.result(Failures::default()).expect("room");
        assert_eq!((heard.missed, heard.since_due.calls()), (0, 0));
    }

    fn batch(handles: &[Handle]) -> RevocationBatch {
        let entry = |handle: &Handle| RevocationEntry {
            revoked: Some(RevokedHandle {
                handle_id: handle.to_vec(),
                ..RevokedHandle::default()
            }),
            ..RevocationEntry::default()
        };
        RevocationBatch {
            partition: 0,
            entries: handles.iter().map(entry).collect(),
        }
    }
}
