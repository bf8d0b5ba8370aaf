//! Writes that reach Redis after they were answered UNAVAILABLE are not carried out.

use lanyard_proto::v1::{
    AccessKeySlot, CreateServiceKeyRequest, DecisionReason, DeleteResourceRequest,
    ListResourcesRequest, ListServiceKeysRequest, ListSigningKeysRequest, PrepareSigningKeyRequest,
    RotateAccessKeyRequest, ServiceKeyRole,
};
use lanyard_redis_fixture::{Command, Node, Standalone, Tap};
use tokio::task::block_in_place;
use tonic::{Code, Status};

use crate::support::{Caller, Credential, Replicas, Server, question, reason};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_writes_undo_nothing_that_was_acknowledged_since() {
    let redis = Standalone::start();
    held_writes(&redis, &redis.url(), &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_writes_that_wait_for_replicas_undo_nothing_either() {
    let redis = Standalone::start();
    let line = format!("replicaof 127.0.0.1 {}", redis.port());
    let _replica = Standalone::builder().config(&line).start();
    held_writes(&redis, &redis.url(), &["--redis-replicas", "1"]).await;
}

/// Writes of one authority are held on their way to Redis until they have failed, are repeated at
/// another one, and then released.
async fn held_writes(redis: &Node, url: &str, flags: &[&str]) {
    let replicas = Replicas::with(url, flags);
    let second = replicas.start().await;
    let tap = redis.tap();
    let mut command = replicas.command_without_url(&["--redis-response-timeout", "1s"]);
    command.args(["--redis", &tap.url()]);
    let first = Server::run(replicas.data(), command).await;
    let (held, sound) = (Calls::of(&first), Calls::of(&second));
    let identity = sound.holder.identity().await;
    let deleted = sound.holder.create(Some("deleted")).await.unwrap().id;
    let old = sound.holder.issue(&identity, &["chat"]).await.token;
    let other_old = sound.holder.issue(&identity, &["chat"]).await.token;
    let gone = sound.create_resource("gone").await.unwrap();

    tap.hold(is_write);
    held.fails(&tap, async |calls| {
        calls.holder.revoke_all(&identity).await.map(drop)
    })
    .await;
    held.fails(&tap, async |calls| {
        calls.holder.revoke(&other_old).await.map(drop)
    })
    .await;
    held.fails(&tap, async |calls| {
        calls.holder.delete(&deleted).await.map(drop)
    })
    .await;
    held.fails(&tap, async |calls| {
        calls.holder.create(Some("created")).await.map(drop)
    })
    .await;
    held.fails(&tap, async |calls| calls.rotate().await.map(drop))
        .await;
    held.fails(&tap, async |calls| {
        calls.create_resource("created").await.map(drop)
    })
    .await;
    held.fails(&tap, async |calls| calls.delete_resource(&gone).await)
        .await;
    held.fails(&tap, async |calls| calls.create_service_key().await)
        .await;
    held.fails(&tap, async |calls| calls.prepare_signing_key().await)
        .await;

    sound.holder.revoke_all(&identity).await.unwrap();
    sound.holder.delete(&deleted).await.unwrap();
    let again = sound.holder.create(Some("deleted")).await.unwrap().id;
    let created = sound.holder.create(Some("created")).await.unwrap().id;
    let resource = sound.create_resource("created").await.unwrap();
    sound.delete_resource(&gone).await.unwrap();
    let gone_again = sound.create_resource("gone").await.unwrap();
    let new_key = second.caller(&sound.rotate().await.unwrap());
    let token = new_key.issue(&identity, &["chat"]).await.token;
    let before = sound.listed().await;

    let released = block_in_place(|| tap.release());
    assert!(
        released >= 9,
        "{released} connections had something on them"
    );
    // All that was appended up to here has been read where this position has.
    let end = new_key
        .revoke(&new_key.token(&["chat"]).await)
        .await
        .unwrap();
    for server in [&first, &second] {
        let asks = server.enforcer();
        for (token, expected) in [
            (&token, DecisionReason::Allowed),
            (&old, DecisionReason::TokenRevoked),
        ] {
            let decision = asks.check(question(token, Some(&end.position))).await;
            assert_eq!(decision.unwrap().reason(), expected);
        }
    }
    assert_eq!(sound.listed().await, before);
    let same = new_key.create(Some("created")).await.unwrap().id;
    assert_eq!(same, created);
    for id in [&again, &created, &identity] {
        assert_eq!(new_key.read(id).await.unwrap().id, *id);
    }
    let resources = sound.resources().await;
    for id in [&resource, &gone_again] {
        assert!(resources.contains(id), "{id} in {resources:?}");
    }
    // Nor does anything keep the authority from writing now.
    held.create_resource("later").await.unwrap();
}

/// Calls to one authority.
struct Calls {
    holder: Caller,
    operator: Caller,
    subscription: String,
    resource: String,
}

impl Calls {
    fn of(server: &Server) -> Self {
        Self {
            holder: server.primary(),
            operator: server.operator(),
            subscription: server.data().bootstrap_text("subscription_id"),
            resource: server.data().bootstrap_text("resource_id"),
        }
    }

    /// Makes a call whose write is held on its way, until it has failed for that reason.
    async fn fails(&self, tap: &Tap, call: impl AsyncFn(&Self) -> Result<(), Status>) {
        let before = tap.held();
        let refusal = call(self).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unavailable, "{refusal:?}");
        assert_eq!(reason(&refusal), "STORE_UNAVAILABLE", "{refusal:?}");
        assert!(tap.held() > before, "the write is not held: {refusal:?}");
    }

    async fn rotate(&self) -> Result<Credential, Status> {
        let request = RotateAccessKeyRequest {
            resource_id: self.resource.clone(),
            slot: AccessKeySlot::Primary.into(),
        };
        let rotated = self.operator.admin().rotate_access_key(request).await?;
        Ok(Credential::from(&rotated.into_inner().access_key.unwrap()))
    }

    async fn create_resource(&self, name: &str) -> Result<String, Status> {
        let made = self
            .operator
            .create_resource(&self.subscription, name)
            .await?;
        Ok(made.resource.unwrap().id)
    }

    async fn delete_resource(&self, id: &str) -> Result<(), Status> {
        let resource_id = id.to_owned();
        let request = DeleteResourceRequest { resource_id };
        self.operator
            .admin()
            .delete_resource(request)
            .await
            .map(drop)
    }

    async fn create_service_key(&self) -> Result<(), Status> {
        let role = ServiceKeyRole::Operator.into();
        let request = CreateServiceKeyRequest { role };
        self.operator
            .admin()
            .create_service_key(request)
            .await
            .map(drop)
    }

    async fn prepare_signing_key(&self) -> Result<(), Status> {
        let request = PrepareSigningKeyRequest {};
        self.operator
            .admin()
            .prepare_signing_key(request)
            .await
            .map(drop)
    }

    async fn resources(&self) -> Vec<String> {
        let request = ListResourcesRequest {
            subscription_id: self.subscription.clone(),
            page_size: 0,
            page_token: String::new(),
        };
        let listed = self.operator.admin().list_resources(request).await.unwrap();
        let listed = listed.into_inner().resources.into_iter();
        listed.map(|resource| resource.id).collect()
    }

    /// The ids of all resources, service keys and signing keys.
    async fn listed(&self) -> Vec<String> {
        let mut admin = self.operator.admin();
        let service_keys = admin.list_service_keys(ListServiceKeysRequest::default());
        let service_keys = service_keys.await.unwrap().into_inner().service_keys;
        let signing_keys = admin.list_signing_keys(ListSigningKeysRequest::default());
        let signing_keys = signing_keys.await.unwrap().into_inner().signing_keys;
        let mut all = self.resources().await;
        all.extend(service_keys.into_iter().map(|key| key.id));
        all.extend(signing_keys.into_iter().map(|key| key.id));
        all
    }
}

/// The last argument of a script that changes something is the period in which it may.
fn is_write(command: &Command) -> bool {
    let last = command.words().last().map_or("", String::as_str);
    let numbers: Vec<_> = last.split(' ').map(str::parse::<u64>).collect();
    command.name().starts_with("EVAL") && numbers.len() == 4 && numbers.iter().all(Result::is_ok)
}
