//! Requests over REST, signed by hand so that each part of them can be made wrong.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Credential, DEADLINE, Server, http, now};

/// The version that every client sends which can be installed today.
const VERSION: &str = "2023-10-01";

/// Somebody who calls over REST.
#[derive(Clone, Debug)]
pub(crate) struct Rest {
    base: String,
    host: String,
    secret: Vec<u8>,
}

/// A request before it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) verb: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// Which HTTP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Http {
    One,
    Two,
}

impl Rest {
    /// The holder of this key, who calls the server by its address.
    pub(crate) fn new(server: &Server, key: &Credential) -> Self {
        let base = server.endpoint().to_owned();
        let host = base
            .strip_prefix("http://")
            .expect("a plain URL")
            .to_owned();
        let secret = key.secret.clone();
        Self { base, host, secret }
    }

    /// The holder of the first key that the server made.
    pub(crate) fn primary(server: &Server) -> Self {
        Self::new(server, &server.data().credential("primary"))
    }

    /// The same, who calls the server by another name.
    pub(crate) fn calling(&self, host: &str) -> Self {
        Self {
            host: host.to_owned(),
            ..self.clone()
        }
    }

    /// A request for a path in the usual version, signed now.
    pub(crate) fn request(&self, verb: &str, path: &str, body: &str) -> Request {
        self.signed(verb, &with_version(path), body.as_bytes())
    }

    /// A request for this very target, signed now.
    pub(crate) fn signed(&self, verb: &str, target: &str, body: &[u8]) -> Request {
        self.signed_at(now(), (verb, target), body)
    }

    /// A request that was signed in that second.
    pub(crate) fn signed_at(
        &self,
        second: u64,
        (verb, target): (&str, &str),
        body: &[u8],
    ) -> Request {
        let request = Request {
            verb: verb.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: body.to_vec(),
        };
        let request = request
            .with("host", &self.host)
            .with("x-ms-date", &date(second))
            .with("x-ms-content-sha256", &hash(body));
        self.sign(request, &self.host)
    }

    /// Signs a request as it is now, with that host in the text.
    pub(crate) fn sign(&self, request: Request, host: &str) -> Request {
        let header = |name| request.header(name).unwrap_or_default();
        let text = format!(
            "{}\n{}\n{};{host};{}",
            request.verb,
            request.target,
            header("x-ms-date"),
            header("x-ms-content-sha256"),
        );
        let signature = hmac(&self.secret, &text);
        let value = format!("HMAC-SHA256 SignedHeaders={SIGNED_HEADERS}&Signature={signature}");
        request.with("authorization", &value)
    }

    /// Sends a request.
    pub(crate) async fn send(&self, request: &Request) -> Response {
        Connection::to(&self.base).await.send(request).await
    }

    /// Sends a request by this version of HTTP.
    pub(crate) async fn send_by(&self, version: Http, request: &Request) -> Response {
        match version {
            Http::One => self.send(request).await,
            Http::Two => send_by_http_2(&self.base, request).await,
        }
    }

    /// Signs a request and sends it.
    pub(crate) async fn ask(&self, verb: &str, path: &str, body: &str) -> Response {
        self.send(&self.request(verb, path, body)).await
    }

    /// Makes an identity and gives its id.
    pub(crate) async fn identity(&self) -> String {
        let made = self.ask("POST", "/identities", "").await;
        made.expect(201)["identity"]["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    /// Issues a token.
    pub(crate) async fn token(&self, identity: &str, scopes: &[&str]) -> String {
        let body = serde_json::json!({ "scopes": scopes }).to_string();
        let path = format!("/identities/{identity}/:issueAccessToken");
        let issued = self.ask("POST", &path, &body).await;
        issued.expect(200)["token"]
            .as_str()
            .expect("a token")
            .to_owned()
    }
}

impl Request {
    /// The same with another value of a header.
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        let mut request = self.without(name);
        request.headers.push((name.to_owned(), value.to_owned()));
        request
    }

    /// The same with one more value of a header.
    pub(crate) fn with_another(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without a header.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(found, _)| found != name);
        self
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

impl Response {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The body, of an answer with that status.
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        if self.body.is_empty() {
            return Value::Null;
        }
        assert!(
            self.header("content-type")
                .is_some_and(|is| is.starts_with("application/json")),
            "{self:?}"
        );
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// The code and the message, of an error with that status.
    pub(crate) fn refusal(&self, status: u16) -> (String, String) {
        let body = self.expect(status);
        let text = |member: &str| body["error"][member].as_str().expect(member).to_owned();
        assert_eq!(body.as_object().expect("an object").len(), 1, "{body}");
        (text("code"), text("message"))
    }

    /// Asserts that it is the answer to every signature that is not good.
    pub(crate) fn assert_denied(&self, what: &str) {
        let denied = (
            "Denied".to_owned(),
            "Denied by the resource provider.".to_owned(),
        );
        assert_eq!(self.refusal(401), denied, "{what}");
    }
}

/// A connection by HTTP/1.1.
#[derive(Debug)]
pub(crate) struct Connection(TcpStream);

impl Connection {
    pub(crate) async fn to(base: &str) -> Self {
        let authority = base.strip_prefix("http://").expect("a plain URL");
        Self(TcpStream::connect(authority).await.expect("a connection"))
    }

    /// Sends a request and reads the answer. The connection is good for the next one.
    pub(crate) async fn send(&mut self, request: &Request) -> Response {
        let Request {
            verb,
            target,
            headers,
            body,
        } = request;
        let mut bytes = format!("{verb} {target} HTTP/1.1\r\n").into_bytes();
        for (name, value) in headers {
            bytes.extend(format!("{name}: {value}\r\n").into_bytes());
        }
        bytes.extend(format!("content-length: {}\r\n\r\n", body.len()).into_bytes());
        bytes.extend(body);
        self.0.write_all(&bytes).await.expect("sent");
        let answer = timeout(DEADLINE, self.read()).await;
        answer.expect("an answer in time")
    }

    async fn read(&mut self) -> Response {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.expect("a head"));
        }
        let head = String::from_utf8(head).expect("text");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = header(&headers, "content-length")
            .map_or(0, |length| length.parse().expect("a length"));
        assert_eq!(
            header(&headers, "transfer-encoding"),
            None,
            "sent in one piece"
        );
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.expect("a body");
        Response {
            status: status.expect("a status").parse().expect("a number"),
            headers,
            body: String::from_utf8(body).expect("text"),
        }
    }
}

/// Sends a request with prior knowledge. Its host is the authority.
async fn send_by_http_2(base: &str, request: &Request) -> Response {
    let (mut client, _connection) = http::connect(base).await;
    let host = request.header("host").unwrap_or("localhost");
    let mut sent = ::http::Request::builder()
        .method(request.verb.as_str())
        .uri(format!("http://{host}{}", request.target));
    for (name, value) in &request.headers {
        if name != "host" {
            sent = sent.header(name, value);
        }
    }
    let sent = sent.body(()).expect("a request");
    let (answer, mut sending) = client.send_request(sent, false).expect("sent");
    sending
        .send_data(request.body.clone().into(), true)
        .expect("sent");
    let answer = timeout(DEADLINE, answer).await.expect("in time");
    let answer = answer.expect("an answer");
    let status = answer.status().as_u16();
    let text = |value: &::http::HeaderValue| value.to_str().expect("text").to_owned();
    let headers = answer.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), text(value)));
    let headers: Vec<_> = headers.collect();
    let mut body = Vec::new();
    let mut incoming = answer.into_body();
    while let Some(chunk) = incoming.data().await {
        body.extend_from_slice(&chunk.expect("a chunk"));
    }
    Response {
        status,
        headers,
        body: String::from_utf8(body).expect("text"),
    }
}

fn with_version(path: &str) -> String {
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}api-version={VERSION}")
}

fn header<'a>(headers: &'a [(String, String)], wanted: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(name, _)| name == wanted);
    found.map(|(_, value)| value.as_str())
}

/// A second as it stands in the header.
pub(crate) fn date(second: u64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second))
}

/// The hash of a body as it stands in the header.
fn hash(body: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(body))
}

/// The signature of a text, made by a library of JWTs: an HS256 signature is nothing else.
fn hmac(secret: &[u8], text: &str) -> String {
    let key = EncodingKey::from_secret(secret);
    let made = jsonwebtoken::crypto::sign(text.as_bytes(), &key, Algorithm::HS256);
    let bytes = URL_SAFE_NO_PAD.decode(made.expect("a signature"));
    STANDARD.encode(bytes.expect("base64url"))
}

const SIGNED_HEADERS: &str = "x-ms-date;host;x-ms-content-sha256";
