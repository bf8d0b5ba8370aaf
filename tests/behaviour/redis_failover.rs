//! The primary is killed under load, again and again, and Sentinel promotes a replica.

use std::time::Duration;

use lanyard_proto::v1::DecisionReason;
use lanyard_redis_fixture::Replicated;
use lanyard_store::redis::{RedisOptions, RedisUrl};
use tokio::task::block_in_place;
use tokio::time::Instant;

use crate::support::{Figures, Fleet, KnownKey, Load, Missing, Replicas, Server};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_failovers_under_load_lose_nothing_that_was_acknowledged() {
    fail_over(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes, three are in the ordinary run; cargo test --test main ten_failovers -- --ignored"]
async fn ten_failovers_under_load_lose_nothing_that_was_acknowledged() {
    fail_over(10).await;
}

/// Kills the primary so many times. The service has to be back although the killed node is not: with
/// every replica to wait for, that is when the node is there again.
async fn fail_over(times: usize) {
    let servers = Replicated::failing_over(2);
    let url = servers.sentinel_url();
    let flags = ["--redis-replicas", "2"];
    let fleet = Fleet::start(Replicas::with(&url, &flags), 1, &[]).await;
    let url: RedisUrl = url.parse().unwrap();
    let mut options = RedisOptions::new(url.servers);
    options.replicas = Some(2);
    let load = Load::start(&fleet, KnownKey::plant_on_redis(&options).await, false).await;
    load.goes_on().await;
    let (mut back, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..times {
        let killed = Instant::now();
        block_in_place(|| {
            let old = servers.kill_primary();
            servers.await_failover(old);
            servers.restart_node(old);
            servers.await_settled();
        });
        back.push(killed.elapsed());
        whole.push(load.goes_on().await);
    }
    let ledger = load.stop().await;
    println!("{times} failovers: {ledger}");
    println!("the servers were whole again after {}", Figures::of(back));
    let whole = Figures::of(whole);
    println!("the service was back after that in {whole}");
    // A service that does not find Redis again does not come back at all.
    assert!(whole.max < Duration::from_secs(15), "{whole}");
    assert!(ledger.unacknowledged > 0, "nothing was under way");
    assert!(ledger.rotations > 0, "no key was rotated");

    for replica in &fleet.authorities {
        ledger.is_heard_by(replica).await;
        assert_eq!(ledger.missing(replica).await, Missing::NOTHING);
        assert_eq!(replica.metric("lanyard_log_healed_total").await, 0);
    }
    ledger.is_heard_by(&fleet.points[0]).await;
    let verdicts = fleet.points[0].enforcer().verdicts(&ledger.dead).await;
    assert!(
        verdicts
            .iter()
            .all(|verdict| *verdict == DecisionReason::TokenRevoked)
    );
    fleet.authorities.into_iter().for_each(Server::kill);
    let fresh = fleet.replicas.start().await;
    fresh.becomes_ready().await;
    assert_eq!(ledger.missing(&fresh).await, Missing::NOTHING);
}
