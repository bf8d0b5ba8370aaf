//! Hearing of what others append.
//!
//! Writers publish on a channel. Messages get lost while nobody listens, so they are hints and no
//! more: whoever follows the log reads it now and then in any case.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use tokio::{sync::Notify, task::JoinHandle, time};

use super::engine::Engine;

/// A task that listens for as long as this is held.
#[derive(Debug)]
pub(super) struct Listener {
    heard: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Listener {
    pub(super) fn start(engine: Arc<Engine>) -> Self {
        let heard = Arc::new(Notify::new());
        let task = tokio::spawn(listen(engine, Arc::clone(&heard)));
        Self { heard, task }
    }

    /// Waits until something may have been appended since this was last asked.
    pub(super) async fn heard(&self) {
        self.heard.notified().await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(engine: Arc<Engine>, heard: Arc<Notify>) {
    loop {
        let ended = listen_once(&engine, &heard).await;
        // Something may have been said meanwhile.
        heard.notify_one();
        match ended {
            // It is made anew for the sake of care, and what is said until then waits for the next read
            // in its turn. So there is no time to lose.
            Ok(Ended::Silent) => continue,
            Ok(Ended::Closed) => {}
            Err(error) => tracing::debug!(%error, "what others append is not heard of at once"),
        }
        time::sleep(AGAIN_AFTER).await;
    }
}

async fn listen_once(engine: &Engine, heard: &Notify) -> Result<Ended, ListenError> {
    let primary = engine.topology.primary(engine.keys.root().slot()).await;
    let node = primary.map_err(|_| ListenError::NoPrimary)?;
    let mut channel = node.connector().listen(&node.address).await?;
    channel.subscribe(engine.keys.channel()).await?;
    heard.notify_one();
    let mut messages = channel.into_on_message();
    loop {
        match time::timeout(SILENCE, messages.next()).await {
            Ok(Some(_)) => heard.notify_one(),
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
    #[error("no primary is known")]
    NoPrimary,
    #[error(transparent)]
    Server(#[from] redis::RedisError),
}

/// How long a channel may be silent.
const SILENCE: Duration = Duration::from_secs(30);
const AGAIN_AFTER: Duration = Duration::from_millis(500);
