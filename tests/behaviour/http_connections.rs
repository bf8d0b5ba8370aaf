//! HTTP connections that are used in unusual ways: half-closed, or with an ambiguous host.

use std::fmt::Write as _;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{DEADLINE, Rest, Server, http};

#[tokio::test]
async fn a_client_that_half_closes_after_its_request_reads_the_response() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let create = rest.request("POST", "/identities", "{}");
    let mut request = format!("POST {} HTTP/1.1\r\n", create.target);
    for (name, value) in &create.headers {
        write!(request, "{name}: {value}\r\n").unwrap();
    }
    request.push_str("content-length: 2\r\n\r\n{}");
    let service = address(server.endpoint());
    assert_eq!(status(service, &request).await, 201);
    let point = Server::enforce(server.data(), &[server.endpoint()], &[]).await;
    for (url, path, expected) in [
        (server.endpoint(), "/.well-known/jwks.json", 200),
        (server.endpoint(), "/nothing", 404),
        (server.admin_url(), "/healthz", 200),
        (server.admin_url(), "/metrics", 200),
        (point.endpoint(), "/nothing", 404),
        (point.admin_url(), "/healthz", 200),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(status(address(url), &request).await, expected, "{path}");
    }
}

#[tokio::test]
async fn a_request_without_exactly_one_valid_host_is_a_bad_request() {
    let server = Server::start().await;
    let (service, admin) = (address(server.endpoint()), address(server.admin_url()));
    for (address, path) in [
        (service, "/.well-known/jwks.json"),
        (service, "/identities?api-version=2023-10-01"),
        (admin, "/healthz"),
    ] {
        for hosts in [
            "",
            "Host: a\r\nHost: a\r\n",
            "Host: a\r\nHost: b\r\n",
            "Host:\r\n",
            "Host: a b\r\n",
            "Host: user@a\r\n",
            "Host: a:port\r\n",
        ] {
            let request = format!("GET {path} HTTP/1.1\r\n{hosts}\r\n");
            assert_eq!(status(address, &request).await, 400, "{path} {hosts:?}");
        }
    }
    for (target, hosts, expected) in [
        ("/healthz", "Host: a\r\n", 200),
        ("http://a/healthz", "Host: b\r\n", 200),
        ("http://a/healthz", "Host:\r\n", 200),
        ("http://a/healthz", "", 400),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\n{hosts}\r\n");
        assert_eq!(status(admin, &request).await, expected, "{target} {hosts}");
    }
    assert_eq!(status(admin, "GET /healthz HTTP/1.0\r\n\r\n").await, 200);
}

#[tokio::test]
async fn over_http_2_a_host_header_must_agree_with_the_authority() {
    let server = Server::start().await;
    let base = server.endpoint();
    let url = format!("{base}/.well-known/jwks.json");
    for (host, expected) in [(address(base), 200), ("elsewhere.example", 400)] {
        let (mut client, _connection) = http::connect(base).await;
        let request = ::http::Request::get(&url).header("host", host);
        let request = request.body(()).unwrap();
        let (answer, _stream) = client.send_request(request, true).unwrap();
        let answer: ::http::Response<h2::RecvStream> =
            timeout(DEADLINE, answer).await.unwrap().unwrap();
        assert_eq!(answer.status().as_u16(), expected, "{host}");
    }
}

/// Sends a request, half-closes, and returns the status of the response.
async fn status(address: &str, request: &str) -> u16 {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let reading = timeout(DEADLINE, stream.read_to_end(&mut answer)).await;
    reading.expect("a response in time").unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    status.unwrap_or_else(|| panic!("no status to {request:?} in {answer:?}"))
}

fn address(url: &str) -> &str {
    url.strip_prefix("http://").expect("a plain URL")
}
