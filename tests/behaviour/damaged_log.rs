//! A log of revocations that another hand has been at while the server was down: what cannot be told
//! is not answered, until an operator says to go on without it.

use std::process::{Command, Output};

use lanyard_proto::v1::{Capability, CheckRequest, DecisionReason};
use lanyard_store::embedded::EmbeddedStore;
use lanyard_token::SystemClock;
use serde_json::{Value, json};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::support::{Data, Server, eventually, http, issue_request, lanyard, reason};

/// What a token was revoked by: the entry of that number.
struct Revoked {
    living: String,
    dead: [String; 3],
}

/// A server that has revoked three tokens, by the entries 1 to 3, and was stopped then.
async fn stopped_after_three_revocations() -> (Data, Revoked) {
    let server = Server::start().await;
    let caller = server.primary();
    let tokens = [
        caller.token(&["chat"]).await,
        caller.token(&["chat"]).await,
        caller.token(&["chat"]).await,
    ];
    for token in &tokens {
        caller.revoke(token).await.unwrap();
    }
    let living = caller.token(&["chat"]).await;
    let data = server.data().clone();
    assert!(server.stop().await.status.success());
    let revoked = Revoked {
        living,
        dead: tokens,
    };
    (data, revoked)
}

/// The store of a server that is not running.
fn store_of(data: &Data) -> EmbeddedStore {
    EmbeddedStore::open(&data.path(), SystemClock, Uuid::nil()).expect("the store opens")
}

#[tokio::test]
async fn a_log_that_nobody_has_touched_is_followed_at_once() {
    let (data, tokens) = stopped_after_three_revocations().await;
    drop(store_of(&data));
    let server = Server::start_on(&data, &[]).await;
    server.ready().await;
    assert_eq!(state(&server, &tokens.living).await, ALIVE);
    for token in &tokens.dead {
        assert_eq!(state(&server, token).await, DEAD);
    }
    let listed = json(&log(&data, &["list"]));
    assert_eq!(listed, json!({"entries": [], "lacking_partitions": []}));
    let metrics = http::get(server.admin_url(), "/metrics").await.body;
    assert!(
        metrics.contains("\nlanyard_log_unreadable 0\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn an_entry_of_an_unknown_kind_stops_checks_until_an_operator_strikes_it() {
    let (data, tokens) = stopped_after_three_revocations().await;
    store_of(&data).garble(2).await.unwrap();
    let server = Server::start_on(&data, &[]).await;
    let beside = Server::enforce(&data, &[server.endpoint()], &[]).await;

    is_refused(&server, &tokens, "cannot be understood").await;
    assert_eq!(http::get(beside.admin_url(), "/readyz").await.status, 503);
    let metrics = http::get(server.admin_url(), "/metrics").await.body;
    assert!(
        metrics.contains("\nlanyard_log_unreadable 1\n"),
        "{metrics}"
    );
    server.says("`lanyard log strike 0 2`").await;

    let listed = json(&log(&data, &["list"]));
    assert_eq!(listed["entries"][0]["partition"], "0");
    assert_eq!(listed["entries"][0]["place"], "2");
    assert_eq!(listed["entries"].as_array().unwrap().len(), 1);
    let unknown = log(&data, &["strike", "0", "1"]);
    assert!(!unknown.status.success());
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert!(
        said.contains("there is no unreadable entry `0 1`"),
        "{said}"
    );

    let struck = log_for_people(&data, &["strike", "0", "2"]);
    assert!(
        struck.contains("lives on until its tokens expire"),
        "{struck}"
    );
    server.ready().await;
    beside.ready().await;
    for point in [&server, &beside] {
        assert_eq!(state(point, &tokens.living).await, ALIVE);
        assert_eq!(state(point, &tokens.dead[0]).await, DEAD);
        assert_eq!(state(point, &tokens.dead[1]).await, ALIVE, "it was struck");
        assert_eq!(state(point, &tokens.dead[2]).await, DEAD);
    }
    is_audited(
        &server,
        "an entry was struck from the revocation log",
        "place=\"2\"",
    )
    .await;
    let sound = log_for_people(&data, &["list"]);
    assert!(sound.contains("none is missing"), "{sound}");
}

#[tokio::test]
async fn an_entry_that_is_missing_stops_checks_until_an_operator_gives_it_up() {
    let (data, tokens) = stopped_after_three_revocations().await;
    store_of(&data).take_out(2).await.unwrap();
    let server = Server::start_on(&data, &[]).await;

    is_refused(&server, &tokens, "lacks entries").await;
    let metrics = http::get(server.admin_url(), "/metrics").await.body;
    assert!(metrics.contains("\nlanyard_log_lacking 1\n"), "{metrics}");
    assert!(metrics.contains("lanyard_log_resyncs_total{reason=\"damaged\"} 1"));
    let listed = json(&log(&data, &["list"]));
    assert_eq!(listed, json!({"entries": [], "lacking_partitions": ["0"]}));
    let people = log_for_people(&data, &["list"]);
    assert!(
        people.contains("`lanyard log give-up-missing PARTITION`"),
        "{people}"
    );

    let given_up = log_for_people(&data, &["give-up-missing", "0"]);
    assert!(
        given_up.contains("lives on until its tokens expire"),
        "{given_up}"
    );
    server.ready().await;
    assert_eq!(state(&server, &tokens.living).await, ALIVE);
    assert_eq!(state(&server, &tokens.dead[0]).await, DEAD);
    assert_eq!(state(&server, &tokens.dead[2]).await, DEAD);
    is_audited(
        &server,
        "missing entries of the revocation log were given up",
        "partition=0",
    )
    .await;
    let again = log(&data, &["give-up-missing", "0"]);
    assert!(!again.status.success());
}

/// Neither checks nor issues are answered, and the server says why.
async fn is_refused(server: &Server, tokens: &Revoked, why: &str) {
    eventually("the reason is told", async || {
        let readyz = http::get(server.admin_url(), "/readyz").await;
        assert_eq!(readyz.status, 503);
        readyz.body.contains(why) && readyz.body.contains("`lanyard log list`")
    })
    .await;
    for token in tokens.dead.iter().chain([&tokens.living]) {
        let request = CheckRequest {
            token: token.clone(),
            capability: Capability::CreateMessage.into(),
            context: None,
            min_position: None,
        };
        is_stale(&server.enforcer().check(request).await.unwrap_err());
    }
    let caller = server.primary();
    let identity = caller.identity().await;
    let request = issue_request(&identity, &["chat"]);
    is_stale(&caller.try_issue(request).await.unwrap_err());
}

fn is_stale(refusal: &Status) {
    assert_eq!(refusal.code(), Code::Unavailable, "{refusal:?}");
    assert_eq!(reason(refusal), "REVOCATIONS_STALE");
}

/// One line says what was done, by whom and where.
async fn is_audited(server: &Server, what: &str, place: &str) {
    let operator = server.data().credential("operator").id;
    let parts = ["WARN", "audit", what, place, operator.as_str()];
    server.says_in_one_line(&parts).await;
}

async fn state(server: &Server, token: &str) -> DecisionReason {
    server.enforcer().state(token).await
}

/// Runs `lanyard log`.
fn log(data: &Data, words: &[&str]) -> Output {
    let mut command = Command::new(lanyard());
    command.env_clear().arg("log").args(words);
    command.arg("--data").arg(data.path()).arg("--json");
    command.output().expect("the command runs")
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn log_for_people(data: &Data, words: &[&str]) -> String {
    let mut command = Command::new(lanyard());
    command.env_clear().arg("log").args(words);
    let output = command.arg("--data").arg(data.path()).output();
    let output = output.expect("the command runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

const ALIVE: DecisionReason = DecisionReason::Allowed;
const DEAD: DecisionReason = DecisionReason::TokenRevoked;
