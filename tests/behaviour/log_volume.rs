//! A caller cannot fill the log: thousands of refused calls of a kind leave a handful of lines.

use futures_util::stream::{self, StreamExt as _};
use lanyard_redis_fixture::Standalone;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Caller, Credential, Replicas, Said, Server, http, issue_request};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checks_while_the_list_is_stale_leave_no_line_each() {
    let redis = Standalone::start();
    let tap = redis.tap();
    let replicas = Replicas::with(&tap.url(), &["--freshness-bound", "1s"]);
    let server = replicas.start().await;
    let holder = server.primary();
    let identity = holder.identity().await;
    let token = holder.issue(&identity, &["chat"]).await.token;
    let enforcer = server.enforcer();
    Said::ALLOWED
        .by_all(std::slice::from_ref(&enforcer), &token)
        .await;
    tap.cut();
    Said::Stale
        .by_all(std::slice::from_ref(&enforcer), &token)
        .await;
    server
        .says_in_one_line(&["ERROR", "revocation list is stale"])
        .await;

    let before = server.metric(STALE).await;
    many(async || assert_eq!(Said::of(&enforcer, &token).await, Said::Stale)).await;
    many(async || {
        holder
            .try_issue(issue_request(&identity, &["chat"]))
            .await
            .unwrap_err();
    })
    .await;
    assert!(server.metric(STALE).await >= before + u64::try_from(MANY).unwrap());
    stays_short(&server, "revocation list is stale", 1);
    stays_short(&server, "", BOUNDED);

    tap.mend();
    Said::ALLOWED.by_all(&[enforcer], &token).await;
    server
        .says("revocation list is fresh; serving checks")
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_calls_of_every_kind_leave_a_handful_of_lines() {
    let server = Server::start().await;
    server.ready().await;
    let holder = server.primary();
    let stranger = server.caller(&Credential {
        id: "00112233-4455-6677-8899-aabbccddeeff".to_owned(),
        ..server.data().credential("primary")
    });
    many(async || drop(stranger.create(None).await.unwrap_err())).await;
    many(async || drop(holder.read("8:acs:no-identity").await.unwrap_err())).await;
    let checks = server.enforcer();
    many(async || drop(not_allowed(&checks).await)).await;
    let address = server
        .endpoint()
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    for (path, body) in [
        ("/identities?api-version=2023-10-01", "{"),
        ("/nowhere", ""),
    ] {
        many(async || post(&address, path, body).await).await;
    }
    many(async || says(&address, b"PRI * HTTP/2.0\r\n\r\nnot\r\n\r\n").await).await;
    many(async || says(&address, b"\x16\x03\x01no such thing").await).await;
    stays_short(&server, "", BOUNDED);
    let metrics = http::get(server.admin_url(), "/metrics").await.body;
    assert!(
        metrics.contains("lanyard_refusals_total{reason=\"CREDENTIAL_REFUSED\"}"),
        "{metrics}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_tls_handshakes_leave_a_handful_of_lines() {
    let server = Server::start_with(&["--dev-tls"]).await;
    let address = server
        .endpoint()
        .strip_prefix("https://")
        .unwrap()
        .to_owned();
    many(async || says(&address, b"GET / HTTP/1.1\r\n\r\n").await).await;
    stays_short(&server, "", BOUNDED);
}

async fn not_allowed(enforcer: &Caller) -> tonic::Status {
    enforcer.create(None).await.unwrap_err()
}

async fn post(address: &str, path: &str, body: &str) {
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    says(address, request.as_bytes()).await;
}

/// Sends some bytes and reads until the server hangs up or has answered.
async fn says(address: &str, bytes: &[u8]) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may hang up in the middle.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

/// Does it so often, some at a time.
async fn many(call: impl AsyncFn()) {
    stream::iter(0..MANY)
        .for_each_concurrent(AT_ONCE, async |_| call().await)
        .await;
}

/// There are no more lines with this text than that.
fn stays_short(server: &Server, text: &str, most: usize) {
    let output = server.output();
    let lines = output.lines().filter(|line| line.contains(text)).count();
    assert!(lines <= most, "{lines} lines with `{text}`:\n{output}");
}

const STALE: &str = "lanyard_refusals_total{reason=\"REVOCATIONS_STALE\"}";
const MANY: usize = 2_000;
const AT_ONCE: usize = 32;
/// Far below the number of calls, and far above what is logged: one line a second of refused credentials, one
/// in ten seconds of each other kind, and those of the start.
const BOUNDED: usize = 150;
