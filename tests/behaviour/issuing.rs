//! Issuing tokens: what they say, and what is refused.

use lanyard_proto::v1::{
    AccessToken, CreateIdentityRequest, DecisionReason, IssueTokenRequest, TokenSpec,
};
use prost_types::Duration;
use serde_json::{Value, json};

use crate::support::{
    Parts, Server, eventually, fields, issue_request, now, refused_field, scopes, spec,
};

#[tokio::test]
async fn each_of_the_31_sets_of_scopes_is_issued_and_neither_widened_nor_narrowed() {
    let server = Server::start().await;
    let caller = server.primary();
    let identity = caller.identity().await;
    for bits in 1..32_u8 {
        let chosen = (0..)
            .zip(SCOPES)
            .filter(|(place, _)| bits & (1 << place) != 0);
        let wanted: Vec<&str> = chosen.map(|(_, scope)| scope).collect();
        let backwards: Vec<&str> = wanted.iter().rev().copied().collect();
        for order in [&wanted, &backwards] {
            let issued = caller.issue(&identity, order).await;
            assert_eq!(issued.scopes, wanted);
            assert_eq!(
                Parts::of(&issued.token).claims()["scope"],
                json!(wanted.join(" "))
            );
            let told = caller.introspect(&issued.token).await.unwrap();
            assert_eq!(told.claims.unwrap().scopes, wanted);
            assert!(told.active);
        }
    }
}

#[tokio::test]
async fn a_scope_that_is_named_twice_counts_once() {
    let server = Server::start().await;
    let caller = server.primary();
    let identity = caller.identity().await;
    let issued = caller
        .issue(&identity, &["voip", "chat", "voip", "chat"])
        .await;
    assert_eq!(issued.scopes, ["chat", "voip"]);
}

#[tokio::test]
async fn no_scope_an_unknown_one_and_more_than_five_are_refused() {
    let server = Server::start().await;
    let caller = server.primary();
    let identity = caller.identity().await;
    let six = [
        "chat",
        "chat.join",
        "chat.join.limited",
        "voip",
        "voip.join",
        "chat",
    ];
    let long = "chat".repeat(1000);
    let bad: [&[&str]; 13] = [
        &[],
        &six,
        &["chat.admin"],
        &["chat", "root"],
        &[""],
        &["chat", ""],
        &["Chat"],
        &["chat "],
        &[" chat"],
        &["chat voip"],
        &["chat,voip"],
        &["*"],
        &[&long],
    ];
    for names in bad {
        let refusal = caller
            .try_issue(issue_request(&identity, names))
            .await
            .unwrap_err();
        // Which of several scopes it is may be part of the path.
        let paths = fields(&refusal);
        let about_scopes = |path: &String| path == "scopes" || path.starts_with("scopes[");
        assert!(
            !paths.is_empty() && paths.iter().all(about_scopes),
            "{names:?}: {refusal:?}"
        );
        assert_eq!(refusal.code(), tonic::Code::InvalidArgument);
    }
}

#[tokio::test]
async fn a_lifetime_is_60_to_1440_whole_minutes_both_ends_included() {
    let server = Server::start().await;
    let caller = server.primary();
    let identity = caller.identity().await;
    for minutes in [60, 61, 90, 1439, 1440] {
        let lifetime = Duration {
            seconds: minutes * 60,
            nanos: 0,
        };
        let request = with_lifetime(&identity, lifetime);
        let issued = caller.try_issue(request).await.unwrap();
        assert_eq!(lifetime_of(&issued), minutes * 60, "{minutes} minutes");
        assert_eq!(caller.state(&issued.token).await, DecisionReason::Allowed);
    }
    let by_default = caller.issue(&identity, &["chat"]).await;
    assert_eq!(lifetime_of(&by_default), 1440 * 60);
}

#[tokio::test]
async fn any_other_lifetime_is_refused() {
    let server = Server::start().await;
    let caller = server.primary();
    let identity = caller.identity().await;
    let bad = [
        (0, 0),
        (1, 0),
        (90, 0),
        (59 * 60, 0),
        (60 * 60 - 1, 0),
        (60 * 60 - 1, 999_999_999),
        (60 * 60, 1),
        (60 * 60 + 1, 0),
        (61 * 60, -1),
        (1440 * 60, 1),
        (1440 * 60 + 1, 0),
        (1441 * 60, 0),
        (-60 * 60, 0),
        (-1, 0),
        (0, -1),
        (60 * 60, 1_000_000_000),
        (61 * 60, -1_000_000_000),
        (0, i32::MAX),
        (0, i32::MIN),
        (i64::MAX, 0),
        (i64::MIN, 0),
        (i64::MAX, i32::MAX),
        (i64::MIN, i32::MIN),
        (i64::MAX / 60 * 60, 0),
    ];
    for (seconds, nanos) in bad {
        let request = with_lifetime(&identity, Duration { seconds, nanos });
        refused_field(caller.try_issue(request).await, "lifetime");
    }
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let server = Server::start().await;
    let caller = server.primary();
    let request = IssueTokenRequest {
        identity_id: "nobody".to_owned(),
        scopes: scopes(&["root"]),
        lifetime: Some(Duration {
            seconds: 90,
            nanos: 0,
        }),
    };
    let named = fields(&caller.try_issue(request).await.unwrap_err());
    for field in ["identity_id", "scopes", "lifetime"] {
        assert!(
            named.iter().any(|path| path.starts_with(field)),
            "{field} of {named:?}"
        );
    }
}

#[tokio::test]
async fn a_token_says_what_it_was_given_in_the_one_form() {
    let server = Server::start().await;
    let caller = server.primary();
    let identity = caller.identity().await;
    let before = now();
    let issued = caller.issue(&identity, &["chat", "voip.join"]).await;
    let after = now();

    let parts = Parts::of(&issued.token);
    let kid = parts.kid();
    assert_eq!(
        parts.header,
        format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{kid}"}}"#)
    );
    let claims = parts.claims();
    let issued_at = claims["iat"].as_u64().expect("an integer");
    assert!((before..=after).contains(&issued_at));
    let expected = json!({
        "iss": "lanyard",
        "aud": "lanyard-access",
        "sub": identity,
        "iat": issued_at,
        "exp": issued_at + 1440 * 60,
        "jti": issued.token_id,
        "scope": "chat voip.join",
        "client_id": server.data().credential("primary").id,
        "pos": claims["pos"],
    });
    assert_eq!(claims, expected);
    let pos = claims["pos"].as_str().expect("a text");
    pos.parse::<lanyard_token::Position>().expect("a position");
    let expire_time = issued.expire_time.expect("told");
    let told = (
        u64::try_from(expire_time.seconds).unwrap(),
        expire_time.nanos,
    );
    assert_eq!(told, (issued_at + 1440 * 60, 0));
    fits_every_reader(&issued.token);
}

#[tokio::test]
async fn the_largest_token_fits_every_reader_too() {
    let name = "i".repeat(64);
    let flags = ["--issuer", name.as_str(), "--token-alg", "Ed25519"];
    let server = Server::start_with(&flags).await;
    let caller = server.primary();
    let issued = caller.token(&SCOPES).await;
    fits_every_reader(&issued);
    let parts = Parts::of(&issued);
    assert_eq!(parts.header_json()["alg"], "Ed25519");
    assert_eq!(parts.claims()["iss"], name.as_str());
    assert_eq!(caller.state(&issued).await, DecisionReason::Allowed);
}

#[tokio::test]
async fn a_token_is_told_by_introspection_as_it_was_issued() {
    let server = Server::start().await;
    let caller = server.primary();
    let identity = caller.identity().await;
    let issued = caller.issue(&identity, &["chat"]).await;
    let parts = Parts::of(&issued.token);
    let claims = parts.claims();
    let told = server.enforcer().introspect(&issued.token).await.unwrap();
    assert_eq!(
        (told.active, told.reason()),
        (true, DecisionReason::Allowed)
    );
    assert!(told.list_age.is_some());
    let told = told.claims.expect("claims");
    let text = |name: &str| claims[name].as_str().expect("a text").to_owned();
    assert_eq!((told.issuer, told.audience), (text("iss"), text("aud")));
    assert_eq!(
        (told.identity_id, told.token_id),
        (identity, issued.token_id)
    );
    assert_eq!(
        (told.credential_id, told.position),
        (text("client_id"), text("pos"))
    );
    assert_eq!((told.key_id, told.scopes), (parts.kid(), scopes(&["chat"])));
    assert_eq!(
        told.issue_time.map(|time| time.seconds),
        claims["iat"].as_i64()
    );
    assert_eq!(told.expire_time, issued.expire_time);
}

#[tokio::test]
async fn an_identity_and_its_first_token_are_made_in_one_call() {
    let server = Server::start().await;
    let caller = server.primary();
    for custom_id in [None, Some("ada".to_owned()), Some("ada".to_owned())] {
        let lifetime = Some(Duration {
            seconds: 3600,
            nanos: 0,
        });
        let token = Some(TokenSpec {
            scopes: scopes(&["chat"]),
            lifetime,
        });
        let request = CreateIdentityRequest { custom_id, token };
        let made = caller
            .identities()
            .create_identity(request)
            .await
            .unwrap()
            .into_inner();
        let (identity, issued) = (made.identity.unwrap(), made.access_token.unwrap());
        assert_eq!(Parts::of(&issued.token).claims()["sub"], json!(identity.id));
        assert_eq!(
            (issued.scopes.clone(), lifetime_of(&issued)),
            (scopes(&["chat"]), 3600)
        );
        assert_eq!(caller.state(&issued.token).await, DecisionReason::Allowed);
    }
    assert_eq!(caller.list_all().await.len(), 2);
}

#[tokio::test]
async fn a_first_token_that_is_refused_leaves_no_identity_behind() {
    let server = Server::start().await;
    let caller = server.primary();
    let ninety = Some(Duration {
        seconds: 90,
        nanos: 0,
    });
    let cases = [
        (spec(&[]), "token.scopes"),
        (spec(&["root"]), "token.scopes"),
        (
            TokenSpec {
                scopes: scopes(&["chat"]),
                lifetime: ninety,
            },
            "token.lifetime",
        ),
    ];
    for (token, field) in cases {
        for custom_id in [None, Some("ada".to_owned())] {
            let request = CreateIdentityRequest {
                custom_id,
                token: Some(token.clone()),
            };
            let refusal = caller
                .identities()
                .create_identity(request)
                .await
                .unwrap_err();
            let named = fields(&refusal);
            assert!(
                named.iter().all(|path| path.starts_with(field)),
                "{field}: {refusal:?}"
            );
            assert_eq!(refusal.code(), tonic::Code::InvalidArgument);
        }
    }
    assert!(caller.list_all().await.is_empty());
    let server = server.restart(&[]).await;
    assert!(server.primary().list_all().await.is_empty());
}

#[tokio::test]
async fn what_was_refused_leaves_no_trace_of_an_issue() {
    let server = Server::start().await;
    let caller = server.primary();
    let identity = caller.identity().await;
    caller
        .try_issue(issue_request(&identity, &["root"]))
        .await
        .unwrap_err();
    let other = caller.identity().await;
    caller.issue(&other, &["chat"]).await;
    let server = server.restart(&[]).await;
    let caller = server.primary();
    // The issue that did happen bounds the wait for the one that did not.
    eventually("the one issue is told", async || {
        caller
            .read(&other)
            .await
            .unwrap()
            .last_token_issue_time
            .is_some()
    })
    .await;
    assert_eq!(
        caller.read(&identity).await.unwrap().last_token_issue_time,
        None
    );
}

/// Plain base64, plain ASCII, and no longer than a kibibyte.
fn fits_every_reader(token: &str) {
    assert!(token.len() <= 1024, "{} bytes", token.len());
    let parts = Parts::of(token);
    assert!(
        parts.payload.is_ascii() && !parts.payload.contains(['>', '~', '?', ' ', '\\']) || {
            // The only space is the one between scopes.
            let scope = parts.claims()["scope"].as_str().expect("a text").to_owned();
            !parts
                .payload
                .replace(&scope, "")
                .contains(['>', '~', '?', ' ', '\\'])
        }
    );
    let (_, rest) = token.split_once('.').expect("segments");
    let (payload, _) = rest.split_once('.').expect("segments");
    assert!(
        !payload.contains(['-', '_']),
        "plain base64 reads the payload: {payload}"
    );
    let names: Vec<String> = match parts.claims() {
        Value::Object(claims) => claims.keys().cloned().collect(),
        other => panic!("no object: {other}"),
    };
    let mut expected = [
        "iss",
        "aud",
        "sub",
        "iat",
        "exp",
        "jti",
        "scope",
        "client_id",
        "pos",
    ];
    expected.sort_unstable();
    assert_eq!(names, expected);
}

fn with_lifetime(identity: &str, lifetime: Duration) -> IssueTokenRequest {
    IssueTokenRequest {
        lifetime: Some(lifetime),
        ..issue_request(identity, &["chat"])
    }
}

/// How long a token lives, in seconds.
fn lifetime_of(issued: &AccessToken) -> i64 {
    let claims = Parts::of(&issued.token).claims();
    let time = |name: &str| claims[name].as_i64().expect("an integer");
    time("exp") - time("iat")
}

/// All scopes in the order of the tables.
const SCOPES: [&str; 5] = [
    "chat",
    "chat.join",
    "chat.join.limited",
    "voip",
    "voip.join",
];
