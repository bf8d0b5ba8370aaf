//! Concurrent changes share an fsync, and nobody suffers for a neighbour.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use lanyard_revocation::PartitionId;
use lanyard_store::{Store as _, StoreError, embedded::EmbeddedStore};
use redb::{ReadableDatabase as _, ReadableTable as _, TableDefinition};
use tokio::task::JoinSet;

use crate::support::{
    FILE, START, appended, create, identity, new_identity, open, primary, revoke_token, tenant,
    vouched,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_writers_share_their_commits() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open(directory.path()));
    let resource = tenant(&*store).await;
    let before = store.commits();
    let mut writers = JoinSet::new();
    for _ in 0..64 {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            for _ in 0..32 {
                revoke_token(&*store, resource).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    let commits = store.commits() - before;
    // How many share one is the disk's affair: the faster it is, the fewer come meanwhile.
    assert!(
        commits * 4 <= 64 * 32,
        "{commits} commits for {} revocations",
        64 * 32
    );
}

#[tokio::test]
async fn a_lone_writer_does_not_wait_for_company() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let resource = tenant(&store).await;
    let before = store.commits();
    for _ in 0..5 {
        revoke_token(&store, resource).await.unwrap();
    }
    assert_eq!(store.commits() - before, 5);
}

#[tokio::test]
async fn a_step_that_fails_is_answered_alone() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let resource = tenant(&store).await;
    let (damaged, whole) = (
        identity(&store, resource).await,
        identity(&store, resource).await,
    );
    drop(store);
    damage_identity(directory.path(), damaged.id.uuid());
    let store = open(directory.path());
    let by = primary(&store, resource).await.unwrap();
    let before = store.commits();
    let (one, two, three, four) = tokio::join!(
        store.revoke_identity(whole.id, by),
        store.revoke_identity(damaged.id, by),
        store.delete_identity(damaged.id, by),
        revoke_token(&store, resource),
    );
    assert!(matches!(
        two,
        Err(StoreError::Corrupt {
            record: "identity",
            ..
        })
    ));
    assert!(matches!(
        three,
        Err(StoreError::Corrupt {
            record: "identity",
            ..
        })
    ));
    let mut acknowledged = [appended(one.unwrap()).entry, four.unwrap().entry];
    acknowledged.sort_by_key(|entry| entry.number);
    let log = store.read_log(PartitionId::new(0), None, 10).await.unwrap();
    assert_eq!(log.entries, acknowledged);
    assert!(store.commits() - before <= 2);
}

#[tokio::test]
async fn a_caller_who_goes_away_harms_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let resource = tenant(&store).await;
    let (kept, also) = (new_identity(resource), new_identity(resource));
    for round in 0..50 {
        let leaving = create(&store, kept.clone());
        let timed = tokio::time::timeout(Duration::from_micros(round * 100), leaving);
        let (_left, answer) = tokio::join!(timed, revoke_token(&store, resource));
        answer.unwrap();
    }
    create(&store, also.clone()).await.unwrap();
    assert_eq!(store.identity(also.id).await.unwrap(), Some(also));
    let log = store
        .read_log(PartitionId::new(0), None, 100)
        .await
        .unwrap();
    assert_eq!((log.entries.len(), log.complete), (50, true));
}

#[tokio::test]
async fn what_is_waiting_when_the_store_is_dropped_is_finished_first() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open(directory.path()));
    let resource = tenant(&*store).await;
    let mut leaving = Box::pin(store.revoke_token(
        resource,
        lanyard_token::TokenId::from_uuid(resource.as_uuid()),
        primary(&*store, resource).await.unwrap(),
    ));
    // One poll puts the step in the queue. Where a commit takes no time it may be answered by then.
    let _answered = leaving.as_mut().now_or_never();
    drop(leaving);
    drop(store);
    let store = open(directory.path());
    let log = store.read_log(PartitionId::new(0), None, 10).await.unwrap();
    assert_eq!(log.entries.len(), 1);
}

fn damage_identity(directory: &std::path::Path, id: uuid::Uuid) {
    let database = redb::Database::open(directory.join(FILE)).unwrap();
    let table = TableDefinition::<(u128, u128), &[u8]>::new("identities");
    let rows = database.begin_read().unwrap().open_table(table).unwrap();
    let mut keys = rows.iter().unwrap().map(|row| row.unwrap().0.value());
    let key = keys.find(|key| key.1 == id.as_u128()).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction
        .open_table(table)
        .unwrap()
        .insert(key, b"{".as_slice())
        .unwrap();
    transaction.commit().unwrap();
}

/// The futures of the store can be driven by any thread.
#[test]
fn steps_can_be_sent_to_another_thread() {
    fn is_send(_: impl Send) {}
    let directory = tempfile::tempdir().unwrap();
    let store: EmbeddedStore = open(directory.path());
    is_send(store.sweep(vouched(START)));
    is_send(store.signing_keys());
}
