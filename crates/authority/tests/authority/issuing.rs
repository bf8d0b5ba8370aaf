//! Issuing tokens.

use std::time::Duration;

use lanyard_authority::{Error, TokenSpec};
use lanyard_policy::{Scope, ScopeSet};
use lanyard_token::{Lifetime, TokenRefusal};

use crate::support::{Standing, World, page, spec};

#[tokio::test]
async fn a_token_carries_what_was_asked_for_and_lives_for_as_long_as_that() {
    let world = World::new().await;
    let holder = world.primary().await;
    let id = world.identity(&holder).await;
    for lifetime in [Lifetime::MIN, Lifetime::MAX] {
        let scopes = ScopeSet::new([Scope::ChatJoin, Scope::Voip]).unwrap();
        let spec = TokenSpec { scopes, lifetime };
        let issued = world
            .authority
            .issue_token(&holder, id, spec)
            .await
            .unwrap();
        assert_eq!(issued.scopes, scopes);
        assert_eq!(
            issued.expires_at,
            world.now().saturating_add(lifetime.as_duration())
        );
        assert!(!format!("{issued:?}").contains(&issued.token));
        world.clock.advance(
            lifetime
                .as_duration()
                .checked_sub(Duration::from_millis(1))
                .unwrap(),
        );
        assert_eq!(world.standing(&issued.token), Standing::Alive);
        world.clock.advance(Duration::from_millis(1));
        assert_eq!(
            world.standing(&issued.token),
            Standing::Refused(TokenRefusal::Expired)
        );
        world.authority.catch_up().await.unwrap();
    }
}

#[tokio::test]
async fn a_list_of_a_minute_issues_and_an_older_one_does_not_until_it_is_read_again() {
    let world = World::new().await;
    let holder = world.primary().await;
    let id = world.identity(&holder).await;
    world.clock.advance(Duration::from_mins(1));
    assert!(world.try_issue(&holder, id).await.is_ok());
    world.clock.advance(Duration::from_millis(1));
    assert!(matches!(
        world.try_issue(&holder, id).await,
        Err(Error::Stale(_))
    ));
    world.authority.catch_up().await.unwrap();
    assert!(world.try_issue(&holder, id).await.is_ok());
}

#[tokio::test]
async fn a_calendar_that_jumps_makes_no_list_older_or_younger() {
    let world = World::new().await;
    let holder = world.primary().await;
    let id = world.identity(&holder).await;
    let start = world.now();
    world
        .clock
        .set_wall(start.saturating_add(Duration::from_hours(1)));
    assert!(world.try_issue(&holder, id).await.is_ok());
    world.clock.advance(Duration::from_millis(60_001));
    world.clock.set_wall(start);
    assert!(matches!(
        world.try_issue(&holder, id).await,
        Err(Error::Stale(_))
    ));
}

#[tokio::test]
async fn a_first_token_from_a_stale_list_leaves_no_identity() {
    let world = World::new().await;
    let (authority, holder) = (&world.authority, world.primary().await);
    world.clock.advance(Duration::from_millis(60_001));
    let refused = authority.create_identity(&holder, None, Some(spec())).await;
    assert!(matches!(refused, Err(Error::Stale(_))));
    let listed = authority
        .list_identities(&holder, page(0, ""))
        .await
        .unwrap();
    assert_eq!(listed.items, []);
    assert!(authority.create_identity(&holder, None, None).await.is_ok());
}

#[tokio::test]
async fn a_first_token_is_good_after_every_revocation_before_it_and_dead_after_the_next() {
    let world = World::new().await;
    let (authority, holder) = (&world.authority, world.primary().await);
    let mut last = None;
    for _ in 0..10 {
        let custom_id = Some("ada".parse().unwrap());
        let made = authority
            .create_identity(&holder, custom_id, Some(spec()))
            .await
            .unwrap();
        let token = made.token.unwrap().token;
        assert_eq!(world.standing(&token), Standing::Alive);
        let id = made.identity.id;
        assert_eq!(last.replace(id).unwrap_or(id), id, "it is found again");
        authority.revoke_tokens(&holder, id).await.unwrap();
        assert_eq!(world.standing(&token), Standing::Revoked);
    }
}

#[tokio::test]
async fn a_signing_key_that_is_replaced_meanwhile_costs_neither_identity_nor_first_token() {
    let world = World::new().await;
    let (authority, holder) = (&world.authority, world.primary().await);
    let by = world.operator().await;
    let [active] = <[_; 1]>::try_from(authority.list_signing_keys(by).await.unwrap()).unwrap();
    // Whoever is polled first is first in the store's queue, so the creation meets a key that is
    // not the one that it chose.
    let (revoked, made) = tokio::join!(
        authority.revoke_signing_key(by, active.id),
        authority.create_identity(&holder, Some("ada".parse().unwrap()), Some(spec())),
    );
    revoked.unwrap();
    let made = made.unwrap();
    let token = made.token.unwrap().token;
    assert_eq!(world.standing(&token), Standing::Alive);
    let listed = authority.list_identities(&holder, page(0, "")).await;
    let listed: Vec<_> = listed.unwrap().items.iter().map(|one| one.id).collect();
    assert_eq!(listed, [made.identity.id]);
}

#[tokio::test]
async fn revoke_then_issue_in_one_millisecond_holds_a_thousand_times() {
    let world = World::new().await;
    let holder = world.primary().await;
    let id = world.identity(&holder).await;
    let mut dead = Vec::new();
    let mut living = world.issue(&holder, id).await;
    for round in 0..1000 {
        world.authority.revoke_tokens(&holder, id).await.unwrap();
        dead.push(std::mem::replace(
            &mut living,
            world.issue(&holder, id).await,
        ));
        assert_eq!(world.standing(&living), Standing::Alive, "round {round}");
    }
    assert!(
        dead.iter()
            .all(|token| world.standing(token) == Standing::Revoked)
    );
    // Reading the log, rather than having been told, comes to the same.
    world.authority.catch_up().await.unwrap();
    assert!(
        dead.iter()
            .all(|token| world.standing(token) == Standing::Revoked)
    );
    assert_eq!(world.standing(&living), Standing::Alive);
}

#[tokio::test]
async fn a_clock_that_goes_back_between_revoke_and_issue_harms_neither() {
    let world = World::new().await;
    let holder = world.primary().await;
    let id = world.identity(&holder).await;
    let old = world.issue(&holder, id).await;
    world.authority.revoke_tokens(&holder, id).await.unwrap();
    world
        .clock
        .set_wall(world.now().saturating_sub(Duration::from_secs(30)));
    let new = world.issue(&holder, id).await;
    assert_eq!(
        [&old, &new].map(|token| world.standing(token)),
        [Standing::Revoked, Standing::Alive]
    );
}
