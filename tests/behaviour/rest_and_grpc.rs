//! Both faces are one authority: what is done through one is so through the other.

use lanyard_proto::v1::{Capability, DecisionReason};
use serde_json::json;

use crate::support::{Parts, Rest, Server, http, issue_request};

#[tokio::test]
async fn a_token_got_through_either_face_is_checked_and_taken_back_through_the_other() {
    let server = Server::start().await;
    let (rest, grpc, backend) = (Rest::primary(&server), server.primary(), server.enforcer());
    let identity = rest.identity().await;
    let by_rest = rest.token(&identity, &["chat"]).await;
    let by_grpc = grpc.issue(&identity, &["chat"]).await.token;
    for token in [&by_rest, &by_grpc] {
        let decision = backend.decide(token, Capability::GetMessage).await;
        assert_eq!(decision.reason(), DecisionReason::Allowed);
        assert_eq!(decision.identity_id, identity);
    }
    let path = format!("/identities/{identity}/:revokeAccessTokens");
    rest.ask("POST", &path, "").await.expect(204);
    for token in [&by_rest, &by_grpc] {
        assert_eq!(backend.state(token).await, DecisionReason::TokenRevoked);
    }
    let again = rest.token(&identity, &["chat"]).await;
    assert_eq!(backend.state(&again).await, DecisionReason::Allowed);
    grpc.revoke(&again).await.unwrap();
    assert_eq!(backend.state(&again).await, DecisionReason::TokenRevoked);
}

#[tokio::test]
async fn an_identity_that_is_gone_through_one_face_is_gone_through_the_other() {
    let server = Server::start().await;
    let (rest, grpc) = (Rest::primary(&server), server.primary());
    let (one, two) = (rest.identity().await, grpc.identity().await);
    let path = |id: &str| format!("/identities/{id}");
    assert_eq!(grpc.read(&one).await.unwrap().id, one);
    rest.ask("GET", &path(&two), "").await.expect(200);
    rest.ask("DELETE", &path(&one), "").await.expect(204);
    grpc.delete(&two).await.unwrap();
    let refusal = grpc.try_issue(issue_request(&one, &["chat"])).await;
    assert_eq!(refusal.unwrap_err().code(), tonic::Code::NotFound);
    let refusal = rest.ask("GET", &path(&two), "").await.refusal(404);
    assert_eq!(refusal.0, "IdentityNotFound");
}

#[tokio::test]
async fn with_acs_claims_tokens_say_the_same_twice_whoever_reads_them() {
    let server = Server::start_with(&["--acs-claims"]).await;
    let rest = Rest::primary(&server);
    let identity = rest.identity().await;
    let all = [
        "chat",
        "chat.join",
        "chat.join.limited",
        "voip",
        "voip.join",
    ];
    let token = rest.token(&identity, &all).await;
    assert!(token.len() <= 1024, "{} bytes", token.len());
    let claims = Parts::of(&token).claims();
    let resource = server.data().bootstrap_text("resource_id");
    assert_eq!(claims["scope"], all.join(" ").as_str());
    assert_eq!(claims["acsScope"], all.join(",").as_str());
    assert_eq!(claims["skypeid"], identity.strip_prefix("8:").unwrap());
    assert_eq!(claims["resourceId"], resource.as_str());
    let over_grpc = server.primary().issue(&identity, &["chat"]).await.token;
    assert_eq!(Parts::of(&over_grpc).claims()["acsScope"], "chat");
    assert_eq!(
        server.enforcer().state(&token).await,
        DecisionReason::Allowed
    );

    let plain = server.restart(&[]).await;
    plain.ready().await;
    assert_eq!(
        plain.enforcer().state(&token).await,
        DecisionReason::Allowed
    );
    let without = plain.primary().issue(&identity, &["chat"]).await.token;
    assert_eq!(Parts::of(&without).claims().get("acsScope"), None);
    let with = plain.restart(&["--acs-claims"]).await;
    with.ready().await;
    assert_eq!(
        with.enforcer().state(&without).await,
        DecisionReason::Allowed
    );
}

#[tokio::test]
async fn calls_over_rest_are_counted_by_what_they_are_and_not_by_whom_they_are_about() {
    let server = Server::start().await;
    let rest = Rest::primary(&server);
    let identity = rest.identity().await;
    let token = rest.token(&identity, &["chat"]).await;
    let body = json!({"scopes": []}).to_string();
    let path = format!("/identities/{identity}/:issueAccessToken");
    rest.ask("POST", &path, &body).await.expect(400);
    rest.ask("GET", "/made-up-by-a-stranger", "")
        .await
        .expect(404);
    let metrics = http::get(server.admin_url(), "/metrics").await.body;
    for counted in [
        r#"lanyard_calls_total{path="POST /identities",code="201"} 1"#,
        r#"lanyard_calls_total{path="POST /identities/{id}/:issueAccessToken",code="200"} 1"#,
        r#"lanyard_calls_total{path="POST /identities/{id}/:issueAccessToken",code="400"} 1"#,
        r#"lanyard_calls_total{path="other",code="404"} 1"#,
    ] {
        assert!(metrics.contains(counted), "{counted}\n{metrics}");
    }
    for secret in [&token, "8:acs:", "stranger"] {
        assert!(!metrics.contains(secret), "{metrics}");
    }
}
