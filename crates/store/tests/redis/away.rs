//! A server that is gone, hangs or comes back, and callers who go away.

use std::time::Duration;

use lanyard_redis_fixture::Standalone;
use lanyard_store::{Store as _, StoreError, redis::RedisStore};
use lanyard_token::{CredentialId, ResourceId};
use tokio::time::{Instant, timeout};

use crate::{
    support::{eventually, options, serve},
    tenants::{id, identity, primary, revoke_token, tenant},
};

/// Well over what hundreds of calls may take that fail at once, and well under any timeout here.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Just below what a call takes that tries in vain to connect to a server which hangs.
const TRIED: Duration = Duration::from_millis(900);

async fn is_away(store: &RedisStore, resource: ResourceId, by: CredentialId) -> bool {
    let token = lanyard_token::TokenId::from_uuid(id());
    let answer = store.revoke_token(resource, token, by).await;
    matches!(answer, Err(StoreError::Unavailable(_)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_is_told_at_once_and_found_again_when_it_is_back() {
    let server = Standalone::start();
    let mut options = options(&server.url());
    options.response_timeout = Duration::from_secs(30);
    let store = serve(&options).await;
    let resource = tenant(&store).await;
    let by = primary(&store, resource).await.unwrap();
    server.kill();
    eventually(async || is_away(&store, resource, by).await.then_some(())).await;
    let calls = (0..200).map(|_| is_away(&store, resource, by));
    let all = futures_util::future::join_all(calls);
    let all = timeout(AT_ONCE, all).await.expect("nothing should pile up");
    assert!(all.into_iter().all(|away| away));
    server.restart();
    eventually(async || revoke_token(&store, resource).await.ok()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_holds_up_nobody_after_the_first() {
    let server = Standalone::start();
    let store = serve(&options(&server.url())).await;
    let resource = tenant(&store).await;
    let by = primary(&store, resource).await.unwrap();
    server.pause();
    assert!(is_away(&store, resource, by).await);
    // One call finds out that there is no connection to be had, and no other waits for it.
    assert!(is_away(&store, resource, by).await);
    let (mut slow, mut between) = (0, Duration::ZERO);
    for _ in 0..20 {
        let asked = Instant::now();
        assert!(is_away(&store, resource, by).await);
        let took = asked.elapsed();
        if took < TRIED {
            between += took;
        } else {
            slow += 1;
        }
    }
    // Once in a while a call finds out whether it is back. The more of that passes, the more of them do.
    let may_be_slow = 5 + between.as_millis() / 100;
    assert!(slow <= may_be_slow, "{slow} of 20 waited in {between:?}");
    server.resume();
    eventually(async || revoke_token(&store, resource).await.ok()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_who_go_away_leave_no_answer_for_others() {
    let server = Standalone::start();
    let store = serve(&options(&server.url())).await;
    let resource = tenant(&store).await;
    let known: Vec<_> =
        futures_util::future::join_all((0..8).map(|_| identity(&store, resource))).await;
    for round in 0..300_u64 {
        let patience = Duration::from_micros(round % 40 * 10);
        drop(timeout(patience, revoke_token(&store, resource)).await);
        let one = &known[usize::try_from(round).unwrap() % known.len()];
        let (found, resource_found) =
            tokio::join!(store.identity(one.id), store.resource(resource));
        assert_eq!(found.unwrap().unwrap().id, one.id);
        assert_eq!(resource_found.unwrap().unwrap().id, resource);
    }
}
