//! How often a server is asked for each step, counted on the wire.
//!
//! Nobody else is there to be counted: a store alone asks nothing by itself.

use futures_util::future::join_all;
use lanyard_redis_fixture::{Flight, Node, Replicated, Standalone, Tap};
use lanyard_store::{Store as _, redis::RedisStore};
use lanyard_token::{CredentialId, ResourceId, TokenId};

use crate::{
    support::{options, serve},
    tenants::{appended, grantable, granted, id, primary, tenant},
};

#[tokio::test]
async fn a_grant_is_one_script_and_one_round_trip() {
    let redis = Standalone::start();
    let (tap, store) = tapped(&redis).await;
    let resource = tenant(&store).await;
    let request = grantable(&store, resource).await;
    granted(&store, request).await;
    tap.forget();
    for _ in 0..ONE_BY_ONE {
        granted(&store, request).await;
    }
    assert_eq!(names(&tap.flights()), vec![vec!["EVALSHA"]; ONE_BY_ONE]);
    // The control: where a second one is needed, as by a server that has not seen the script, it counts.
    redis.ask::<()>(&["SCRIPT", "FLUSH"]).unwrap();
    granted(&store, request).await;
    assert_eq!(names(&tap.flights()), [["EVALSHA"], ["EVAL"]]);
}

/// Whoever asks within one turn of the runtime, up to 128 of them.
#[tokio::test]
async fn grants_that_are_asked_for_at_once_share_a_script() {
    let redis = Standalone::start();
    let (tap, store) = tapped(&redis).await;
    let resource = tenant(&store).await;
    let request = grantable(&store, resource).await;
    granted(&store, request).await;
    for (at_once, scripts) in [(2, 1), (128, 1), (129, 2)] {
        tap.forget();
        join_all((0..at_once).map(|_| granted(&store, request))).await;
        let sent = tap.commands();
        assert!(sent.iter().all(|command| command.name() == "EVALSHA"));
        assert_eq!(sent.len(), scripts, "for {at_once} at once");
    }
}

#[tokio::test]
async fn a_revocation_is_one_script_and_one_round_trip() {
    let redis = Standalone::start();
    let (tap, store) = tapped(&redis).await;
    let resource = tenant(&store).await;
    let revokes = Revokes::of(&store, resource).await;
    tap.forget();
    for _ in 0..ONE_BY_ONE {
        revokes.one().await;
    }
    assert_eq!(names(&tap.flights()), vec![vec!["EVALSHA"]; ONE_BY_ONE]);
    join_all((0..AT_ONCE).map(|_| revokes.one())).await;
    let sent = tap.flights();
    assert_eq!(count(&sent, "EVALSHA"), AT_ONCE);
    assert!(sent.len() < AT_ONCE, "they are not pipelined");
}

/// The script and the wait go together; the second trip proves that the node still is the primary, and
/// records the entry as durable.
#[tokio::test]
async fn a_revocation_that_waits_for_a_replica_is_two_round_trips_shared_by_many() {
    let servers = Replicated::start(1);
    let (tap, store) = waiting(&servers).await;
    let resource = tenant(&store).await;
    let revokes = Revokes::of(&store, resource).await;
    tap.forget();
    for _ in 0..ONE_BY_ONE {
        revokes.one().await;
    }
    let sent = tap.flights();
    for (name, times) in [("EVALSHA", 2), ("WAIT", 1), ("INFO", 1), ("TIME", 1)] {
        assert_eq!(count(&sent, name), times * ONE_BY_ONE, "{name}");
    }
    join_all((0..AT_ONCE).map(|_| revokes.one())).await;
    let sent = tap.flights();
    assert_eq!(count(&sent, "EVALSHA"), 2 * AT_ONCE);
    for shared in ["WAIT", "INFO"] {
        let count = count(&sent, shared);
        assert!(count < AT_ONCE, "{count} times {shared}");
    }
}

/// Nothing is written, so nothing is waited for.
#[tokio::test]
async fn a_grant_beside_replicas_is_two_round_trips_shared_by_many() {
    let servers = Replicated::start(1);
    let (tap, store) = waiting(&servers).await;
    let resource = tenant(&store).await;
    let request = grantable(&store, resource).await;
    granted(&store, request).await;
    tap.forget();
    for _ in 0..ONE_BY_ONE {
        granted(&store, request).await;
    }
    assert_eq!(names(&tap.flights()), GRANT.repeat(ONE_BY_ONE));
    join_all((0..AT_ONCE).map(|_| granted(&store, request))).await;
    assert_eq!(names(&tap.flights()), GRANT);
}

/// Under Sentinel a majority confirms the primary: each sentinel is asked once for each grant, and once for
/// all that are asked for together.
#[tokio::test]
async fn a_grant_under_sentinel_asks_each_sentinel_once() {
    let servers = Replicated::start(1);
    let taps: Vec<_> = servers.sentinels().iter().map(Node::tap).collect();
    let addresses: Vec<_> = taps.iter().map(Tap::address).collect();
    let mut options = options(&format!(
        "redis-sentinel://{}/mymaster",
        addresses.join(",")
    ));
    options.replicas = Some(1);
    let store = serve(&options).await;
    listens(&store).await;
    let resource = tenant(&store).await;
    let request = grantable(&store, resource).await;
    granted(&store, request).await;
    let asked = || -> Vec<_> { taps.iter().map(|tap| tap.flights().len()).collect() };
    asked();
    for _ in 0..ONE_BY_ONE {
        granted(&store, request).await;
    }
    assert_eq!(asked(), [ONE_BY_ONE; 3]);
    join_all((0..AT_ONCE).map(|_| granted(&store, request))).await;
    assert_eq!(asked(), [1; 3]);
}

/// A store that finds its one server by way of a tap.
async fn tapped(redis: &Standalone) -> (Tap, RedisStore) {
    let tap = redis.tap();
    let store = serve(&options(&tap.url())).await;
    listens(&store).await;
    (tap, store)
}

/// The same with a replica, which writes wait for.
async fn waiting(servers: &Replicated) -> (Tap, RedisStore) {
    let tap = servers.node(servers.primary()).tap();
    let mut options = options(&tap.url());
    options.replicas = Some(1);
    let store = serve(&options).await;
    listens(&store).await;
    (tap, store)
}

/// What a store hears first is that it listens. After that it asks nothing by itself.
async fn listens(store: &RedisStore) {
    store.grown().await;
}

/// Who revokes tokens of a resource, and has done it before.
struct Revokes<'a> {
    store: &'a RedisStore,
    resource: ResourceId,
    by: CredentialId,
}

impl<'a> Revokes<'a> {
    async fn of(store: &'a RedisStore, resource: ResourceId) -> Self {
        let by = primary(store, resource).await.unwrap();
        let revokes = Self {
            store,
            resource,
            by,
        };
        revokes.one().await;
        revokes
    }

    async fn one(&self) {
        let token = TokenId::from_uuid(id());
        let revoking = self.store.revoke_token(self.resource, token, self.by);
        appended(revoking.await.unwrap());
    }
}

/// What was sent in each flight.
fn names(flights: &[Flight]) -> Vec<Vec<&str>> {
    flights.iter().map(Flight::names).collect()
}

fn count(flights: &[Flight], name: &str) -> usize {
    let names = flights.iter().flat_map(Flight::names);
    names.filter(|one| *one == name).count()
}

const ONE_BY_ONE: usize = 50;
const AT_ONCE: usize = 64;
/// The script, and the proof that the node still is the primary.
const GRANT: [&[&str]; 2] = [&["EVALSHA"], &["INFO", "TIME"]];
