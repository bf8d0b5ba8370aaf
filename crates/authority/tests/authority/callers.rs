//! Who is admitted, and as what.

use std::time::Duration;

use lanyard_authority::{Caller, Error, ServiceRole};
use lanyard_store::KeySlot;
use lanyard_token::{CredentialId, ResourceId};
use uuid::Uuid;

use crate::support::{Key, World};

#[tokio::test]
async fn each_role_may_what_it_is_for_and_nothing_else() {
    let world = World::new().await;
    let first = &world.first;
    for (key, may) in [
        (&first.operator, [true, false, false, false]),
        (&first.enforcer, [false, false, true, true]),
        (&first.primary, [false, true, true, false]),
        (&first.secondary, [false, true, true, false]),
    ] {
        let caller = world.caller(key).await.unwrap();
        let refusals = [
            caller.operator().err(),
            caller.key_holder().err(),
            caller.checker().err(),
            caller.watcher().err(),
        ];
        assert_eq!(refusals.each_ref().map(Option::is_none), may, "{caller:?}");
        for refusal in refusals.into_iter().flatten() {
            assert!(matches!(refusal, Error::RoleNotAllowed { .. }), "{refusal}");
        }
    }
}

#[tokio::test]
async fn an_enforcer_checks_any_token_and_an_access_key_its_own_resources() {
    let world = World::new().await;
    let other = ResourceId::from_uuid(Uuid::from_u128(7));
    let enforcer = world
        .caller(&world.first.enforcer)
        .await
        .unwrap()
        .checker()
        .unwrap();
    assert!(enforcer.may_check(world.first.resource).is_ok());
    assert!(enforcer.may_check(other).is_ok());
    let holder = world
        .caller(&world.first.primary)
        .await
        .unwrap()
        .checker()
        .unwrap();
    assert!(holder.may_check(world.first.resource).is_ok());
    assert!(matches!(
        holder.may_check(other),
        Err(Error::RoleNotAllowed { .. })
    ));
}

#[tokio::test]
async fn whoever_is_not_admitted_is_told_the_same() {
    let world = World::new().await;
    let Key { id, secret } = world.first.primary.clone();
    let unknown = Key {
        id: CredentialId::from_uuid(Uuid::from_u128(7)),
        secret: secret.clone(),
    };
    let forged = Key {
        id,
        secret: world.first.secondary.secret.clone(),
    };
    let bearers = [
        None,
        Some(String::new()),
        Some("nonsense".to_owned()),
        Some(unknown.bearer(world.now())),
        Some(forged.bearer(world.now())),
        Some(
            world
                .first
                .primary
                .bearer(world.now().saturating_sub(Duration::from_mins(1))),
        ),
        Some(
            world
                .first
                .primary
                .bearer(world.now().saturating_add(Duration::from_secs(61))),
        ),
    ];
    for bearer in bearers {
        let refused = world
            .authority
            .authenticate(bearer.as_deref())
            .await
            .unwrap_err();
        assert!(matches!(refused, Error::CredentialRefused), "{bearer:?}");
    }
}

#[tokio::test]
async fn a_bearer_is_dead_at_the_second_it_expires() {
    let world = World::new().await;
    let bearer = world.first.operator.bearer(world.now());
    world.clock.advance(Duration::from_millis(59_999));
    assert!(world.authority.authenticate(Some(&bearer)).await.is_ok());
    world.clock.advance(Duration::from_millis(1));
    assert!(world.authority.authenticate(Some(&bearer)).await.is_err());
}

#[tokio::test]
async fn a_rotated_key_is_refused_at_once_and_the_new_and_the_other_one_are_not() {
    let world = World::new().await;
    let by = world.operator().await;
    let before = world.first.primary.bearer(world.now());
    assert!(world.authority.authenticate(Some(&before)).await.is_ok());
    let resource = world.first.resource;
    let rotated = world
        .authority
        .rotate_access_key(by, resource, KeySlot::Primary)
        .await
        .unwrap();
    let refused = world.authority.authenticate(Some(&before)).await;
    assert!(matches!(refused, Err(Error::CredentialRefused)));
    let new = world.holder(&rotated.key.into()).await;
    assert_eq!(new.resource(), resource);
    assert_eq!(world.secondary().await.resource(), resource);
}

#[tokio::test]
async fn a_key_that_was_rotated_between_admission_and_issue_issues_nothing() {
    let world = World::new().await;
    let holder = world.primary().await;
    let identity = world.identity(&holder).await;
    let by = world.operator().await;
    let rotated = world
        .authority
        .rotate_access_key(by, holder.resource(), KeySlot::Primary);
    rotated.await.unwrap();
    let refused = world.try_issue(&holder, identity).await;
    assert!(matches!(refused, Err(Error::CredentialRefused)));
}

#[tokio::test]
async fn a_deleted_service_key_and_the_keys_of_a_deleted_resource_are_refused() {
    let world = World::new().await;
    let by = world.operator().await;
    let made = world
        .authority
        .create_service_key(by, ServiceRole::Enforcer)
        .await
        .unwrap();
    let key = Key::from(&made);
    assert!(world.caller(&key).await.unwrap().checker().is_ok());
    world
        .authority
        .delete_service_key(by, key.id)
        .await
        .unwrap();
    assert!(matches!(
        world.caller(&key).await,
        Err(Error::CredentialRefused)
    ));

    world
        .authority
        .delete_resource(by, world.first.resource)
        .await
        .unwrap();
    for key in [&world.first.primary, &world.first.secondary] {
        assert!(matches!(
            world.caller(key).await,
            Err(Error::CredentialRefused)
        ));
    }
}

#[tokio::test]
async fn a_key_that_is_gone_is_admitted_for_a_step_at_most_once_and_does_nothing_in_it() {
    let world = World::new().await;
    let (authority, key) = (&world.authority, &world.first.primary);
    let bearer = key.bearer(world.now());
    let holder = world.primary().await;
    let identity = world.identity(&holder).await;
    let rotate = authority.rotate_access_key(
        world.operator().await,
        world.first.resource,
        KeySlot::Primary,
    );
    rotate.await.unwrap();

    let refused = authority.authenticate(Some(&bearer)).await;
    assert!(matches!(refused, Err(Error::CredentialRefused)));
    // Whoever has looked in vain remembers it no more.
    let refused = authority.authenticate_for_step(Some(&bearer)).await;
    assert!(matches!(refused, Err(Error::CredentialRefused)));

    let secondary = world.first.secondary.bearer(world.now());
    authority.authenticate(Some(&secondary)).await.unwrap();
    let rotate = authority.rotate_access_key(
        world.operator().await,
        world.first.resource,
        KeySlot::Secondary,
    );
    rotate.await.unwrap();
    let caller = authority
        .authenticate_for_step(Some(&secondary))
        .await
        .unwrap();
    let holder = caller.key_holder().unwrap();
    let issued = world.try_issue(&holder, identity).await;
    assert!(
        matches!(issued, Err(Error::CredentialRefused)),
        "{issued:?}"
    );
    let refused = authority.authenticate_for_step(Some(&secondary)).await;
    assert!(matches!(refused, Err(Error::CredentialRefused)));
}

#[tokio::test]
async fn a_remembered_key_is_admitted_on_a_good_bearer_only() {
    let world = World::new().await;
    let (authority, key) = (&world.authority, &world.first.primary);
    authority
        .authenticate(Some(&key.bearer(world.now())))
        .await
        .unwrap();
    let forged = Key {
        id: key.id,
        secret: world.first.secondary.secret.clone(),
    };
    let late = key.bearer(world.now());
    world.clock.advance(Duration::from_hours(1));
    for bearer in [forged.bearer(world.now()), late] {
        let refused = authority.authenticate_for_step(Some(&bearer)).await;
        assert!(matches!(refused, Err(Error::CredentialRefused)));
    }
    authority
        .authenticate_for_step(Some(&key.bearer(world.now())))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_bearer_that_was_verified_is_let_in_again_until_it_expires() {
    let world = World::new().await;
    let bearer = world.first.enforcer.bearer(world.now());
    assert_eq!(world.authority.seen_for_check(&bearer), None);
    let caller = checked(&world, &bearer).await.unwrap();
    assert_eq!(world.authority.seen_for_check(&bearer), Some(caller));
    assert_eq!(world.authority.seen_for_check(&format!("{bearer}x")), None);
    world.clock.advance(Duration::from_mins(10));
    assert!(checked(&world, &bearer).await.is_err());
    assert_eq!(world.authority.seen_for_check(&bearer), None);
}

#[tokio::test]
async fn its_credential_is_looked_up_again_after_a_second() {
    let world = World::new().await;
    let bearer = world.first.enforcer.bearer(world.now());
    checked(&world, &bearer).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    assert!(world.authority.seen_for_check(&bearer).is_some());
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.authority.seen_for_check(&bearer), None);
    checked(&world, &bearer).await.unwrap();
    assert!(world.authority.seen_for_check(&bearer).is_some());
}

#[tokio::test]
async fn a_bearer_that_was_verified_is_of_no_use_once_its_service_key_is_deleted() {
    let world = World::new().await;
    let bearer = world.first.enforcer.bearer(world.now());
    checked(&world, &bearer).await.unwrap();
    let operator = world.operator().await;
    let deleting = world
        .authority
        .delete_service_key(operator, world.first.enforcer.id);
    deleting.await.unwrap();
    assert_eq!(world.authority.seen_for_check(&bearer), None);
    assert!(checked(&world, &bearer).await.is_err());
}

#[tokio::test]
async fn a_bearer_that_was_verified_checks_nothing_once_its_access_key_or_resource_is_gone() {
    let world = World::new().await;
    let bearers = [&world.first.primary, &world.first.secondary].map(|key| key.bearer(world.now()));
    for bearer in &bearers {
        checked(&world, bearer).await.unwrap();
        assert!(world.authority.seen_for_check(bearer).is_some());
    }
    let [primary, secondary] = &bearers;
    let operator = world.operator().await;
    let rotating =
        (world.authority).rotate_access_key(operator, world.first.resource, KeySlot::Primary);
    rotating.await.unwrap();
    assert_eq!(world.authority.seen_for_check(primary), None);
    assert!(checked(&world, primary).await.is_err());
    assert!(world.authority.seen_for_check(secondary).is_some());
    let operator = world.operator().await;
    let deleting = world
        .authority
        .delete_resource(operator, world.first.resource);
    deleting.await.unwrap();
    assert_eq!(world.authority.seen_for_check(secondary), None);
    assert!(checked(&world, secondary).await.is_err());
}

#[tokio::test]
async fn no_role_but_an_access_key_is_let_in_for_a_step_on_its_bearer_alone() {
    let world = World::new().await;
    let first = &world.first;
    for (key, is_let_in) in [
        (&first.operator, false),
        (&first.enforcer, false),
        (&first.primary, true),
    ] {
        let bearer = key.bearer(world.now());
        assert_eq!(world.authority.seen_for_step(&bearer), None);
        let asked = world.authority.authenticate_for_step(Some(&bearer));
        let caller = asked.await.unwrap();
        let expected = is_let_in.then_some(caller);
        assert_eq!(world.authority.seen_for_step(&bearer), expected);
        // However long ago it was that it was there: the step finds out.
        world.clock.advance(Duration::from_secs(30));
        assert_eq!(world.authority.seen_for_step(&bearer), expected);
    }
}

async fn checked(world: &World, bearer: &str) -> Result<Caller, Error> {
    let checked = world.authority.authenticate_for_check(Some(bearer));
    checked.await
}
