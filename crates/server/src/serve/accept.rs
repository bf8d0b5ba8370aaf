//! Taking connections in.
//!
//! That one cannot be had does not mean that the one after it cannot. But the process may be out of
//! descriptors, and then whoever asks at once asks without end, and takes the time from those that have
//! a connection and may soon give it back.

use std::{io, time::Duration};

use futures_util::{Stream, stream};
use lanyard_token::LogLimit;
use tokio::{
    net::{TcpListener, TcpStream},
    time,
};

use crate::refusal_log;

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
        if let Some((connection, _)) = or_pause(listener.accept().await).await {
            // Small answers go out at once, rather than wait for the acknowledgement of what went
            // before. Where that cannot be had, the other end may be gone already: reading will tell.
            drop(connection.set_nodelay(true));
            return connection;
        }
    }
}

/// The connection, or nothing; and a pause, unless it was only that one which was lost.
pub(crate) async fn or_pause<C>(accepted: io::Result<C>) -> Option<C> {
    match accepted {
        Ok(connection) => Some(connection),
        Err(error) if is_of_one_connection(&error) => {
            tracing::debug!(%error, "a connection was lost before it was accepted");
            None
        }
        Err(error) => {
            if let Some(suppressed) = refusal_log::admit(&NOT_ACCEPTED) {
                tracing::warn!(%error, suppressed, "a connection could not be accepted");
            }
            time::sleep(AFTER_FAILURE).await;
            None
        }
    }
}

/// Whether the other end did that, who must not be able to keep others waiting.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// Limits the lines about connections that could not be accepted: a caller can use up descriptors.
static NOT_ACCEPTED: LogLimit = LogLimit::new(refusal_log::PERIOD);
/// How long to wait after a connection could not be accepted.
const AFTER_FAILURE: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_what_is_not_of_one_connection_makes_all_others_wait() {
        for (kind, waits) in [
            (io::ErrorKind::ConnectionAborted, false),
            (io::ErrorKind::ConnectionReset, false),
            (io::ErrorKind::Interrupted, false),
            (io::ErrorKind::OutOfMemory, true),
            (io::ErrorKind::Other, true),
        ] {
            let begun = Instant::now();
            assert!(or_pause::<()>(Err(kind.into())).await.is_none());
            assert_eq!(!begun.elapsed().is_zero(), waits, "{kind:?}");
        }
        assert_eq!(or_pause(Ok(7)).await, Some(7));
    }
}
