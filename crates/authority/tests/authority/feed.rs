//! What enforcement points are handed, and in what order.

use std::time::Duration;

use lanyard_authority::{Error, FeedPlace, NoFurther, ServiceRole};
use lanyard_revocation::{Entry, FeedCursor, RETENTION};

use crate::support::{Key, World};

#[tokio::test]
async fn a_snapshot_and_the_news_after_it_are_everything() {
    let world = World::new().await;
    let (holder, feed) = (world.primary().await, world.authority.feed());
    let id = world.identity(&holder).await;
    world.authority.revoke_tokens(&holder, id).await.unwrap();
    world.authority.catch_up().await.unwrap();
    let snapshot = feed.snapshot().unwrap();
    let revoked: usize = snapshot
        .lists
        .iter()
        .map(|list| list.revocations.len())
        .sum();
    assert_eq!(revoked, 1);

    let appended = world.authority.revoke_tokens(&holder, id).await.unwrap();
    let before = feed.after(&snapshot.place, 10).unwrap();
    assert!(before.entries.is_empty(), "the log was not read yet");
    world.authority.catch_up().await.unwrap();
    let news = feed.after(&snapshot.place, 10).unwrap();
    assert_eq!(news.entries, [(appended.partition, vec![appended.entry])]);
    assert!(news.complete && news.keys.is_some());
    let nothing = feed.after(&news.place, 10).unwrap();
    assert!(nothing.entries.is_empty() && nothing.keys.is_none());
}

#[tokio::test]
async fn news_come_in_bites_and_only_the_last_tells_what_the_list_holds() {
    let world = World::new().await;
    let (holder, feed) = (world.primary().await, world.authority.feed());
    let start = feed.snapshot().unwrap().place.clone();
    let mut appended = Vec::new();
    for _ in 0..3 {
        let id = world.identity(&holder).await;
        appended.push(world.authority.revoke_tokens(&holder, id).await.unwrap());
    }
    world.authority.catch_up().await.unwrap();
    let first = feed.after(&start, 2).unwrap();
    assert!(!first.complete && first.fingerprint.is_none());
    let second = feed.after(&first.place, 2).unwrap();
    assert!(second.complete);
    assert_eq!(second.fingerprint, world.authority.view().fingerprint());
    let got: Vec<Entry> = [first, second]
        .into_iter()
        .flat_map(|news| news.entries)
        .flat_map(|(_, entries)| entries)
        .collect();
    let expected: Vec<Entry> = appended.iter().map(|one| one.entry).collect();
    assert_eq!(got, expected);
}

#[tokio::test]
async fn what_the_list_holds_is_not_told_while_it_is_ahead_of_the_log_that_was_read() {
    let world = World::new().await;
    let (holder, feed) = (world.primary().await, world.authority.feed());
    let start = feed.snapshot().unwrap().place.clone();
    assert!(feed.after(&start, 10).unwrap().fingerprint.is_some());
    let id = world.identity(&holder).await;
    world.authority.revoke_tokens(&holder, id).await.unwrap();
    assert_eq!(feed.after(&start, 10).unwrap().fingerprint, None);
    world.authority.catch_up().await.unwrap();
    let told = feed.after(&start, 10).unwrap().fingerprint.unwrap();
    assert_eq!(told.live_entries, 1);
    world.clock.advance(RETENTION);
    world.authority.tidy().await.unwrap();
    world.authority.catch_up().await.unwrap();
    let told = feed.after(&start, 10).unwrap().fingerprint.unwrap();
    assert_eq!((told.live_entries, told.cutoff), (0, world.now()));
}

#[tokio::test]
async fn a_place_that_is_not_in_the_log_needs_a_snapshot() {
    let world = World::new().await;
    let feed = world.authority.feed();
    let place = feed.snapshot().unwrap().place.clone();
    let cursor = *place.cursor.iter().next().unwrap().1;
    let mut ahead = cursor;
    ahead.number += 1;
    for odd in [vec![ahead], vec![cursor, cursor]] {
        let odd = FeedPlace::new(FeedCursor::new(odd).unwrap());
        assert_eq!(feed.after(&odd, 10).unwrap_err(), NoFurther);
    }
}

#[tokio::test]
async fn those_who_begin_together_share_one_snapshot() {
    let world = World::new().await;
    let feed = world.authority.feed();
    let first = feed.snapshot().unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &feed.snapshot().unwrap()));
}

#[tokio::test]
async fn another_key_set_is_news_and_wakes_those_who_wait() {
    let world = World::new().await;
    let feed = world.authority.feed();
    let start = feed.snapshot().unwrap().place.clone();
    let place = feed.after(&start, 10).unwrap().place;
    let mut changes = feed.changes();
    changes.mark_unchanged();
    let operator = world.operator().await;
    world.authority.prepare_signing_key(operator).await.unwrap();
    let woken = tokio::time::timeout(Duration::from_secs(5), changes.changed()).await;
    woken.unwrap().unwrap();
    let news = feed.after(&place, 10).unwrap();
    assert_eq!(news.keys.unwrap().iter().count(), 2);
}

#[tokio::test]
async fn a_watcher_is_one_for_as_long_as_its_credential_is_there() {
    let world = World::new().await;
    let operator = world.operator().await;
    let key = world
        .authority
        .create_service_key(operator, ServiceRole::Enforcer)
        .await
        .unwrap();
    let key = Key::from(&key);
    let watcher = world.caller(&key).await.unwrap().watcher().unwrap();
    world
        .authority
        .reauthenticate(watcher.credential())
        .await
        .unwrap();
    world
        .authority
        .delete_service_key(operator, key.id)
        .await
        .unwrap();
    let refused = world
        .authority
        .reauthenticate(watcher.credential())
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::CredentialRefused), "{refused}");
}
