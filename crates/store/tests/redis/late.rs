//! Writes that reach the server after their caller has given up: none of them is carried out.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU16,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt as _};
use lanyard_redis_fixture::{Command, Node, Standalone, Tap};
use lanyard_revocation::{Cursor, partition_of};
use lanyard_store::{
    Credential, CredentialRole, Healing, KeySlot, NewResource, Resource, SealedSecret,
    SigningKeyChange, Store as _, StoreError, Subscription,
    redis::{RedisOptions, RedisStore},
};
use lanyard_token::{
    CredentialId, IdentityId, KeyId, Position, ResourceId, SubscriptionId, TokenId, UnixTime,
};
use tokio::{task::block_in_place, time::timeout};

use crate::{
    support::{options, serve, try_serve},
    tenants::{START, create, id, identity, new_identity, primary, tenant},
};

/// What the writes are about.
#[derive(Clone, Copy)]
struct Subjects {
    resource: ResourceId,
    subscription: SubscriptionId,
    identity: IdentityId,
    service_key: CredentialId,
    signing_key: KeyId,
    keys_version: u64,
    end: Cursor,
}

type Write = fn(Arc<RedisStore>, Subjects) -> BoxFuture<'static, Result<(), StoreError>>;

/// Every operation that changes something.
const WRITES: [(&str, Write); 16] = [
    ("revoke_token", |store, of| {
        async move {
            let by = primary(&*store, of.resource).await?;
            let token = TokenId::from_uuid(id());
            store.revoke_token(of.resource, token, by).await.map(drop)
        }
        .boxed()
    }),
    ("revoke_identity", |store, of| {
        async move {
            let by = primary(&*store, of.resource).await?;
            store.revoke_identity(of.identity, by).await.map(drop)
        }
        .boxed()
    }),
    ("delete_identity", |store, of| {
        async move {
            let by = primary(&*store, of.resource).await?;
            store.delete_identity(of.identity, by).await.map(drop)
        }
        .boxed()
    }),
    ("create_identity", |store, of| {
        async move { create(&*store, new_identity(of.resource)).await.map(drop) }.boxed()
    }),
    ("note_issues", |store, of| {
        async move { store.note_issues(vec![(of.identity, START)]).await }.boxed()
    }),
    ("rotate_access_key", |store, of| {
        async move {
            let current = primary(&*store, of.resource).await?;
            let new = access_key(of.resource, KeySlot::Primary);
            store.rotate_access_key(new, current).await.map(drop)
        }
        .boxed()
    }),
    ("create_subscription", |store, _| {
        async move { store.create_subscription(subscription()).await }.boxed()
    }),
    ("delete_subscription", |store, of| {
        async move { store.delete_subscription(of.subscription).await.map(drop) }.boxed()
    }),
    ("create_resource", |store, of| {
        async move {
            let new = resource(of.subscription);
            store.create_resource(new).await.map(drop)
        }
        .boxed()
    }),
    ("delete_resource", |store, of| {
        async move { store.delete_resource(of.resource).await.map(drop) }.boxed()
    }),
    ("create_service_key", |store, _| {
        async move { store.create_service_key(enforcer()).await }.boxed()
    }),
    ("delete_service_key", |store, of| {
        async move { store.delete_service_key(of.service_key).await.map(drop) }.boxed()
    }),
    ("change_signing_keys", |store, of| {
        async move {
            let change = SigningKeyChange {
                from_version: of.keys_version,
                records: Vec::new(),
                active: Some(KeyId::from_uuid(id())),
                revoked: Some(of.signing_key),
            };
            store.change_signing_keys(change).await.map(drop)
        }
        .boxed()
    }),
    ("heal", |store, of| {
        async move {
            let healing = Healing {
                as_of: of.end,
                lost: Vec::new(),
                beyond: Position::new(of.end.position.millis() + 1_000_000, 0),
                mends: false,
                floor: Position::ZERO,
            };
            let partition = partition_of(of.resource, store.partitions());
            store.heal(partition, healing).await.map(drop)
        }
        .boxed()
    }),
    ("take_first_turn", |store, _| {
        async move {
            let operator = CredentialId::from_uuid(id());
            store
                .take_first_turn(operator, Duration::from_hours(1))
                .await?;
            store
                .take_first_turn(operator, Duration::ZERO)
                .await
                .map(drop)
        }
        .boxed()
    }),
    ("end_first_start", |store, _| {
        async move {
            let operator = service_key(CredentialRole::Operator);
            store
                .take_first_turn(operator.id, Duration::from_hours(1))
                .await?;
            store.end_first_start(operator).await.map(drop)
        }
        .boxed()
    }),
];

#[tokio::test(flavor = "multi_thread")]
async fn write_that_was_answered_as_failed_does_nothing_when_it_arrives() {
    every_write_is_held(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn write_that_waits_for_replicas_does_nothing_when_it_arrives_late() {
    every_write_is_held(1).await;
}

/// Each script of each operation is held in turn, until the operation has answered.
async fn every_write_is_held(replicas: u32) {
    let primary = Standalone::start();
    let replica = (replicas > 0).then(|| replica_of(&primary));
    let direct = Arc::new(serve(&with_replicas(&primary.url(), replicas)).await);
    let tap = primary.tap();
    let held = Arc::new(serve(&impatient(&tap.url(), replicas)).await);
    for (name, write) in WRITES {
        // A script that the server does not know would do nothing whenever it came.
        let of = subjects(&direct).await;
        write(Arc::clone(&direct), of).await.unwrap();
        let mut number = 0;
        loop {
            let of = subjects(&direct).await;
            hold_write(&tap, number);
            let answer = write(Arc::clone(&held), of).await;
            let before = contents(&primary);
            let was_held = block_in_place(|| tap.release()) > 0;
            if !was_held {
                answer.unwrap();
                break;
            }
            // Some writes only tidy up, and their operation succeeds without them.
            let differing = differing(&before, &contents(&primary));
            assert_eq!(differing, [""; 0], "{name}, write {number}: {answer:?}");
            number += 1;
        }
        assert!(number > 0, "{name} has no write");
    }
    drop(replica);
}

/// The control: a write whose caller has gone away, and that arrives in time, is seen to be done.
#[tokio::test(flavor = "multi_thread")]
async fn write_that_arrives_in_time_is_carried_out() {
    let server = Standalone::start();
    let direct = serve(&options(&server.url())).await;
    let of = subjects(&direct).await;
    let tap = server.tap();
    let mut patient = options(&tap.url());
    patient.response_timeout = Duration::from_mins(10);
    let held = Arc::new(serve(&patient).await);
    let by = primary(&direct, of.resource).await.unwrap();
    direct.revoke_identity(of.identity, by).await.unwrap();
    hold_write(&tap, 0);
    let mut revoking = pin!(held.revoke_identity(of.identity, by));
    while block_in_place(|| tap.held()) == 0 {
        let early = timeout(Duration::from_millis(10), &mut revoking).await;
        assert!(early.is_err(), "{early:?}");
    }
    let before = contents(&server);
    block_in_place(|| tap.release());
    assert!(!differing(&before, &contents(&server)).is_empty());
}

/// A store whose making comes to the server too late is not made.
#[tokio::test(flavor = "multi_thread")]
async fn store_that_could_not_be_opened_in_time_is_not_made_later() {
    let server = Standalone::start();
    let tap = server.tap();
    hold_write(&tap, 0);
    assert!(try_serve(&impatient(&tap.url(), 0)).await.is_err());
    assert_eq!(block_in_place(|| tap.release()), 1);
    assert_eq!(contents(&server), BTreeMap::new());
}

fn hold_write(tap: &Tap, number: usize) {
    let mut seen = 0;
    tap.hold(move |command| {
        seen += usize::from(is_write(command));
        seen > number && is_write(command)
    });
}

/// The last argument of a script that changes something is the period in which it may.
fn is_write(command: &Command) -> bool {
    let last = command.words().last().map_or("", String::as_str);
    let numbers: Vec<_> = last.split(' ').map(str::parse::<u64>).collect();
    command.name().starts_with("EVAL") && numbers.len() == 4 && numbers.iter().all(Result::is_ok)
}

fn impatient(url: &str, replicas: u32) -> RedisOptions {
    let mut options = with_replicas(url, replicas);
    options.response_timeout = Duration::from_millis(300);
    options
}

fn with_replicas(url: &str, replicas: u32) -> RedisOptions {
    let mut options = options(url);
    options.replicas = Some(replicas);
    options.partitions = NonZeroU16::new(2).unwrap();
    options
}

fn replica_of(primary: &Standalone) -> Standalone {
    let line = format!("replicaof 127.0.0.1 {}", primary.port());
    Standalone::builder().config(&line).start()
}

/// All keys and their values.
fn contents(server: &Node) -> BTreeMap<String, Vec<u8>> {
    let keys: Vec<String> = server.ask(&["KEYS", "*"]).unwrap();
    let dumped = keys.into_iter().map(|key| {
        let value = server.ask(&["DUMP", &key]).unwrap();
        (key, value)
    });
    dumped.collect()
}

/// The keys whose values are not the same.
fn differing(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let differs = |key: &&&String| before.get(**key) != after.get(**key);
    keys.iter()
        .filter(differs)
        .map(|key| (*key).clone())
        .collect()
}

async fn subjects(store: &RedisStore) -> Subjects {
    let resource = tenant(store).await;
    let subscription = store
        .resource(resource)
        .await
        .unwrap()
        .unwrap()
        .subscription;
    let signing_key = KeyId::from_uuid(id());
    let change = SigningKeyChange {
        from_version: store.signing_keys().await.unwrap().version,
        records: Vec::new(),
        active: Some(signing_key),
        revoked: None,
    };
    store.change_signing_keys(change).await.unwrap().unwrap();
    let enforcer = enforcer();
    store.create_service_key(enforcer.clone()).await.unwrap();
    let partition = partition_of(resource, store.partitions());
    let mut read = store.read_log(partition, None, 1_000).await.unwrap();
    while !read.complete {
        let after = read.next_cursor();
        read = store.read_log(partition, after, 1_000).await.unwrap();
    }
    Subjects {
        resource,
        subscription,
        identity: identity(store, resource).await.id,
        service_key: enforcer.id,
        signing_key,
        keys_version: store.signing_keys().await.unwrap().version,
        end: read.next_cursor().unwrap(),
    }
}

fn subscription() -> Subscription {
    Subscription {
        id: SubscriptionId::from_uuid(id()),
        display_name: "Example".to_owned(),
        create_time: START,
    }
}

fn resource(subscription: SubscriptionId) -> NewResource {
    let resource = Resource {
        id: ResourceId::from_uuid(id()),
        subscription,
        name: format!("name-{}", id()),
        create_time: START,
    };
    let keys = KeySlot::ALL.map(|slot| access_key(resource.id, slot));
    NewResource { resource, keys }
}

fn access_key(resource: ResourceId, slot: KeySlot) -> Credential {
    service_key(CredentialRole::AccessKey { resource, slot })
}

fn enforcer() -> Credential {
    service_key(CredentialRole::Enforcer)
}

fn service_key(role: CredentialRole) -> Credential {
    Credential {
        id: CredentialId::from_uuid(id()),
        role,
        secret: SealedSecret::new(vec![1, 2, 3]),
        create_time: UnixTime::from_millis(0),
    }
}
