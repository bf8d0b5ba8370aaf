//! From connections to handshakes to what is served.

use std::{io, time::Duration};

use futures_util::{Stream, stream};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinError, JoinSet},
    time,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::Tls;
use crate::serve::accept;

impl Tls {
    /// The connections whose handshakes have succeeded, for as long as they are asked for.
    ///
    /// Each handshake is a task of its own: none waits for another, none is waited for longer than
    /// its time, and whatever becomes of one, the next connection is accepted.
    pub(in crate::serve) fn connections(
        &self,
        listener: TcpListener,
    ) -> impl Stream<Item = io::Result<TlsStream<TcpStream>>> + Send + use<> {
        let incoming = Incoming {
            listener,
            acceptor: self.acceptor.clone(),
            handshakes: JoinSet::new(),
        };
        stream::unfold(incoming, async |mut incoming| {
            Some((Ok(incoming.next().await), incoming))
        })
    }
}

struct Incoming {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    /// `None` for one that came to nothing.
    handshakes: JoinSet<Option<TlsStream<TcpStream>>>,
}

impl Incoming {
    async fn next(&mut self) -> TlsStream<TcpStream> {
        loop {
            tokio::select! {
                connection = accept::next(&self.listener) => {
                    self.handshakes.spawn(shake_hands(self.acceptor.clone(), connection));
                }
                Some(ended) = self.handshakes.join_next() => {
                    if let Some(stream) = succeeded(ended) {
                        return stream;
                    }
                }
            }
        }
    }
}

/// Whoever fails here has shown nothing of who they are, and there are scanners: it is logged low.
async fn shake_hands(acceptor: TlsAcceptor, connection: TcpStream) -> Option<TlsStream<TcpStream>> {
    match time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(connection)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
        Err(_elapsed) => {
            tracing::debug!("a TLS handshake took too long");
            None
        }
    }
}

fn succeeded(
    ended: Result<Option<TlsStream<TcpStream>>, JoinError>,
) -> Option<TlsStream<TcpStream>> {
    ended.unwrap_or_else(|error| {
        tracing::error!(%error, "a TLS handshake ended as none should");
        None
    })
}

/// How long a client may take for its part. Three retransmissions fit into it.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
