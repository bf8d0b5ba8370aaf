//! An enforcement point beside a backend, while its authority is well.

use std::time::Duration;

use lanyard_proto::v1::{
    AccessKeySlot, Capability, CheckRequest, CreateSubscriptionRequest, DecisionReason,
    DeleteResourceRequest, DeleteSubscriptionRequest, RevokeSigningKeyRequest,
    RotateAccessKeyRequest, StreamCheckRequest, stream_check_response::Result as Answer,
};
use tokio::time::Instant;
use tonic::Code;

use crate::support::{Bearer, Caller, Credential, DEADLINE, Server, eventually, http, reason};

/// A revocation of each kind, again and again; each time from its acknowledgement to the first check
/// that refuses.
#[tokio::test]
async fn a_revocation_of_any_kind_is_in_force_in_well_under_a_second() {
    let authority = Server::start().await;
    let point = Server::enforce(authority.data(), &[authority.endpoint()], &[]).await;
    let enforcer = point.enforcer();
    let mut delays = Vec::new();
    for round in 0..300 {
        let holder = tenant(&authority, round).await;
        let identity = holder.caller.identity().await;
        let token = holder.caller.issue(&identity, &["chat"]).await.token;
        eventually("the token is good", async || {
            verdict(&enforcer, &token).await == DecisionReason::Allowed
        })
        .await;
        revoke(&authority, &holder, (round, &identity, &token)).await;
        let acknowledged = Instant::now();
        while verdict(&enforcer, &token).await == DecisionReason::Allowed {
            assert!(acknowledged.elapsed() < DEADLINE, "it goes on");
        }
        delays.push(acknowledged.elapsed());
        assert_eq!(
            verdict(&enforcer, &token).await,
            DecisionReason::TokenRevoked
        );
    }
    delays.sort_unstable();
    let [median, p99] = [50, 99].map(|percent| delays[delays.len() * percent / 100]);
    println!(
        "from acknowledged to refused, of {}: p50 {median:?}, p99 {p99:?}",
        delays.len()
    );
    // The figures are for people, and a busy machine is no fault: what is held here is the order of it.
    assert!(median < Duration::from_secs(1), "{delays:?}");
    let metrics = http::get(point.admin_url(), "/metrics").await.body;
    assert!(metrics.contains("lanyard_feed_divergences 0"), "{metrics}");
    assert!(metrics.contains("lanyard_feed_snapshots 1"), "{metrics}");
}

#[tokio::test]
async fn it_answers_every_question_as_the_authority_does() {
    let authority = Server::start().await;
    let point = Server::enforce(authority.data(), &[authority.endpoint()], &[]).await;
    point.ready().await;
    let holder = authority.primary();
    let token = holder.token(&["chat.join", "voip"]).await;
    for capability in (1..=21).map(|number| Capability::try_from(number).unwrap()) {
        let mut here = point.enforcer().decide(&token, capability).await;
        let mut there = authority.enforcer().decide(&token, capability).await;
        (here.list_age, there.list_age) = (None, None);
        assert_eq!(here, there);
    }
    let mut here = point.enforcer().introspect(&token).await.unwrap();
    let mut there = authority.enforcer().introspect(&token).await.unwrap();
    (here.list_age, there.list_age) = (None, None);
    assert_eq!(here, there);
    assert!(here.active);
}

#[tokio::test]
async fn a_stream_of_checks_is_answered_from_the_list_as_it_is_at_each() {
    let authority = Server::start().await;
    let point = Server::enforce(authority.data(), &[authority.endpoint()], &[]).await;
    point.ready().await;
    let holder = authority.primary();
    let token = holder.token(&["chat"]).await;
    let (asked, questions) = tokio::sync::mpsc::channel(8);
    let questions = tokio_stream::wrappers::ReceiverStream::new(questions);
    let question = |id, min_position| StreamCheckRequest {
        id,
        check: Some(CheckRequest {
            min_position,
            ..check(&token)
        }),
    };
    asked.send(question(1, None)).await.unwrap();
    let answers = point.enforcer().policy().stream_check(questions).await;
    let mut answers = answers.unwrap().into_inner();
    for (id, expected) in [
        (1, DecisionReason::Allowed),
        (2, DecisionReason::TokenRevoked),
    ] {
        let answer = answers.message().await.unwrap().unwrap();
        let Some(Answer::Decision(decision)) = answer.result else {
            panic!("no decision: {answer:?}")
        };
        assert_eq!((answer.id, decision.reason()), (id, expected));
        if id == 1 {
            let revocation = holder.revoke(&token).await.unwrap();
            let after = Some(revocation.position);
            asked.send(question(2, after)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn it_admits_the_holders_of_its_own_credential_and_nobody_else() {
    let authority = Server::start().await;
    let point = Server::enforce(authority.data(), &[authority.endpoint()], &[]).await;
    point.ready().await;
    let token = authority.primary().token(&["chat"]).await;
    let mut forged = authority.data().credential("enforcer");
    forged.secret[0] ^= 1;
    let strangers = [
        point.operator(),
        point.primary(),
        point.caller(&forged),
        point.caller_with(Bearer::Absent),
        point.caller_with(Bearer::Text(format!("Bearer {token}"))),
    ];
    for stranger in strangers {
        let refusal = stranger.check(check(&token)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated, "{refusal:?}");
        assert_eq!(reason(&refusal), "CREDENTIAL_REFUSED");
    }
    assert!(point.enforcer().check(check(&token)).await.unwrap().allowed);
    let refusal = point.enforcer().create(None).await.unwrap_err();
    assert_eq!(refusal.code(), Code::Unimplemented, "it issues nothing");
}

#[tokio::test]
async fn a_token_by_a_compromised_key_is_refused_as_revoked_and_not_as_unknown() {
    let authority = Server::start().await;
    let point = Server::enforce(authority.data(), &[authority.endpoint()], &[]).await;
    point.ready().await;
    let token = authority.primary().token(&["chat"]).await;
    let before = verdict(&point.enforcer(), &token).await;
    assert_eq!(before, DecisionReason::Allowed);
    revoke_signing_key(&authority, &token).await;
    eventually("the key is known to be compromised", async || {
        verdict(&point.enforcer(), &token).await == DecisionReason::TokenRevoked
    })
    .await;
    let after = authority.primary().token(&["chat"]).await;
    eventually("the next key is known", async || {
        verdict(&point.enforcer(), &after).await == DecisionReason::Allowed
    })
    .await;
}

#[tokio::test]
async fn it_serves_on_a_socket_in_the_file_system() {
    let authority = Server::start().await;
    let path = authority.data().beside("lanyard.sock");
    let address = format!("unix:{}", path.display());
    let flags = ["--listen", address.as_str()];
    let point = Server::enforce(authority.data(), &[authority.endpoint()], &flags).await;
    point.ready().await;
    let token = authority.primary().token(&["chat"]).await;
    assert_eq!(
        verdict(&point.enforcer(), &token).await,
        DecisionReason::Allowed
    );
}

/// Somebody who issues, and where.
struct Tenant {
    caller: Caller,
    subscription: String,
    resource: String,
}

/// For revocations that take a whole tenant with them, one of its own.
async fn tenant(authority: &Server, round: usize) -> Tenant {
    if round % KINDS < 3 {
        return Tenant {
            caller: authority.primary(),
            subscription: String::new(),
            resource: String::new(),
        };
    }
    let operator = authority.operator();
    let request = CreateSubscriptionRequest {
        display_name: format!("of round {round}"),
    };
    let made = operator.admin().create_subscription(request).await;
    let subscription = made.unwrap().into_inner().subscription.unwrap().id;
    let name = format!("round-{round}");
    let made = operator.create_resource(&subscription, &name).await;
    let made = made.unwrap();
    Tenant {
        caller: authority.caller(&Credential::from(&made.access_keys[0])),
        subscription,
        resource: made.resource.unwrap().id,
    }
}

async fn revoke(authority: &Server, holder: &Tenant, what: (usize, &str, &str)) {
    let (round, identity, token) = what;
    let admin = authority.operator();
    let resource_id = holder.resource.clone();
    match round % KINDS {
        0 => drop(holder.caller.revoke(token).await.unwrap()),
        1 => drop(holder.caller.revoke_all(identity).await.unwrap()),
        2 => drop(holder.caller.delete(identity).await.unwrap()),
        3 => {
            let slot = AccessKeySlot::Primary.into();
            let request = RotateAccessKeyRequest { resource_id, slot };
            drop(admin.admin().rotate_access_key(request).await.unwrap());
        }
        4 => {
            let request = DeleteResourceRequest { resource_id };
            drop(admin.admin().delete_resource(request).await.unwrap());
        }
        5 => {
            let subscription_id = holder.subscription.clone();
            let request = DeleteSubscriptionRequest { subscription_id };
            drop(admin.admin().delete_subscription(request).await.unwrap());
        }
        _ => revoke_signing_key(authority, token).await,
    }
}

async fn revoke_signing_key(authority: &Server, token: &str) {
    let claims = authority.enforcer().introspect(token).await.unwrap().claims;
    let key_id = claims.unwrap().key_id;
    let request = RevokeSigningKeyRequest { key_id };
    let operator = authority.operator();
    operator.admin().revoke_signing_key(request).await.unwrap();
}

/// What a check says; while nothing is known yet, that the key is unknown.
async fn verdict(enforcer: &Caller, token: &str) -> DecisionReason {
    match enforcer.check(check(token)).await {
        Ok(decision) => decision.reason(),
        Err(refusal) => {
            assert_eq!(reason(&refusal), "REVOCATIONS_STALE");
            DecisionReason::TokenKeyUnknown
        }
    }
}

fn check(token: &str) -> CheckRequest {
    CheckRequest {
        token: token.to_owned(),
        capability: Capability::ListChatThreads.into(),
        context: None,
        min_position: None,
    }
}

/// How many kinds of revocation there are.
const KINDS: usize = 7;
