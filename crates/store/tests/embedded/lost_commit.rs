//! A last commit that is damaged after an unclean stop. The library then opens the commit before it
//! without an error; the store refuses.

use std::{collections::BTreeSet, fs, path::Path};

use lanyard_store::{
    Page, Store as _,
    embedded::{CommitRecordError, EmbeddedStore, OpenError},
};
use lanyard_token::{ManualClock, ResourceId};
use redb::{ReadableDatabase as _, TableDefinition};
use tempfile::TempDir;
use uuid::Uuid;

use crate::support::{FILE, START, id, identity, open, tenant};

#[tokio::test]
async fn after_a_kill_a_flipped_bit_is_refused_or_loses_nothing() {
    let crash = Crash::new().await;
    let (mut refused, mut lost, mut whole) = (0, 0, 0);
    for (byte, bit) in crash.flips() {
        let directory = crash.after_flip(byte, bit);
        match EmbeddedStore::open(directory.path(), ManualClock::new(START), id()) {
            Err(OpenError::Damaged {
                source:
                    CommitRecordError::LostCommits {
                        found,
                        acknowledged,
                    },
                ..
            }) => {
                assert_eq!(found + 1, acknowledged, "bit {bit} of byte {byte}");
                // The control: the library itself opens this file, without the last commit.
                let control = crash.after_flip(byte, bit);
                let found = identities_without_record(control.path());
                assert_eq!(found, crash.without_last(), "bit {bit} of byte {byte}");
                lost += 1;
            }
            Err(error) => {
                assert!(
                    matches!(error, OpenError::NotAStore { .. }),
                    "bit {bit} of byte {byte}: {error}"
                );
                refused += 1;
            }
            Ok(store) => {
                let found = identities(&store, crash.resource).await;
                assert_eq!(found, crash.acknowledged, "bit {bit} of byte {byte}");
                whole += 1;
            }
        }
    }
    assert!(
        refused > 0 && lost > 10 && whole > 0,
        "{refused} refused, {lost} lost, {whole} whole"
    );
}

#[tokio::test]
async fn a_kill_between_a_commit_and_its_record_is_no_damage() {
    let crash = Crash::new().await;
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(FILE), crash.before_record()).unwrap();
    let store = open(directory.path());
    assert_eq!(identities(&store, crash.resource).await, crash.acknowledged);
    // The start has recorded the commit.
    drop(store);
    drop(open(directory.path()));
}

#[tokio::test]
async fn a_commit_that_a_power_failure_cut_short_is_no_damage() {
    let crash = Crash::new().await;
    let mut bytes = crash.before_record();
    let page = crash.pages_of_last_commit()[0];
    bytes[page] ^= 1;
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(FILE), bytes).unwrap();
    let store = open(directory.path());
    assert_eq!(
        identities(&store, crash.resource).await,
        crash.without_last()
    );
}

#[tokio::test]
async fn a_lost_commit_is_refused_at_every_start_with_its_remedy() {
    let crash = Crash::new().await;
    let directory = crash.after_flip(crash.pages_of_last_commit()[0], 0);
    let path = directory.path().join(FILE);
    for _ in 0..3 {
        let error =
            EmbeddedStore::open(directory.path(), ManualClock::new(START), id()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "`{}` is damaged: it ends with commit 4, but commit 5 was acknowledged, so that \
                 identities, keys or revocations may be missing; check the disk, then restore the \
                 file from a backup, or choose another directory",
                path.display()
            )
        );
    }
    fs::write(&path, &crash.bytes).unwrap();
    let store = open(directory.path());
    assert_eq!(identities(&store, crash.resource).await, crash.acknowledged);
}

#[tokio::test]
async fn a_store_of_a_version_without_the_record_gets_one() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let resource = tenant(&store).await;
    drop(store);
    let path = directory.path().join(FILE);
    without_record(&path);
    // The record was lost, and the commits are counted.
    let error = EmbeddedStore::open(directory.path(), ManualClock::new(START), id()).unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::Damaged {
                source: CommitRecordError::Unreadable,
                ..
            }
        ),
        "{error:?}"
    );
    // That version does not count them.
    remove_count(&path);
    let store = open(directory.path());
    identity(&store, resource).await;
    drop(store);
    remove_count(&path);
    let error = EmbeddedStore::open(directory.path(), ManualClock::new(START), id()).unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::Damaged {
                source: CommitRecordError::LostCommits {
                    found: 0,
                    acknowledged: 1
                },
                ..
            }
        ),
        "{error:?}"
    );
}

/// The file of a store whose process was killed after it had acknowledged several commits.
struct Crash {
    resource: ResourceId,
    acknowledged: BTreeSet<Uuid>,
    /// The identity of the last commit.
    last: Uuid,
    /// The file after the last commit, and after the one before.
    bytes: Vec<u8>,
    before: Vec<u8>,
}

impl Crash {
    /// While no write is in progress, the file of a running store is what a kill leaves.
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        let store = open(directory.path());
        let resource = tenant(&store).await;
        let first = identity(&store, resource).await.id.uuid();
        identity(&store, resource).await;
        let before = fs::read(&path).unwrap();
        let last = identity(&store, resource).await.id.uuid();
        let bytes = fs::read(&path).unwrap();
        let acknowledged = identities(&store, resource).await;
        assert!(acknowledged.len() == 3 && acknowledged.contains(&first));
        Self {
            resource,
            acknowledged,
            last,
            bytes,
            before,
        }
    }

    fn without_last(&self) -> BTreeSet<Uuid> {
        let mut identities = self.acknowledged.clone();
        identities.remove(&self.last);
        identities
    }

    /// Bits of the header and the record, one of each page of the last commit, and some of all pages.
    fn flips(&self) -> Vec<(usize, usize)> {
        let header = (0..HEADER).step_by(3).map(|byte| (byte, byte % 8));
        let flags = (0..8).map(|bit| (FLAGS, bit));
        let record = (0..RECORD_LEN).step_by(9).map(|at| (RECORD + at, at % 8));
        let last = self.pages_of_last_commit().into_iter().map(|at| (at, 0));
        let all = (0..32).map(|seed| (seed * 7_919 % self.bytes.len(), seed % 8));
        header
            .chain(flags)
            .chain(record)
            .chain(last)
            .chain(all)
            .collect()
    }

    /// The first byte that the last commit changed in each page.
    fn pages_of_last_commit(&self) -> Vec<usize> {
        let pages = (PAGE..self.bytes.len()).step_by(PAGE);
        let changed = pages.filter_map(|page| {
            let mut bytes = page..page + PAGE;
            bytes.find(|at| self.before.get(*at) != self.bytes.get(*at))
        });
        changed.collect()
    }

    fn after_flip(&self, byte: usize, bit: usize) -> TempDir {
        let mut bytes = self.bytes.clone();
        bytes[byte] ^= 1 << bit;
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(FILE), bytes).unwrap();
        directory
    }

    /// The file at the moment when the last commit was durable and not yet recorded.
    fn before_record(&self) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        let record = RECORD..RECORD + RECORD_LEN;
        assert_ne!(self.before[record.clone()], bytes[record.clone()]);
        bytes[record.clone()].copy_from_slice(&self.before[record]);
        bytes
    }
}

async fn identities(store: &EmbeddedStore, resource: ResourceId) -> BTreeSet<Uuid> {
    let page = Page {
        after: None,
        limit: 100,
    };
    let listed = store.identities(resource, page).await.unwrap();
    listed.iter().map(|identity| identity.id.uuid()).collect()
}

/// The identities in a file as the library opens it.
fn identities_without_record(directory: &Path) -> BTreeSet<Uuid> {
    type Ids = (u128, u128);
    let mut builder = redb::Database::builder();
    builder.set_check_integrity_on_open(true);
    let database = builder.open(directory.join(FILE)).unwrap();
    let table = TableDefinition::<Ids, &[u8]>::new("identities");
    let table = database.begin_read().unwrap().open_table(table).unwrap();
    let keys = table.range::<Ids>(..).unwrap().map(|row| row.unwrap().0);
    keys.map(|key| Uuid::from_u128(key.value().1)).collect()
}

fn without_record(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[RECORD..RECORD + RECORD_LEN].fill(0);
    fs::write(path, bytes).unwrap();
}

fn remove_count(path: &Path) {
    let database = redb::Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    let table = TableDefinition::<&str, u128>::new("meta");
    transaction
        .open_table(table)
        .unwrap()
        .remove("commits")
        .unwrap();
    transaction.commit().unwrap();
}

const PAGE: usize = 4096;
const HEADER: usize = 320;
/// The byte of the header that names the newer of the two roots.
const FLAGS: usize = 9;
const RECORD: usize = 1024;
const RECORD_LEN: usize = 128;
