//! The connections that calls are spread over, and who calls.

use tokio::sync::watch;
use tonic::Request;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::Channel;

/// What every call says of its caller. It is replaced before it expires, by whoever has the secret.
#[derive(Clone, Debug)]
pub struct Authorization(watch::Receiver<AsciiMetadataValue>);

/// Several connections to one server.
#[derive(Clone, Debug)]
pub struct Connections {
    channels: Vec<Channel>,
    authorization: Authorization,
}

/// One of them, for one caller.
#[derive(Clone, Debug)]
pub struct Connection {
    /// What to make a client from.
    pub channel: Channel,
    authorization: Authorization,
}

impl Authorization {
    /// What was said last counts.
    #[must_use]
    pub const fn new(said: watch::Receiver<AsciiMetadataValue>) -> Self {
        Self(said)
    }
}

impl Connections {
    /// Spreads calls over these.
    #[must_use]
    pub const fn new(channels: Vec<Channel>, authorization: Authorization) -> Self {
        Self {
            channels,
            authorization,
        }
    }

    /// So many callers, with the connections shared out evenly.
    pub fn share(&self, callers: usize) -> impl Iterator<Item = Connection> {
        let channels = self.channels.iter().cycle().take(callers);
        channels.map(|channel| Connection {
            channel: channel.clone(),
            authorization: self.authorization.clone(),
        })
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.channels.len()
    }
}

impl Connection {
    /// A request by this caller.
    pub fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let said = self.authorization.0.borrow().clone();
        request.metadata_mut().insert("authorization", said);
        request
    }
}
