//! What a sweep leaves in the file of what was beneath a deleted resource: nothing.

use std::{path::Path, sync::Arc};

use lanyard_store::Store as _;
use redb::{ReadableDatabase as _, ReadableTableMetadata as _, TableDefinition};
use tokio::task::JoinSet;

use crate::support::{FILE, START, create, identity, new_identity, open, tenant, vouched};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_beneath_a_deleted_resource_is_swept_out() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open(directory.path()));
    let (before, gone, after) = (
        tenant(&*store).await,
        tenant(&*store).await,
        tenant(&*store).await,
    );
    let mut offers = JoinSet::new();
    // More than one bite, so that the sweep has to come back.
    for _ in 0..1_500 {
        let (store, new) = (Arc::clone(&store), new_identity(gone));
        offers.spawn(async move { create(&*store, new).await.unwrap() });
    }
    offers.join_all().await;
    for neighbour in [before, after] {
        identity(&*store, neighbour).await;
    }
    store.delete_resource(gone).await.unwrap().unwrap();
    drop(store);
    assert_eq!(rows(directory.path()), [1_502, 1_502, 1]);
    let store = open(directory.path());
    store.sweep(vouched(START)).await.unwrap();
    drop(store);
    assert_eq!(rows(directory.path()), [2, 2, 0]);
}

/// How many identities, custom ids and resources to be swept there are.
fn rows(directory: &Path) -> [u64; 3] {
    let database = redb::Database::open(directory.join(FILE)).unwrap();
    let read = database.begin_read().unwrap();
    let identities = TableDefinition::<(u128, u128), &[u8]>::new("identities");
    let custom_ids = TableDefinition::<(u128, &str), u128>::new("custom_ids");
    let deleted = TableDefinition::<u128, ()>::new("deleted_resources");
    [
        read.open_table(identities).unwrap().len().unwrap(),
        read.open_table(custom_ids).unwrap().len().unwrap(),
        read.open_table(deleted).unwrap().len().unwrap(),
    ]
}
