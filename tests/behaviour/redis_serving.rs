//! Two replicas of the authority on one store: what is done at one is so at the other.

use lanyard_proto::v1::admin_service_client::AdminServiceClient;
use lanyard_proto::v1::{
    AccessKey, AccessKeySlot, ActivateSigningKeyRequest, Capability, CheckRequest,
    CreateServiceKeyRequest, Decision, DecisionReason, DeleteResourceRequest,
    DeleteServiceKeyRequest, ListSigningKeysRequest, PrepareSigningKeyRequest, Revocation,
    RotateAccessKeyRequest, RotateAccessKeyResponse, ServiceKeyRole, SigningKey,
};
use lanyard_redis_fixture::{Cluster, Replicated, Standalone};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::support::{Bearer, Caller, Credential, Parts, Replicas, Server, eventually, reason};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_made_at_one_is_there_at_the_other() {
    let (_redis, one, other) = two(&[]).await;
    let (here, there) = (one.primary(), other.primary());
    let identity = here.create(Some("ada")).await.unwrap();
    assert_eq!(there.read(&identity.id).await.unwrap().id, identity.id);
    assert_eq!(there.create(Some("ada")).await.unwrap().id, identity.id);
    let token = there.issue(&identity.id, &["chat"]).await.token;
    assert_eq!(here.state(&token).await, DecisionReason::Allowed);
    assert_eq!(there.state(&token).await, DecisionReason::Allowed);

    let subscription = one.data().bootstrap_text("subscription_id");
    let made = one
        .operator()
        .create_resource(&subscription, "another")
        .await;
    let credential = Credential::from(&made.unwrap().access_keys[0]);
    let token = other.caller(&credential).token(&["chat"]).await;
    assert_eq!(
        one.caller(&credential).state(&token).await,
        DecisionReason::Allowed
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_revoked_at_one_is_dead_at_the_other() {
    let (_redis, one, other) = two(&[]).await;
    let (here, there) = (one.primary(), other.primary());
    let identity = here.identity().await;
    let [lone, first] = [(); 2].map(|()| here.issue(&identity, &["chat"]));
    let (lone, first) = (lone.await.token, first.await.token);
    let revocation = here.revoke(&lone).await.unwrap();
    assert_eq!(
        after(&there, &lone, &revocation).await,
        DecisionReason::TokenRevoked
    );
    assert_eq!(
        after(&there, &first, &revocation).await,
        DecisionReason::Allowed
    );

    let revocation = there.revoke_all(&identity).await.unwrap();
    let second = here.issue(&identity, &["chat"]).await.token;
    for caller in [&here, &there] {
        assert_eq!(
            after(caller, &first, &revocation).await,
            DecisionReason::TokenRevoked
        );
        assert_eq!(
            after(caller, &second, &revocation).await,
            DecisionReason::Allowed
        );
    }

    let revocation = here.delete(&identity).await.unwrap();
    assert_eq!(
        after(&there, &second, &revocation).await,
        DecisionReason::TokenRevoked
    );
    let refused = there
        .try_issue(crate::support::issue_request(&identity, &["chat"]))
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_was_rotated_at_one_is_refused_at_the_other_at_once() {
    let (_redis, one, other) = two(&[]).await;
    let old = other.primary();
    let identity = old.identity().await;
    let token = old.issue(&identity, &["chat"]).await.token;
    let rotated = rotate(&one).await;
    // Not eventually: the other remembers whose key it was, and asks whether it still is.
    for refused in [
        old.read(&identity).await.unwrap_err(),
        old.create(None).await.unwrap_err(),
    ] {
        assert_eq!(refused.code(), Code::Unauthenticated);
        assert_eq!(reason(&refused), "CREDENTIAL_REFUSED");
    }
    let new = Credential::from(&rotated.0);
    let new = other.caller(&new);
    assert_eq!(new.read(&identity).await.unwrap().id, identity);
    let reason = after(&new, &token, &rotated.1).await;
    assert_eq!(reason, DecisionReason::TokenRevoked);
    let token = new.issue(&identity, &["chat"]).await.token;
    assert_eq!(
        after(&new, &token, &rotated.1).await,
        DecisionReason::Allowed
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_key_comes_and_goes_at_both() {
    let (_redis, one, other) = two(&[]).await;
    let role = ServiceKeyRole::Operator.into();
    let made = admin(&one)
        .create_service_key(CreateServiceKeyRequest { role })
        .await;
    let key = made.unwrap().into_inner().service_key.unwrap();
    let credential = Credential::from(&key);
    let list = async || {
        let mut admin = other.caller(&credential).admin();
        admin.list_signing_keys(ListSigningKeysRequest {}).await
    };
    list().await.unwrap();
    let service_key_id = key.id.clone();
    let request = DeleteServiceKeyRequest { service_key_id };
    admin(&one).delete_service_key(request).await.unwrap();
    assert_eq!(list().await.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resource_that_was_deleted_at_one_is_gone_at_the_other() {
    let (_redis, one, other) = two(&[]).await;
    let holder = other.primary();
    let token = holder.token(&["chat"]).await;
    let resource_id = one.data().bootstrap_text("resource_id");
    let request = DeleteResourceRequest { resource_id };
    let deleted = admin(&one).delete_resource(request).await.unwrap();
    let revocation = deleted.into_inner().revocation.unwrap();
    assert_eq!(
        holder.create(None).await.unwrap_err().code(),
        Code::Unauthenticated
    );
    let enforcer = other.enforcer();
    assert_eq!(
        after(&enforcer, &token, &revocation).await,
        DecisionReason::TokenRevoked
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_activated_at_one_signs_at_the_other_at_once() {
    let (_redis, one, other) = two(&["--propagation-bound", "1s"]).await;
    let holder = other.primary();
    let identity = holder.identity().await;
    let old = holder.issue(&identity, &["chat"]).await.token;
    let prepared = prepare(&one).await;
    eventually("the key may be activated", async || {
        activate(&one, &prepared.id).await.is_ok()
    })
    .await;
    let new = holder.issue(&identity, &["chat"]).await.token;
    assert_eq!(Parts::of(&new).kid(), prepared.id);
    assert_ne!(Parts::of(&old).kid(), prepared.id);
    for token in [old, new] {
        assert_eq!(holder.state(&token).await, DecisionReason::Allowed);
        assert_eq!(one.primary().state(&token).await, DecisionReason::Allowed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_enforcement_point_follows_whichever_is_there() {
    let (_redis, one, other) = two(&[]).await;
    let both = [one.endpoint(), other.endpoint()];
    let point = Server::enforce(one.data(), &both, &[]).await;
    let (holder, asks) = (other.primary(), point.enforcer());
    let [dead, living] = [holder.token(&["chat"]).await, holder.token(&["chat"]).await];
    eventually("the point is up to date", async || {
        let said = asks.check(question(&living, None)).await;
        said.is_ok_and(|decision| decision.allowed)
    })
    .await;
    one.kill();
    let revocation = holder.revoke(&dead).await.unwrap();
    eventually("the point has heard of it", async || {
        let said = asks.check(question(&dead, Some(&revocation))).await;
        said.is_ok_and(|decision| decision.reason() == DecisionReason::TokenRevoked)
    })
    .await;
    assert_eq!(
        after(&asks, &living, &revocation).await,
        DecisionReason::Allowed
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_serve_on_a_primary_that_sentinels_name() {
    let servers = Replicated::start(2);
    let flags = ["--redis-replicas", "2"];
    serve_alike(Replicas::with(&servers.sentinel_url(), &flags)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_serve_on_a_cluster() {
    let servers = Cluster::start();
    serve_alike(Replicas::on(&servers.url())).await;
}

/// Has two replicas do together what any two do.
async fn serve_alike(replicas: Replicas) {
    let (one, other) = tokio::join!(replicas.start(), replicas.start());
    let (here, there) = (one.primary(), other.primary());
    for _ in 0..20 {
        let identity = here.identity().await;
        let old = there.issue(&identity, &["chat"]).await.token;
        let revocation = here.revoke_all(&identity).await.unwrap();
        let new = there.issue(&identity, &["chat"]).await.token;
        for caller in [&here, &there] {
            assert_eq!(
                after(caller, &old, &revocation).await,
                DecisionReason::TokenRevoked
            );
            assert_eq!(
                after(caller, &new, &revocation).await,
                DecisionReason::Allowed
            );
        }
    }
}

/// Two replicas on one server, with these flags.
async fn two(flags: &[&str]) -> (Standalone, Server, Server) {
    let redis = Standalone::start();
    let replicas = Replicas::with(&redis.url(), flags);
    let (one, other) = tokio::join!(replicas.start(), replicas.start());
    (redis, one, other)
}

/// What a check says of a token once the list has reached a revocation.
async fn after(caller: &Caller, token: &str, revocation: &Revocation) -> DecisionReason {
    let decision: Decision = caller
        .check(question(token, Some(revocation)))
        .await
        .unwrap();
    decision.reason()
}

fn question(token: &str, after: Option<&Revocation>) -> CheckRequest {
    CheckRequest {
        token: token.to_owned(),
        capability: Capability::ListChatThreads.into(),
        context: None,
        min_position: after.map(|revocation| revocation.position.clone()),
    }
}

fn admin(server: &Server) -> AdminServiceClient<InterceptedService<Channel, Bearer>> {
    server.operator().admin()
}

async fn rotate(server: &Server) -> (AccessKey, Revocation) {
    let request = RotateAccessKeyRequest {
        resource_id: server.data().bootstrap_text("resource_id"),
        slot: AccessKeySlot::Primary.into(),
    };
    let rotated = admin(server).rotate_access_key(request).await.unwrap();
    let RotateAccessKeyResponse {
        access_key,
        revocation,
    } = rotated.into_inner();
    (access_key.unwrap(), revocation.unwrap())
}

async fn prepare(server: &Server) -> SigningKey {
    let prepared = admin(server)
        .prepare_signing_key(PrepareSigningKeyRequest {})
        .await;
    prepared.unwrap().into_inner().signing_key.unwrap()
}

async fn activate(server: &Server, id: &str) -> Result<(), Status> {
    let key_id = id.to_owned();
    let request = ActivateSigningKeyRequest { key_id };
    admin(server).activate_signing_key(request).await.map(drop)
}
