//! Connections that Redis has closed while they were idle, or that an operator killed.

use lanyard_redis_fixture::{Node, Replicated};
use tokio::task::block_in_place;

use crate::support::{Replicas, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_write_fails_over_a_connection_that_was_closed_while_idle() {
    let servers = Replicated::start(1);
    let server = Replicas::with(&servers.sentinel_url(), &["--redis-replicas", "1"])
        .start()
        .await;
    let caller = server.primary();
    for node in servers.nodes() {
        block_in_place(|| node.ask::<()>(&["CONFIG", "SET", "timeout", "1"])).unwrap();
    }
    for _ in 0..3 {
        caller.create(None).await.unwrap();
        eventually("Redis closes the idle connection", async || {
            waiting(servers.node(0)).is_empty()
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_write_fails_over_a_connection_that_was_killed() {
    let servers = Replicated::start(1);
    let server = Replicas::with(&servers.sentinel_url(), &["--redis-replicas", "1"])
        .start()
        .await;
    let caller = server.primary();
    let node = servers.node(0);
    for _ in 0..20 {
        caller.create(None).await.unwrap();
        for id in waiting(node) {
            let kill = ["CLIENT", "KILL", "ID", &id];
            block_in_place(|| node.ask::<()>(&kill)).unwrap();
        }
        eventually("the connection is gone", async || waiting(node).is_empty()).await;
    }
}

/// The connections over which writes wait for replicas.
fn waiting(node: &Node) -> Vec<String> {
    let list = block_in_place(|| node.ask::<String>(&["CLIENT", "LIST", "TYPE", "normal"]));
    let list = list.unwrap();
    let waiting = list.lines().filter(|line| line.contains(" cmd=wait "));
    let ids = waiting.filter_map(|line| line.split_whitespace().next()?.strip_prefix("id="));
    ids.map(str::to_owned).collect()
}
