//! Hearing of what others append.
//!
//! Writers publish on a channel. Messages get lost while nobody listens, so they are hints and no
//! more: whoever follows the log reads it now and then in any case.

use std::{
    collections::BTreeSet,
    mem,
    num::NonZeroU16,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::StreamExt as _;
use lanyard_revocation::PartitionId;
use redis::Msg;
use tokio::{sync::Notify, task::JoinHandle, time};

use super::engine::Engine;

/// A task that listens for as long as this is held.
#[derive(Debug)]
pub(super) struct Listener {
    heard: Arc<Heard>,
    task: JoinHandle<()>,
}

impl Listener {
    pub(super) fn start(engine: Arc<Engine>, partitions: NonZeroU16) -> Self {
        let heard = Arc::new(Heard::nothing(partitions));
        let task = tokio::spawn(listen(engine, Arc::clone(&heard)));
        Self { heard, task }
    }

    /// Waits until something may have been appended since this was last asked, and tells to what.
    pub(super) async fn heard(&self) -> BTreeSet<PartitionId> {
        self.heard.next().await
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What was heard and not yet told.
#[derive(Debug)]
struct Heard {
    partitions: NonZeroU16,
    grown: Mutex<BTreeSet<PartitionId>>,
    more: Notify,
}

impl Heard {
    fn nothing(partitions: NonZeroU16) -> Self {
        Self {
            partitions,
            grown: Mutex::default(),
            more: Notify::new(),
        }
    }

    /// Takes a message for what it says, or for anything if that is not understood.
    fn take(&self, message: &Msg) {
        let said = message.get_payload::<u16>();
        let named = said.map(PartitionId::new).ok();
        match named.filter(|named| named.as_u16() < self.partitions.get()) {
            Some(named) => self.note([named]),
            None => self.all(),
        }
    }

    /// Something may have been missed.
    fn all(&self) {
        self.note(PartitionId::all(self.partitions));
    }

    fn note(&self, grown: impl IntoIterator<Item = PartitionId>) {
        self.grown().extend(grown);
        self.more.notify_one();
    }

    async fn next(&self) -> BTreeSet<PartitionId> {
        loop {
            let grown = mem::take(&mut *self.grown());
            if !grown.is_empty() {
                return grown;
            }
            self.more.notified().await;
        }
    }

    // What a holder that panicked has put in is whole.
    fn grown(&self) -> MutexGuard<'_, BTreeSet<PartitionId>> {
        self.grown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn listen(engine: Arc<Engine>, heard: Arc<Heard>) {
    // Each cause is logged once.
    let mut last = None;
    loop {
        let begun = time::Instant::now();
        let ended = listen_once(&engine, &heard).await;
        // Something may have been said meanwhile.
        heard.all();
        if ended.is_ok() {
            last = None;
        }
        match ended {
            // It is made anew for the sake of care, and what is said until then waits for the next read
            // in its turn. So there is no time to lose.
            Ok(Ended::Silent) => continue,
            // Nor after a connection that was closed, unless the server closes each of them at once.
            Ok(Ended::Closed) if begun.elapsed() >= AGAIN_AFTER => continue,
            Ok(Ended::Closed) => {}
            Err(error) => {
                let cause = error.to_string();
                if last.as_ref() != Some(&cause) {
                    tracing::warn!(
                        error = cause,
                        "subscription to the changes of others failed; falling back to polling"
                    );
                }
                last = Some(cause);
            }
        }
        time::sleep(AGAIN_AFTER).await;
    }
}

async fn listen_once(engine: &Engine, heard: &Heard) -> Result<Ended, ListenError> {
    let primary = engine.topology.primary(engine.keys.root().slot()).await;
    let node = primary.map_err(|failure| ListenError::NoPrimary(failure.to_string()))?;
    let mut channel = node.connector().listen(&node.address).await?;
    channel.subscribe(engine.keys.channel()).await?;
    heard.all();
    let mut messages = channel.into_on_message();
    loop {
        match time::timeout(SILENCE, messages.next()).await {
            Ok(Some(message)) => heard.take(&message),
            Ok(None) => return Ok(Ended::Closed),
            Err(_) => return Ok(Ended::Silent),
        }
    }
}

/// How a channel has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// Nothing was said for long. That may be because its other end is gone.
    Silent,
    /// The other end has hung up.
    Closed,
}

#[derive(Debug, thiserror::Error)]
enum ListenError {
    #[error("{0}")]
    NoPrimary(String),
    #[error(transparent)]
    Server(#[from] redis::RedisError),
}

/// How long a channel may be silent.
const SILENCE: Duration = Duration::from_secs(30);
const AGAIN_AFTER: Duration = Duration::from_millis(500);
