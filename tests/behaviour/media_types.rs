//! Requests that have the path or the media type of a gRPC call and are none: refused, and nothing is done.

use lanyard_proto::v1::CheckRequest;
use tokio::task::spawn_blocking;

use crate::support::{Credential, Curled, Data, Server, curl, http};

#[tokio::test]
async fn a_call_of_another_media_type_is_refused_and_makes_nothing() {
    let server = Server::start().await;
    let sent = Sent::empty(server.data(), &server.data().credential("primary"));
    let url = format!("{}{CREATE}", server.endpoint());
    for media_type in [
        "application/grpc-web",
        "application/grpc-web+proto",
        "application/grpc-web-text",
        "application/grpc+json",
        "application/grpcx",
        "application/json",
        "application/octet-stream",
    ] {
        for version in VERSIONS {
            let answer = sent.to(&url, &[version], media_type).await;
            assert_eq!(answer.status, 415, "{media_type} {version}: {answer:?}");
            assert_eq!(answer.header("grpc-status"), None, "{answer:?}");
        }
    }
    assert_eq!(identities(&server).await, 0);
    let metrics = http::get(server.admin_url(), "/metrics").await.body;
    let counted = metrics
        .lines()
        .any(|line| line.contains(CREATE) && line.contains("415"));
    assert!(counted, "{metrics}");
    // The control: as the two media types of gRPC, the same bytes are a call.
    for (made, media_type) in [(1, "application/grpc"), (2, "Application/GRPC+Proto; x=y")] {
        let answer = sent.to(&url, &[HTTP_2], media_type).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(identities(&server).await, made, "{media_type}");
    }
}

#[tokio::test]
async fn a_call_over_http_1_or_by_another_method_is_refused_and_makes_nothing() {
    let server = Server::start().await;
    let sent = Sent::empty(server.data(), &server.data().credential("primary"));
    let url = format!("{}{CREATE}", server.endpoint());
    for media_type in ["application/grpc", "application/grpc+proto"] {
        let answer = sent.to(&url, &["--http1.1"], media_type).await;
        assert_eq!(answer.status, 415, "{answer:?}");
        assert!(answer.body.contains("HTTP/2"), "{answer:?}");
        for method in ["PUT", "PATCH", "DELETE"] {
            let answer = sent
                .to(&url, &[HTTP_2, "--request", method], media_type)
                .await;
            assert_eq!(answer.status, 405, "{method}: {answer:?}");
            assert_eq!(answer.header("allow"), Some("POST"), "{answer:?}");
        }
    }
    assert_eq!(identities(&server).await, 0);
}

#[tokio::test]
async fn health_and_the_enforcer_refuse_them_too() {
    let authority = Server::start().await;
    let enforcer = Server::enforce(authority.data(), &[authority.endpoint()], &[]).await;
    enforcer.ready().await;
    let sent = Sent::empty(authority.data(), &authority.data().credential("enforcer"));
    for server in [&authority, &enforcer] {
        for path in [
            "/lanyard.v1.PolicyService/Check",
            "/grpc.health.v1.Health/Check",
        ] {
            let url = format!("{}{path}", server.endpoint());
            let web = "application/grpc-web+proto";
            assert_eq!(sent.to(&url, &[HTTP_2], web).await.status, 415, "{url}");
            let old = sent.to(&url, &["--http1.1"], "application/grpc").await;
            assert_eq!(old.status, 415, "{url}");
            let call = sent.to(&url, &[HTTP_2], "application/grpc").await;
            assert_eq!(call.status, 200, "{url}");
        }
    }
    let token = authority.primary().token(&["chat"]).await;
    let request = CheckRequest {
        token,
        capability: 1,
        ..CheckRequest::default()
    };
    enforcer
        .enforcer()
        .check(request)
        .await
        .expect("a decision");
}

/// An empty message in its frame, and the authorization of a caller.
#[derive(Clone)]
struct Sent {
    body: String,
    authorization: String,
}

impl Sent {
    fn empty(data: &Data, credential: &Credential) -> Self {
        let file = data.beside("empty-message");
        std::fs::write(&file, [0; 5]).expect("a file");
        Self {
            body: format!("@{}", file.display()),
            authorization: format!("authorization: Bearer {}", credential.bearer()),
        }
    }

    async fn to(&self, url: &str, options: &[&str], media_type: &str) -> Curled {
        let (sent, url) = (self.clone(), url.to_owned());
        let options: Vec<_> = options.iter().map(|&option| option.to_owned()).collect();
        let content_type = format!("content-type: {media_type}");
        let asked = spawn_blocking(move || {
            let Sent {
                body,
                authorization,
            } = &sent;
            let headers = ["--header", &content_type, "--header", authorization];
            let rest = ["--data-binary", body, &url];
            let options = options.iter().map(String::as_str);
            curl(&options.chain(headers).chain(rest).collect::<Vec<_>>())
        });
        asked.await.expect("curl")
    }
}

async fn identities(server: &Server) -> usize {
    let page = server.primary().list(100, "").await.expect("a page");
    page.identities.len()
}

const CREATE: &str = "/lanyard.v1.IdentityService/CreateIdentity";
const HTTP_2: &str = "--http2-prior-knowledge";
const VERSIONS: [&str; 2] = ["--http1.1", HTTP_2];
