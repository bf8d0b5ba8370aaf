//! A process that is killed at any moment: what it acknowledged is there, and the store opens again
//! by itself.

use std::{
    collections::BTreeSet,
    env,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use lanyard_revocation::{Continuity, PartitionId, continuity};
use lanyard_store::{Page, Store as _};
use lanyard_token::ResourceId;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::{
    appended, create, identity, new_identity, open, primary, revoke_token, tenant,
};

#[tokio::test]
async fn what_was_acknowledged_outlives_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("data"));
    let resource = tenant(&store).await;
    std::fs::write(directory.path().join("resource"), resource.to_string()).unwrap();
    drop(store);
    let mut acknowledged = Vec::new();
    for round in 1..=12 {
        acknowledged.extend(run_and_kill(directory.path(), round * 37));
        let store = open(&directory.path().join("data"));
        let page = Page {
            after: None,
            limit: usize::MAX,
        };
        let listed = store.identities(resource, page).await.unwrap();
        let made: BTreeSet<_> = listed.iter().map(|identity| identity.id.uuid()).collect();
        let read = store
            .read_log(PartitionId::new(0), None, usize::MAX)
            .await
            .unwrap();
        assert_eq!(continuity(None, &read), Continuity::Continues);
        let revoked: BTreeSet<_> = read
            .entries
            .iter()
            .map(|entry| entry.revocation.handle.id)
            .collect();
        for id in &acknowledged {
            assert!(made.contains(id), "{id} was made, acknowledged and lost");
            assert!(
                revoked.contains(id),
                "{id} was revoked, acknowledged and lost"
            );
        }
        identity(&store, resource).await;
        revoke_token(&store, resource).await.unwrap();
    }
}

/// Runs the process below until it has acknowledged so many, kills it, and tells all that it had.
fn run_and_kill(directory: &Path, count: usize) -> Vec<Uuid> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "killed::a_process_that_writes_until_it_is_killed",
        ])
        .arg("--nocapture")
        .current_dir(directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = Vec::new();
    while acknowledged.len() < count {
        let line = lines.next().expect("the process should write on").unwrap();
        acknowledged.extend(
            line.strip_prefix("kept ")
                .map(|id| id.parse::<Uuid>().unwrap()),
        );
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let rest = lines.map_while(Result::ok);
    let rest = rest.filter_map(|line| line.strip_prefix("kept ")?.parse::<Uuid>().ok());
    acknowledged.extend(rest);
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the test above, which kills it"]
async fn a_process_that_writes_until_it_is_killed() {
    let store = Arc::new(open(Path::new("data")));
    let resource: ResourceId = std::fs::read_to_string("resource")
        .unwrap()
        .parse()
        .unwrap();
    let by = primary(&*store, resource).await.unwrap();
    let mut writers = JoinSet::new();
    for _ in 0..64 {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            loop {
                let mut new = new_identity(resource);
                new.id = lanyard_token::IdentityId::new(resource, fresh());
                new.custom_id = None;
                create(&*store, new.clone()).await.unwrap();
                appended(store.revoke_identity(new.id, by).await.unwrap());
                // One write, so that a line is whole or the last.
                std::io::stdout()
                    .write_all(format!("kept {}\n", new.id.uuid()).as_bytes())
                    .unwrap();
            }
        });
    }
    writers.join_all().await;
}

/// An id that no other process has drawn.
fn fresh() -> Uuid {
    use std::hash::{BuildHasher as _, RandomState};
    let half = || u128::from(RandomState::new().hash_one(std::process::id()));
    Uuid::from_u128(half() << 64 | half())
}
