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
        if let Err(error) = listen_once(&engine, &heard).await {
            tracing::debug!(%error, "what others append is not heard of at once");
        }
        // The channel broke off, so something may have been said meanwhile.
        heard.notify_one();
        time::sleep(AGAIN_AFTER).await;
    }
}

async fn listen_once(engine: &Engine, heard: &Notify) -> Result<(), ListenError> {
    let primary = engine.topology.primary(engine.keys.root().slot()).await;
    let node = primary.map_err(|_| ListenError::NoPrimary)?;
    let mut channel = node.connector().listen(&node.address).await?;
    channel.subscribe(engine.keys.channel()).await?;
    heard.notify_one();
    let mut messages = channel.into_on_message();
    // A channel that is silent for long may be one whose other end is gone, and is made anew.
    while let Ok(Some(_)) = time::timeout(SILENCE, messages.next()).await {
        heard.notify_one();
    }
    Ok(())
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
