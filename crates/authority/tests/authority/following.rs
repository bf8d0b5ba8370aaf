//! Keeping the authority's own view complete and fresh.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use lanyard_authority::Error;
use lanyard_revocation::{FreshnessBound, RETENTION};
use lanyard_token::Clock as _;

use crate::support::{Standing, World, open, standing};

#[tokio::test]
async fn after_a_restart_nothing_is_issued_before_the_log_was_read_and_then_all_of_it_counts() {
    let world = World::new().await;
    let holder = world.primary().await;
    let id = world.identity(&holder).await;
    let [dead, living] = [
        world.issue(&holder, id).await,
        world.issue(&holder, id).await,
    ];
    world.authority.revoke_token(&holder, &dead).await.unwrap();
    let World {
        authority,
        clock,
        first,
        directory,
    } = world;
    drop(authority);

    let authority = open(directory.path(), &clock).await;
    let world = World::of(authority, first, (clock, directory));
    let holder = world.primary().await;
    assert!(matches!(
        world.try_issue(&holder, id).await,
        Err(Error::Stale(_))
    ));
    world.authority.catch_up().await.unwrap();
    assert_eq!(world.standing(&dead), Standing::Revoked);
    assert_eq!(world.standing(&living), Standing::Alive);
    assert!(world.try_issue(&holder, id).await.is_ok());
}

#[tokio::test]
async fn the_view_is_as_old_as_the_last_read_of_the_log() {
    let world = World::new().await;
    let age = || world.authority.view().age(world.clock.boot().unwrap());
    world.clock.advance(Duration::from_secs(9));
    assert_eq!(age(), Some(Duration::from_secs(9)));
    world.authority.catch_up().await.unwrap();
    assert_eq!(age(), Some(Duration::ZERO));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_reached_by_those_who_wait_for_it_while_the_log_is_followed() {
    let world = World::new().await;
    let holder = world.primary().await;
    let id = world.identity(&holder).await;
    let authority = Arc::clone(&world.authority);
    let following = tokio::spawn(async move { authority.follow().await });
    for _ in 0..100 {
        let appended = world.authority.revoke_tokens(&holder, id).await.unwrap();
        let view = world.authority.view();
        let reached = view.reached(appended.partition, appended.entry.position);
        let waited = tokio::time::timeout(Duration::from_secs(10), reached).await;
        waited.expect("the follower has not read it").unwrap();
    }
    following.abort();
}

/// On one thread, with a clock that does not advance: only a wake-up makes the reader read.
#[tokio::test(start_paused = true)]
async fn a_revocation_wakes_the_reader_without_waiting_for_the_next_poll() {
    let world = World::new().await;
    let holder = world.primary().await;
    let id = world.identity(&holder).await;
    // The runtime does not advance its clock while a blocking task runs.
    let (end, held) = mpsc::channel::<()>();
    let blocking = tokio::task::spawn_blocking(move || held.recv());
    let authority = Arc::clone(&world.authority);
    let following = tokio::spawn(async move { authority.follow().await });
    let view = world.authority.view();
    world.clock.advance(Duration::from_secs(1));
    until("the first poll is done", async || {
        view.age(world.clock.boot().unwrap()) == Some(Duration::ZERO)
    })
    .await;
    for _ in 0..3 {
        let appended = world.authority.revoke_tokens(&holder, id).await.unwrap();
        until("the reader has read the revocation", async || {
            let reached = view.reached(appended.partition, appended.entry.position);
            tokio::time::timeout(Duration::ZERO, reached).await.is_ok()
        })
        .await;
    }
    following.abort();
    drop(end);
    assert!(blocking.await.unwrap().is_err());
}

/// Lets the other tasks of this thread run until the condition holds.
async fn until(condition: &str, mut holds: impl AsyncFnMut() -> bool) {
    let mut turns = 0;
    while !holds().await {
        turns += 1;
        assert!(turns < 1000, "never came true: {condition}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_commits_of_the_store_are_counted() {
    let world = World::new().await;
    let holder = world.primary().await;
    let commits = || world.authority.store_commits().unwrap();
    let before = commits();
    assert!(before > 1);
    for made in 1..=2 {
        world.identity(&holder).await;
        assert_eq!(commits(), before + made);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn following_keeps_the_view_fresh_without_any_news() {
    let world = World::new().await;
    let authority = Arc::clone(&world.authority);
    let following = tokio::spawn(async move { authority.follow().await });
    world.clock.advance(Duration::from_hours(1));
    let fresh = async {
        let view = world.authority.view();
        while view
            .fresh(world.clock.boot().unwrap(), FreshnessBound::ISSUING)
            .is_err()
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), fresh)
        .await
        .expect("it stayed stale");
    following.abort();
}

#[tokio::test]
async fn what_no_token_can_need_is_tidied_away_and_not_a_millisecond_sooner() {
    let world = World::new().await;
    let holder = world.primary().await;
    let id = world.identity(&holder).await;
    let live = || world.authority.view().live_entries();
    let before = live();
    world.authority.revoke_tokens(&holder, id).await.unwrap();
    world
        .clock
        .advance(RETENTION.saturating_sub(Duration::from_millis(1)));
    world.authority.tidy().await.unwrap();
    assert_eq!(live(), before + 1);
    world.clock.advance(Duration::from_millis(1));
    world.authority.tidy().await.unwrap();
    assert_eq!(live(), 0);
    world.authority.catch_up().await.unwrap();
    assert_eq!(live(), 0);
    let token = world.issue(&holder, id).await;
    assert_eq!(world.standing(&token), Standing::Alive);
}

#[tokio::test]
async fn tidying_writes_down_when_tokens_were_issued() {
    let world = World::new().await;
    let holder = world.primary().await;
    let id = world.identity(&holder).await;
    let token = world.issue(&holder, id).await;
    world.authority.tidy().await.unwrap();
    let World {
        authority,
        clock,
        first: _,
        directory,
    } = world;
    drop(authority);
    let authority = open(directory.path(), &clock).await;
    assert!(
        authority
            .identity(&holder, id)
            .await
            .unwrap()
            .last_token_issue_time
            .is_some()
    );
    authority.catch_up().await.unwrap();
    assert_eq!(
        standing(&authority, &token, clock.wall().unwrap()),
        Standing::Alive
    );
}
