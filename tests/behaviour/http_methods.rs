//! The HTTP semantics of the key set and of the admin port, as curl sees them: methods, caching, CORS.

use lanyard_proto::v1::PrepareSigningKeyRequest;
use tokio::task::spawn_blocking;

use crate::support::{Curled, Server, curl};

#[tokio::test]
async fn the_key_set_is_cached_for_less_than_the_propagation_bound() {
    for (flags, max_age) in [
        (&[][..], "public, max-age=60"),
        (&["--propagation-bound", "3s"], "public, max-age=1"),
        (&["--propagation-bound", "1s"], "public, max-age=0"),
    ] {
        let server = Server::start_with(flags).await;
        for version in VERSIONS {
            for verb in [&[][..], &["--head"]] {
                let answer = ask(&url(&server), &[&[version], verb].concat()).await;
                assert_eq!(answer.status, 200, "{answer:?}");
                assert_eq!(answer.header("cache-control"), Some(max_age), "{answer:?}");
                assert_eq!(answer.header("content-type"), Some("application/json"));
                assert_eq!(answer.body.is_empty(), !verb.is_empty(), "{answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_unchanged_key_set_is_not_sent_again() {
    let server = Server::start().await;
    let url = url(&server);
    let first = ask(&url, &[]).await;
    let tag = first.header("etag").expect("an entity tag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    for version in VERSIONS {
        for verb in [&[][..], &["--head"]] {
            for sent in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}")] {
                let condition = format!("If-None-Match: {sent}");
                let arguments = [&[version, "--header", &condition], verb].concat();
                let answer = ask(&url, &arguments).await;
                assert_eq!((answer.status, &*answer.body), (304, ""), "{answer:?}");
                assert_eq!(answer.header("etag"), Some(&*tag));
                assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
                assert!(answer.header("cache-control").is_some(), "{answer:?}");
            }
        }
    }
    let operator = server.operator();
    let request = PrepareSigningKeyRequest {};
    operator.admin().prepare_signing_key(request).await.unwrap();
    let condition = format!("If-None-Match: {tag}");
    let changed = ask(&url, &["--header", &condition]).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_ne!(changed.header("etag"), Some(&*tag));
}

#[tokio::test]
async fn the_key_set_refuses_other_methods_and_answers_a_preflight() {
    let server = Server::start().await;
    let url = url(&server);
    for version in VERSIONS {
        for verb in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "SOMETHING"] {
            let answer = ask(&url, &[version, "--request", verb]).await;
            assert_eq!(answer.status, 405, "{verb}: {answer:?}");
            assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS"));
        }
        let preflight = [
            version,
            "--request",
            "OPTIONS",
            "--header",
            "Origin: https://app.example",
            "--header",
            "Access-Control-Request-Method: GET",
            "--header",
            "Access-Control-Request-Headers: if-none-match",
        ];
        let answer = ask(&url, &preflight).await;
        assert_eq!((answer.status, &*answer.body), (204, ""), "{answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-headers"), Some("*"));
        let methods = answer.header("access-control-allow-methods");
        assert!(methods.is_some_and(|methods| methods.contains("GET")));
    }
}

#[tokio::test]
async fn the_admin_port_answers_get_and_head_and_refuses_other_methods() {
    let server = Server::start().await;
    server.becomes_ready().await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        let url = format!("{}{path}", server.admin_url());
        let got = ask(&url, &[]).await;
        let head = ask(&url, &["--head"]).await;
        assert_eq!((got.status, head.status), (200, 200), "{path}");
        assert!(!got.body.is_empty() && head.body.is_empty(), "{path}");
        assert_eq!(got.header("content-type"), head.header("content-type"));
        for verb in ["POST", "PUT", "DELETE", "OPTIONS", "SOMETHING"] {
            let answer = ask(&url, &["--request", verb]).await;
            assert_eq!(answer.status, 405, "{verb} {path}: {answer:?}");
            assert_eq!(answer.header("allow"), Some("GET,HEAD"), "{verb} {path}");
        }
    }
}

async fn ask(url: &str, arguments: &[&str]) -> Curled {
    let mut owned: Vec<_> = arguments.iter().map(ToString::to_string).collect();
    owned.push(url.to_owned());
    let asking = spawn_blocking(move || {
        let arguments: Vec<_> = owned.iter().map(String::as_str).collect();
        curl(&arguments)
    });
    asking.await.expect("a response")
}

fn url(server: &Server) -> String {
    format!("{}/.well-known/jwks.json", server.endpoint())
}

const VERSIONS: [&str; 2] = ["--http1.1", "--http2-prior-knowledge"];
