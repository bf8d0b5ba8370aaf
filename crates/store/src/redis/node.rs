//! One server.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use lanyard_token::UnixTime;
use redis::{Cmd, Pipeline, Value};
use tokio::time::Instant;

use super::{
    connector::Connector,
    failure::{Failure, Unfit},
    link::Link,
    options::RedisAddress,
    server_clock::{ServerClock, TimeWindow},
    waiting::Waiting,
};

/// A server.
pub(super) struct Node {
    pub(super) address: RedisAddress,
    connector: Connector,
    plain: Link,
    waiting: Waiting,
    pub(super) clock: ServerClock,
    /// How many replicas were in reach when it was last asked, or nothing if it is no primary.
    replicas_in_reach: Mutex<Option<u32>>,
}

impl Node {
    pub(super) fn new(address: RedisAddress, connector: Connector) -> Self {
        let link = || Link::new(address.clone(), connector.clone());
        Self {
            plain: link(),
            waiting: Waiting::new(link(), &connector),
            address,
            connector,
            clock: ServerClock::default(),
            replicas_in_reach: Mutex::default(),
        }
    }

    /// Sends one command.
    pub(super) async fn ask(&self, command: &Cmd) -> Result<Value, Failure> {
        let mut pipeline = Pipeline::new();
        pipeline.add_command(command.clone());
        let answers = self.send(&pipeline).await?;
        let answer = answers.into_iter().next().unwrap_or(Value::Nil);
        understood(&self.address, answer)
    }

    /// Sends commands in one go. The answers may be errors.
    pub(super) async fn send(&self, pipeline: &Pipeline) -> Result<Vec<Value>, Failure> {
        self.plain.send(pipeline).await
    }

    /// Sends one command, and waits until as many replicas as were asked for have what it wrote. The
    /// answer may be an error.
    pub(super) async fn send_and_wait(&self, command: Cmd) -> Result<Value, Failure> {
        self.waiting.send(command).await
    }

    /// The id of the reign of this node as a primary, if it is one.
    pub(super) async fn reign(&self) -> Result<Option<String>, Failure> {
        Ok(reign_told(&self.replication(&[]).await?.0))
    }

    /// The number of replicas in reach of this primary.
    ///
    /// # Errors
    /// [`Unfit::Replica`] where it is none, and those of the connection.
    pub(super) async fn replicas(&self) -> Result<u32, Failure> {
        let (info, _) = self.replication(&[]).await?;
        if field(&info, "role") == Some("slave") {
            let part = |name| field(&info, name).unwrap_or("?");
            return Err(Failure::Unfit(Unfit::Replica {
                address: self.address.clone(),
                primary: format!("{}:{}", part("master_host"), part("master_port")),
            }));
        }
        let replicas = field(&info, "connected_slaves").and_then(|count| count.parse().ok());
        Ok(replicas.unwrap_or(0))
    }

    /// What the node answers about its replication, and then to commands that only look, all in one
    /// go. So their answers are of that reign or of a later one.
    pub(super) async fn replication(
        &self,
        commands: &[Cmd],
    ) -> Result<(String, Vec<Value>), Failure> {
        let mut pipeline = Pipeline::with_capacity(commands.len() + 2);
        pipeline.cmd("INFO").arg("replication").cmd("TIME");
        for command in commands {
            pipeline.add_command(command.clone());
        }
        let answers = self.send(&pipeline).await?.into_iter();
        let mut answers = answers.map(|answer| understood(&self.address, answer));
        let received = Instant::now();
        let mut next = || answers.next().unwrap_or(Ok(Value::Nil));
        let info: String = redis::from_redis_value(next()?).map_err(Failure::unexpected)?;
        *self.in_reach() = reign_told(&info).is_some().then(|| replicas_online(&info));
        self.clock.observe(server_time(next()?)?, received);
        Ok((info, answers.collect::<Result<_, _>>()?))
    }

    /// How many replicas were in reach when the node was last asked, if it was a primary.
    pub(super) fn replicas_in_reach(&self) -> Option<u32> {
        *self.in_reach()
    }

    // A lock whose holder panicked is used all the same: it is replaced as a whole.
    fn in_reach(&self) -> MutexGuard<'_, Option<u32>> {
        self.replicas_in_reach
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The period in which a command that is sent now may change something.
    pub(super) async fn time_window(&self) -> Result<TimeWindow, Failure> {
        let window = || {
            let response_timeout = self.connector.response_timeout();
            self.clock.window(response_timeout, Instant::now())
        };
        if let Some(window) = window() {
            return Ok(window);
        }
        let time = server_time(self.ask(Cmd::new().arg("TIME")).await?)?;
        self.clock.observe(time, Instant::now());
        window().ok_or_else(|| Failure::Away("the server's time is unknown".into()))
    }

    /// What makes connections to this node.
    pub(super) const fn connector(&self) -> &Connector {
        &self.connector
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Node").field(&self.address).finish()
    }
}

/// The id of the reign that is told, if the node is a primary.
pub(super) fn reign_told(info: &str) -> Option<String> {
    let is_primary = field(info, "role") == Some("master");
    let reign = field(info, "master_replid").map(str::to_owned);
    reign.filter(|_| is_primary)
}

/// The replicas that have the data and follow: `slave0:ip=...,port=...,state=online,...`.
fn replicas_online(info: &str) -> u32 {
    let replicas = info.lines().filter(|line| line.starts_with("slave"));
    let online = replicas.filter(|line| line.contains("state=online"));
    u32::try_from(online.count()).unwrap_or(u32::MAX)
}

/// The time in an answer to `TIME`.
fn server_time(answer: Value) -> Result<UnixTime, Failure> {
    let (seconds, micros): (u64, u64) =
        redis::from_redis_value(answer).map_err(Failure::unexpected)?;
    let millis = seconds.saturating_mul(1000).saturating_add(micros / 1000);
    Ok(UnixTime::from_millis(millis))
}

/// An answer that is not an error.
pub(super) fn understood(address: &RedisAddress, answer: Value) -> Result<Value, Failure> {
    match answer {
        Value::ServerError(error) => Err(Failure::of(address, &error)),
        answer => Ok(answer),
    }
}

/// Whether a server does not know a script by its hash.
pub(super) fn is_unknown_script(answer: &Value) -> bool {
    matches!(answer, Value::ServerError(error) if error.code() == "NOSCRIPT")
}

/// One line of what `INFO` answers.
fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = info.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(key, _)| *key == name).map(|(_, value)| value)
}
