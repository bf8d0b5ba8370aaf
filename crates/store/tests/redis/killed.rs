//! A server that is killed under load and started again from its append-only file.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use lanyard_redis_fixture::Standalone;
use lanyard_revocation::{Continuity, continuity};
use lanyard_store::{Store as _, StoreError};
use lanyard_token::IdentityId;

use crate::{
    support::{eventually, options, serve, whole_log},
    tenants::{create, new_identity, revoke_token, tenant},
};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_acknowledged_is_lost_when_the_server_is_killed() {
    let server = Standalone::start();
    let store = serve(&options(&server.url())).await;
    let resource = tenant(&store).await;
    let stop = AtomicBool::new(false);
    let (positions, identities) = (
        Mutex::new(BTreeSet::new()),
        Mutex::new(Vec::<IdentityId>::new()),
    );
    let unavailable = |error: StoreError| {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    };
    let revoking = async || {
        while !stop.load(Ordering::Relaxed) {
            match revoke_token(&store, resource).await {
                Ok(appended) => drop(positions.lock().unwrap().insert(appended.entry.position)),
                Err(error) => unavailable(error),
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let creating = async {
        while !stop.load(Ordering::Relaxed) {
            let new = new_identity(resource);
            match create(&store, new.clone()).await {
                Ok(_) => identities.lock().unwrap().push(new.id),
                Err(error) => unavailable(error),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let killing = async {
        for _ in 0..KILLS {
            let before = positions.lock().unwrap().len();
            eventually(async || (positions.lock().unwrap().len() > before + 20).then_some(()))
                .await;
            tokio::task::block_in_place(|| {
                server.kill();
                server.restart();
            });
        }
        eventually(async || revoke_token(&store, resource).await.ok()).await;
        stop.store(true, Ordering::Relaxed);
    };
    tokio::join!(revoking(), revoking(), creating, killing);
    let log = whole_log(&store, resource).await;
    assert_eq!(continuity(None, &log), Continuity::Continues);
    let kept: BTreeSet<_> = log.entries.iter().map(|entry| entry.position).collect();
    assert!(
        positions.lock().unwrap().is_subset(&kept),
        "a revocation was lost"
    );
    for id in identities.into_inner().unwrap() {
        assert!(store.identity(id).await.unwrap().is_some(), "{id} was lost");
    }
}

/// How often the server is killed.
const KILLS: usize = 10;
