//! Writes that wait for replicas, many at a time.
//!
//! A server that waits for its replicas answers nothing else on that connection, so with a wait for
//! each write all of them would queue. They are sent together instead, with one wait behind them, and
//! those that come meanwhile go with the next.

use std::{fmt, sync::Arc, time::Duration};

use redis::{Cmd, Pipeline, Value};
use tokio::sync::{mpsc, oneshot};

use super::{connector::Connector, failure::Failure, link::Link, node::understood, reply::EXPIRED};

/// The writes to one server that wait for replicas.
pub(super) struct Waiting {
    queue: mpsc::Sender<Write>,
}

/// A write, and who waits for it.
struct Write {
    command: Cmd,
    answer: oneshot::Sender<Result<Value, Failure>>,
}

/// Sends what is queued.
struct Sender {
    link: Link,
    queued: mpsc::Receiver<Write>,
    replicas: u32,
    patience: Duration,
}

impl Waiting {
    pub(super) fn new(link: Link, connector: &Connector) -> Self {
        let (queue, queued) = mpsc::channel(QUEUE);
        let sender = Sender {
            link,
            queued,
            replicas: connector.replicas(),
            // Shorter than an answer may take, so that the count comes back and not a timeout.
            patience: connector.response_timeout() / 2,
        };
        // It ends when the queue is dropped.
        tokio::spawn(sender.run());
        Self { queue }
    }

    /// Sends a write, and waits for the replicas. The answer may be an error.
    pub(super) async fn send(&self, command: Cmd) -> Result<Value, Failure> {
        let (answer, answered) = oneshot::channel();
        let write = Write { command, answer };
        let overload = |_| Failure::Refused(TooManyWrites.into());
        self.queue.try_send(write).map_err(overload)?;
        answered
            .await
            .unwrap_or_else(|_| Err(Failure::Away(TooManyWrites.into())))
    }
}

impl Sender {
    async fn run(mut self) {
        let mut batch = Vec::new();
        while self.queued.recv_many(&mut batch, BATCH).await > 0 {
            self.send(&mut batch).await;
        }
    }

    async fn send(&self, batch: &mut Vec<Write>) {
        let mut pipeline = Pipeline::with_capacity(batch.len() + 1);
        for write in &*batch {
            pipeline.add_command(write.command.clone());
        }
        let patience = u64::try_from(self.patience.as_millis()).unwrap_or(u64::MAX);
        pipeline.cmd("WAIT").arg(self.replicas).arg(patience);
        match self.link.send(&pipeline).await {
            Ok(mut answers) => {
                let reached = answers.pop().unwrap_or(Value::Nil);
                let reached = understood(self.link.address(), reached);
                let waited = reached.and_then(|reached| self.ensure_reached(reached));
                let short = waited.err().map(|failure| SharedFailure::of(&failure));
                for (write, answer) in batch.drain(..).zip(answers) {
                    let answer = match &short {
                        Some(reason) if !did_nothing(&answer) => {
                            Err(Failure::Away(reason.clone().into()))
                        }
                        _ => Ok(answer),
                    };
                    // Whoever has gone away does not want it any more.
                    drop(write.answer.send(answer));
                }
            }
            Err(failure) => {
                let reason = SharedFailure::of(&failure);
                let kind = match failure {
                    Failure::Elsewhere(_) => Failure::Elsewhere,
                    _ => Failure::Away,
                };
                for write in batch.drain(..) {
                    drop(write.answer.send(Err(kind(reason.clone().into()))));
                }
            }
        }
    }

    fn ensure_reached(&self, answer: Value) -> Result<(), Failure> {
        let reached: u32 = redis::from_redis_value(answer).map_err(Failure::unexpected)?;
        if reached < self.replicas {
            let needed = self.replicas;
            return Err(Failure::Refused(TooFewReplicas { reached, needed }.into()));
        }
        Ok(())
    }
}

/// Whether a write has surely not been done, so that it may be sent again: it was refused, its step found
/// itself on a replica, or it came too late to act. That the wait failed says nothing of the kind: a node may be
/// deposed while it waits, after the write.
fn did_nothing(answer: &Value) -> bool {
    match answer {
        Value::ServerError(_) => true,
        Value::Array(fields) => match fields.first() {
            Some(Value::BulkString(status)) => {
                [b"replica", EXPIRED.as_bytes()].contains(&status.as_slice())
            }
            _ => false,
        },
        _ => false,
    }
}

/// Too few replicas have a write.
#[derive(Debug, thiserror::Error)]
#[error("{reached} of {needed} replicas have the write")]
struct TooFewReplicas {
    reached: u32,
    needed: u32,
}

/// More writes are waiting than are worth waiting for.
#[derive(Debug, thiserror::Error)]
#[error("too many writes are waiting for replicas")]
struct TooManyWrites;

/// Why all of some writes that were sent together failed.
#[derive(Clone, Debug)]
struct SharedFailure(Arc<str>);

impl SharedFailure {
    fn of(failure: &Failure) -> Self {
        Self(Arc::from(failure.to_string()))
    }
}

impl fmt::Display for SharedFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SharedFailure {}

/// How many writes may wait to be sent.
const QUEUE: usize = 8_192;
/// How many writes share one wait at most.
const BATCH: usize = 256;
