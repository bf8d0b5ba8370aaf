//! Taking tokens back: one, all of an identity, of an access key, of a resource, of a subscription.

use lanyard_proto::v1::{
    AccessKeySlot, Capability, CheckRequest, CreateSubscriptionRequest, Decision, DecisionReason,
    DeleteResourceRequest, DeleteSubscriptionRequest, GetResourceRequest, Revocation,
    RotateAccessKeyRequest,
};
use lanyard_token::Position;
use tokio::task::JoinSet;
use tonic::{Code, Status};

use crate::support::{
    Caller, Credential, Parts, Server, eventually, forge, issue_request, reason, refused_field,
};

#[tokio::test]
async fn a_token_is_revoked_alone_while_its_sibling_lives() {
    let server = Server::start().await;
    let caller = server.primary();
    let identity = caller.identity().await;
    let gone = caller.issue(&identity, &["chat"]).await.token;
    let sibling = caller.issue(&identity, &["chat"]).await.token;
    let revocation = caller.revoke(&gone).await.unwrap();
    sound(&revocation);

    assert_eq!(after(&caller, &gone, &revocation).await.reason(), REVOKED);
    assert_eq!(
        after(&caller, &sibling, &revocation).await.reason(),
        ALLOWED
    );
    assert_eq!(caller.state(&gone).await, REVOKED);
    assert_eq!(server.enforcer().state(&gone).await, REVOKED);
    assert_eq!(server.enforcer().state(&sibling).await, ALLOWED);
    let later = caller.issue(&identity, &["chat"]).await.token;
    assert_eq!(caller.state(&later).await, ALLOWED);
}

#[tokio::test]
async fn a_revoked_token_still_says_whose_it_was_and_grants_nothing() {
    let server = Server::start().await;
    let caller = server.primary();
    let identity = caller.identity().await;
    let token = caller.issue(&identity, &["chat"]).await.token;
    caller.revoke(&token).await.unwrap();
    let told = caller.introspect(&token).await.unwrap();
    assert_eq!((told.active, told.reason()), (false, REVOKED));
    assert_eq!(told.claims.expect("it is authentic").identity_id, identity);
    let decision = caller.decide(&token, Capability::CreateChatThread).await;
    assert!(
        !decision.allowed && decision.granted_by.is_empty(),
        "{decision:?}"
    );
    assert_eq!(decision.identity_id, identity);
}

#[tokio::test]
async fn a_further_revocation_is_a_further_revocation() {
    let server = Server::start().await;
    let caller = server.primary();
    let identity = caller.identity().await;
    let token = caller.issue(&identity, &["chat"]).await.token;
    let first = caller.revoke(&token).await.unwrap();
    let second = caller.revoke(&token).await.unwrap();
    let third = caller.revoke_all(&identity).await.unwrap();
    let fourth = caller.revoke_all(&identity).await.unwrap();
    let positions = [first, second, third, fourth].map(|revocation| position(&revocation));
    assert!(
        positions.is_sorted_by(|one, next| one < next),
        "{positions:?}"
    );
    assert_eq!(caller.state(&token).await, REVOKED);
}

#[tokio::test]
async fn revoking_all_of_an_identity_leaves_other_identities_alone() {
    let server = Server::start().await;
    let caller = server.primary();
    let (one, other) = (caller.identity().await, caller.identity().await);
    let mut gone = Vec::new();
    for scope in ["chat", "chat.join", "chat.join.limited"] {
        gone.push(caller.issue(&one, &[scope]).await.token);
        gone.push(server.secondary().issue(&one, &[scope]).await.token);
    }
    let kept = caller.issue(&other, &["chat"]).await.token;
    let revocation = caller.revoke_all(&one).await.unwrap();
    sound(&revocation);
    assert_eq!(caller.verdicts(&gone).await, [REVOKED; 6]);
    assert_eq!(caller.state(&kept).await, ALLOWED);
}

/// Seconds, and even milliseconds, are too coarse to tell before from after. Many do it at once, so
/// that revocations and issues of different identities fall between each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_issued_right_after_a_revoke_of_all_is_good_a_thousand_times_over() {
    let server = Server::start().await;
    let mut everybody = JoinSet::new();
    for _ in 0..20 {
        let caller = server.primary();
        everybody.spawn(async move { revoke_and_issue(&caller, 50).await });
    }
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for (mut before, last) in everybody.join_all().await {
        old.append(&mut before);
        new.push(last);
    }
    assert_eq!((old.len(), new.len()), (1000, 20));
    let caller = server.primary();
    assert_eq!(caller.verdicts(&old).await, vec![REVOKED; 1000]);
    assert_eq!(caller.verdicts(&new).await, vec![ALLOWED; 20]);

    let server = server.restart(&[]).await;
    let caller = server.primary();
    assert_eq!(
        caller.verdicts(&old).await,
        vec![REVOKED; 1000],
        "after a restart"
    );
    assert_eq!(
        caller.verdicts(&new).await,
        vec![ALLOWED; 20],
        "after a restart"
    );
}

#[tokio::test]
async fn what_is_no_token_of_this_authority_cannot_be_revoked() {
    let server = Server::start().await;
    let caller = server.primary();
    let token = caller.token(&["chat"]).await;
    let parts = Parts::of(&token);
    let forged = forge(&parts.header, &parts.payload);
    let cut = token.rsplit_once('.').unwrap().0.to_owned();
    let oversized = "a".repeat(10_000);
    for bad in [
        String::new(),
        "garbage".to_owned(),
        "a.b.c".to_owned(),
        forged,
        cut,
        oversized,
    ] {
        refused_field(caller.revoke(&bad).await, "token");
    }
    assert_eq!(caller.state(&token).await, ALLOWED);
}

#[tokio::test]
async fn a_token_of_another_resource_is_not_found_and_lives_on() {
    let server = Server::start().await;
    let elsewhere = server.other_resource("elsewhere").await;
    let theirs = elsewhere.token(&["chat"]).await;
    let refusal = server.primary().revoke(&theirs).await.unwrap_err();
    assert_eq!(
        (refusal.code(), &*reason(&refusal)),
        (Code::NotFound, "NOT_FOUND")
    );
    assert_eq!(elsewhere.state(&theirs).await, ALLOWED);

    let identity = elsewhere.identity().await;
    let theirs = elsewhere.issue(&identity, &["chat"]).await.token;
    let refusal = server.primary().revoke_all(&identity).await.unwrap_err();
    assert_eq!(refusal.code(), Code::NotFound);
    assert_eq!(elsewhere.state(&theirs).await, ALLOWED);
}

#[tokio::test]
async fn a_token_of_a_deleted_identity_is_dead_and_none_is_issued_again() {
    let server = Server::start().await;
    let caller = server.primary();
    let identity = caller.identity().await;
    let token = caller.issue(&identity, &["chat"]).await.token;
    let revocation = caller.delete(&identity).await.unwrap();
    sound(&revocation);
    assert_eq!(after(&caller, &token, &revocation).await.reason(), REVOKED);
}

/// Whatever the order in which they arrive, nothing slips through between the check that the identity
/// is alive and the signature.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_token_that_is_issued_while_its_identity_is_deleted_outlives_it() {
    let server = Server::start().await;
    for _ in 0..20 {
        let caller = server.primary();
        let identity = caller.identity().await;
        let mut issuers = JoinSet::new();
        for _ in 0..8 {
            let (caller, identity) = (server.primary(), identity.clone());
            issuers.spawn(async move {
                let mut issued = Vec::new();
                loop {
                    match caller.try_issue(issue_request(&identity, &["chat"])).await {
                        Ok(token) => issued.push(token.token),
                        Err(refusal) => break (refusal.code(), issued),
                    }
                }
            });
        }
        eventually("a token has been issued", async || {
            let identity = caller.read(&identity).await.unwrap();
            identity.last_token_issue_time.is_some()
        })
        .await;
        caller.delete(&identity).await.unwrap();
        for (code, issued) in issuers.join_all().await {
            assert_eq!(code, Code::NotFound);
            assert_eq!(caller.verdicts(&issued).await, vec![REVOKED; issued.len()]);
        }
    }
}

#[tokio::test]
async fn a_rotated_access_key_is_dead_with_its_tokens_and_the_other_key_is_not() {
    for (slot, name, other) in [
        (AccessKeySlot::Primary, "primary", "secondary"),
        (AccessKeySlot::Secondary, "secondary", "primary"),
    ] {
        let server = Server::start().await;
        let old = server.caller(&server.data().credential(name));
        let sibling = server.caller(&server.data().credential(other));
        let identity = old.identity().await;
        let dead = old.issue(&identity, &["chat"]).await.token;
        let alive = sibling.issue(&identity, &["chat"]).await.token;

        let resource_id = server.data().bootstrap_text("resource_id");
        let request = RotateAccessKeyRequest {
            resource_id,
            slot: slot.into(),
        };
        let rotated = server
            .operator()
            .admin()
            .rotate_access_key(request)
            .await
            .unwrap();
        let rotated = rotated.into_inner();
        let (key, revocation) = (rotated.access_key.unwrap(), rotated.revocation.unwrap());
        sound(&revocation);
        assert_eq!(key.slot(), slot);
        assert_ne!(key.id, server.data().credential(name).id);

        assert_eq!(refusal(old.create(None).await), Code::Unauthenticated);
        assert_eq!(refusal(old.introspect(&alive).await), Code::Unauthenticated);
        assert_eq!(after(&sibling, &dead, &revocation).await.reason(), REVOKED);
        assert_eq!(after(&sibling, &alive, &revocation).await.reason(), ALLOWED);
        let new = server.caller(&Credential::from(&key));
        let fresh = new.issue(&identity, &["chat"]).await.token;
        assert_eq!(
            new.verdicts(&[dead, alive, fresh]).await,
            [REVOKED, ALLOWED, ALLOWED]
        );
    }
}

#[tokio::test]
async fn a_deleted_resource_takes_its_keys_identities_and_tokens_with_it() {
    let server = Server::start().await;
    let operator = server.operator();
    let subscription = server.data().bootstrap_text("subscription_id");
    let made = operator
        .create_resource(&subscription, "short-lived")
        .await
        .unwrap();
    let [primary, secondary] = [0, 1].map(|at| server.caller(&(&made.access_keys[at]).into()));
    let identity = primary.identity().await;
    let tokens = [
        primary.issue(&identity, &["chat"]).await.token,
        secondary.issue(&identity, &["chat"]).await.token,
    ];
    let bystander = server.primary().token(&["chat"]).await;

    let resource_id = made.resource.unwrap().id;
    let request = DeleteResourceRequest {
        resource_id: resource_id.clone(),
    };
    let deleted = operator
        .admin()
        .delete_resource(request.clone())
        .await
        .unwrap()
        .into_inner();
    sound(&deleted.revocation.unwrap());
    assert_eq!(server.enforcer().verdicts(&tokens).await, [REVOKED; 2]);
    assert_eq!(server.enforcer().state(&bystander).await, ALLOWED);
    for key in [primary, secondary] {
        assert_eq!(refusal(key.create(None).await), Code::Unauthenticated);
    }
    let again = operator.admin().delete_resource(request).await;
    assert_eq!(refusal(again), Code::NotFound);
    let request = GetResourceRequest { resource_id };
    assert_eq!(
        refusal(operator.admin().get_resource(request).await),
        Code::NotFound
    );

    let reused = operator
        .create_resource(&subscription, "short-lived")
        .await
        .unwrap();
    let new = server.caller(&Credential::from(&reused.access_keys[0]));
    assert!(
        new.list_all().await.is_empty(),
        "the name is free, and nothing comes with it"
    );
    assert_eq!(new.state(&new.token(&["chat"]).await).await, ALLOWED);
    assert_eq!(server.enforcer().verdicts(&tokens).await, [REVOKED; 2]);
}

#[tokio::test]
async fn a_deleted_subscription_takes_all_of_its_resources_with_it() {
    let server = Server::start().await;
    let operator = server.operator();
    let request = CreateSubscriptionRequest {
        display_name: "short-lived".to_owned(),
    };
    let made = operator
        .admin()
        .create_subscription(request)
        .await
        .unwrap()
        .into_inner();
    let subscription_id = made.subscription.unwrap().id;
    let (mut keys, mut tokens) = (Vec::new(), Vec::new());
    for name in ["one", "two", "three"] {
        let made = operator
            .create_resource(&subscription_id, name)
            .await
            .unwrap();
        let key = server.caller(&Credential::from(&made.access_keys[0]));
        tokens.push(key.token(&["chat"]).await);
        keys.push(key);
    }
    let bystander = server.primary().token(&["chat"]).await;

    let request = DeleteSubscriptionRequest {
        subscription_id: subscription_id.clone(),
    };
    let deleted = operator
        .admin()
        .delete_subscription(request.clone())
        .await
        .unwrap();
    sound(&deleted.into_inner().revocation.unwrap());
    assert_eq!(server.enforcer().verdicts(&tokens).await, [REVOKED; 3]);
    assert_eq!(server.enforcer().state(&bystander).await, ALLOWED);
    for key in keys {
        assert_eq!(refusal(key.create(None).await), Code::Unauthenticated);
    }
    assert_eq!(
        refusal(operator.admin().delete_subscription(request).await),
        Code::NotFound
    );
    let orphan = operator.create_resource(&subscription_id, "four").await;
    assert_eq!(refusal(orphan), Code::NotFound);
    let own = server.data().bootstrap_text("subscription_id");
    operator
        .create_resource(&own, "one")
        .await
        .expect("the name is free again");

    let server = server.restart(&[]).await;
    assert_eq!(
        server.enforcer().verdicts(&tokens).await,
        [REVOKED; 3],
        "after a restart"
    );
}

#[tokio::test]
async fn an_empty_subscription_is_deleted_without_a_revocation() {
    let server = Server::start().await;
    let operator = server.operator();
    let request = CreateSubscriptionRequest {
        display_name: "empty".to_owned(),
    };
    let made = operator
        .admin()
        .create_subscription(request)
        .await
        .unwrap()
        .into_inner();
    let subscription_id = made.subscription.unwrap().id;
    let request = DeleteSubscriptionRequest { subscription_id };
    let deleted = operator
        .admin()
        .delete_subscription(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(deleted.revocation, None);
}

#[tokio::test]
async fn what_is_no_position_cannot_be_waited_for() {
    let server = Server::start().await;
    let caller = server.primary();
    let token = caller.token(&["chat"]).await;
    for bad in [
        "",
        "0",
        "-",
        "1-",
        "01-1",
        "1-1-1",
        "now",
        "18446744073709551616-0",
    ] {
        let request = check(&token, bad);
        refused_field(caller.check(request).await, "min_position");
    }
}

/// Issues and revokes all, again and again: every token dies of the revocation right after it, and
/// the last one lives.
async fn revoke_and_issue(caller: &Caller, times: usize) -> (Vec<String>, String) {
    let identity = caller.identity().await;
    let mut current = caller.issue(&identity, &["chat"]).await.token;
    let mut old = Vec::with_capacity(times);
    for _ in 0..times {
        let revocation = caller.revoke_all(&identity).await.unwrap();
        let next = caller.issue(&identity, &["chat"]).await.token;
        let carried = Parts::of(&next).claims()["pos"]
            .as_str()
            .unwrap()
            .to_owned();
        let carried: Position = carried.parse().unwrap();
        assert!(
            carried >= position(&revocation),
            "a token carries what it was issued after"
        );
        let pair = [current, next];
        assert_eq!(caller.verdicts(&pair).await, [REVOKED, ALLOWED]);
        let [before, after] = pair;
        old.push(before);
        current = after;
    }
    (old, current)
}

/// What is decided once the revocation is known.
async fn after(caller: &Caller, token: &str, revocation: &Revocation) -> Decision {
    caller
        .check(check(token, &revocation.position))
        .await
        .unwrap()
}

fn check(token: &str, min_position: &str) -> CheckRequest {
    let (token, min_position) = (token.to_owned(), Some(min_position.to_owned()));
    let capability = Capability::ListChatThreads.into();
    CheckRequest {
        token,
        capability,
        context: None,
        min_position,
    }
}

/// A revocation says when it was made and that it is everywhere a quarter of an hour later.
fn sound(revocation: &Revocation) {
    position(revocation);
    let (made, bound) = (
        revocation.revoke_time.unwrap(),
        revocation.effective_by.unwrap(),
    );
    assert_eq!(
        (bound.seconds - made.seconds, bound.nanos),
        (15 * 60, made.nanos)
    );
}

fn position(revocation: &Revocation) -> Position {
    revocation.position.parse().expect("a position")
}

fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> Code {
    answer.expect_err("refused").code()
}

const ALLOWED: DecisionReason = DecisionReason::Allowed;
const REVOKED: DecisionReason = DecisionReason::TokenRevoked;
