//! A disk that is full for a while: nothing that was not acknowledged is there, nothing that was is
//! lost, reads go on, and so do writes once there is room.

use std::{env, path::Path, process::Command, sync::Arc, time::Duration};

use lanyard_revocation::PartitionId;
use lanyard_store::{Identity, Page, Store as _, StoreError, embedded::EmbeddedStore};
use lanyard_token::{ManualClock, ResourceId};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::task::JoinSet;

use crate::support::{START, create, identity, new_identity, open_at, revoke_token, tenant};

/// The kernel's limit on the size of a file stands in for a full disk. It is a process's own, and
/// exceeding it is also a signal, which has to be ignored before the process begins.
#[test]
fn a_full_disk_costs_nothing_that_was_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let script =
        "trap '' XFSZ; ulimit -S -f 8192; exec \"$0\" --ignored --exact \"$1\" --nocapture";
    let run = Command::new("sh")
        .args(["-c", script])
        .arg(env::current_exe().unwrap())
        .arg("full_disk::in_a_process_with_small_files")
        .current_dir(directory.path())
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&run.stdout);
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(
        run.status.success() && output.contains("1 passed"),
        "{output}\n{errors}"
    );
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own with a limit on its files"]
async fn in_a_process_with_small_files() {
    let (directory, clock) = (Path::new("data"), Arc::new(ManualClock::new(START)));
    let store = Arc::new(open_at(directory, Arc::clone(&clock)));
    let resource = tenant(&*store).await;
    let mut kept = Vec::new();
    fill(&store, resource, &mut kept).await;
    assert!(kept.len() > 100);
    // It is full, and stays so: reads go on, and nothing that was refused is there.
    for _ in 0..3 {
        assert_exactly(&store, resource, &kept).await;
        fill(&store, resource, &mut kept).await;
        clock.advance(Duration::from_secs(5));
    }
    let limit = getrlimit(Resource::Fsize);
    setrlimit(
        Resource::Fsize,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    )
    .unwrap();
    kept.push(identity(&*store, resource).await);
    revoke_token(&*store, resource).await.unwrap();
    assert_exactly(&store, resource, &kept).await;
    drop(store);
    assert_exactly(&open_at(directory, clock), resource, &kept).await;
}

/// Makes identities, many to a commit, until one is refused, and notes those that were acknowledged.
async fn fill(store: &Arc<EmbeddedStore>, resource: ResourceId, kept: &mut Vec<Identity>) {
    let mut is_full = false;
    while !is_full {
        assert!(kept.len() < 100_000, "the disk should be full by now");
        let mut offers = JoinSet::new();
        for _ in 0..400 {
            let (store, new) = (Arc::clone(store), new_identity(resource));
            offers.spawn(async move { create(&*store, new.clone()).await.map(|_| new) });
        }
        for answer in offers.join_all().await {
            match answer {
                Ok(new) => kept.push(new),
                Err(StoreError::Unavailable(_)) => is_full = true,
                Err(error) => panic!("should be unavailable, and is {error:?}"),
            }
        }
    }
}

async fn assert_exactly(store: &EmbeddedStore, resource: ResourceId, kept: &[Identity]) {
    let page = Page {
        after: None,
        limit: usize::MAX,
    };
    let listed = store.identities(resource, page).await.unwrap();
    let mut expected = kept.to_vec();
    expected.sort_by_key(|identity| identity.id);
    assert!(
        listed == expected,
        "{} are there, {} were acknowledged",
        listed.len(),
        expected.len()
    );
    let log = store
        .read_log(PartitionId::new(0), None, usize::MAX)
        .await
        .unwrap();
    assert!(log.complete);
}
