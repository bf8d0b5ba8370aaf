//! A node that became the primary goes on an hour above whatever a lost end of the log can have held.

use lanyard_redis_fixture::Standalone;
use lanyard_revocation::{Continuity, continuity};
use lanyard_store::{IssueGrant, IssueRequest, SigningKeyChange, Store as _, redis::RedisStore};
use lanyard_token::{KeyId, Position, ResourceId};

use crate::{
    support::{eventually, options, serve, whole_log},
    tenants::{id, identity, primary, revoke_token, tenant},
};

const HOUR_MILLIS: u64 = 3_600_000;

async fn sign_with_some_key(store: &RedisStore) -> KeyId {
    let active = KeyId::from_uuid(id());
    let change = SigningKeyChange {
        from_version: store.signing_keys().await.unwrap().version,
        records: Vec::new(),
        active: Some(active),
        revoked: None,
    };
    assert_eq!(
        store.change_signing_keys(change).await.unwrap(),
        Some(vec![])
    );
    active
}

async fn granted(store: &RedisStore, resource: ResourceId, key: KeyId) -> Option<Position> {
    let identity = identity(store, resource).await;
    let request = IssueRequest {
        identity: identity.id,
        credential: primary(store, resource).await.unwrap(),
        signing_key: key,
    };
    match store.issue_grant(request).await.unwrap() {
        IssueGrant::Granted(position) => Some(position),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_goes_on_an_hour_higher_after_each_restart_and_reads_on_without_a_gap() {
    let server = Standalone::start();
    let store = serve(&options(&server.url())).await;
    let resource = tenant(&store).await;
    let key = sign_with_some_key(&store).await;
    let mut last = revoke_token(&store, resource).await.unwrap().entry.position;
    let mut cursor = whole_log(&store, resource).await.next_cursor();
    for _ in 0..3 {
        server.kill();
        server.restart();
        let position = eventually(async || {
            revoke_token(&store, resource)
                .await
                .ok()
                .map(|appended| appended.entry.position)
        });
        let position = position.await;
        assert!(
            position.millis() >= last.millis() + HOUR_MILLIS,
            "{position} after {last}"
        );
        let partition = lanyard_revocation::partition_of(resource, store.partitions());
        let read = store.read_log(partition, cursor, 100).await.unwrap();
        assert_eq!(continuity(cursor.as_ref(), &read), Continuity::Continues);
        assert_eq!(
            read.entries
                .iter()
                .filter(|entry| entry.opens_generation())
                .count(),
            1
        );
        assert!(granted(&store, resource, key).await.unwrap() >= position);
        (last, cursor) = (position, read.next_cursor());
    }
    let numbers = whole_log(&store, resource).await.entries;
    let numbers: Vec<u64> = numbers.iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_opens_the_generation_as_well() {
    let server = Standalone::start();
    let store = serve(&options(&server.url())).await;
    let resource = tenant(&store).await;
    let key = sign_with_some_key(&store).await;
    let before = granted(&store, resource, key).await.unwrap();
    server.kill();
    server.restart();
    eventually(async || store.resource(resource).await.ok()).await;
    let after = granted(&store, resource, key).await.unwrap();
    assert!(after.millis() >= before.millis() + HOUR_MILLIS);
    let log = whole_log(&store, resource).await;
    assert!(log.entries.last().unwrap().opens_generation());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_meet_a_new_primary_at_once_open_one_generation() {
    let server = Standalone::start();
    let options = options(&server.url());
    let stores = [serve(&options).await, serve(&options).await];
    let resource = tenant(&stores[0]).await;
    server.kill();
    server.restart();
    for store in &stores {
        eventually(async || store.resource(resource).await.ok()).await;
    }
    let calls = (0..20).map(|call| revoke_token(&stores[call % 2], resource));
    for answer in futures_util::future::join_all(calls).await {
        answer.unwrap();
    }
    let log = whole_log(&stores[0], resource).await;
    let openings = log.entries.iter().filter(|entry| entry.opens_generation());
    assert_eq!((openings.count(), log.entries.len()), (1, 21));
}
