//! The first start on an empty store.

use std::{io, sync::Arc};

use lanyard_authority::{BootstrapError, Error, SealError};
use lanyard_token::ManualClock;

use crate::support::{OTHER_MASTER_KEY, START, World, first_start, open, open_sealed_by, page};

#[tokio::test]
async fn what_it_makes_is_of_use() {
    let world = World::new().await;
    let by = world.operator().await;
    let resource = world
        .authority
        .resource(by, world.first.resource)
        .await
        .unwrap();
    assert_eq!(resource.name, "default");
    assert_eq!(resource.subscription, world.first.subscription);
    let holder = world.primary().await;
    let id = world.identity(&holder).await;
    assert!(world.try_issue(&holder, id).await.is_ok());
    assert!(
        world
            .caller(&world.first.enforcer)
            .await
            .unwrap()
            .checker()
            .is_ok()
    );
}

#[tokio::test]
async fn a_later_start_makes_nothing() {
    let world = World::new().await;
    assert!(first_start(&world.authority).await.is_none());
    let by = world.operator().await;
    assert_eq!(
        world.authority.list_signing_keys(by).await.unwrap().len(),
        1
    );
    let listed = world
        .authority
        .list_subscriptions(by, page(0, ""))
        .await
        .unwrap();
    assert_eq!(listed.items.len(), 1);
}

#[tokio::test]
async fn a_start_whose_secrets_could_not_be_saved_is_begun_again() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(START));
    let authority = open(directory.path(), &clock).await;
    let mut given_up = None;
    let turn = authority.first_turn().await.unwrap().unwrap();
    let failed = authority.first_start(turn, |made| {
        given_up = Some(made.resource.id);
        Err(io::Error::other("the disk is full"))
    });
    let failed = failed.await.unwrap_err();
    assert!(matches!(&failed, BootstrapError::Save(_)));
    assert_eq!(
        failed.to_string(),
        "the first credentials cannot be saved: the disk is full"
    );
    drop(authority);

    let authority = open(directory.path(), &clock).await;
    let first = first_start(&authority).await.unwrap();
    authority.catch_up().await.unwrap();
    let world = World::of(authority, first, (clock, directory));
    let by = world.operator().await;
    let subscriptions = world
        .authority
        .list_subscriptions(by, page(0, ""))
        .await
        .unwrap();
    assert_eq!(subscriptions.items.len(), 1);
    assert_eq!(
        world
            .authority
            .list_service_keys(by, page(0, ""))
            .await
            .unwrap()
            .items
            .len(),
        2
    );
    let given_up = world.authority.resource(by, given_up.unwrap()).await;
    assert!(matches!(given_up, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn whoever_was_overtaken_ends_with_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(START));
    let authority = open(directory.path(), &clock).await;
    let slow = authority.first_turn().await.unwrap().unwrap();
    let id = slow.operator();
    let first = first_start(&authority).await.unwrap();
    let overtaken = authority.first_start(slow, |_| Ok(())).await.unwrap_err();
    assert!(matches!(overtaken, BootstrapError::TurnLost), "{overtaken}");
    assert_ne!(first.operator.id, id);
    assert!(authority.first_turn().await.unwrap().is_none());
    // In particular, it cleared nothing away that the other had made.
    authority.catch_up().await.unwrap();
    let world = World::of(authority, first, (clock, directory));
    let holder = world.primary().await;
    let id = world.identity(&holder).await;
    assert!(world.try_issue(&holder, id).await.is_ok());
}

#[tokio::test]
async fn what_it_makes_does_not_print_its_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let authority = open(directory.path(), &Arc::new(ManualClock::new(START))).await;
    let mut printed = String::new();
    let save = |made: &_| {
        printed = format!("{made:?}");
        Ok(())
    };
    let turn = authority.first_turn().await.unwrap().unwrap();
    authority.first_start(turn, save).await.unwrap();
    assert_eq!(printed.matches("secret: Some(***)").count(), 4, "{printed}");
}

#[tokio::test]
async fn a_store_that_was_sealed_under_another_master_key_is_not_opened() {
    let World {
        authority,
        clock,
        first: _,
        directory,
    } = World::new().await;
    drop(authority);
    let refused = open_sealed_by(directory.path(), &clock, OTHER_MASTER_KEY)
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::Seal(SealError::Open)));
    assert!(
        open_sealed_by(directory.path(), &clock, OTHER_MASTER_KEY)
            .await
            .is_err()
    );
    open(directory.path(), &clock).await;
}
