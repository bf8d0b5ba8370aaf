//! The life of the keys that sign.

use std::time::Duration;

use lanyard_authority::{Error, Operator};
use lanyard_store::SigningKeyRecord;
use lanyard_token::{
    KeyId, KeyState, KeyStateError, LEEWAY, Lifetime, PropagationBound, TokenRefusal,
};
use uuid::Uuid;

use crate::support::{Standing, World};

#[tokio::test]
async fn a_new_store_has_one_key_and_it_signs() {
    let world = World::new().await;
    let by = world.operator().await;
    let keys = world.authority.list_signing_keys(by).await.unwrap();
    assert_eq!(states(&world, by).await, [(keys[0].id, "active")]);
    assert_eq!(published(&world), [keys[0].id]);
}

#[tokio::test]
async fn a_prepared_key_is_published_at_once_and_signs_from_the_end_of_the_bound() {
    let world = World::new().await;
    let (authority, by) = (&world.authority, world.operator().await);
    let before = active(&world, by).await;
    world.clock.advance(Duration::from_secs(1));
    let prepared = authority.prepare_signing_key(by).await.unwrap().id;
    assert!(published(&world).contains(&prepared));

    world.clock.advance(
        PropagationBound::MAX
            .as_duration()
            .saturating_sub(Duration::from_millis(1)),
    );
    let early = authority.activate_signing_key(by, prepared).await;
    assert!(matches!(
        early,
        Err(Error::SigningKeyState(KeyStateError::NotPropagated { .. }))
    ));
    assert_eq!(active(&world, by).await, before);

    world.clock.advance(Duration::from_millis(1));
    let activated = authority.activate_signing_key(by, prepared).await.unwrap();
    assert_eq!(activated.state, KeyState::Active { since: world.now() });
    assert_eq!(
        states(&world, by).await,
        [(before, "retired"), (prepared, "active")]
    );
}

#[tokio::test]
async fn a_retired_key_verifies_until_the_last_of_its_tokens_has_expired_and_then_leaves() {
    let world = World::new().await;
    let (authority, by) = (&world.authority, world.operator().await);
    let holder = world.primary().await;
    let id = world.identity(&holder).await;
    let before = active(&world, by).await;
    let next = propagated(&world, by).await;
    authority.catch_up().await.unwrap();
    let last = world.issue(&holder, id).await;
    authority.activate_signing_key(by, next).await.unwrap();
    let new = world.issue(&holder, id).await;

    world.clock.advance(
        Lifetime::MAX
            .as_duration()
            .saturating_sub(Duration::from_millis(1)),
    );
    authority.tidy().await.unwrap();
    assert_eq!(
        [&last, &new].map(|token| world.standing(token)),
        [Standing::Alive; 2]
    );
    world.clock.advance(LEEWAY);
    authority.tidy().await.unwrap();
    assert!(published(&world).contains(&before));
    world.clock.advance(Duration::from_millis(1));
    authority.tidy().await.unwrap();
    assert_eq!(published(&world), [next]);
    assert_eq!(
        world.standing(&last),
        Standing::Refused(TokenRefusal::KeyUnknown)
    );
    assert_eq!(states(&world, by).await, [(next, "active")]);
}

#[tokio::test]
async fn the_active_key_is_not_retired_by_itself_and_a_prepared_one_is() {
    let world = World::new().await;
    let (authority, by) = (&world.authority, world.operator().await);
    let active = active(&world, by).await;
    let refused = authority.retire_signing_key(by, active).await;
    assert!(matches!(
        refused,
        Err(Error::SigningKeyState(KeyStateError::OutOfOrder { .. }))
    ));
    let prepared = propagated(&world, by).await;
    let retired = authority.retire_signing_key(by, prepared).await.unwrap();
    assert_eq!(retired.state.name(), "retired");
    for again in [
        authority.retire_signing_key(by, prepared).await,
        authority.activate_signing_key(by, prepared).await,
        authority.activate_signing_key(by, active).await,
    ] {
        assert!(matches!(
            again,
            Err(Error::SigningKeyState(KeyStateError::OutOfOrder { .. }))
        ));
    }
    assert_eq!(
        states(&world, by).await,
        [(active, "active"), (prepared, "retired")]
    );
}

#[tokio::test]
async fn the_oldest_prepared_key_takes_the_place_of_a_revoked_one_without_waiting() {
    let world = World::new().await;
    let (authority, by) = (&world.authority, world.operator().await);
    let holder = world.primary().await;
    let id = world.identity(&holder).await;
    let compromised = active(&world, by).await;
    let mut prepared = Vec::new();
    for _ in 0..2 {
        world.clock.advance(Duration::from_millis(1));
        prepared.push(authority.prepare_signing_key(by).await.unwrap().id);
    }
    let old = world.issue(&holder, id).await;
    let revoked = authority.revoke_signing_key(by, compromised).await.unwrap();
    assert_eq!(revoked.key.state, KeyState::Revoked { since: world.now() });
    assert!(revoked.revocation.entry.revocation.is_final);
    let expected = [
        (compromised, "revoked"),
        (prepared[0], "active"),
        (prepared[1], "prepared"),
    ];
    assert_eq!(states(&world, by).await, expected);
    let new = world.issue(&holder, id).await;
    assert_eq!(
        world.standing(&old),
        Standing::Refused(TokenRefusal::KeyRevoked)
    );
    assert_eq!(world.standing(&new), Standing::Alive);
    assert!(
        !authority
            .view()
            .keys()
            .to_jwks_json()
            .contains(&compromised.to_string())
    );
}

#[tokio::test]
async fn a_new_key_takes_the_place_of_a_revoked_one_where_none_is_prepared() {
    let world = World::new().await;
    let (authority, by) = (&world.authority, world.operator().await);
    let holder = world.primary().await;
    let id = world.identity(&holder).await;
    let compromised = active(&world, by).await;
    authority.revoke_signing_key(by, compromised).await.unwrap();
    let replaced = active(&world, by).await;
    assert_ne!(replaced, compromised);
    assert_eq!(
        world.standing(&world.issue(&holder, id).await),
        Standing::Alive
    );
    // Once more is a further revocation and leaves the one that signs alone.
    let again = authority.revoke_signing_key(by, compromised).await.unwrap();
    assert_eq!(again.key.state.name(), "revoked");
    assert_eq!(active(&world, by).await, replaced);
}

#[tokio::test]
async fn a_prepared_and_a_retired_key_are_revoked_and_the_active_one_goes_on() {
    let world = World::new().await;
    let (authority, by) = (&world.authority, world.operator().await);
    let first = active(&world, by).await;
    let second = propagated(&world, by).await;
    authority.activate_signing_key(by, second).await.unwrap();
    let third = authority.prepare_signing_key(by).await.unwrap().id;
    for key in [first, third] {
        authority.revoke_signing_key(by, key).await.unwrap();
    }
    let expected = [(first, "revoked"), (second, "active"), (third, "revoked")];
    assert_eq!(states(&world, by).await, expected);
    let refused = authority.activate_signing_key(by, third).await;
    assert!(matches!(refused, Err(Error::SigningKeyState(_))));
}

#[tokio::test]
async fn an_unknown_key_is_not_found_by_any_verb() {
    let world = World::new().await;
    let (authority, by) = (&world.authority, world.operator().await);
    let unknown = KeyId::from_uuid(Uuid::from_u128(7));
    for refusal in [
        authority.activate_signing_key(by, unknown).await.err(),
        authority.retire_signing_key(by, unknown).await.err(),
        authority.revoke_signing_key(by, unknown).await.err(),
    ] {
        assert!(
            matches!(refusal, Some(Error::NotFound { .. })),
            "{refusal:?}"
        );
    }
    assert_eq!(states(&world, by).await.len(), 1);
}

#[tokio::test]
async fn no_seed_is_printed_with_a_key() {
    let world = World::new().await;
    let keys = world
        .authority
        .list_signing_keys(world.operator().await)
        .await
        .unwrap();
    assert!(format!("{:?}", keys[0]).contains("seed: ***"));
}

/// A key that is prepared and may be activated.
async fn propagated(world: &World, by: Operator) -> KeyId {
    world.clock.advance(Duration::from_secs(1));
    let prepared = world.authority.prepare_signing_key(by).await.unwrap();
    world.clock.advance(PropagationBound::MAX.as_duration());
    prepared.id
}

async fn active(world: &World, by: Operator) -> KeyId {
    let keys = world.authority.list_signing_keys(by).await.unwrap();
    let is_active = |key: &&SigningKeyRecord| matches!(key.state, KeyState::Active { .. });
    let active: Vec<_> = keys.iter().filter(is_active).collect();
    assert_eq!(active.len(), 1, "{keys:?}");
    active[0].id
}

async fn states(world: &World, by: Operator) -> Vec<(KeyId, &'static str)> {
    let keys = world.authority.list_signing_keys(by).await.unwrap();
    keys.iter().map(|key| (key.id, key.state.name())).collect()
}

/// The keys that everybody is shown.
fn published(world: &World) -> Vec<KeyId> {
    let keys = world.authority.view().keys();
    keys.iter()
        .filter(|key| !key.state.is_revoked())
        .map(|key| key.key.id())
        .collect()
}
