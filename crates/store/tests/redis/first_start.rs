//! The first start, when several processes make it.

use std::{sync::Arc, time::Duration};

use lanyard_redis_fixture::Standalone;
use lanyard_store::{
    Credential, CredentialRole, FirstStart, SealedSecret, Store as _,
    redis::{RedisOpenError, RedisStore, RedisTime},
};
use lanyard_token::{CredentialId, ManualClock, UnixTime};
use tokio::time::sleep;
use uuid::Uuid;

use crate::support::{open, options};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_is_ones_turn_it_is_nobody_elses() {
    let server = Standalone::start();
    let (one, other) = (opened(&server).await, opened(&server).await);
    let [mine, theirs] = [1, 2].map(operator);
    assert_eq!(take(&one, &mine, LONG).await, FirstStart::Yours);
    assert_eq!(take(&other, &theirs, LONG).await, FirstStart::AnothersTurn);
    assert_eq!(take(&one, &mine, LONG).await, FirstStart::Yours);
    // Nobody gives back what is not theirs, nor ends it.
    let zero = Duration::ZERO;
    assert_eq!(take(&other, &theirs, zero).await, FirstStart::AnothersTurn);
    assert!(!other.end_first_start(theirs.clone()).await.unwrap());
    assert_eq!(take(&other, &theirs, LONG).await, FirstStart::AnothersTurn);
    assert!(one.end_first_start(mine).await.unwrap());
    assert_eq!(take(&other, &theirs, LONG).await, FirstStart::Over);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_that_is_over_is_the_next_ones_and_its_holder_ends_nothing() {
    let server = Standalone::start();
    let store = opened(&server).await;
    let [slow, next] = [1, 2].map(operator);
    let short = Duration::from_millis(50);
    assert_eq!(take(&store, &slow, short).await, FirstStart::Yours);
    while take(&store, &next, LONG).await == FirstStart::AnothersTurn {
        sleep(Duration::from_millis(5)).await;
    }
    assert!(!store.end_first_start(slow.clone()).await.unwrap());
    assert!(store.end_first_start(next.clone()).await.unwrap());
    assert!(!store.end_first_start(slow.clone()).await.unwrap());
    assert_eq!(store.credential(slow.id).await.unwrap(), None);
    assert_eq!(store.credential(next.id).await.unwrap(), Some(next));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_may_not_be_made_leaves_no_trace() {
    let server = Standalone::start();
    let mut options = options(&server.url());
    options.may_make = false;
    let clock = || Arc::new(ManualClock::new(START));
    let refused = RedisStore::open(&options, (clock(), RedisTime::Clock), Uuid::new_v4).await;
    assert!(
        matches!(refused, Err(RedisOpenError::NoStore)),
        "{refused:?}"
    );
    assert_eq!(server.ask::<u64>(&["DBSIZE"]).unwrap(), 0);
    drop(opened(&server).await);
    open(&options, clock()).await;
}

async fn opened(server: &Standalone) -> RedisStore {
    open(&options(&server.url()), Arc::new(ManualClock::new(START))).await
}

async fn take(store: &RedisStore, operator: &Credential, length: Duration) -> FirstStart {
    store.take_first_turn(operator.id, length).await.unwrap()
}

fn operator(number: u128) -> Credential {
    Credential {
        id: CredentialId::from_uuid(Uuid::from_u128(number)),
        role: CredentialRole::Operator,
        secret: SealedSecret::new(vec![7]),
        create_time: START,
    }
}

const START: UnixTime = UnixTime::from_secs(1_700_000_000);
const LONG: Duration = Duration::from_mins(10);
