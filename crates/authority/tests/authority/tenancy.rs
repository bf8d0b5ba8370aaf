//! What operators manage.

use std::{collections::HashMap, time::Duration};

use lanyard_authority::{Error, ServiceRole};
use lanyard_store::KeySlot;
use lanyard_token::{CredentialId, ResourceId, SubscriptionId};
use uuid::Uuid;

use crate::support::{Key, Standing, World, page};

#[tokio::test]
async fn a_resource_name_is_taken_until_its_resource_is_deleted() {
    let world = World::new().await;
    let (authority, by) = (&world.authority, world.operator().await);
    let create =
        || authority.create_resource(by, world.first.subscription, "other".parse().unwrap());
    let (made, _) = create().await.unwrap();
    assert!(matches!(create().await, Err(Error::NameTaken(name)) if name == "other"));
    authority.delete_resource(by, made.id).await.unwrap();
    let (again, _) = create().await.unwrap();
    assert_ne!(again.id, made.id);
}

#[tokio::test]
async fn what_is_not_there_is_not_found_by_any_call() {
    let world = World::new().await;
    let (authority, by) = (&world.authority, world.operator().await);
    let subscription = SubscriptionId::from_uuid(Uuid::from_u128(7));
    let resource = ResourceId::from_uuid(Uuid::from_u128(7));
    let name = "other".parse().unwrap();
    let refusals = [
        authority.delete_subscription(by, subscription).await.err(),
        authority
            .create_resource(by, subscription, name)
            .await
            .err(),
        authority
            .list_resources(by, subscription, page(0, ""))
            .await
            .err(),
        authority.resource(by, resource).await.err(),
        authority.delete_resource(by, resource).await.err(),
        authority.list_access_keys(by, resource).await.err(),
        authority
            .rotate_access_key(by, resource, KeySlot::Primary)
            .await
            .err(),
        authority
            .delete_service_key(by, CredentialId::from_uuid(Uuid::from_u128(7)))
            .await
            .err(),
    ];
    for refusal in refusals {
        assert!(
            matches!(refusal, Some(Error::NotFound { .. })),
            "{refusal:?}"
        );
    }
}

#[tokio::test]
async fn access_keys_are_listed_without_secrets_and_a_rotation_replaces_one() {
    let world = World::new().await;
    let (authority, by) = (&world.authority, world.operator().await);
    let first = &world.first;
    let [primary, secondary] = authority
        .list_access_keys(by, first.resource)
        .await
        .unwrap();
    assert_eq!(
        (primary.id, primary.slot),
        (first.primary.id, KeySlot::Primary)
    );
    assert_eq!(
        (secondary.id, secondary.slot),
        (first.secondary.id, KeySlot::Secondary)
    );
    assert!(primary.secret.is_none() && secondary.secret.is_none());
    let rotated = authority
        .rotate_access_key(by, first.resource, KeySlot::Secondary)
        .await;
    let rotated = rotated.unwrap().key;
    assert_ne!(Key::from(&rotated).secret, first.secondary.secret);
    let [primary, secondary] = authority
        .list_access_keys(by, first.resource)
        .await
        .unwrap();
    assert_eq!((primary.id, secondary.id), (first.primary.id, rotated.id));
}

#[tokio::test]
async fn the_last_operator_key_stays_and_an_access_key_is_no_service_key() {
    let world = World::new().await;
    let (authority, by) = (&world.authority, world.operator().await);
    let last = authority
        .delete_service_key(by, world.first.operator.id)
        .await;
    assert!(matches!(last, Err(Error::LastOperatorKey)));
    let access_key = authority
        .delete_service_key(by, world.first.primary.id)
        .await;
    assert!(matches!(access_key, Err(Error::NotFound { .. })));
    let another = authority
        .create_service_key(by, ServiceRole::Operator)
        .await
        .unwrap();
    authority
        .delete_service_key(by, world.first.operator.id)
        .await
        .unwrap();
    assert!(world.caller(&world.first.operator).await.is_err());
    assert!(
        world
            .caller(&Key::from(&another))
            .await
            .unwrap()
            .operator()
            .is_ok()
    );
    let last = authority.delete_service_key(by, another.id).await;
    assert!(matches!(last, Err(Error::LastOperatorKey)));
}

#[tokio::test]
async fn service_keys_are_listed_without_secrets() {
    let world = World::new().await;
    let by = world.operator().await;
    let keys = world
        .authority
        .list_service_keys(by, page(0, ""))
        .await
        .unwrap();
    let listed: HashMap<_, _> = keys.items.iter().map(|key| (key.id, key.role)).collect();
    let expected = [
        (world.first.enforcer.id, ServiceRole::Enforcer),
        (world.first.operator.id, ServiceRole::Operator),
    ];
    assert_eq!(listed, expected.into());
    assert!(keys.items.iter().all(|key| key.secret.is_none()));
}

#[tokio::test]
async fn a_deleted_subscription_takes_every_resource_and_token_with_it() {
    let world = World::new().await;
    let (authority, by) = (&world.authority, world.operator().await);
    let primary = world.primary().await;
    let (other, holder) = world.another_resource("other").await;
    let mine = world.issue(&primary, world.identity(&primary).await).await;
    let theirs = world.issue(&holder, world.identity(&holder).await).await;
    let deleted = authority
        .delete_subscription(by, world.first.subscription)
        .await
        .unwrap();
    assert!(deleted.is_some_and(|last| last.entry.revocation.is_final));
    assert_eq!(
        [mine, theirs].map(|token| world.standing(&token)),
        [Standing::Revoked; 2]
    );
    for resource in [world.first.resource, other] {
        let gone = authority.resource(by, resource).await;
        assert!(matches!(gone, Err(Error::NotFound { .. })));
    }
    let again = authority
        .delete_subscription(by, world.first.subscription)
        .await;
    assert!(matches!(again, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn an_empty_subscription_is_deleted_without_a_revocation() {
    let world = World::new().await;
    let by = world.operator().await;
    let made = world
        .authority
        .create_subscription(by, "Empty".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(
        world
            .authority
            .delete_subscription(by, made.id)
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn lists_are_walked_page_by_page_in_the_order_of_making() {
    let world = World::new().await;
    let (authority, by) = (&world.authority, world.operator().await);
    let mut made = vec![world.first.subscription];
    for name in ["A", "B", "C", "D"] {
        world.clock.advance(Duration::from_millis(1));
        made.push(
            authority
                .create_subscription(by, name.parse().unwrap())
                .await
                .unwrap()
                .id,
        );
    }
    let (mut walked, mut token) = (Vec::new(), String::new());
    for size in [2, 2, 1] {
        let listed = authority
            .list_subscriptions(by, page(2, &token))
            .await
            .unwrap();
        assert_eq!(listed.items.len(), size);
        walked.extend(listed.items.iter().map(|subscription| subscription.id));
        token = listed.next_page_token;
    }
    assert_eq!((walked, token.as_str()), (made, ""));
}
