//! A damaged store says so: nothing is skipped, nothing is guessed, and nothing panics.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileExt as _,
    path::Path,
};

use lanyard_revocation::{PartitionId, RETENTION};
use lanyard_store::{
    Page, Store as _, StoreError,
    embedded::{EmbeddedStore, OpenError},
};
use lanyard_token::ManualClock;
use redb::{Key, TableDefinition, Value};
use tempfile::TempDir;

use crate::support::{
    FILE, START, create, id, identity, open, primary, revoke_token, tenant, vouched,
};

#[tokio::test]
async fn an_identity_that_cannot_be_read_is_corrupt_wherever_it_is_met() {
    for garbage in [b"".as_slice(), b"{", b"null", b"{\"id\":7}", &[0xff; 40]] {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path());
        let resource = tenant(&store).await;
        let made = identity(&store, resource).await;
        drop(store);
        let key = (resource.as_uuid().as_u128(), made.id.uuid().as_u128());
        write(
            &directory,
            TableDefinition::<(u128, u128), &[u8]>::new("identities"),
            key,
            garbage,
        );
        let store = open(directory.path());
        let page = Page {
            after: None,
            limit: 10,
        };
        assert_corrupt(store.identity(made.id).await, "identity");
        assert_corrupt(store.identities(resource, page).await, "identity");
        let by = primary(&store, resource).await.unwrap();
        assert_corrupt(store.revoke_identity(made.id, by).await, "identity");
        assert_corrupt(store.delete_identity(made.id, by).await, "identity");
        assert_corrupt(create(&store, made.clone()).await, "identity");
        assert_corrupt(store.note_issues(vec![(made.id, START)]).await, "identity");
        // It can be taken back with everything around it.
        store.delete_resource(resource).await.unwrap().unwrap();
        store.sweep(vouched(START)).await.unwrap();
    }
}

#[tokio::test]
async fn an_entry_of_an_unknown_kind_is_told_with_its_place_and_not_skipped() {
    type Row = ((u64, u64), u64, u8, u128, (u64, u64), bool);
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let resource = tenant(&store).await;
    for _ in 0..3 {
        revoke_token(&store, resource).await.unwrap();
    }
    drop(store);
    let millis = START.as_millis();
    let row = ((millis, 1), millis, 99, 7, (millis, 1), false);
    write(&directory, TableDefinition::<u64, Row>::new("log"), 2, row);
    let store = open(directory.path());
    assert_unreadable(store.read_log(PartitionId::new(0), None, 10).await, "2");
    let read = store.read_log(PartitionId::new(0), None, 1).await.unwrap();
    assert!(
        !read.complete,
        "what lies behind the damage is not left out in silence"
    );
}

#[tokio::test]
async fn the_sweep_stops_at_an_entry_that_it_cannot_read() {
    type Row = ((u64, u64), u64, u8, u128, (u64, u64), bool);
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let resource = tenant(&store).await;
    revoke_token(&store, resource).await.unwrap();
    drop(store);
    let row = ((1, 0), 1, 0, 7, (1, 0), false);
    write(&directory, TableDefinition::<u64, Row>::new("log"), 1, row);
    let later = START.saturating_add(RETENTION);
    let clock = ManualClock::new(later);
    let store = EmbeddedStore::open(directory.path(), clock, id()).unwrap();
    assert_unreadable(store.sweep(vouched(later)).await, "1");
}

#[tokio::test]
async fn a_number_that_does_not_fit_is_corrupt() {
    let meta = TableDefinition::<&str, u128>::new("meta");
    for name in ["end_millis", "end_sequence", "last_number"] {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path());
        let resource = tenant(&store).await;
        drop(store);
        write(&directory, meta, name, u128::MAX);
        let store = open(directory.path());
        assert_corrupt(store.read_log(PartitionId::new(0), None, 10).await, name);
        assert_corrupt(revoke_token(&store, resource).await, name);
    }
}

#[tokio::test]
async fn a_log_that_has_used_up_its_places_refuses_to_go_on() {
    let meta = TableDefinition::<&str, u128>::new("meta");
    for (names, record) in [
        (["end_millis", "end_sequence"], "log end"),
        (["last_number", "last_time"], "last number"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path());
        let resource = tenant(&store).await;
        drop(store);
        for name in names {
            write(&directory, meta, name, u128::from(u64::MAX));
        }
        let store = open(directory.path());
        assert_corrupt(revoke_token(&store, resource).await, record);
    }
}

#[tokio::test]
async fn signing_keys_that_cannot_be_read_are_corrupt() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()));
    let table = TableDefinition::<u128, &[u8]>::new("signing_keys");
    write(&directory, table, 7, b"{}".as_slice());
    let store = open(directory.path());
    assert_corrupt(store.signing_keys().await, "signing key");
    assert_corrupt(store.sweep(vouched(START)).await, "signing key");
}

#[tokio::test]
async fn a_listed_thing_without_a_record_is_corrupt_and_not_left_out() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()));
    write(
        &directory,
        TableDefinition::<u128, bool>::new("service_keys"),
        7,
        true,
    );
    let store = open(directory.path());
    assert_corrupt(
        store
            .service_keys(Page {
                after: None,
                limit: 10,
            })
            .await,
        "credential",
    );
}

/// Flips bytes all over the file. Whatever the damage hits, opening and reading answer: with what
/// was there, or with an error.
#[tokio::test]
async fn a_file_with_flipped_bytes_never_makes_it_panic() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let resource = tenant(&store).await;
    for _ in 0..20 {
        identity(&store, resource).await;
        revoke_token(&store, resource).await.unwrap();
    }
    let page = Page {
        after: None,
        limit: 100,
    };
    let whole = store.identities(resource, page).await.unwrap();
    drop(store);
    let content = fs::read(directory.path().join(FILE)).unwrap();
    let (mut refused, mut unharmed) = (0, 0);
    for step in 0..120 {
        let at = (step * 7_919_usize) % content.len().min(400_000);
        let damaged = tempfile::tempdir().unwrap();
        fs::write(damaged.path().join(FILE), &content).unwrap();
        flip(&damaged.path().join(FILE), at, &content);
        match EmbeddedStore::open(damaged.path(), ManualClock::new(START), id()) {
            Err(OpenError::InUse(_)) => panic!("nobody else has it"),
            Err(_) => refused += 1,
            Ok(store) => {
                let found = store.identities(resource, page).await;
                assert!(
                    found.is_err() || found.unwrap() == whole,
                    "damage at {at} changed a record"
                );
                unharmed += 1;
            }
        }
    }
    assert!(
        refused > 0 && unharmed > 0,
        "{refused} refused, {unharmed} unharmed"
    );
}

fn flip(path: &Path, at: usize, content: &[u8]) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    let flipped: Vec<u8> = content[at..content.len().min(at + 16)]
        .iter()
        .map(|byte| !byte)
        .collect();
    file.write_all_at(&flipped, at as u64).unwrap();
}

fn write<K: Key, V: Value>(
    directory: &TempDir,
    table: TableDefinition<'_, K, V>,
    key: K::SelfType<'_>,
    value: V::SelfType<'_>,
) {
    let database = redb::Database::open(directory.path().join(FILE)).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction
        .open_table(table)
        .unwrap()
        .insert(key, value)
        .unwrap();
    transaction.commit().unwrap();
}

fn assert_unreadable<T: std::fmt::Debug>(answer: Result<T, StoreError>, place: &str) {
    match answer {
        Err(StoreError::Unreadable(found)) => assert_eq!(found.place, place),
        other => panic!("should be unreadable at {place}, and is {other:?}"),
    }
}

fn assert_corrupt<T: std::fmt::Debug>(answer: Result<T, StoreError>, record: &str) {
    match answer {
        Err(StoreError::Corrupt { record: found, .. }) => assert_eq!(found, record),
        other => panic!("should be a corrupt {record}, and is {other:?}"),
    }
}
