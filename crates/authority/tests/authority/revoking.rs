//! Taking tokens back.

use std::time::Duration;

use lanyard_authority::Error;
use lanyard_store::KeySlot;
use lanyard_token::{Lifetime, TokenRefusal};

use crate::support::{Standing, World, page, spec};

#[tokio::test]
async fn a_token_is_revoked_alone_and_as_often_as_one_likes() {
    let world = World::new().await;
    let (authority, holder) = (&world.authority, world.primary().await);
    let id = world.identity(&holder).await;
    let [one, sibling] = [
        world.issue(&holder, id).await,
        world.issue(&holder, id).await,
    ];
    let first = authority.revoke_token(&holder, &one).await.unwrap();
    let second = authority.revoke_token(&holder, &one).await.unwrap();
    assert!(second.entry.position > first.entry.position);
    assert!(!first.entry.revocation.is_final);
    assert_eq!(world.standing(&one), Standing::Revoked);
    assert_eq!(world.standing(&sibling), Standing::Alive);
}

#[tokio::test]
async fn the_other_key_of_the_resource_revokes_what_this_one_issued() {
    let world = World::new().await;
    let holder = world.primary().await;
    let token = world.issue(&holder, world.identity(&holder).await).await;
    world
        .authority
        .revoke_token(&world.secondary().await, &token)
        .await
        .unwrap();
    assert_eq!(world.standing(&token), Standing::Revoked);
}

#[tokio::test]
async fn a_token_of_another_resource_is_not_found_and_lives_on() {
    let world = World::new().await;
    let holder = world.primary().await;
    let (_, stranger) = world.another_resource("other").await;
    let token = world.issue(&holder, world.identity(&holder).await).await;
    let refused = world.authority.revoke_token(&stranger, &token).await;
    assert!(matches!(refused, Err(Error::NotFound { .. })));
    assert_eq!(world.standing(&token), Standing::Alive);
}

#[tokio::test]
async fn what_is_no_token_is_refused_and_an_expired_one_is_not() {
    let world = World::new().await;
    let (authority, holder) = (&world.authority, world.primary().await);
    let token = world.issue(&holder, world.identity(&holder).await).await;
    for bad in [
        "",
        "a.b.c",
        token.strip_suffix(char::is_alphanumeric).unwrap_or("x"),
    ] {
        let refused = authority.revoke_token(&holder, bad).await;
        assert!(
            matches!(refused, Err(Error::NotOurToken(TokenRefusal::Malformed))),
            "{bad}"
        );
    }
    world.clock.advance(Lifetime::DEFAULT.as_duration());
    assert!(authority.revoke_token(&holder, &token).await.is_ok());
}

#[tokio::test]
async fn revoking_all_of_an_identity_spares_the_others() {
    let world = World::new().await;
    let holder = world.primary().await;
    let [one, other] = [world.identity(&holder).await, world.identity(&holder).await];
    let mine = [
        world.issue(&holder, one).await,
        world.issue(&holder, one).await,
    ];
    let theirs = world.issue(&holder, other).await;
    world.authority.revoke_tokens(&holder, one).await.unwrap();
    assert_eq!(
        mine.map(|token| world.standing(&token)),
        [Standing::Revoked; 2]
    );
    assert_eq!(world.standing(&theirs), Standing::Alive);
}

#[tokio::test]
async fn a_deleted_identity_is_dead_for_good() {
    let world = World::new().await;
    let holder = world.primary().await;
    let id = world.identity(&holder).await;
    let token = world.issue(&holder, id).await;
    let deleted = world.authority.delete_identity(&holder, id).await.unwrap();
    assert!(deleted.entry.revocation.is_final);
    assert_eq!(world.standing(&token), Standing::Revoked);
    assert!(matches!(
        world.try_issue(&holder, id).await,
        Err(Error::NotFound { .. })
    ));
}

#[tokio::test]
async fn a_rotation_revokes_what_the_old_key_issued_and_nothing_else() {
    let world = World::new().await;
    let (authority, by) = (&world.authority, world.operator().await);
    let (primary, secondary) = (world.primary().await, world.secondary().await);
    let id = world.identity(&primary).await;
    let [old, other] = [
        world.issue(&primary, id).await,
        world.issue(&secondary, id).await,
    ];
    let rotated = authority
        .rotate_access_key(by, world.first.resource, KeySlot::Primary)
        .await;
    let rotated = rotated.unwrap();
    assert!(rotated.revocation.entry.revocation.is_final);
    let new = world
        .issue(&world.holder(&rotated.key.into()).await, id)
        .await;
    let standings = [old, other, new].map(|token| world.standing(&token));
    assert_eq!(
        standings,
        [Standing::Revoked, Standing::Alive, Standing::Alive]
    );
}

#[tokio::test]
async fn a_call_that_was_let_in_before_a_rotation_does_nothing_after_it() {
    let world = World::new().await;
    let (authority, by) = (&world.authority, world.operator().await);
    let (primary, secondary) = (world.primary().await, world.secondary().await);
    let id = world.identity(&secondary).await;
    let token = world.issue(&secondary, id).await;
    let rotated = authority
        .rotate_access_key(by, world.first.resource, KeySlot::Primary)
        .await;
    let end = rotated.unwrap().revocation.entry.position;
    let custom_id = || Some("ada".parse().unwrap());
    let bare = authority.create_identity(&primary, custom_id(), None);
    let with_token = authority.create_identity(&primary, custom_id(), Some(spec()));
    for refused in [
        bare.await.err(),
        with_token.await.err(),
        authority.delete_identity(&primary, id).await.err(),
        authority.revoke_tokens(&primary, id).await.err(),
        authority.revoke_token(&primary, &token).await.err(),
        world.try_issue(&primary, id).await.err(),
    ] {
        assert!(
            matches!(refused, Some(Error::CredentialRefused)),
            "{refused:?}"
        );
    }
    assert_eq!(world.standing(&token), Standing::Alive);
    let listed = authority.list_identities(&secondary, page(0, "")).await;
    assert_eq!(listed.unwrap().items.len(), 1);
    // The log did not move either: the next entry is the one after the rotation's.
    let next = authority.revoke_tokens(&secondary, id).await.unwrap().entry;
    assert!(next.position > end);
    assert_eq!(next.number, 2);
}

#[tokio::test]
async fn a_deleted_resource_takes_its_tokens_with_it_and_spares_its_neighbour() {
    let world = World::new().await;
    let by = world.operator().await;
    let primary = world.primary().await;
    let (_, neighbour) = world.another_resource("other").await;
    let id = world.identity(&primary).await;
    let mine = world.issue(&primary, id).await;
    let theirs = world
        .issue(&neighbour, world.identity(&neighbour).await)
        .await;
    world
        .authority
        .delete_resource(by, world.first.resource)
        .await
        .unwrap();
    assert_eq!(world.standing(&mine), Standing::Revoked);
    assert_eq!(world.standing(&theirs), Standing::Alive);
    assert!(matches!(
        world.try_issue(&primary, id).await,
        Err(Error::CredentialRefused)
    ));
    let made = world.authority.create_identity(&primary, None, None).await;
    assert!(matches!(made, Err(Error::CredentialRefused)));
    let again = world
        .authority
        .delete_resource(by, world.first.resource)
        .await;
    assert!(matches!(again, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn a_revocation_is_in_force_here_when_the_call_returns_however_old_the_list() {
    let world = World::new().await;
    let holder = world.primary().await;
    let id = world.identity(&holder).await;
    let token = world.issue(&holder, id).await;
    world.clock.advance(Duration::from_mins(20));
    world.authority.revoke_tokens(&holder, id).await.unwrap();
    assert_eq!(world.standing(&token), Standing::Revoked);
}
