//! HTTP without a library that would tidy up what is sent or what comes back.

use http::Request;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

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
    let mut stream = TcpStream::connect(authority).await.expect("a connection");
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
    let (client, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    let connection = tokio::spawn(connection);
    let request = Request::get(format!("{base}{path}"))
        .body(())
        .expect("a request");
    let mut client = client.ready().await.expect("ready");
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
    connection.abort();
    let body = String::from_utf8(body).expect("text");
    Answer {
        status,
        content_type: content_type.unwrap_or_default(),
        body,
    }
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
