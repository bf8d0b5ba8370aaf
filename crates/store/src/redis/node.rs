//! One server.

use std::fmt;

use redis::{Cmd, Pipeline, Value};

use super::{
    connector::Connector,
    failure::{Failure, Unfit},
    link::Link,
    options::RedisAddress,
    waiting::Waiting,
};

/// A server.
pub(super) struct Node {
    pub(super) address: RedisAddress,
    connector: Connector,
    plain: Link,
    waiting: Waiting,
}

impl Node {
    pub(super) fn new(address: RedisAddress, connector: Connector) -> Self {
        let link = || Link::new(address.clone(), connector.clone());
        Self {
            plain: link(),
            waiting: Waiting::new(link(), &connector),
            address,
            connector,
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
        reign_told(self.ask(&replication()).await?)
    }

    /// The number of replicas in reach of this primary.
    ///
    /// # Errors
    /// [`Unfit::Replica`] where it is none, and those of the connection.
    pub(super) async fn replicas(&self) -> Result<u32, Failure> {
        let info: String = redis::from_redis_value(self.ask(&replication()).await?)
            .map_err(Failure::unexpected)?;
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

/// The command that a node tells its reign in answer to.
pub(super) fn replication() -> Cmd {
    let mut command = Cmd::new();
    command.arg("INFO").arg("replication");
    command
}

/// The id of the reign that is told, if the node is a primary.
pub(super) fn reign_told(answer: Value) -> Result<Option<String>, Failure> {
    let info: String = redis::from_redis_value(answer).map_err(Failure::unexpected)?;
    let is_primary = field(&info, "role") == Some("master");
    let reign = field(&info, "master_replid").map(str::to_owned);
    Ok(reign.filter(|_| is_primary))
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
