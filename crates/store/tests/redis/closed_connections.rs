//! Connections that the server has closed, because they were idle or because an operator killed them.

use lanyard_redis_fixture::{Cluster, Node, Replicated, Standalone};
use lanyard_revocation::partition_of;
use lanyard_store::{Store as _, redis::RedisStore};

use crate::{
    support::{Servers, eventually, options, serve},
    tenants::{identity, revoke_token, tenant},
};

/// Kills every connection but the one that asks, and returns when they are gone.
async fn kill_connections(nodes: &[&Node], kind: &str) {
    for node in nodes {
        node.ask::<u64>(&["CLIENT", "KILL", "TYPE", kind]).unwrap();
        no_connections(node, kind).await;
    }
}

/// Waits until the server has no connection of that type but the one that asks.
async fn no_connections(node: &Node, kind: &str) {
    let own = usize::from(kind == "normal");
    eventually(async || {
        let list = node.ask::<String>(&["CLIENT", "LIST", "TYPE", kind]);
        (list.unwrap().lines().count() == own).then_some(())
    })
    .await;
}

async fn every_operation_succeeds(store: &RedisStore, nodes: &[&Node]) {
    let resource = tenant(store).await;
    for _ in 0..ROUNDS {
        kill_connections(nodes, "normal").await;
        revoke_token(store, resource).await.unwrap();
        kill_connections(nodes, "normal").await;
        let made = identity(store, resource).await;
        kill_connections(nodes, "normal").await;
        assert_eq!(store.identity(made.id).await.unwrap(), Some(made));
        kill_connections(nodes, "normal").await;
        let partition = partition_of(resource, store.partitions());
        store.read_log(partition, None, 10).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_over_killed_connections_succeed_on_one_server() {
    let server = Standalone::start();
    let store = serve(&options(&server.url())).await;
    every_operation_succeeds(&store, &[&server]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_over_killed_connections_succeed_over_tls() {
    let server = Standalone::builder().tls().start();
    let mut options = options(&server.url());
    options.tls.ca_file = Some(server.authority().to_owned());
    let store = serve(&options).await;
    every_operation_succeeds(&store, &[&server]).await;
}

/// Writes that wait for replicas have a connection of their own, and the majority is asked over others.
#[tokio::test(flavor = "multi_thread")]
async fn operations_over_killed_connections_succeed_under_sentinel() {
    let servers = Replicated::start(1);
    let mut options = options(&servers.sentinel_url());
    options.replicas = Some(1);
    let store = serve(&options).await;
    let resource = tenant(&store).await;
    for round in 0..ROUNDS {
        let node = servers.node(0);
        kill_clients_of_store(node).await;
        if round % 2 == 0 {
            for sentinel in servers.sentinels() {
                kill_clients_of_store(sentinel).await;
            }
        }
        revoke_token(&store, resource).await.unwrap();
    }
}

/// Sentinels have connections to the node and to each other as well, and replace theirs before the loss of
/// all of them is observed. Theirs have names.
async fn kill_clients_of_store(node: &Node) {
    let clients = |node: &Node| -> Vec<String> {
        let list = node.ask::<String>(&["CLIENT", "LIST", "TYPE", "normal"]);
        let own = |line: &&str| line.contains(" name= ") && !line.contains("cmd=client");
        let list = list.unwrap();
        let ids = list.lines().filter(own).filter_map(|line| {
            let id = line.split_whitespace().next()?;
            id.strip_prefix("id=").map(str::to_owned)
        });
        ids.collect()
    };
    for id in clients(node) {
        node.ask::<u64>(&["CLIENT", "KILL", "ID", &id]).unwrap();
    }
    eventually(async || clients(node).is_empty().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_over_killed_connections_succeed_on_a_cluster() {
    let servers = Cluster::start_with(1, &[]);
    let mut options = Servers::options(&servers);
    options.replicas = Some(1);
    let store = serve(&options).await;
    let nodes: Vec<_> = servers.nodes().iter().take(3).collect();
    every_operation_succeeds(&store, &nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_over_connections_that_were_closed_while_idle_succeed() {
    let servers = Replicated::start(1);
    let mut options = options(&servers.sentinel_url());
    options.replicas = Some(1);
    let store = serve(&options).await;
    let resource = tenant(&store).await;
    for node in servers.nodes() {
        node.ask::<()>(&["CONFIG", "SET", "timeout", "1"]).unwrap();
    }
    for _ in 0..3 {
        let before = oldest_unnamed_client(servers.node(0));
        eventually(async || {
            let now = oldest_unnamed_client(servers.node(0));
            (now.is_none() || now != before).then_some(())
        })
        .await;
        revoke_token(&store, resource).await.unwrap();
    }
}

/// The id of the oldest connection that is not a sentinel's.
fn oldest_unnamed_client(node: &Node) -> Option<u64> {
    let list = node.ask::<String>(&["CLIENT", "LIST", "TYPE", "normal"]);
    let list = list.unwrap();
    let own = |line: &&str| line.contains(" name= ") && !line.contains("cmd=client");
    let ids = list.lines().filter(own).filter_map(|line| {
        let id = line.split_whitespace().next()?;
        id.strip_prefix("id=")?.parse().ok()
    });
    ids.min()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_was_killed_is_made_again() {
    let server = Standalone::start();
    let options = options(&server.url());
    let (listens, appends) = (serve(&options).await, serve(&options).await);
    let resource = tenant(&appends).await;
    for _ in 0..ROUNDS {
        kill_subscriptions(&server).await;
        eventually(async || (subscriptions(&server).len() == 2).then_some(())).await;
        while listens.grown().await.len() > 1 {
            revoke_token(&appends, resource).await.unwrap();
        }
    }
}

async fn kill_subscriptions(server: &Standalone) {
    let before = eventually(async || Some(subscriptions(server)).filter(|ids| ids.len() == 2));
    let before = before.await;
    let killed = server.ask::<u64>(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    assert_eq!(killed.unwrap(), 2);
    eventually(async || {
        let now = subscriptions(server);
        before.iter().all(|id| !now.contains(id)).then_some(())
    })
    .await;
}

fn subscriptions(server: &Standalone) -> Vec<String> {
    let list = server.ask::<String>(&["CLIENT", "LIST", "TYPE", "pubsub"]);
    let list = list.unwrap();
    let ids = list
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    ids.map(str::to_owned).collect()
}

/// How often connections are killed.
const ROUNDS: usize = 10;
