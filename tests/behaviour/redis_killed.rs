//! Redis is killed under load, again and again, and started from its append-only file.

use std::time::Duration;

use lanyard_redis_fixture::Standalone;
use lanyard_store::redis::{RedisDurability, RedisOptions, RedisUrl};
use tokio::task::block_in_place;
use tokio::time::Instant;

use crate::support::{Figures, Fleet, KnownKey, Load, Missing, Replicas, Server};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_kills_of_redis_under_load_lose_nothing_that_was_acknowledged() {
    let redis = Standalone::start();
    let fleet = Fleet::start(Replicas::on(&redis.url()), 0, &[]).await;
    let key = KnownKey::plant_on_redis(&store_on(&redis.url())).await;
    let load = Load::start(&fleet, key, false).await;
    load.goes_on().await;
    let (mut back, begun) = (Vec::new(), Instant::now());
    for _ in 0..KILLS {
        block_in_place(|| {
            redis.kill();
            redis.restart();
        });
        back.push(load.goes_on().await);
    }
    let took = begun.elapsed();
    let ledger = load.stop().await;
    println!("{KILLS} kills in {took:?}: {ledger}");
    println!("the service was back after {}", Figures::of(back.clone()));
    // A service that does not find Redis again does not come back at all.
    assert!(back.iter().all(|after| *after < Duration::from_secs(15)));
    assert!(
        ledger.unacknowledged > 0,
        "nothing was under way at any kill"
    );

    // Nothing had to be given back by those who knew it: Redis itself had it.
    for replica in &fleet.authorities {
        ledger.is_heard_by(replica).await;
        assert_eq!(ledger.missing(replica).await, Missing::NOTHING);
        assert_eq!(replica.metric("lanyard_log_healed_total").await, 0);
    }
    // And neither does one tell it that knows nothing but what is in Redis.
    fleet.authorities.into_iter().for_each(Server::kill);
    let fresh = fleet.replicas.start().await;
    fresh.becomes_ready().await;
    assert_eq!(ledger.missing(&fresh).await, Missing::NOTHING);
}

/// The control: a Redis that acknowledges what it has not written down, and is taken as it is. All that
/// came after its last snapshot is lost with it and with those who knew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_keeps_nothing_loses_what_was_acknowledged() {
    let redis = Standalone::builder().config("appendonly no").start();
    let flags = ["--redis-durability", "relaxed"];
    let fleet = Fleet::start(Replicas::with(&redis.url(), &flags), 0, &[]).await;
    let mut options = store_on(&redis.url());
    options.durability = RedisDurability::Relaxed;
    let key = KnownKey::plant_on_redis(&options).await;
    redis.ask::<()>(&["SAVE"]).unwrap();
    let load = Load::start(&fleet, key, true).await;
    load.goes_on().await;
    block_in_place(|| redis.kill());
    let replicas = fleet.replicas.clone();
    fleet.authorities.into_iter().for_each(Server::kill);
    let ledger = load.stop().await;
    block_in_place(|| redis.restart());
    let fresh = replicas.start().await;
    fresh.becomes_ready().await;
    let missing = ledger.missing(&fresh).await;
    println!("lost: {missing:?}");
    assert_eq!(missing.revocations, ledger.dead.len());
    assert_eq!(missing.identities, ledger.identities.len());
    assert!(missing.keys > 0);
}

/// What opens a store at a URL.
fn store_on(url: &str) -> RedisOptions {
    let url: RedisUrl = url.parse().unwrap();
    RedisOptions::new(url.servers)
}

const KILLS: usize = 30;
