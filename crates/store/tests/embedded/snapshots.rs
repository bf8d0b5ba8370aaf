//! Reading while others write: every read finds one whole commit, none that is older than what was
//! acknowledged or read before it began, and none that is kept for longer than somebody reads it.

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use futures_util::FutureExt as _;
use lanyard_revocation::{Continuity, Cursor, LogRead, PartitionId, continuity};
use lanyard_store::{IssueRequest, Store as _, embedded::EmbeddedStore};
use lanyard_token::{Position, UnixTime};
use tokio::task::JoinSet;

use crate::support::{FILE, grantable, granted, open, revoke_token, tenant};

/// Writers share their commits, and readers of several threads read all the while. What is known of the
/// log only grows, whoever found out and where.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_see_whole_commits_and_never_go_back() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open(directory.path()));
    let resource = tenant(&*store).await;
    let request = grantable(&*store, resource).await;
    let (known, writing) = (
        Arc::new(Known::default()),
        Arc::new(AtomicU64::new(WRITERS)),
    );
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let (store, known) = (Arc::clone(&store), Arc::clone(&known));
            let writing = Arc::clone(&writing);
            thread::spawn(move || read_on(&store, request, (&known, &writing)))
        })
        .collect();
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let (store, known) = (Arc::clone(&store), Arc::clone(&known));
        let writing = Arc::clone(&writing);
        writers.spawn(async move {
            for _ in 0..REVOCATIONS {
                let entry = revoke_token(&*store, resource).await.unwrap().entry;
                known.learn(entry.number, entry.position);
            }
            writing.fetch_sub(1, Ordering::SeqCst);
        });
    }
    writers.join_all().await;
    let moves: u64 = readers.into_iter().map(|one| one.join().unwrap()).sum();
    assert!(moves > 0, "nobody read while others wrote");
    assert_eq!(known.now().0, WRITERS * REVOCATIONS);
}

/// Reads until all has been written; how often there was more than before.
fn read_on(
    store: &EmbeddedStore,
    request: IssueRequest,
    (known, writing): (&Known, &AtomicU64),
) -> u64 {
    let mut moves = 0;
    let mut cursor = None;
    while writing.load(Ordering::SeqCst) > 0 {
        let before = known.now();
        let read = read_log(store, cursor);
        let (number, position) = (read.last_number, read.end);
        assert!(
            (number, position) >= before,
            "{number} at {position} after {before:?}"
        );
        assert_eq!(continuity(cursor.as_ref(), &read), Continuity::Continues);
        known.learn(number, position);
        cursor = read.next_cursor();
        let granted = granted(store, request).now_or_never();
        assert!(granted.expect("a read waits for nobody") >= position);
        moves += u64::from((number, position) > before);
    }
    moves
}

fn read_log(store: &EmbeddedStore, after: Option<Cursor>) -> LogRead {
    let reading = store.read_log(PartitionId::new(0), after, ALL);
    reading
        .now_or_never()
        .expect("a read waits for nobody")
        .unwrap()
}

/// Where the log ends, as the latest of all threads has it.
#[derive(Default)]
struct Known(Mutex<(u64, Position)>);

impl Known {
    fn now(&self) -> (u64, Position) {
        *self.0.lock().unwrap()
    }

    fn learn(&self, number: u64, position: Position) {
        let mut known = self.0.lock().unwrap();
        *known = (*known).max((number, position));
    }
}

/// Each commit writes some pages anew and frees as many. They are free to be taken as soon as nobody reads
/// what they were part of, and what readers share is no such reader for longer than it is the latest.
#[tokio::test]
async fn a_file_that_is_read_between_all_commits_does_not_grow() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let resource = tenant(&store).await;
    let id = grantable(&store, resource).await.identity;
    let write = async |minutes: std::ops::Range<u64>| {
        for minute in minutes {
            let time = UnixTime::from_secs(60 * minute);
            store.note_issues(vec![(id, time)]).await.unwrap();
            let found = store.identity(id).await.unwrap().unwrap();
            assert_eq!(found.last_token_issue_time, Some(time));
        }
    };
    write(1..100).await;
    let before = size(directory.path());
    write(100..1_000).await;
    assert_eq!(size(directory.path()), before);
}

fn size(directory: &Path) -> u64 {
    fs::metadata(directory.join(FILE)).unwrap().len()
}

const READERS: usize = 3;
const WRITERS: u64 = 8;
const REVOCATIONS: u64 = 250;
/// More than there are.
const ALL: usize = 10_000;
