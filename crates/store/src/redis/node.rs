//! One server, and the links to it.
//!
//! A link is multiplexed: all calls share it, each waits for its own answer, and one that is given up
//! leaves nothing behind that another could take for its own. A link that fails is made anew by the
//! next call. While that does not succeed, one call at a time tries and the others fail at once, so
//! that a server that is gone makes nobody wait.

use std::{
    fmt,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::{Cmd, Pipeline, ServerError, Value, aio::MultiplexedConnection};
use tokio::{sync::Mutex as AsyncMutex, time::Instant};

use super::{
    connector::Connector,
    failure::{Failure, Gone},
    options::RedisAddress,
};

/// A server.
pub(super) struct Node {
    pub(super) address: RedisAddress,
    connector: Connector,
    plain: Link,
    /// For what waits for replicas, and makes everything behind it wait, too.
    waiting: Link,
}

/// One connection, now or later.
#[derive(Default)]
struct Link {
    state: Mutex<State>,
    connecting: AsyncMutex<()>,
    made: AtomicU64,
}

#[derive(Clone, Default)]
enum State {
    /// There is none, and there is no reason to think that there cannot be one.
    #[default]
    None,
    /// It is there; the number tells it from the one before.
    Up(MultiplexedConnection, u64),
    /// It could not be made, at that time.
    Down(Instant),
}

impl Node {
    pub(super) fn new(address: RedisAddress, connector: Connector) -> Self {
        Self {
            address,
            connector,
            plain: Link::default(),
            waiting: Link::default(),
        }
    }

    /// Sends one command.
    pub(super) async fn ask(&self, command: &Cmd) -> Result<Value, Failure> {
        let mut pipeline = Pipeline::new();
        pipeline.add_command(command.clone());
        let answers = self.send(&pipeline).await?;
        let answer = answers.into_iter().next().unwrap_or(Value::Nil);
        understood(answer)
    }

    /// Sends commands in one go. The answers may be errors.
    pub(super) async fn send(&self, pipeline: &Pipeline) -> Result<Vec<Value>, Failure> {
        self.through(&self.plain, pipeline).await
    }

    /// The same, for commands of which the last waits for replicas.
    pub(super) async fn send_and_wait(&self, pipeline: &Pipeline) -> Result<Vec<Value>, Failure> {
        self.through(&self.waiting, pipeline).await
    }

    /// The id of the reign of this node as a primary, if it is one.
    pub(super) async fn reign(&self) -> Result<Option<String>, Failure> {
        let info = self.replication().await?;
        let is_primary = field(&info, "role") == Some("master");
        let reign = field(&info, "master_replid").map(str::to_owned);
        Ok(reign.filter(|_| is_primary))
    }

    /// How many replicas the node has that are in reach.
    pub(super) async fn replicas(&self) -> Result<u32, Failure> {
        let info = self.replication().await?;
        let replicas = field(&info, "connected_slaves").and_then(|count| count.parse().ok());
        Ok(replicas.unwrap_or(0))
    }

    /// What makes connections to this node.
    pub(super) const fn connector(&self) -> &Connector {
        &self.connector
    }

    async fn replication(&self) -> Result<String, Failure> {
        let answer = self.ask(Cmd::new().arg("INFO").arg("replication")).await?;
        redis::from_redis_value(answer).map_err(Failure::unexpected)
    }

    async fn through(&self, link: &Link, pipeline: &Pipeline) -> Result<Vec<Value>, Failure> {
        let (mut connection, number) = self.connection(link).await?;
        let sent = connection.send_packed_commands(pipeline, 0, pipeline.len());
        sent.await.map_err(|error| {
            link.broke(number);
            Failure::Away(error.into())
        })
    }

    async fn connection(&self, link: &Link) -> Result<(MultiplexedConnection, u64), Failure> {
        let gone = || Failure::Away(Gone(self.address.clone()).into());
        let _turn = match link.now() {
            State::Up(connection, number) => return Ok((connection, number)),
            State::Down(since) if since.elapsed() < RETRY_AFTER => return Err(gone()),
            State::Down(_) => link.connecting.try_lock().map_err(|_| gone())?,
            State::None => link.connecting.lock().await,
        };
        // Another call may have come through, or in vain, while this one waited for its turn.
        match link.now() {
            State::Up(connection, number) => return Ok((connection, number)),
            State::Down(since) if since.elapsed() < RETRY_AFTER => return Err(gone()),
            State::Down(_) | State::None => {}
        }
        match self.connector.connect(&self.address).await {
            Ok(connection) => {
                let number = link.made.fetch_add(1, Ordering::Relaxed);
                *link.state() = State::Up(connection.clone(), number);
                Ok((connection, number))
            }
            Err(failure) => {
                *link.state() = State::Down(Instant::now());
                Err(failure)
            }
        }
    }
}

impl Link {
    fn now(&self) -> State {
        self.state().clone()
    }

    /// The connection of that number does not answer any more.
    fn broke(&self, number: u64) {
        let mut state = self.state();
        if matches!(*state, State::Up(_, current) if current == number) {
            *state = State::None;
        }
    }

    // A lock whose holder panicked is used all the same: the state is replaced as a whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Node").field(&self.address).finish()
    }
}

/// An answer that is not an error.
pub(super) fn understood(answer: Value) -> Result<Value, Failure> {
    match answer {
        Value::ServerError(error) => Err(Failure::of(error)),
        answer => Ok(answer),
    }
}

/// Whether a server does not know a script by its hash.
pub(super) fn is_unknown_script(answer: &Value) -> bool {
    matches!(answer, Value::ServerError(error) if code(error) == "NOSCRIPT")
}

pub(super) fn code(error: &ServerError) -> &str {
    error.code()
}

/// One line of what `INFO` answers.
fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = info.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// How long calls fail at once after a connection could not be made.
const RETRY_AFTER: Duration = Duration::from_millis(100);
