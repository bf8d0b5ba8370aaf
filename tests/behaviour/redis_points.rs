//! Enforcement points over two replicas: one of which is enough, and without which nothing is accepted.

use std::slice::from_ref;
use std::time::Duration;

use lanyard_redis_fixture::Standalone;
use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use crate::support::{Fleet, Replicas, Said, Server, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn either_replica_is_enough_for_a_point_to_go_on_without_a_pause() {
    let (_redis, mut fleet) = started().await;
    let point = fleet.points.pop().unwrap();
    let asks = point.enforcer();
    let token = fleet.authorities[0].primary().token(&["chat"]).await;
    Said::ALLOWED.by_all(from_ref(&asks), &token).await;
    // Whichever it follows is among those that go.
    for gone in 0..2 {
        let address = fleet.authorities[gone].address();
        fleet.authorities.remove(gone).kill();
        let killed = Instant::now();
        let mut checks = 0;
        while killed.elapsed() < BOUND + Duration::from_secs(1) {
            assert_eq!(Said::of(&asks, &token).await, Said::ALLOWED);
            checks += 1;
            sleep(Duration::from_millis(20)).await;
        }
        assert!(checks > 20, "only {checks}");
        let holder = fleet.authorities[0].primary();
        let dead = holder.token(&["chat"]).await;
        holder.revoke(&dead).await.unwrap();
        Said::REVOKED.by_all(from_ref(&asks), &dead).await;
        let again = fleet.replicas.start_with(&["--listen", &address]).await;
        again.becomes_ready().await;
        fleet.authorities.insert(gone, again);
    }
    assert_eq!(point.metric("lanyard_feed_divergences").await, 0);
}

/// It was paused for longer than its bound, and one replica is gone when it goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_point_that_was_paused_refuses_until_it_has_heard_from_whichever_is_left() {
    let (_redis, mut fleet) = started().await;
    let holder = fleet.authorities[1].primary();
    let [living, dead] = [holder.token(&["chat"]).await, holder.token(&["chat"]).await];
    fleet.say(Said::ALLOWED, &living).await;
    fleet.say(Said::ALLOWED, &dead).await;
    let asks = fleet.points[0].enforcer();
    fleet.points[0].signal(Signal::STOP);
    holder.revoke(&dead).await.unwrap();
    fleet.authorities.remove(0).kill();
    sleep(BOUND + Duration::from_millis(500)).await;
    fleet.points[0].signal(Signal::CONT);
    eventually("it has heard of the revocation", async || {
        let said = Said::of(&asks, &dead).await;
        assert_ne!(said, Said::ALLOWED);
        said == Said::REVOKED
    })
    .await;
    Said::ALLOWED.by_all(from_ref(&asks), &living).await;
}

/// Redis is well, and knows everything: but a point asks the replicas, and they are gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_point_that_is_started_again_with_no_replica_in_reach_accepts_nothing() {
    let (_redis, mut fleet) = started().await;
    let holder = fleet.authorities[0].primary();
    let [living, dead] = [holder.token(&["chat"]).await, holder.token(&["chat"]).await];
    holder.revoke(&dead).await.unwrap();
    fleet.say(Said::ALLOWED, &living).await;
    let addresses: Vec<_> = fleet.authorities.iter().map(Server::address).collect();
    let endpoints: Vec<_> = addresses.iter().map(|at| format!("http://{at}")).collect();
    fleet.points.clear();
    fleet.authorities.clear();
    let endpoints: Vec<_> = endpoints.iter().map(String::as_str).collect();
    let point = Server::enforce(fleet.replicas.data(), &endpoints, &BOUND_FLAGS).await;
    let asks = point.enforcer();
    for _ in 0..20 {
        assert_eq!(Said::of(&asks, &living).await, Said::Stale);
        assert_eq!(Said::of(&asks, &dead).await, Said::Stale);
        sleep(Duration::from_millis(50)).await;
    }
    point.becomes_unready().await;
    // The control: with the second of them back, it answers.
    let listen = ["--listen", addresses[1].as_str()];
    let _replica = fleet.replicas.start_with(&listen).await;
    Said::ALLOWED.by_all(from_ref(&asks), &living).await;
    Said::REVOKED.by_all(from_ref(&asks), &dead).await;
}

async fn started() -> (Standalone, Fleet) {
    let redis = Standalone::start();
    let fleet = Fleet::start(Replicas::on(&redis.url()), 1, &BOUND_FLAGS).await;
    (redis, fleet)
}

/// Shorter than any that one would choose, so that a test can wait for it.
const BOUND: Duration = Duration::from_secs(6);
const BOUND_FLAGS: [&str; 2] = ["--freshness-bound", "6s"];
