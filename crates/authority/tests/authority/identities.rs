//! Identities of a resource.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use lanyard_authority::Error;
use lanyard_token::{IdentityId, UnixTime};
use uuid::Uuid;

use crate::support::{START, Standing, World, page, spec};

#[tokio::test]
async fn a_custom_id_finds_its_identity_again_until_that_is_deleted() {
    let world = World::new().await;
    let (authority, holder) = (&world.authority, world.primary().await);
    let create = async || {
        authority
            .create_identity(&holder, Some("ada".parse().unwrap()), None)
            .await
    };
    let first = create().await.unwrap().identity;
    assert_eq!(first.custom_id.as_deref(), Some("ada"));
    assert_eq!(first.id.resource(), world.first.resource);
    assert_eq!(create().await.unwrap().identity, first);
    authority.delete_identity(&holder, first.id).await.unwrap();
    assert_ne!(create().await.unwrap().identity.id, first.id);
}

#[tokio::test]
async fn one_custom_id_in_two_resources_is_two_identities() {
    let world = World::new().await;
    let (_, other) = world.another_resource("other").await;
    let mut ids = BTreeSet::new();
    for holder in [world.primary().await, world.secondary().await, other] {
        let custom_id = Some("ada".parse().unwrap());
        let made = world
            .authority
            .create_identity(&holder, custom_id, None)
            .await
            .unwrap();
        ids.insert(made.identity.id);
    }
    assert_eq!(ids.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_at_once_with_one_custom_id_get_one_identity() {
    let world = World::new().await;
    let holder = world.primary().await;
    let all = (0..64).map(|_| {
        let authority = Arc::clone(&world.authority);
        tokio::spawn(async move {
            let custom_id = Some("ada".parse().unwrap());
            let made = authority
                .create_identity(&holder, custom_id, Some(spec()))
                .await
                .unwrap();
            (made.identity.id, made.token.unwrap().token)
        })
    });
    let (mut ids, mut tokens) = (BTreeSet::new(), BTreeSet::new());
    for one in all.collect::<Vec<_>>() {
        let (id, token) = one.await.unwrap();
        ids.insert(id);
        tokens.insert(token);
    }
    assert_eq!((ids.len(), tokens.len()), (1, 64));
    assert!(
        tokens
            .iter()
            .all(|token| world.standing(token) == Standing::Alive)
    );
    let listed = world
        .authority
        .list_identities(&holder, page(0, ""))
        .await
        .unwrap();
    assert_eq!(listed.items.len(), 1);
}

#[tokio::test]
async fn an_identity_of_another_resource_is_answered_like_one_that_never_was() {
    let world = World::new().await;
    let holder = world.primary().await;
    let (other, stranger) = world.another_resource("other").await;
    let theirs = world.identity(&stranger).await;
    let never = IdentityId::new(other, Uuid::from_u128(7));
    let gone = world.identity(&holder).await;
    world
        .authority
        .delete_identity(&holder, gone)
        .await
        .unwrap();
    let mut answers = BTreeSet::new();
    for id in [theirs, never, gone] {
        let refusals = [
            world.authority.identity(&holder, id).await.err(),
            world.authority.delete_identity(&holder, id).await.err(),
            world.authority.revoke_tokens(&holder, id).await.err(),
            world.try_issue(&holder, id).await.err(),
        ];
        for refusal in refusals {
            assert!(
                matches!(refusal, Some(Error::NotFound { .. })),
                "{refusal:?}"
            );
            answers.insert(refusal.unwrap().to_string().replace(&id.to_string(), "ID"));
        }
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(world.authority.identity(&stranger, theirs).await.is_ok());
}

#[tokio::test]
async fn only_the_identities_of_the_callers_resource_are_listed() {
    let world = World::new().await;
    let holder = world.primary().await;
    let (_, stranger) = world.another_resource("other").await;
    let mine = [world.identity(&holder).await, world.identity(&holder).await];
    world.identity(&stranger).await;
    let listed = world
        .authority
        .list_identities(&holder, page(0, ""))
        .await
        .unwrap();
    let listed: BTreeSet<_> = listed
        .items
        .into_iter()
        .map(|identity| identity.id)
        .collect();
    assert_eq!(listed, mine.into());
}

#[tokio::test]
async fn the_last_issue_is_told_to_the_minute_before_and_after_it_is_written_down() {
    let world = World::new().await;
    let (authority, holder) = (&world.authority, world.primary().await);
    let id = world.identity(&holder).await;
    let told = async || {
        authority
            .identity(&holder, id)
            .await
            .unwrap()
            .last_token_issue_time
    };
    assert_eq!(told().await, None);
    world.issue(&holder, id).await;
    let minute = |time: UnixTime| Some(UnixTime::from_secs(time.as_secs() / 60 * 60));
    assert_eq!(told().await, minute(START));
    authority.write_issue_times().await.unwrap();
    assert_eq!(told().await, minute(START));
    world.clock.advance(Duration::from_mins(1));
    authority.catch_up().await.unwrap();
    world.issue(&holder, id).await;
    let listed = authority
        .list_identities(&holder, page(0, ""))
        .await
        .unwrap();
    assert_eq!(listed.items[0].last_token_issue_time, minute(world.now()));
}

#[tokio::test]
async fn a_late_note_of_a_deleted_identity_brings_nothing_back() {
    let world = World::new().await;
    let (authority, holder) = (&world.authority, world.primary().await);
    let id = world.identity(&holder).await;
    world.issue(&holder, id).await;
    authority.delete_identity(&holder, id).await.unwrap();
    authority.write_issue_times().await.unwrap();
    assert!(matches!(
        authority.identity(&holder, id).await,
        Err(Error::NotFound { .. })
    ));
}
