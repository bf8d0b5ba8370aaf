//! What each call over REST does, and what its answer has.

use lanyard_token::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::support::{Http, Parts, Rest, Server, now};

#[tokio::test]
async fn an_identity_lives_through_all_of_its_calls_over_both_versions_of_http() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    for version in [Http::One, Http::Two] {
        let ask = async |verb: &str, path: &str, body: &str| {
            let request = rest.request(verb, path, body);
            rest.send_by(version, &request).await
        };
        let body = json!({"createTokenWithScopes": ["chat"], "expiresInMinutes": 60}).to_string();
        let made = ask("POST", "/identities", &body).await.expect(201);
        let id = made["identity"]["id"].as_str().unwrap().to_owned();
        assert_eq!(made["identity"], json!({ "id": id }));
        assert_lives(&made["accessToken"], (60, "chat", &id));
        let of = format!("/identities/{id}");

        let body = json!({"scopes": ["voip", "chat"]}).to_string();
        let issued = ask("POST", &format!("{of}/:issueAccessToken"), &body).await;
        assert_lives(&issued.expect(200), (1440, "chat voip", &id));
        let found = ask("GET", &of, "").await.expect(200);
        assert_eq!(found["id"], id.as_str());
        assert!(found["lastTokenIssuedAt"].is_string(), "{found}");
        let revoked = ask("POST", &format!("{of}/:revokeAccessTokens"), "").await;
        assert_eq!(revoked.expect(204), Value::Null);
        let deleted = ask("DELETE", &of, "").await;
        assert_eq!(deleted.expect(204), Value::Null);
        let gone = ask("GET", &of, "").await.refusal(404);
        assert_eq!(gone.0, "IdentityNotFound");
    }
}

#[tokio::test]
async fn an_identity_without_a_token_is_asked_for_in_any_of_the_ways_of_the_clients() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    for body in [
        "",
        "{}",
        r#"{"createTokenWithScopes":[]}"#,
        r#"{"createTokenWithScopes":null,"expiresInMinutes":null}"#,
    ] {
        let made = rest.ask("POST", "/identities", body).await.expect(201);
        assert!(made["identity"]["id"].is_string(), "{made}");
        assert_eq!(made.as_object().unwrap().len(), 1, "{made}");
    }
}

#[tokio::test]
async fn an_id_may_be_sent_with_and_without_escapes_and_each_is_signed_as_it_is_sent() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let id = rest.identity().await;
    for written in [id.clone(), id.replace(':', "%3A"), id.replace(':', "%3a")] {
        for version in [Http::One, Http::Two] {
            let request = rest.request("GET", &format!("/identities/{written}"), "");
            let found = rest.send_by(version, &request).await.expect(200);
            assert_eq!(found["id"], id.as_str(), "{written}");
        }
    }
}

#[tokio::test]
async fn the_same_custom_id_gives_the_same_identity_back() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let target = "/identities?api-version=2025-06-30";
    let body = br#"{"customId":"alice","createTokenWithScopes":["chat"]}"#;
    let create = async || {
        rest.send(&rest.signed("POST", target, body))
            .await
            .expect(201)
    };
    let (first, second) = (create().await, create().await);
    assert_eq!(first["identity"]["customId"], "alice");
    assert_eq!(first["identity"]["id"], second["identity"]["id"]);
    assert!(
        second["identity"]["lastTokenIssuedAt"].is_string(),
        "{second}"
    );
    assert_ne!(
        first["accessToken"]["token"],
        second["accessToken"]["token"]
    );
    let over_grpc = server.primary().create(Some("alice")).await.unwrap();
    assert_eq!(first["identity"]["id"], over_grpc.id.as_str());
    let older = rest
        .ask("POST", "/identities", r#"{"customId":"alice"}"#)
        .await;
    assert_eq!(older.refusal(400).0, "ValidationError");
}

#[tokio::test]
async fn identities_are_listed_in_pages_that_lead_on_from_one_to_the_next() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(rest.identity().await);
    }
    let mut target = "/identities?api-version=2023-10-01&maxpagesize=2".to_owned();
    let mut listed = Vec::new();
    for length in [2, 2, 1] {
        let page = rest
            .send(&rest.signed("GET", &target, b""))
            .await
            .expect(200);
        let value = page["value"].as_array().unwrap();
        assert_eq!(value.len(), length, "{page}");
        listed.extend(
            value
                .iter()
                .map(|one| one["id"].as_str().unwrap().to_owned()),
        );
        target = page["nextLink"].as_str().unwrap_or_default().to_owned();
    }
    assert_eq!(target, "", "the last page leads nowhere");
    made.sort();
    assert_eq!(listed, made);
}

#[tokio::test]
async fn every_answer_tells_its_versions_its_vector_and_the_id_that_the_client_gave() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let good = rest.request("POST", "/identities", "");
    let denied = rest
        .request("POST", "/identities", "")
        .without("authorization");
    let unknown = rest.request("GET", "/", "");
    let mut vectors = Vec::new();
    for (request, status) in [(good, 201), (denied, 401), (unknown, 404)] {
        let request = request.with("x-ms-client-request-id", "7d9c-1");
        for version in [Http::One, Http::Two] {
            let answer = rest.send_by(version, &request).await;
            answer.expect(status);
            assert_eq!(answer.header("x-ms-client-request-id"), Some("7d9c-1"));
            let versions = answer.header("api-supported-versions").unwrap();
            assert!(versions.contains("2023-10-01"), "{versions}");
            vectors.push(answer.header("ms-cv").unwrap().to_owned());
            let odd = request.clone().with("x-ms-client-request-id", "two words");
            let answer = rest.send_by(version, &odd).await;
            assert_eq!(answer.header("x-ms-client-request-id"), None);
        }
    }
    vectors.sort();
    vectors.dedup();
    assert_eq!(vectors.len(), 6);
}

#[tokio::test]
async fn every_version_of_the_interface_is_answered() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    for version in [
        "2021-03-07",
        "2022-06-01",
        "2022-10-01",
        "2023-10-01",
        "2025-03-02-preview",
        "2025-06-30",
        "2026-07-22",
        "2026-09-23",
    ] {
        let target = format!("/identities?api-version={version}");
        rest.send(&rest.signed("POST", &target, b""))
            .await
            .expect(201);
    }
}

/// The token is good for so long from now, with these scopes, for this identity.
fn assert_lives(token: &Value, (minutes, scope, identity): (u64, &str, &str)) {
    let claims = Parts::of(token["token"].as_str().unwrap()).claims();
    assert_eq!(
        (&claims["scope"], &claims["sub"]),
        (&json!(scope), &json!(identity))
    );
    let (issued, expires) = (
        claims["iat"].as_u64().unwrap(),
        claims["exp"].as_u64().unwrap(),
    );
    assert_eq!(expires - issued, minutes * 60);
    assert!(now().abs_diff(issued) < 60, "{claims}");
    let told = token["expiresOn"].as_str().unwrap();
    let is_utc = told.ends_with("+00:00") && told.len() == "2026-11-22T03:17:15+00:00".len();
    assert!(is_utc, "{told}");
    let expected = SystemClock.wall().unwrap().as_secs() + minutes * 60;
    assert!(seconds_of(told).abs_diff(expected) < 60, "{told}");
}

/// The seconds since the epoch of a time that is told to the second, in UTC.
fn seconds_of(told: &str) -> u64 {
    let timestamp: prost_types::Timestamp = told.replace("+00:00", "Z").parse().unwrap();
    timestamp.seconds.try_into().unwrap()
}
