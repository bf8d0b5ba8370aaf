//! Waiting for a condition, never for a time.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// After this long, what was waited for does not come. Far above what a loaded machine needs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Waits until the condition holds.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition().await {
        assert!(Instant::now() < deadline, "it never came to be that {what}");
        sleep(Duration::from_millis(10)).await;
    }
}
