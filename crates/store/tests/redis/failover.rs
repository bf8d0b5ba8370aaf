//! Another node becomes the primary: what was acknowledged is there, and whoever was deposed is not
//! believed.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use lanyard_redis_fixture::{Cluster, Replicated};
use lanyard_store::{Store as _, StoreError, redis::RedisStore};
use lanyard_token::{Position, ResourceId};

use crate::{
    support::{Servers as _, eventually, options, serve, whole_log},
    tenants::{identity, primary, revoke_token, tenant},
};

/// Revokes until it is told to stop, and notes what was acknowledged.
async fn revoke_on(
    store: &RedisStore,
    resource: ResourceId,
    (stop, acknowledged): (&AtomicBool, &Mutex<BTreeSet<Position>>),
) {
    while !stop.load(Ordering::Relaxed) {
        match revoke_token(store, resource).await {
            Ok(appended) => {
                acknowledged.lock().unwrap().insert(appended.entry.position);
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

async fn has_all(store: &RedisStore, resource: ResourceId, of: &Mutex<BTreeSet<Position>>) {
    let log = whole_log(store, resource).await;
    let kept: BTreeSet<_> = log
        .entries
        .iter()
        .map(|entry| entry.revocation.position)
        .collect();
    let acknowledged = of.lock().unwrap();
    let lost: Vec<_> = acknowledged.difference(&kept).collect();
    assert!(
        lost.is_empty(),
        "{} of {} were lost",
        lost.len(),
        acknowledged.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_sentinel_promotes_has_all_that_every_replica_acknowledged() {
    let servers = Replicated::failing_over(2);
    let store = serve(&servers.options()).await;
    let resource = tenant(&store).await;
    let known = identity(&store, resource).await;
    let (stop, acknowledged) = (AtomicBool::new(false), Mutex::new(BTreeSet::new()));
    let failing = async {
        for _ in 0..FAILOVERS {
            let before = acknowledged.lock().unwrap().len();
            eventually(async || (acknowledged.lock().unwrap().len() > before + 50).then_some(()))
                .await;
            tokio::task::block_in_place(|| {
                let old = servers.kill_primary();
                servers.await_failover(old);
                servers.restart_node(old);
                servers.await_settled();
            });
            let before = acknowledged.lock().unwrap().len();
            eventually(async || (acknowledged.lock().unwrap().len() > before).then_some(())).await;
        }
        stop.store(true, Ordering::Relaxed);
    };
    let ((), (), ()) = tokio::join!(
        revoke_on(&store, resource, (&stop, &acknowledged)),
        revoke_on(&store, resource, (&stop, &acknowledged)),
        failing
    );
    has_all(&store, resource, &acknowledged).await;
    assert_eq!(store.identity(known.id).await.unwrap(), Some(known));
    let log = whole_log(&store, resource).await;
    let openings = log
        .entries
        .iter()
        .filter(|entry| entry.opens_generation())
        .count();
    assert!(
        openings >= FAILOVERS,
        "only {openings} generations were opened"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposed_primary_that_does_not_know_it_vouches_for_nothing() {
    let servers = Replicated::start(2);
    let store = serve(&servers.options()).await;
    let resource = tenant(&store).await;
    let known = identity(&store, resource).await;
    let by = primary(&store, resource).await.unwrap();
    let other = (0..3).find(|node| *node != servers.primary()).unwrap();
    let names = |count: usize, node: usize| {
        let port = servers.node(node).port().to_string();
        for sentinel in &servers.sentinels()[..count] {
            sentinel
                .ask::<()>(&["SENTINEL", "REMOVE", "mymaster"])
                .unwrap();
            let monitor = ["SENTINEL", "MONITOR", "mymaster", "127.0.0.1", &port, "2"];
            sentinel.ask::<()>(&monitor).unwrap();
        }
    };
    // The control: one sentinel that names another node is no majority.
    names(1, other);
    revoke_token(&store, resource).await.unwrap();
    // The primary goes on, its replicas follow it, and two sentinels of three name another node.
    names(2, other);
    let partition = lanyard_revocation::partition_of(resource, store.partitions());
    let token = lanyard_token::TokenId::from_uuid(crate::tenants::id());
    let refused = [
        store.read_log(partition, None, 10).await.err(),
        store.revoke_token(resource, token, by).await.err(),
        store.credential(by).await.err(),
        store.identity(known.id).await.err(),
        store.signing_keys_version().await.err(),
    ];
    for answer in refused {
        assert!(
            matches!(answer, Some(StoreError::Unavailable(_))),
            "{answer:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_most_sentinels_are_silent_nothing_is_vouched_for() {
    let servers = Replicated::start(1);
    let mut options = servers.options();
    options.replicas = Some(1);
    let store = serve(&options).await;
    let resource = tenant(&store).await;
    let silence = |from: usize| {
        for sentinel in &servers.sentinels()[from..2] {
            sentinel.pause();
        }
    };
    // The control: two of three are a majority.
    servers.sentinels()[0].pause();
    eventually(async || revoke_token(&store, resource).await.ok()).await;
    silence(1);
    let partition = lanyard_revocation::partition_of(resource, store.partitions());
    assert!(revoke_token(&store, resource).await.is_err());
    assert!(store.read_log(partition, None, 10).await.is_err());
    servers.sentinels()[0].resume();
    servers.sentinels()[1].resume();
    eventually(async || revoke_token(&store, resource).await.ok()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_wait_for_as_many_replicas_as_were_asked_for() {
    let servers = Replicated::start(2);
    let mut options = servers.options();
    let store = serve(&options).await;
    let resource = tenant(&store).await;
    let replica = (0..3).find(|node| *node != servers.primary()).unwrap();
    servers.node(replica).pause();
    let error = revoke_token(&store, resource).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    servers.node(replica).resume();
    eventually(async || revoke_token(&store, resource).await.ok()).await;
    // The control: one replica is enough for whoever says so.
    options.replicas = Some(1);
    let patient = serve(&options).await;
    servers.node(replica).pause();
    eventually(async || revoke_token(&patient, resource).await.ok()).await;
    servers.node(replica).resume();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_goes_on_when_a_replica_takes_over() {
    let servers = Cluster::failing_over(1);
    let mut options = options(&servers.url());
    options.replicas = Some(1);
    let store = serve(&options).await;
    let resource = tenant(&store).await;
    let (stop, acknowledged) = (AtomicBool::new(false), Mutex::new(BTreeSet::new()));
    let failing = async {
        let partition = lanyard_revocation::partition_of(resource, store.partitions());
        let owner = servers.owner(&format!("{{lanyard.{partition}}}:log"));
        eventually(async || (acknowledged.lock().unwrap().len() > 50).then_some(())).await;
        tokio::task::block_in_place(|| {
            servers.node(owner).kill();
            servers.await_failover(owner);
            servers.node(owner).restart();
            servers.await_settled();
        });
        let before = acknowledged.lock().unwrap().len();
        eventually(async || (acknowledged.lock().unwrap().len() > before).then_some(())).await;
        stop.store(true, Ordering::Relaxed);
    };
    tokio::join!(revoke_on(&store, resource, (&stop, &acknowledged)), failing);
    has_all(&store, resource, &acknowledged).await;
}

/// How often the primary is killed.
const FAILOVERS: usize = 3;
