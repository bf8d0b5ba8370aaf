//! A connection to a server at the level of bytes: TCP or TLS, with the detection of its end.
//!
//! A server closes connections that were idle, and an operator kills them. A stream therefore checks,
//! immediately before it writes, whether the server has closed it, and counts the bytes that it has
//! written. A command of which no byte was written was not executed, so it can be sent again.

use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

/// A connection to a server.
pub(super) struct ServerStream {
    transport: Transport,
    state: Arc<StreamState>,
}

pub(super) enum Transport {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// The observable state of a stream.
#[derive(Debug, Default)]
pub(super) struct StreamState {
    ended: AtomicBool,
    written: AtomicU64,
}

impl ServerStream {
    pub(super) fn new(transport: Transport) -> (Self, Arc<StreamState>) {
        let state = Arc::new(StreamState::default());
        let stream = Self {
            transport,
            state: Arc::clone(&state),
        };
        (stream, state)
    }
}

impl StreamState {
    /// Whether the connection has ended. No byte is written after that.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// The number of bytes that may have reached the server.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::SeqCst)
    }

    fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }

    fn count(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.written.fetch_add(bytes, Ordering::SeqCst);
    }
}

impl Transport {
    fn socket(&self) -> &TcpStream {
        match self {
            Self::Tcp(socket) => socket,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }

    /// Whether the server has closed the connection, by the socket itself: the event that reports it
    /// may not have been processed yet.
    fn is_closed_by_server(&self) -> bool {
        let mut byte = [MaybeUninit::uninit()];
        match SockRef::from(self.socket()).peek(&mut byte) {
            Ok(read) => read == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
    }
}

/// Sets what every socket to a server has: commands leave at once, and a peer that disappeared
/// without closing the connection is detected.
pub(super) fn configure(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_TIME)
        .with_interval(KEEPALIVE_INTERVAL);
    SockRef::from(socket).set_tcp_keepalive(&keepalive)
}

impl AsyncRead for ServerStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = match &mut self.transport {
            Transport::Tcp(socket) => Pin::new(socket).poll_read(cx, buffer),
            Transport::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        };
        let is_end = match &read {
            Poll::Ready(Ok(())) => buffer.filled().len() == before && buffer.remaining() > 0,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        if is_end {
            self.state.end();
        }
        read
    }
}

impl AsyncWrite for ServerStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.state.has_ended() || self.transport.is_closed_by_server() {
            self.state.end();
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let (written, attempted) = match &mut self.transport {
            Transport::Tcp(socket) => (Pin::new(socket).poll_write(cx, bytes), 0),
            // Part of it may be encrypted and sent although the call fails.
            Transport::Tls(stream) => (Pin::new(stream).poll_write(cx, bytes), bytes.len()),
        };
        match &written {
            Poll::Ready(Ok(count)) => self.state.count(*count),
            Poll::Ready(Err(_)) => {
                self.state.count(attempted);
                self.state.end();
            }
            Poll::Pending => self.state.count(attempted),
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.transport {
            Transport::Tcp(socket) => Pin::new(socket).poll_flush(cx),
            Transport::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.transport {
            Transport::Tcp(socket) => Pin::new(socket).poll_shutdown(cx),
            Transport::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// How long a connection is idle before the peer is probed.
const KEEPALIVE_TIME: Duration = Duration::from_secs(15);
/// The time between two probes.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
