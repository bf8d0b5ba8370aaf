//! Hearing of what others append.

use std::{collections::BTreeSet, sync::mpsc, thread, time::Duration};

use lanyard_redis_fixture::{Standalone, Tap};
use lanyard_revocation::{PartitionId, partition_of};
use lanyard_store::Store as _;
use tokio::{task, time};

use crate::{
    support::{options, serve},
    tenants::{revoke_token, tenant},
};

/// Nothing is revoked for half a minute: that is how it mostly is, and when the next revocation comes it is
/// to be heard of as soon as any.
#[tokio::test]
async fn a_channel_that_was_silent_is_made_anew_without_a_pause() {
    let redis = Standalone::start();
    let tap = redis.tap();
    let store = serve(&options(&tap.url())).await;
    store.grown().await;
    tap.forget();
    let _frozen = Frozen::at_once();
    time::advance(Duration::from_secs(29)).await;
    assert!(
        !listens_anew(&tap, A_MOMENT).await,
        "it was silent for less"
    );
    time::advance(Duration::from_secs(2)).await;
    assert!(
        listens_anew(&tap, PATIENCE).await,
        "it waits for time to pass"
    );
}

/// Whether the channel is asked for again, while the time of the store stands still.
async fn listens_anew(tap: &Tap, patience: Duration) -> bool {
    for _ in 0..patience.as_millis() / STEP.as_millis() {
        let mut sent = tap.commands().into_iter();
        if sent.any(|command| command.name() == "SUBSCRIBE") {
            return true;
        }
        task::spawn_blocking(|| thread::park_timeout(STEP))
            .await
            .unwrap();
    }
    false
}

/// Whoever hears of it need not look at the other partitions.
#[tokio::test]
async fn it_is_told_in_which_partition_something_was_appended() {
    let redis = Standalone::start();
    let options = options(&redis.url());
    let (listens, appends) = (serve(&options).await, serve(&options).await);
    let all: BTreeSet<_> = PartitionId::all(appends.partitions()).collect();
    assert_eq!(listens.grown().await, all, "while nobody listened");
    let mut partitions = BTreeSet::new();
    while partitions.len() < 3 {
        let resource = tenant(&appends).await;
        revoke_token(&appends, resource).await.unwrap();
        let partition = partition_of(resource, appends.partitions());
        assert_eq!(listens.grown().await, BTreeSet::from([partition]));
        partitions.insert(partition);
    }
    for unknown in ["16", "-1", "something else"] {
        let told = redis.ask::<u64>(&["PUBLISH", CHANNEL, unknown]).unwrap();
        assert!(told > 0, "it listens");
        assert_eq!(listens.grown().await, all, "{unknown}");
    }
}

/// Time stands still for as long as this is held. It would go on by itself whenever nobody has anything to
/// do, but for somebody who is busy all the while.
struct Frozen(#[expect(dead_code, reason = "is dropped at the end")] mpsc::Sender<()>);

impl Frozen {
    fn at_once() -> Self {
        let (ends, ended) = mpsc::channel::<()>();
        time::pause();
        // Ends when the other half is dropped.
        task::spawn_blocking(move || ended.recv());
        Self(ends)
    }
}

/// Where writers tell that a log has grown.
const CHANNEL: &str = "lanyard:grown";
const STEP: Duration = Duration::from_millis(10);
const A_MOMENT: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(20);
