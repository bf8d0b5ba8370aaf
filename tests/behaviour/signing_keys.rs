//! The life of a signing key: prepared, active, retired, revoked.

use lanyard_proto::v1::{
    ActivateSigningKeyRequest, DecisionReason, ListSigningKeysRequest, PrepareSigningKeyRequest,
    RetireSigningKeyRequest, RevokeSigningKeyRequest, RevokeSigningKeyResponse, SigningKey,
    SigningKeyState,
};
use serde_json::Value;
use tonic::{Code, Status};

use crate::support::{Caller, Parts, Server, eventually, http, reason, refused_field};

#[tokio::test]
async fn a_new_store_has_one_key_and_it_is_active() {
    let server = Server::start().await;
    let keys = list(&server.operator()).await;
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0].state(), SigningKeyState::Active);
    assert_eq!(keys[0].public_key.len(), 32);
    assert_eq!(published(&server).await, [keys[0].id.clone()]);
    let token = server.primary().token(&["chat"]).await;
    assert_eq!(Parts::of(&token).kid(), keys[0].id);
}

#[tokio::test]
async fn a_prepared_key_is_published_and_signs_nothing_before_the_bound_has_passed() {
    let server = Server::start().await;
    let operator = server.operator();
    let active = list(&operator).await[0].id.clone();
    let prepared = prepare(&operator).await;
    assert_eq!(prepared.state(), SigningKeyState::Prepared);
    assert_eq!(published(&server).await, sorted([&active, &prepared.id]));
    let refusal = activate(&operator, &prepared.id).await.unwrap_err();
    assert_eq!(
        (refusal.code(), &*reason(&refusal)),
        (Code::FailedPrecondition, "SIGNING_KEY_STATE")
    );
    let token = server.primary().token(&["chat"]).await;
    assert_eq!(Parts::of(&token).kid(), active);
}

#[tokio::test]
async fn a_key_keeps_its_algorithm_and_a_change_of_the_setting_is_for_the_next_key() {
    let server = Server::start_with(&SOON).await;
    let old = server.primary().token(&["chat"]).await;
    let first = Parts::of(&old).kid();
    let changed = [&SOON[..], &["--token-alg", "Ed25519"]].concat();
    let server = server.restart(&changed).await;
    server
        .says_in_one_line(&["--token-alg", "EdDSA", "Ed25519", "prepare"])
        .await;
    let (operator, caller, enforcer) = (server.operator(), server.primary(), server.enforcer());
    let point = Server::enforce(server.data(), &[server.endpoint()], &[]).await;
    point.ready().await;
    let still = caller.token(&["chat"]).await;
    let prepared = prepare(&operator).await;
    assert_eq!(prepared.alg, "Ed25519");
    activated_in_time(&operator, &prepared.id).await;
    let new = caller.token(&["chat"]).await;
    for (token, kid, alg) in [
        (&old, &first, "EdDSA"),
        (&still, &first, "EdDSA"),
        (&new, &prepared.id, "Ed25519"),
    ] {
        let parts = Parts::of(token);
        assert_eq!(
            (parts.header_json()["alg"].as_str(), &parts.kid()),
            (Some(alg), kid)
        );
        assert_eq!(enforcer.state(token).await, DecisionReason::Allowed);
        eventually("the enforcer has the key", async || {
            point.enforcer().state(token).await == DecisionReason::Allowed
        })
        .await;
        assert_eq!(published_algorithm(&server, kid).await, alg);
    }
    let listed = list(&operator).await;
    let alg = |id: &str| listed.iter().find(|key| key.id == id).map(|key| &*key.alg);
    assert_eq!(
        (alg(&first), alg(&prepared.id)),
        (Some("EdDSA"), Some("Ed25519"))
    );
}

#[tokio::test]
async fn a_rotation_keeps_the_tokens_of_the_key_before() {
    let server = Server::start_with(&SOON).await;
    let (operator, caller) = (server.operator(), server.primary());
    let old = caller.token(&["chat"]).await;
    let before = Parts::of(&old).kid();
    let prepared = prepare(&operator).await;
    let activated = activated_in_time(&operator, &prepared.id).await;
    assert_eq!(activated.state(), SigningKeyState::Active);
    assert_eq!(
        (&activated.id, &activated.public_key),
        (&prepared.id, &prepared.public_key)
    );

    let new = caller.token(&["chat"]).await;
    assert_eq!(Parts::of(&new).kid(), prepared.id);
    let states = states(&operator).await;
    assert_eq!(
        states,
        [
            (before.clone(), SigningKeyState::Retired),
            (prepared.id.clone(), SigningKeyState::Active),
        ]
    );
    assert_eq!(published(&server).await, sorted([&before, &prepared.id]));

    let tokens = [old, new];
    assert_eq!(caller.verdicts(&tokens).await, [DecisionReason::Allowed; 2]);
    let server = server.restart(&SOON).await;
    assert_eq!(
        server.primary().verdicts(&tokens).await,
        [DecisionReason::Allowed; 2]
    );
    assert_eq!(self::states(&server.operator()).await, states);
}

#[tokio::test]
async fn a_revoked_active_key_takes_its_tokens_with_it_and_issuing_goes_on() {
    let server = Server::start().await;
    let (operator, caller) = (server.operator(), server.primary());
    let identity = caller.identity().await;
    let old = caller.issue(&identity, &["chat"]).await.token;
    let compromised = Parts::of(&old).kid();
    let revoked = revoke(&operator, &compromised).await.unwrap();
    assert_eq!(
        revoked.signing_key.unwrap().state(),
        SigningKeyState::Revoked
    );
    let revocation = revoked.revocation.unwrap();
    let (made, bound) = (
        revocation.revoke_time.unwrap(),
        revocation.effective_by.unwrap(),
    );
    assert_eq!(bound.seconds - made.seconds, 15 * 60);

    let new = caller.issue(&identity, &["chat"]).await.token;
    let successor = Parts::of(&new).kid();
    assert_ne!(successor, compromised);
    let tokens = [old, new];
    let verdicts = [DecisionReason::TokenRevoked, DecisionReason::Allowed];
    assert_eq!(caller.verdicts(&tokens).await, verdicts);
    assert_eq!(
        published(&server).await,
        std::slice::from_ref(&successor),
        "a compromised key is not published"
    );
    assert_eq!(
        states(&operator).await,
        [
            (compromised, SigningKeyState::Revoked),
            (successor, SigningKeyState::Active),
        ]
    );
    let server = server.restart(&[]).await;
    assert_eq!(
        server.primary().verdicts(&tokens).await,
        verdicts,
        "after a restart"
    );
}

#[tokio::test]
async fn a_prepared_key_takes_the_place_of_a_revoked_active_one() {
    let server = Server::start().await;
    let (operator, caller) = (server.operator(), server.primary());
    let active = list(&operator).await[0].id.clone();
    let prepared = prepare(&operator).await.id;
    revoke(&operator, &active).await.unwrap();
    assert_eq!(
        states(&operator).await,
        [
            (active, SigningKeyState::Revoked),
            (prepared.clone(), SigningKeyState::Active),
        ]
    );
    let token = caller.token(&["chat"]).await;
    assert_eq!(Parts::of(&token).kid(), prepared);
    assert_eq!(caller.state(&token).await, DecisionReason::Allowed);
}

#[tokio::test]
async fn a_retired_key_can_still_be_found_out_and_revoked() {
    let server = Server::start_with(&SOON).await;
    let (operator, caller) = (server.operator(), server.primary());
    let old = caller.token(&["chat"]).await;
    let before = Parts::of(&old).kid();
    let prepared = prepare(&operator).await.id;
    activated_in_time(&operator, &prepared).await;
    let new = caller.token(&["chat"]).await;
    revoke(&operator, &before).await.unwrap();
    let verdicts = [DecisionReason::TokenRevoked, DecisionReason::Allowed];
    assert_eq!(caller.verdicts(&[old, new]).await, verdicts);
    assert_eq!(published(&server).await, std::slice::from_ref(&prepared));
    assert_eq!(Parts::of(&caller.token(&["chat"]).await).kid(), prepared);
}

#[tokio::test]
async fn a_prepared_key_can_be_withdrawn() {
    let server = Server::start_with(&SOON).await;
    let operator = server.operator();
    let active = list(&operator).await[0].id.clone();
    let prepared = prepare(&operator).await.id;
    let retired = retire(&operator, &prepared).await.unwrap();
    assert_eq!(retired.state(), SigningKeyState::Retired);
    let refusal = activate(&operator, &prepared).await.unwrap_err();
    assert_eq!(refusal.code(), Code::FailedPrecondition);
    let token = server.primary().token(&["chat"]).await;
    assert_eq!(Parts::of(&token).kid(), active);
}

#[tokio::test]
async fn verbs_out_of_order_are_refused_and_change_nothing() {
    let server = Server::start_with(&SOON).await;
    let operator = server.operator();
    let first = list(&operator).await[0].id.clone();
    let second = prepare(&operator).await.id;
    activated_in_time(&operator, &second).await;
    let third = prepare(&operator).await.id;
    retire(&operator, &third).await.unwrap();
    let fourth = prepare(&operator).await.id;
    revoke(&operator, &fourth).await.unwrap();
    let before = list(&operator).await;

    let refusals = [
        activate(&operator, &first).await.unwrap_err(),
        activate(&operator, &second).await.unwrap_err(),
        activate(&operator, &third).await.unwrap_err(),
        activate(&operator, &fourth).await.unwrap_err(),
        retire(&operator, &second).await.unwrap_err(),
        retire(&operator, &fourth).await.unwrap_err(),
    ];
    for refusal in refusals {
        assert_eq!(refusal.code(), Code::FailedPrecondition, "{refusal:?}");
        assert_eq!(reason(&refusal), "SIGNING_KEY_STATE", "{refusal:?}");
    }
    assert_eq!(list(&operator).await, before);
    let token = server.primary().token(&["chat"]).await;
    assert_eq!(Parts::of(&token).kid(), second);
}

#[tokio::test]
async fn an_unknown_key_is_not_found_and_a_malformed_id_is_an_invalid_argument() {
    let server = Server::start().await;
    let operator = server.operator();
    let id = "00000000-0000-4000-8000-000000000000";
    let refusals = [
        activate(&operator, id).await.unwrap_err(),
        retire(&operator, id).await.unwrap_err(),
        revoke(&operator, id).await.unwrap_err(),
    ];
    for refusal in refusals {
        assert_eq!(
            (refusal.code(), &*reason(&refusal)),
            (Code::NotFound, "NOT_FOUND")
        );
    }
    for id in ["", "key", "00000000-0000-4000-8000-00000000000", "../keys"] {
        refused_field(activate(&operator, id).await, "key_id");
        refused_field(retire(&operator, id).await, "key_id");
        refused_field(revoke(&operator, id).await, "key_id");
    }
}

async fn list(operator: &Caller) -> Vec<SigningKey> {
    let answer = operator
        .admin()
        .list_signing_keys(ListSigningKeysRequest {})
        .await;
    answer.unwrap().into_inner().signing_keys
}

async fn states(operator: &Caller) -> Vec<(String, SigningKeyState)> {
    list(operator)
        .await
        .into_iter()
        .map(|key| (key.id.clone(), key.state()))
        .collect()
}

async fn prepare(operator: &Caller) -> SigningKey {
    let answer = operator
        .admin()
        .prepare_signing_key(PrepareSigningKeyRequest {})
        .await;
    answer.unwrap().into_inner().signing_key.unwrap()
}

async fn activate(operator: &Caller, key: &str) -> Result<SigningKey, Status> {
    let request = ActivateSigningKeyRequest {
        key_id: key.to_owned(),
    };
    let answer = operator.admin().activate_signing_key(request).await?;
    Ok(answer.into_inner().signing_key.unwrap())
}

/// Activates a key as soon as that is allowed.
async fn activated_in_time(operator: &Caller, key: &str) -> SigningKey {
    let mut activated = None;
    eventually("the key has been published for long enough", async || {
        match activate(operator, key).await {
            Ok(key) => activated = Some(key),
            Err(refusal) => assert_eq!(refusal.code(), Code::FailedPrecondition, "{refusal:?}"),
        }
        activated.is_some()
    })
    .await;
    activated.unwrap()
}

async fn retire(operator: &Caller, key: &str) -> Result<SigningKey, Status> {
    let request = RetireSigningKeyRequest {
        key_id: key.to_owned(),
    };
    let answer = operator.admin().retire_signing_key(request).await?;
    Ok(answer.into_inner().signing_key.unwrap())
}

async fn revoke(operator: &Caller, key: &str) -> Result<RevokeSigningKeyResponse, Status> {
    let request = RevokeSigningKeyRequest {
        key_id: key.to_owned(),
    };
    Ok(operator
        .admin()
        .revoke_signing_key(request)
        .await?
        .into_inner())
}

/// The `alg` of a key in the JWKS.
async fn published_algorithm(server: &Server, kid: &str) -> String {
    let answer = http::get(server.endpoint(), "/.well-known/jwks.json").await;
    let jwks: Value = serde_json::from_str(&answer.body).unwrap();
    let mut keys = jwks["keys"].as_array().unwrap().iter();
    let key = keys
        .find(|key| key["kid"] == kid)
        .expect("the key is published");
    key["alg"].as_str().unwrap().to_owned()
}

/// The ids of the keys that the server publishes.
async fn published(server: &Server) -> Vec<String> {
    let answer = http::get(server.endpoint(), "/.well-known/jwks.json").await;
    let set: Value = serde_json::from_str(&answer.body).unwrap();
    let keys = set["keys"].as_array().unwrap().iter();
    sorted(keys.map(|key| key["kid"].as_str().unwrap()))
}

fn sorted(ids: impl IntoIterator<Item = impl ToString>) -> Vec<String> {
    let mut ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    ids.sort_unstable();
    ids
}

/// So short that a test can wait for it.
const SOON: [&str; 2] = ["--propagation-bound", "1s"];
