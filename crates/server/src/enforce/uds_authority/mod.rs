//! Makes the `:authority` of clients on a Unix socket acceptable to the `h2` crate.
//!
//! gRPC C-core and grpc-java send the path of the socket as `:authority`, percent-encoded or as it is. That is
//! no authority of a URI, so `h2` resets each stream with `PROTOCOL_ERROR`, and has no option for it. On a Unix
//! socket the value means nothing: there is one server at the other end. So each byte that `h2` would
//! refuse is replaced in the bytes that are read from the socket, before `h2` parses them.
//!
//! The replacement keeps the state of HPACK as it is. Each replaced byte becomes one byte, so an entry of the
//! dynamic table has the size that the client computed, and no index refers to another entry. In a
//! Huffman code, the replacement has a code of the same length, and differs in one bit, which is set
//! as soon as it has been read. So no frame changes its length, and no byte is held back.
//!
//! A field whose name is an index into the dynamic table is left as it is: no known client sends `:authority`
//! by one. Malformed frames pass unchanged, and `h2` reports them.
//!
//! | file | idea |
//! |---|---|
//! | `frames` | finds the header blocks in the frames of a connection |
//! | `header_block` | finds the value of `:authority` in a header block |
//! | `huffman` | replaces bytes in a Huffman code |

mod frames;
mod header_block;
mod huffman;

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::transport::server::Connected;

use self::frames::Frames;

/// A connection whose reader sees only authorities that `h2` accepts.
#[derive(Debug)]
pub(super) struct UdsAuthority<I> {
    connection: I,
    frames: Frames,
}

impl<I> UdsAuthority<I> {
    pub(super) fn new(connection: I) -> Self {
        Self {
            connection,
            frames: Frames::new(),
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for UdsAuthority<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.connection).poll_read(cx, buf);
        if let Poll::Ready(Ok(())) = read {
            let new = buf.filled_mut().get_mut(before..);
            self.frames.rewrite(new.unwrap_or_default());
        }
        read
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for UdsAuthority<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(cx)
    }
}

impl<I: Connected> Connected for UdsAuthority<I> {
    type ConnectInfo = I::ConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.connection.connect_info()
    }
}

/// The bytes that `h2` refuses in an authority and that a path has, each with its replacement: the one
/// whose Huffman code has the same length and differs in one bit.
const REPLACED: [(u8, u8); 3] = [(b' ', b'-'), (b'%', b'.'), (b'/', b'3')];
