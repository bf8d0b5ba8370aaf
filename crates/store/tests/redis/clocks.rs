//! What a sweep does while the server's clock and that of the process disagree: nothing.

use std::time::Duration;

use lanyard_redis_fixture::Standalone;
use lanyard_revocation::{ClockOffset, RETENTION};
use lanyard_store::{Store as _, SweepTime};
use lanyard_token::{Clock as _, SystemClock};

use crate::{
    support::{options, serve, whole_log},
    tenants::{revoke_token, tenant},
};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_deleted_while_the_clocks_disagree() {
    let server = Standalone::start();
    let store = serve(&options(&server.url())).await;
    let resource = tenant(&store).await;
    revoke_token(&store, resource).await.unwrap();
    let now = SystemClock.wall().unwrap();
    let at = |wall, vouched| SweepTime {
        wall,
        vouched: Some(vouched),
    };
    let made = store.sweep(at(now, now)).await.unwrap();
    assert_eq!(made.disagreement, None);

    // Far more than the tolerance, and the test takes nothing like as long.
    let day = Duration::from_hours(25);
    let (ahead, behind) = (now.saturating_add(day), now.saturating_sub(day));
    let swept = store.sweep(at(ahead, ahead)).await.unwrap();
    assert_eq!(swept.vouched, made.vouched, "the record is as it was");
    assert!(matches!(swept.disagreement, Some(ClockOffset::Behind(by)) if by > day / 2));
    let swept = store.sweep(at(behind, behind)).await.unwrap();
    assert!(matches!(swept.disagreement, Some(ClockOffset::Ahead(by)) if by > day / 2));
    assert_eq!(whole_log(&store, resource).await.entries.len(), 1);
}

/// A caller whose clock agrees vouches for more than the server's clock shows.
#[tokio::test(flavor = "multi_thread")]
async fn the_record_does_not_pass_the_clock_of_the_server() {
    let server = Standalone::start();
    let store = serve(&options(&server.url())).await;
    let resource = tenant(&store).await;
    revoke_token(&store, resource).await.unwrap();
    let wall = SystemClock.wall().unwrap();
    let vouched = Some(wall.saturating_add(RETENTION * 2));
    let swept = store.sweep(SweepTime { wall, vouched }).await.unwrap();
    assert!(swept.vouched < Some(wall.saturating_add(RETENTION)));
    assert_eq!(whole_log(&store, resource).await.entries.len(), 1);
}
