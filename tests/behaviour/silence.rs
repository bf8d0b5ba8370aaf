//! Connections that are open and say nothing, and what they take from others.

use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{Request, StatusCode};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::tls::TlsClient;
use crate::support::{DEADLINE, Server, http as by_hand};

/// The control is a connection that is as old, and has spoken.
#[tokio::test]
async fn who_connects_and_says_nothing_is_let_go_and_who_has_spoken_is_not() {
    let (plain, encrypted) = (
        Server::start().await,
        Server::start_with(&["--dev-tls"]).await,
    );
    let (mut spoken, _connection) = by_hand::connect(plain.endpoint()).await;
    assert_eq!(jwks(&mut spoken, plain.endpoint()).await, StatusCode::OK);
    let mut silent = JoinSet::new();
    silent.spawn(end_of(connect(&plain, b"").await));
    silent.spawn(end_of(connect(&plain, b"PRI * HTTP/2.0\r\n").await));
    let handshaken = TlsClient::of(encrypted.data()).connect(&encrypted).await;
    silent.spawn(end_of(handshaken.expect("a handshake")));
    silent.join_all().await;
    assert_eq!(jwks(&mut spoken, plain.endpoint()).await, StatusCode::OK);
}

#[tokio::test]
async fn a_server_that_was_out_of_descriptors_says_so_and_serves_again_when_it_has_some() {
    let server = Server::once_out_of_descriptors(&[]).await;
    let answer = by_hand::get(server.endpoint(), JWKS).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

async fn connect(server: &Server, word: &[u8]) -> TcpStream {
    let authority = server.endpoint().strip_prefix("http://").expect("plain");
    let mut connection = TcpStream::connect(authority).await.expect("a connection");
    connection.write_all(word).await.expect("sent");
    connection
}

/// Waits until the server ends a connection, which it does without an answer.
async fn end_of(mut connection: impl AsyncRead + Unpin) {
    let mut answer = Vec::new();
    let ended = timeout(LONG, connection.read_to_end(&mut answer)).await;
    // Without a word of farewell in TLS the end is an error.
    drop(ended.expect("it is let go at some time"));
    assert_eq!(answer, b"");
}

async fn jwks(client: &mut SendRequest<Bytes>, base: &str) -> StatusCode {
    let request = Request::get(format!("{base}{JWKS}"));
    let request = request.body(()).expect("a request");
    let (answer, _) = client.send_request(request, true).expect("sent");
    let answer = timeout(DEADLINE, answer).await.expect("in time");
    answer.expect("an answer").status()
}

const JWKS: &str = "/.well-known/jwks.json";
/// The server waits for half a minute.
const LONG: Duration = Duration::from_secs(90);
