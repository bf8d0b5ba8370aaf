//! A connection that many calls share.

use std::{io, sync::Arc, time::Duration};

use redis::{
    AsyncConnectionConfig, Pipeline, RedisConnectionInfo, RedisError, Value,
    aio::{MultiplexedConnection, PubSub},
};
use tokio::{
    net::TcpStream,
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use super::{
    options::RedisAddress,
    stream::{ServerStream, StreamState, Transport, configure},
    tls::Tls,
};

/// A connection to a server. It is closed when the last clone is dropped.
#[derive(Clone)]
pub(super) struct Connection {
    commands: MultiplexedConnection,
    stream: Arc<StreamState>,
    _driver: Arc<Driver>,
}

/// The task that reads and writes.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Why commands were not answered.
pub(super) struct SendError {
    pub(super) error: RedisError,
    /// Whether no byte of them was written, so that none was executed.
    pub(super) is_unsent: bool,
}

impl Connection {
    /// Connects. Nothing is sent yet, neither a login nor the number of the database.
    pub(super) async fn open(
        address: &RedisAddress,
        tls: Option<&Tls>,
        response_timeout: Duration,
    ) -> Result<Self, RedisError> {
        let (stream, state) = dial(address, tls).await?;
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(response_timeout));
        let settings = RedisConnectionInfo::default().set_skip_set_lib_name();
        let opening = MultiplexedConnection::new_with_config(&settings, stream, config);
        let (commands, driver) = opening.await?;
        Ok(Self {
            commands,
            stream: state,
            _driver: Arc::new(Driver(tokio::spawn(driver))),
        })
    }

    /// Whether the server has closed it.
    pub(super) fn has_ended(&self) -> bool {
        self.stream.has_ended()
    }

    /// Sends commands in one go. The answers may be errors.
    pub(super) async fn send(&self, pipeline: &Pipeline) -> Result<Vec<Value>, SendError> {
        let before = self.stream.written();
        let mut commands = self.commands.clone();
        let sent = commands.send_packed_commands(pipeline, 0, pipeline.len());
        sent.await.map_err(|error| SendError {
            error,
            // An ended stream writes nothing any more, so the count is final.
            is_unsent: self.has_ended() && self.stream.written() == before,
        })
    }
}

/// Connects and authenticates, for messages.
pub(super) async fn subscriber(
    address: &RedisAddress,
    tls: Option<&Tls>,
    settings: &RedisConnectionInfo,
) -> Result<PubSub, RedisError> {
    let (stream, _) = dial(address, tls).await?;
    PubSub::new(settings, stream).await
}

async fn dial(
    address: &RedisAddress,
    tls: Option<&Tls>,
) -> io::Result<(ServerStream, Arc<StreamState>)> {
    let RedisAddress { host, port } = address;
    let deadline = Instant::now() + CONNECTION_TIMEOUT;
    let connecting = timeout_at(deadline, TcpStream::connect((host.as_str(), *port)));
    let late = |_| timed_out("connection timed out");
    let socket = connecting.await.map_err(late)??;
    configure(&socket)?;
    let transport = match tls {
        None => Transport::Tcp(socket),
        Some(tls) => {
            let late = |_| timed_out("TLS handshake timed out; the server may not use TLS");
            let handshake = timeout_at(deadline, tls.handshake(host, socket));
            let session = handshake.await.map_err(late)?.map_err(|error| {
                io::Error::new(error.kind(), format!("TLS handshake failed: {error}"))
            })?;
            Transport::Tls(Box::new(session))
        }
    };
    Ok(ServerStream::new(transport))
}

fn timed_out(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, message)
}

/// How long a connection may take to be made.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(1);
