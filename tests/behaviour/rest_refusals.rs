//! What a refusal over REST says: always the service's own JSON, never a page.

use lanyard_redis_fixture::{Node, Standalone};
use serde_json::{Value, json};
use tokio::task::block_in_place;

use crate::support::{
    Connection, Credential, Http, Replicas, Request, Response, Rest, Server, eventually,
};

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_as_the_clients_know_it() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let id = rest.identity().await;
    let issue = format!("/identities/{id}/:issueAccessToken");
    for (path, body, expected) in [
        (
            &*issue,
            r#"{"scopes":["chat"],"expiresInMinutes":1441}"#,
            expiry(1441),
        ),
        (
            &*issue,
            r#"{"scopes":["chat"],"expiresInMinutes":59}"#,
            expiry(59),
        ),
        (
            "/identities",
            r#"{"createTokenWithScopes":["chat"],"expiresInMinutes":-1}"#,
            expiry(-1),
        ),
        (&*issue, "{}", scopes_required()),
        (&*issue, "", scopes_required()),
        (&*issue, r#"{"scopes":null}"#, scopes_required()),
        (
            &*issue,
            r#"{"scopes":[]}"#,
            json!({
                "code": "ValidationError",
                "message": "Invalid scopes - Scopes field is required.",
                "target": "scopes",
            }),
        ),
    ] {
        let answer = rest.ask("POST", path, body).await;
        assert_eq!(answer.expect(400), json!({ "error": expected }), "{body}");
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_wherever_it_is_sent() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let id = rest.identity().await;
    let issue = format!("/identities/{id}/:issueAccessToken");
    for path in ["/identities", &issue] {
        for body in [
            "{",
            "nonsense",
            "<html>",
            r#"{"scopes":["chat"]} and more"#,
            "\0",
        ] {
            let refusal = rest.ask("POST", path, body).await.refusal(400);
            assert_eq!(refusal.0, "InvalidRequestBody", "{body}");
            assert!(refusal.1.contains("is not valid JSON"), "{refusal:?}");
        }
        for body in ["[]", "7", "null", r#"{"expiresInMinutes":"60"}"#] {
            let refusal = rest.ask("POST", path, body).await.refusal(400);
            assert_eq!(refusal.0, "InvalidRequestBody", "{body}");
            assert!(refusal.1.contains("of the wrong type"), "{refusal:?}");
        }
    }
    for scopes in [r#""chat""#, "[1]", "{}", r#"["chat",null]"#] {
        let body = format!(r#"{{"scopes":{scopes}}}"#);
        let refusal = rest.ask("POST", &issue, &body).await.refusal(400);
        assert_eq!(refusal.0, "InvalidRequestBody", "{body}");
    }
    for scopes in [r#"["admin"]"#, r#"["CHAT"]"#, r#"["chat","chat,voip"]"#] {
        let body = format!(r#"{{"scopes":{scopes}}}"#);
        let refusal = rest.ask("POST", &issue, &body).await.refusal(400);
        assert_eq!(refusal.0, "ValidationError", "{body}");
    }
    assert_eq!(
        server.primary().list_all().await.len(),
        1,
        "nothing was made"
    );
}

#[tokio::test]
async fn without_a_version_or_in_one_that_there_is_not_nothing_is_answered() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    for (target, code) in [
        ("/identities", "MissingApiVersionParameter"),
        ("/identities?api-version=", "MissingApiVersionParameter"),
        (
            "/identities?version=2023-10-01",
            "MissingApiVersionParameter",
        ),
        (
            "/identities?api-version=2023-10-02",
            "UnsupportedApiVersion",
        ),
        ("/identities?api-version=%22%3C%3E", "UnsupportedApiVersion"),
        (
            "/identities?api-version=x&api-version=2023-10-01",
            "UnsupportedApiVersion",
        ),
    ] {
        for version in [Http::One, Http::Two] {
            let request = rest.signed("POST", target, b"");
            let answer = rest.send_by(version, &request).await;
            assert_eq!(answer.refusal(400).0, code, "{target}");
            assert!(answer.header("api-supported-versions").is_some());
        }
    }
    assert!(
        server.primary().list_all().await.is_empty(),
        "nothing was made"
    );
}

#[tokio::test]
async fn a_path_that_there_is_not_and_a_verb_that_is_not_its_are_told_in_json() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let id = rest.identity().await;
    let of = format!("/identities/{id}");
    for path in [
        "/",
        "/favicon.ico",
        "/teams",
        "/.well-known/openid-configuration",
        "/metrics",
        "/identities/a/b/c",
        &format!("{of}/:somethingElse"),
    ] {
        for verb in ["GET", "POST", "DELETE", "PUT", "OPTIONS"] {
            for version in [Http::One, Http::Two] {
                let answer = rest.send_by(version, &rest.request(verb, path, "")).await;
                assert_eq!(answer.refusal(404).0, "ResourceNotFound", "{verb} {path}");
            }
        }
    }
    for (path, allowed) in [
        ("/identities".to_owned(), "GET, POST"),
        (of.clone(), "DELETE, GET"),
        (format!("{of}/:issueAccessToken"), "POST"),
        (format!("{of}/:revokeAccessTokens"), "POST"),
        ("/teamsUser/:exchangeAccessToken".to_owned(), "POST"),
    ] {
        for verb in ["PUT", "PATCH", "OPTIONS", "TRACE", "SOMETHING"] {
            let answer = rest.ask(verb, &path, "").await;
            assert_eq!(answer.refusal(405).0, "MethodNotAllowed", "{verb} {path}");
            assert_eq!(answer.header("allow"), Some(allowed));
        }
    }
    let jwks = rest.request("POST", "/.well-known/jwks.json", "");
    assert_eq!(rest.send(&jwks).await.status, 405);
}

#[tokio::test]
async fn a_body_of_two_mebibytes_is_refused_and_the_connection_lives_on() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let target = "/identities?api-version=2023-10-01";
    let large = vec![b' '; 2 * 1024 * 1024];
    let good = rest.signed("POST", target, b"{}");
    let signed = rest.signed("POST", target, &large);
    let strangers = signed.clone().without("authorization");
    let mut connection = Connection::to(server.endpoint()).await;
    let large_refused = connection.send(&signed).await;
    assert_eq!(large_refused.refusal(413).0, "RequestBodyTooLarge");
    connection.send(&good).await.expect(201);
    connection
        .send(&strangers)
        .await
        .assert_denied("a stranger's");
    connection.send(&good).await.expect(201);
    let answer = rest.send_by(Http::Two, &signed).await;
    assert_eq!(answer.refusal(413).0, "RequestBodyTooLarge");
    let most = vec![b' '; 1024 * 1024];
    let most = rest.signed("POST", target, &most);
    connection.send(&most).await.expect(201);
}

#[tokio::test]
async fn an_identity_of_another_resource_is_not_owned_and_a_deleted_one_does_not_exist() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let of_another = server.other_resource("other").await.identity().await;
    let deleted = rest.identity().await;
    rest.ask("DELETE", &format!("/identities/{deleted}"), "")
        .await
        .expect(204);
    let not_owned = "Provided identity doesn't belong to the resource.";
    for (id, status, code, message) in [
        (&of_another, 401, "IdentityNotOwned", not_owned),
        (
            &deleted,
            404,
            "IdentityNotFound",
            "Provided identity doesn't exist",
        ),
    ] {
        let of = format!("/identities/{id}");
        for (verb, path, body) in [
            (
                "POST",
                format!("{of}/:issueAccessToken"),
                r#"{"scopes":["chat"]}"#,
            ),
            ("POST", format!("{of}/:revokeAccessTokens"), ""),
            ("GET", of.clone(), ""),
            ("DELETE", of.clone(), ""),
        ] {
            let refusal = rest.ask(verb, &path, body).await.refusal(status);
            assert_eq!(
                refusal,
                (code.to_owned(), message.to_owned()),
                "{verb} {path}"
            );
        }
    }
    for id in [
        "x",
        "8:acs:x",
        &deleted.to_uppercase(),
        &format!("{deleted}_a"),
        "",
    ] {
        let answer = rest.ask("DELETE", &format!("/identities/{id}"), "").await;
        assert_eq!(answer.refusal(400).0, "ValidationError", "{id}");
    }
}

#[tokio::test]
async fn tokens_of_other_services_are_not_exchanged() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let body = r#"{"token":"a","appId":"b","userId":"c"}"#;
    let request = rest.request("POST", "/teamsUser/:exchangeAccessToken", body);
    let refusal = rest.send(&request).await.refusal(401);
    let message = "Provided access token is not valid.".to_owned();
    assert_eq!(refusal, ("InvalidAccessToken".to_owned(), message));
    let stranger = request.without("authorization");
    rest.send(&stranger).await.assert_denied("a stranger's");
}

#[tokio::test]
async fn a_page_has_1_to_1000_identities_and_begins_where_the_one_before_has_ended() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    for query in [
        "maxpagesize=-1",
        "maxpagesize=1001",
        "maxpagesize=ten",
        "maxpagesize=99999999999",
        "continuationToken=x",
    ] {
        let answer = rest.ask("GET", &format!("/identities?{query}"), "").await;
        assert_eq!(answer.refusal(400).0, "ValidationError", "{query}");
    }
    for query in [
        "maxpagesize=1",
        "maxpagesize=1000",
        "maxpagesize=",
        "continuationToken=",
    ] {
        let answer = rest.ask("GET", &format!("/identities?{query}"), "").await;
        assert_eq!(answer.expect(200), json!({ "value": [] }), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_store_is_away_it_is_told_when_to_try_again_and_of_no_other_error() {
    let redis = Standalone::start();
    let replicas = Replicas::on(&redis.url());
    let server = replicas.start().await;
    server.ready().await;
    let key = replicas.data().credential("primary");
    let rest = Rest::new(&server, &key);
    let id = rest.identity().await;
    let all = calls(&rest, &id);
    block_in_place(|| Node::kill(&redis));
    for request in &all {
        let answer = rest.send(request).await;
        assert_eq!(answer.header("retry-after"), Some("1"), "{answer:?}");
        let body = answer.expect(503);
        assert_eq!(body["error"]["code"], "ServiceUnavailable", "{request:?}");
        let reason = body["error"]["innererror"]["code"].as_str().unwrap();
        let is_told = ["STORE_UNAVAILABLE", "REVOCATIONS_STALE"].contains(&reason);
        assert!(is_told && leaks_nothing(&answer), "{body}");
    }
    let denied = rest.send(&all[0].clone().without("x-ms-date")).await;
    denied.assert_denied("no date");
    assert_eq!(denied.header("retry-after"), None);
    block_in_place(|| Node::restart(&redis));
    eventually("tokens are issued again", async || {
        rest.send(&all[2]).await.status == 200
    })
    .await;
}

#[tokio::test]
async fn with_a_wrong_key_nobody_learns_which_identities_there_are() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let id = rest.identity().await;
    let stranger = Credential {
        id: String::new(),
        secret: vec![7; 32],
    };
    let stranger = Rest::new(&server, &stranger);
    let never_was = id.replace(&id[id.len() - 4..], "0000");
    for request in [&id, &never_was]
        .into_iter()
        .flat_map(|id| calls(&stranger, id))
    {
        stranger.send(&request).await.assert_denied(&request.target);
    }
    assert_eq!(server.primary().list_all().await.len(), 1);
}

/// A request for each call.
fn calls(rest: &Rest, id: &str) -> Vec<Request> {
    let of = format!("/identities/{id}");
    let scopes = r#"{"scopes":["chat"]}"#;
    vec![
        rest.request("POST", "/identities", ""),
        rest.request(
            "POST",
            "/identities",
            r#"{"createTokenWithScopes":["chat"]}"#,
        ),
        rest.request("POST", &format!("{of}/:issueAccessToken"), scopes),
        rest.request("POST", &format!("{of}/:revokeAccessTokens"), ""),
        rest.request("GET", &of, ""),
        rest.request("GET", "/identities", ""),
        rest.request("DELETE", &of, ""),
    ]
}

fn leaks_nothing(answer: &Response) -> bool {
    let telling = ["redis", "Redis", "127.0.0.1", "onnection", "os error"];
    telling.iter().all(|word| !answer.body.contains(word))
}

fn expiry(minutes: i64) -> Value {
    let message = format!(
        "ExpiresInMinutes value {minutes} is invalid. \
         Value must be within the [60, 1440] interval."
    );
    json!({"code": "ValidationError", "message": message, "target": "ExpiresInMinutes"})
}

fn scopes_required() -> Value {
    json!({
        "code": "ValidationError",
        "message": "Scopes: The Scopes field is required.",
        "target": "Scopes",
    })
}
