//! Reading the body of a request, as far as it may go.

use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt as _;
use tokio::time::timeout;

use super::errors::Fault;

/// Reads a body. One that is too large is read all the same, and thrown away, so that the answer finds
/// its way back and the connection lives on; up to a size at which that is not worth it.
pub(super) async fn read(body: Body) -> Result<Vec<u8>, Fault> {
    read_within(PATIENCE, body).await
}

/// Reads the body of a request that is refused whatever it is, to say more of why. That is not worth waiting
/// for as long as somebody who got in.
pub(super) async fn read_refused(body: Body) -> Result<Vec<u8>, Fault> {
    read_within(PATIENCE_WHEN_REFUSED, body).await
}

/// Reads the body of a request that is refused without it, and keeps nothing.
pub(crate) async fn discard(body: Body) {
    // Whatever comes of it: the refusal stands.
    drop(timeout(PATIENCE_WHEN_REFUSED, take(body, 0)).await);
}

async fn read_within(patience: Duration, body: Body) -> Result<Vec<u8>, Fault> {
    let reading = take(body, MAX_BODY_BYTES);
    let read = timeout(patience, reading).await;
    read.unwrap_or(Err(Fault::BodyTooSlow))
}

async fn take(body: Body, limit: usize) -> Result<Vec<u8>, Fault> {
    let mut chunks = body.into_data_stream();
    let (mut kept, mut length) = (Vec::new(), 0_usize);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Fault::BodyBrokenOff)?;
        length = length.saturating_add(chunk.len());
        if length > MAX_THROWN_AWAY_BYTES {
            break;
        }
        if length > limit {
            kept = Vec::new();
        } else {
            kept.extend_from_slice(&chunk);
        }
    }
    if length > limit {
        return Err(Fault::BodyTooLarge);
    }
    Ok(kept)
}

/// The largest body that is looked at, as large as a message may be over gRPC.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// How much is read of one that is not.
const MAX_THROWN_AWAY_BYTES: usize = 8 * 1024 * 1024;
/// How long a body may take to come.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take where nobody wants it.
const PATIENCE_WHEN_REFUSED: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[tokio::test]
    async fn a_body_of_a_mebibyte_is_read_and_one_byte_more_is_too_large() {
        let whole = read(Body::from(vec![7; MAX_BODY_BYTES])).await.unwrap();
        assert_eq!(whole, vec![7; MAX_BODY_BYTES]);
        for length in [MAX_BODY_BYTES + 1, 2 * MAX_BODY_BYTES, 64 * MAX_BODY_BYTES] {
            let refused = read(Body::from(vec![7; length])).await;
            assert!(matches!(refused, Err(Fault::BodyTooLarge)), "{length}");
        }
    }

    #[tokio::test]
    async fn a_body_in_pieces_is_put_together_and_one_that_breaks_off_is_none() {
        let pieces = ["a", "", "bc"].map(Ok::<_, std::io::Error>);
        let whole = read(Body::from_stream(stream::iter(pieces))).await;
        assert_eq!(whole.unwrap(), b"abc");
        let pieces = [Ok("a"), Err(std::io::ErrorKind::ConnectionReset.into())];
        let broken = read(Body::from_stream(stream::iter::<
            [Result<_, std::io::Error>; 2],
        >(pieces)));
        assert!(matches!(broken.await, Err(Fault::BodyBrokenOff)));
    }
}
