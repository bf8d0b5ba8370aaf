//! Too few replicas of Redis are in reach: nothing is acknowledged, and all that needs no write goes on.

use std::slice::from_ref;
use std::time::Duration;

use lanyard_proto::v1::DecisionReason;
use lanyard_redis_fixture::{Node, Replicated, Standalone};
use rustix::process::Signal;
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep_until};
use tonic::{Code, Status};

use super::redis_damaged::copy_all;
use crate::support::{Fleet, Replicas, Said, Server, eventually, http, question, reason};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checks_go_on_when_the_primary_is_lost_with_an_entry_that_its_only_replica_lacks() {
    primary_is_lost_with_an_unacknowledged_entry(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checks_go_on_when_the_primary_is_lost_with_an_entry_that_both_replicas_lack() {
    primary_is_lost_with_an_unacknowledged_entry(2).await;
}

/// Every replica has to confirm. A revocation reaches the primary alone, which is then lost for good, and
/// one replica is promoted.
async fn primary_is_lost_with_an_unacknowledged_entry(count: usize) {
    let servers = Replicated::failing_over(count);
    let required = count.to_string();
    let bound = ["--freshness-bound", "8s"];
    let flags = [&["--redis-replicas", &required], &bound[..]].concat();
    let replicas = Replicas::with(&servers.sentinel_url(), &flags);
    let fleet = Fleet::start(replicas, 1, &bound).await;
    let holder = fleet.authorities[0].primary();
    let identity = holder.identity().await;
    let living = holder.issue(&identity, &["chat"]).await.token;
    let dead = holder.token(&["chat"]).await;
    holder.revoke(&dead).await.unwrap();
    fleet.say(Said::REVOKED, &dead).await;

    let old = servers.primary();
    let others: Vec<_> = (0..=count).filter(|node| *node != old).collect();
    block_in_place(|| others.iter().for_each(|node| servers.node(*node).kill()));
    is_unavailable(&holder.revoke_all(&identity).await.unwrap_err());
    read_by_all(servers.node(old)).await;
    let askers = fleet.askers();
    for asks in &askers {
        assert_eq!(Said::of(asks, &living).await, Said::ALLOWED);
    }

    let lost = Instant::now();
    block_in_place(|| {
        servers.node(old).kill();
        servers.node(others[0]).restart();
        servers.await_failover(old);
    });
    // No list that was confirmed before is fresh any more.
    sleep_until(lost + BOUND + BOUND / 2).await;
    Said::ALLOWED.by_all(&askers, &living).await;
    Said::REVOKED.by_all(&askers, &dead).await;
    is_unavailable(&holder.revoke_all(&identity).await.unwrap_err());
    for authority in &fleet.authorities {
        let in_reach = format!("0 of {count}");
        waits_for_replicas(authority, &in_reach).await;
        Said::ALLOWED.by_all(&askers, &living).await;
    }

    block_in_place(|| {
        for node in &others[1..] {
            servers.node(*node).restart();
        }
        servers.restart_node(old);
        servers.await_settled();
    });
    eventually("revocations are acknowledged again", async || {
        holder.revoke_all(&identity).await.is_ok()
    })
    .await;
    Said::REVOKED.by_all(&askers, &living).await;
}

/// An enforcer whose authority could read the entry, and one whose authority could not, say the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revocation_that_was_lost_unacknowledged_is_applied_by_no_enforcer() {
    let servers = Replicated::failing_over(1);
    let replicas = Replicas::with(&servers.sentinel_url(), &["--redis-replicas", "1"]);
    let fleet = Fleet::start(replicas, 0, &[]).await;
    let [one, other] = fleet.authorities.as_slice() else {
        panic!("two authorities");
    };
    let data = fleet.replicas.data();
    let near = Server::enforce(data, &[one.endpoint()], &[]).await;
    let far = Server::enforce(data, &[other.endpoint()], &[]).await;
    let askers = [near.enforcer(), far.enforcer()];
    let holder = one.primary();
    let identity = holder.identity().await;
    let token = holder.issue(&identity, &["chat"]).await.token;
    Said::ALLOWED.by_all(&askers, &token).await;

    other.signal(Signal::STOP);
    let old = servers.primary();
    let promoted = 1 - old;
    block_in_place(|| servers.node(promoted).kill());
    is_unavailable(&holder.revoke_all(&identity).await.unwrap_err());
    read_by_all(servers.node(old)).await;
    one.signal(Signal::KILL);
    block_in_place(|| {
        servers.node(old).kill();
        servers.node(promoted).restart();
        servers.await_failover(old);
    });
    other.signal(Signal::CONT);
    other.ready().await;
    for asks in &askers {
        assert_eq!(Said::of(asks, &token).await, Said::ALLOWED);
    }
    assert_eq!(other.primary().state(&token).await, DecisionReason::Allowed);
}

/// A revocation that the replicas have not confirmed takes effect once they have, without a further call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unacknowledged_revocation_takes_effect_with_the_next_write() {
    let (redis, replica) = with_replica();
    let replicas = Replicas::with(&redis.url(), &["--redis-replicas", "1"]);
    let server = replicas.start().await;
    let holder = server.primary();
    let identity = holder.identity().await;
    let token = holder.issue(&identity, &["chat"]).await.token;
    let asks = server.enforcer();
    block_in_place(|| replica.kill());
    is_unavailable(&holder.revoke_all(&identity).await.unwrap_err());
    read_by_all(&redis).await;
    assert_eq!(Said::of(&asks, &token).await, Said::ALLOWED);
    block_in_place(|| replica.restart());
    let other = eventually_some(async || holder.create(None).await.ok()).await;
    let next = holder.revoke_all(&other.id).await.unwrap();
    let decision = asks.check(question(&token, Some(&next.position))).await;
    assert_eq!(decision.unwrap().reason(), DecisionReason::TokenRevoked);
}

/// Redis is started on an older copy, which lacks an acknowledged revocation, and without its replica.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn list_is_confirmed_before_a_lost_revocation_can_be_appended_again() {
    let (redis, replica) = with_replica();
    let flags = ["--redis-replicas", "1", "--freshness-bound", "8s"];
    let replicas = Replicas::with(&redis.url(), &flags);
    let server = replicas.start().await;
    let (token, _) = tokens(&server).await;
    let dead = server.primary().token(&["chat"]).await;
    let copy = tempfile::tempdir().unwrap();
    block_in_place(|| {
        redis.kill();
        copy_all(&redis.dir(), copy.path());
        redis.restart();
    });
    eventually("revocations are acknowledged again", async || {
        server.primary().revoke(&dead).await.is_ok()
    })
    .await;
    let lost = Instant::now();
    block_in_place(|| {
        replica.kill();
        redis.kill();
        std::fs::remove_dir_all(redis.dir()).unwrap();
        copy_all(copy.path(), &redis.dir());
        redis.restart();
    });
    server
        .says_in_one_line(&["could not append lost revocations again", "0 of 1 replicas"])
        .await;
    // No list that was confirmed before is fresh any more.
    sleep_until(lost + BOUND + BOUND / 2).await;
    let asks = server.enforcer();
    Said::ALLOWED.by_all(from_ref(&asks), &token).await;
    Said::REVOKED.by_all(from_ref(&asks), &dead).await;
    assert!(server.metric("lanyard_log_repairs_pending").await > 0);

    block_in_place(|| replica.restart());
    eventually("the log is repaired", async || {
        server.metric("lanyard_log_repairs_pending").await == 0
    })
    .await;
    assert!(server.metric("lanyard_log_healed_total").await > 0);
    Said::REVOKED.by_all(from_ref(&asks), &dead).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authority_starts_checks_and_issues_while_a_replica_is_missing() {
    let (redis, replica) = with_replica();
    let replicas = Replicas::with(&redis.url(), &["--redis-replicas", "1"]);
    let first = replicas.start().await;
    let (token, dead) = tokens(&first).await;
    block_in_place(|| replica.kill());
    rolling_restart(&replicas, first, (&token, &dead), "0 of 1").await;

    let last = replicas.start().await;
    block_in_place(|| replica.restart());
    eventually("revocations are acknowledged again", async || {
        last.primary().revoke(&token).await.is_ok()
    })
    .await;
    last.says("enough replicas of Redis are in reach again")
        .await;
    assert_eq!(http::get(last.admin_url(), "/readyz").await.body, "ready\n");
    assert_eq!(last.metric("lanyard_replicas_missing").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authority_starts_under_sentinel_while_one_of_two_replicas_is_missing() {
    let servers = Replicated::start(2);
    let replicas = Replicas::with(&servers.sentinel_url(), &["--redis-replicas", "2"]);
    let first = replicas.start().await;
    let (token, dead) = tokens(&first).await;
    let missing = (servers.primary() + 1) % 3;
    block_in_place(|| servers.node(missing).kill());
    rolling_restart(&replicas, first, (&token, &dead), "1 of 2").await;
}

/// The control: a store that does not exist yet cannot be made without the replica.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_start_needs_the_replicas() {
    let (redis, replica) = with_replica();
    let replicas = Replicas::with(&redis.url(), &["--redis-replicas", "1"]);
    block_in_place(|| replica.kill());
    let exited = replicas.refuses_to_start(&[]).await;
    assert!(!exited.status.success());
}

async fn rolling_restart(
    replicas: &Replicas,
    first: Server,
    (token, dead): (&str, &str),
    in_reach: &str,
) {
    waits_for_replicas(&first, in_reach).await;
    let second = replicas.start().await;
    second.becomes_ready().await;
    assert!(first.stop().await.status.success());
    let third = replicas.start().await;
    for server in [&second, &third] {
        server.becomes_ready().await;
        waits_for_replicas(server, in_reach).await;
        let asks = server.enforcer();
        Said::ALLOWED.by_all(from_ref(&asks), token).await;
        Said::REVOKED.by_all(from_ref(&asks), dead).await;
        let holder = server.primary();
        let identity = third.primary().list_all().await.remove(0).id;
        let new = holder.issue(&identity, &["chat"]).await.token;
        Said::ALLOWED.by_all(from_ref(&asks), &new).await;
        is_unavailable(&holder.revoke(token).await.unwrap_err());
    }
}

async fn tokens(server: &Server) -> (String, String) {
    let holder = server.primary();
    let (token, dead) = (holder.token(&["chat"]).await, holder.token(&["chat"]).await);
    holder.revoke(&dead).await.unwrap();
    (token, dead)
}

/// It is logged, in the text of the probe, and counted, that writes wait.
async fn waits_for_replicas(server: &Server, in_reach: &str) {
    let line = format!("writes wait for replicas of Redis: {in_reach} in reach");
    server.says(&line).await;
    eventually("the probe has it", async || {
        let probe = http::get(server.admin_url(), "/readyz").await;
        probe.status == 200 && probe.body.contains(&line)
    })
    .await;
    eventually("it is counted", async || {
        server.metric("lanyard_replicas_missing").await > 0
    })
    .await;
}

fn is_unavailable(refusal: &Status) {
    assert_eq!(refusal.code(), Code::Unavailable, "{refusal:?}");
    assert_eq!(reason(refusal), "STORE_UNAVAILABLE", "{refusal:?}");
}

fn with_replica() -> (Standalone, Standalone) {
    let redis = Standalone::start();
    let line = format!("replicaof 127.0.0.1 {}", redis.port());
    let replica = Standalone::builder().config(&line).start();
    (redis, replica)
}

/// Waits until every log has been read several times since now.
async fn read_by_all(primary: &Node) {
    let reads = || {
        let stats: String = primary.ask(&["INFO", "commandstats"]).unwrap();
        let line = stats
            .lines()
            .find_map(|line| line.strip_prefix("cmdstat_xrange:calls="));
        let count = line.and_then(|line| line.split(',').next());
        count
            .and_then(|count| count.parse::<u64>().ok())
            .unwrap_or_default()
    };
    let before = block_in_place(reads);
    eventually("the logs are read", async || {
        block_in_place(reads) > before + READS
    })
    .await;
}

async fn eventually_some<T>(mut call: impl AsyncFnMut() -> Option<T>) -> T {
    let mut found = None;
    eventually("the call succeeds", async || {
        found = call().await;
        found.is_some()
    })
    .await;
    found.unwrap()
}

const BOUND: Duration = Duration::from_secs(8);
/// Sixteen logs, two authorities, and several times each.
const READS: u64 = 16 * 2 * 4;
