//! Hearing of what others append.

use std::{sync::mpsc, thread, time::Duration};

use lanyard_redis_fixture::{Standalone, Tap};
use lanyard_store::Store as _;
use tokio::{task, time};

use crate::support::{options, serve};

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

const STEP: Duration = Duration::from_millis(10);
const A_MOMENT: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(20);
