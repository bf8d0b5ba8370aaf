//! Taking connections in.
//!
//! That one cannot be had does not mean that the one after it cannot. But the process may be out of
//! descriptors, and then whoever asks at once asks without end, and takes the time from those that have
//! a connection and may soon give it back.

use std::{io, time::Duration};

use futures_util::{Stream, stream};
use tokio::{
    net::{TcpListener, TcpStream},
    time,
};

/// The connections to a port, one after the other.
pub(crate) fn connections(
    listener: TcpListener,
) -> impl Stream<Item = io::Result<TcpStream>> + Send {
    stream::unfold(listener, async |listener| {
        Some((Ok(next(&listener).await), listener))
    })
}

/// The next connection to a port.
pub(super) async fn next(listener: &TcpListener) -> TcpStream {
    loop {
        let accepted = listener.accept().await.and_then(|(connection, _)| {
            // Small answers go out at once, rather than wait for the acknowledgement of what went
            // before.
            connection.set_nodelay(true)?;
            Ok(connection)
        });
        if let Some(connection) = or_pause(accepted).await {
            return connection;
        }
    }
}

/// The connection, or a pause and nothing.
pub(crate) async fn or_pause<C>(accepted: io::Result<C>) -> Option<C> {
    match accepted {
        Ok(connection) => Some(connection),
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            time::sleep(AFTER_FAILURE).await;
            None
        }
    }
}

/// How long to wait after a connection could not be accepted.
const AFTER_FAILURE: Duration = Duration::from_millis(200);
