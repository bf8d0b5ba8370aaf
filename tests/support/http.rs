//! HTTP without a library that would tidy up what is sent or what comes back.

use bytes::Bytes;
use h2::client::SendRequest;
use http::Request;
use http::request::Builder;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::Status;

use super::DEADLINE;

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

/// Asks over HTTP/1.1.
pub(crate) async fn get(base: &str, path: &str) -> Answer {
    let authority = base.strip_prefix("http://").expect("a plain URL");
    let stream = TcpStream::connect(authority).await.expect("a connection");
    get_over(stream, authority, path).await
}

/// Asks over HTTP/1.1 on a connection that there is.
pub(crate) async fn get_over(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    authority: &str,
    path: &str,
) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let reading = timeout(DEADLINE, stream.read_to_end(&mut answer)).await;
    reading.expect("an answer in time").expect("an answer");
    parse(&String::from_utf8(answer).expect("text"))
}

/// Asks over HTTP/2 with prior knowledge, as gRPC does.
pub(crate) async fn get_h2c(base: &str, path: &str) -> Answer {
    let authority = base.strip_prefix("http://").expect("a plain URL");
    let stream = TcpStream::connect(authority).await.expect("a connection");
    get_h2_over(stream, base, path).await
}

/// Asks over HTTP/2 on a connection that there is.
pub(crate) async fn get_h2_over(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    base: &str,
    path: &str,
) -> Answer {
    let (mut client, _connection) = begin(stream).await;
    let request = Request::get(format!("{base}{path}"))
        .body(())
        .expect("a request");
    let (answer, _stream) = client.send_request(request, true).expect("sent");
    let answer = timeout(DEADLINE, answer)
        .await
        .expect("in time")
        .expect("an answer");
    let header = |name| {
        answer
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let (status, content_type) = (answer.status().as_u16(), header("content-type"));
    let mut body = Vec::new();
    let mut incoming = answer.into_body();
    while let Some(chunk) = incoming.data().await {
        body.extend_from_slice(&chunk.expect("a chunk"));
    }
    let body = String::from_utf8(body).expect("text");
    Answer {
        status,
        content_type: content_type.unwrap_or_default(),
        body,
    }
}

/// Makes a gRPC call with these very bytes as its body, and gives the status that came back.
pub(crate) async fn call(
    base: &str,
    path: &str,
    bearer: &str,
    (encoding, body): (&str, &[u8]),
) -> Status {
    let (mut client, _connection) = connect(base).await;
    let request = grpc(base, path, bearer).header("grpc-encoding", encoding);
    let request = request.body(()).expect("a request");
    let (answer, mut sending) = client.send_request(request, false).expect("sent");
    sending.send_data(body.to_vec().into(), true).expect("sent");
    let answer = timeout(DEADLINE, answer)
        .await
        .expect("in time")
        .expect("an answer");
    Status::from_header_map(answer.headers()).expect("a status")
}

/// Makes a gRPC call with one message and further headers, and returns its final status, which comes
/// with the headers or in the trailers.
pub(crate) async fn call_with(
    base: &str,
    path: &str,
    bearer: &str,
    (headers, message): (&[(&str, &str)], &[u8]),
) -> Status {
    let (mut client, _connection) = connect(base).await;
    let request = headers
        .iter()
        .fold(grpc(base, path, bearer), |request, (name, value)| {
            request.header(*name, *value)
        });
    let request = request.body(()).expect("a request");
    let (answer, mut sending) = client.send_request(request, false).expect("sent");
    // The request stays open, as that of a client which streams.
    sending.send_data(framed(message), false).expect("sent");
    let answer = timeout(DEADLINE, answer).await.expect("in time");
    let answer = answer.expect("an answer");
    if let Some(status) = Status::from_header_map(answer.headers()) {
        return status;
    }
    let mut body = answer.into_body();
    while let Some(chunk) = timeout(DEADLINE, body.data()).await.expect("in time") {
        let length = chunk.expect("a chunk").len();
        body.flow_control().release_capacity(length).expect("room");
    }
    let trailers = body.trailers().await.expect("no reset");
    Status::from_header_map(&trailers.expect("trailers")).expect("a status")
}

/// Starts a gRPC call, and resets it once its message has arrived.
pub(crate) async fn cancel_call(base: &str, path: &str, bearer: &str, message: &[u8]) {
    let (client, _connection) = connect(base).await;
    let request = grpc(base, path, bearer).body(()).expect("a request");
    let mut client = client;
    let (answer, mut sending) = client.send_request(request, false).expect("sent");
    sending.send_data(framed(message), true).expect("sent");
    // Frames are read in order: once this is answered, the call before it has begun.
    let mut client = client.ready().await.expect("ready");
    let ordinary = Request::get(format!("{base}/.well-known/jwks.json"));
    let ordinary = ordinary.body(()).expect("a request");
    let (after, _) = client.send_request(ordinary, true).expect("sent");
    timeout(DEADLINE, after)
        .await
        .expect("in time")
        .expect("an answer");
    sending.send_reset(h2::Reason::CANCEL);
    // A stream may have begun its response by then.
    drop(answer.await);
    // The reset is on its way once a later request is answered.
    let mut client = client.ready().await.expect("ready");
    let ordinary = Request::get(format!("{base}/.well-known/jwks.json"));
    let ordinary = ordinary.body(()).expect("a request");
    let (after, _) = client.send_request(ordinary, true).expect("sent");
    timeout(DEADLINE, after)
        .await
        .expect("in time")
        .expect("an answer");
}

fn framed(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).expect("a short message");
    [&[0], &length.to_be_bytes()[..], message].concat().into()
}

/// Begins a gRPC call and never ends it: the message is announced and does not come. The call is
/// dropped with what is returned.
pub(crate) async fn begin_call(base: &str, path: &str, bearer: &str) -> impl Drop + use<> {
    let (mut client, mut connection) = connect(base).await;
    let request = grpc(base, path, bearer).body(()).expect("a request");
    let (answer, mut body) = client.send_request(request, false).expect("sent");
    body.send_data(vec![0, 0, 0, 0, 9].into(), false)
        .expect("sent");
    // Frames are read in order: once this is answered, the call before it has begun.
    let mut client = client.ready().await.expect("ready");
    let ordinary = Request::get(format!("{base}/.well-known/jwks.json"));
    let ordinary = ordinary.body(()).expect("a request");
    let (after, _) = client.send_request(ordinary, true).expect("sent");
    timeout(DEADLINE, after)
        .await
        .expect("in time")
        .expect("an answer");
    connection.spawn(async move {
        let _open = (client, body);
        drop(answer.await);
    });
    connection
}

/// A connection over HTTP/2, which ends when the set is dropped.
pub(crate) async fn connect(base: &str) -> (SendRequest<Bytes>, JoinSet<()>) {
    let authority = base.strip_prefix("http://").expect("a plain URL");
    let stream = TcpStream::connect(authority).await.expect("a connection");
    begin(stream).await
}

async fn begin(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> (SendRequest<Bytes>, JoinSet<()>) {
    let (client, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    let mut driver = JoinSet::new();
    driver.spawn(async move { drop(connection.await) });
    (client.ready().await.expect("ready"), driver)
}

fn grpc(base: &str, path: &str, bearer: &str) -> Builder {
    let request = Request::post(format!("{base}{path}"));
    let request = request
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    request.header("authorization", format!("Bearer {bearer}"))
}

fn parse(answer: &str) -> Answer {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .expect("a status");
    let header = |wanted: &str| {
        let mut headers = head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        headers
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value)
    };
    assert_ne!(
        header("transfer-encoding"),
        Some("chunked"),
        "the body is sent in one piece"
    );
    let content_type = header("content-type").unwrap_or_default().to_owned();
    Answer {
        status,
        content_type,
        body: body.to_owned(),
    }
}
