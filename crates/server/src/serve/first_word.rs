//! Connections that have not said yet what they speak.
//!
//! HTTP/1.1 has its time for the head of each request, and who speaks HTTP/2 is asked now and then
//! whether they are still there. But which of the two it is, the first bytes tell, and for those the
//! library would wait for ever: whoever connects and says nothing, or stops in the middle of how HTTP/2
//! begins, would hold a descriptor until the process ends. So they have a limit here. Once they have
//! come, nothing of this is left, and a stream may be silent for as long as it likes.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// A connection that ends if its first word does not come in time.
#[derive(Debug)]
pub(super) struct FirstWord<I> {
    connection: I,
    /// None once it has been said.
    awaited: Option<Awaited>,
}

#[derive(Debug)]
struct Awaited {
    /// What has not come yet of how HTTP/2 begins. All that came before was that.
    rest: &'static [u8],
    deadline: Pin<Box<Sleep>>,
}

impl<I> FirstWord<I> {
    /// The time runs from here.
    pub(super) fn of(connection: I) -> Self {
        let awaited = Awaited {
            rest: PREFACE,
            deadline: Box::pin(sleep(PATIENCE)),
        };
        Self {
            connection,
            awaited: Some(awaited),
        }
    }

    /// Takes note of what has come. It can be told what is spoken as soon as it is not how HTTP/2
    /// begins, or is all of that.
    fn hear(&mut self, came: &[u8]) {
        let Some(awaited) = &mut self.awaited else {
            return;
        };
        match awaited.rest.strip_prefix(came) {
            Some(rest) if !rest.is_empty() => awaited.rest = rest,
            Some(_) | None => self.awaited = None,
        }
    }

    fn is_too_late(&mut self, cx: &mut Context<'_>) -> bool {
        let awaited = self.awaited.as_mut();
        awaited.is_some_and(|awaited| awaited.deadline.as_mut().poll(cx).is_ready())
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for FirstWord<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.connection).poll_read(cx, buf);
        match read {
            Poll::Ready(Ok(())) => self.hear(buf.filled().get(before..).unwrap_or_default()),
            Poll::Pending if self.is_too_late(cx) => {
                tracing::debug!("a connection was given up that has not said what it speaks");
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            Poll::Pending | Poll::Ready(Err(_)) => {}
        }
        read
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for FirstWord<I> {
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

/// How HTTP/2 begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long the first word may take: as long as the library waits for the head of a request.
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
        time::{advance, timeout},
    };

    use super::*;

    fn connected() -> (DuplexStream, FirstWord<DuplexStream>) {
        let (client, server) = duplex(1024);
        (client, FirstWord::of(server))
    }

    /// Whether the server has given up by then.
    async fn is_given_up_after(server: &mut FirstWord<DuplexStream>, time: Duration) -> bool {
        match timeout(time, server.read_u8()).await {
            Ok(read) => read.is_err_and(|error| error.kind() == io::ErrorKind::TimedOut),
            Err(_elapsed) => false,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_given_up_and_not_before_the_time_is_over() {
        let (_client, mut server) = connected();
        let almost = PATIENCE * 99 / 100;
        assert!(!is_given_up_after(&mut server, almost).await);
        assert!(is_given_up_after(&mut server, PATIENCE / 50).await);
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_in_the_middle_of_how_http_2_begins_has_no_more_time() {
        let (mut client, mut server) = connected();
        for byte in PREFACE.iter().take(PREFACE.len() - 1) {
            client.write_u8(*byte).await.unwrap();
            assert_eq!(server.read_u8().await.unwrap(), *byte);
            advance(Duration::from_secs(1)).await;
        }
        // No more than what is left of the time, which began before the first byte.
        assert!(is_given_up_after(&mut server, PATIENCE / 3).await);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_said_what_they_speak_may_be_silent_from_then_on() {
        let long = PATIENCE * 1000;
        for word in [PREFACE, b"G", b"PRI * HTTP/1.1", b"PP", b"\x16"] {
            let (mut client, mut server) = connected();
            client.write_all(word).await.unwrap();
            let mut came = vec![0; word.len()];
            server.read_exact(&mut came).await.unwrap();
            assert_eq!(came, word);
            assert!(!is_given_up_after(&mut server, long).await, "{word:?}");
        }
        // What comes in one piece with the first word is not looked at.
        let (mut client, mut server) = connected();
        client
            .write_all(&[PREFACE, b"more"].concat())
            .await
            .unwrap();
        server.read_exact(&mut [0; 28]).await.unwrap();
        assert!(!is_given_up_after(&mut server, long).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_word_in_pieces_is_heard() {
        let (mut client, mut server) = connected();
        for piece in PREFACE.chunks(5) {
            client.write_all(piece).await.unwrap();
            server.read_exact(&mut vec![0; piece.len()]).await.unwrap();
        }
        assert!(!is_given_up_after(&mut server, PATIENCE * 2).await);
    }
}
