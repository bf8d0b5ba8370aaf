//! Subscriptions, resources, and what goes with them when they go.

use lanyard_revocation::Handle;
use lanyard_token::{ResourceId, SubscriptionId};

use super::{
    Backend,
    access::{FOREIGN, GONE, assert_refused},
    world::{World, whole},
};
use crate::{IssueGrant, Page, ResourceCreation, Store as _};

/// The list of subscriptions has what was made, as it was made.
pub async fn a_subscription_that_was_made_is_listed<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    assert_eq!(world.store.subscriptions(whole()).await.unwrap(), []);
    let made = world.subscription().await;
    assert_eq!(world.store.subscriptions(whole()).await.unwrap(), [made]);
}

/// Each page starts after the last key of the one before, and the last one is short.
pub async fn subscriptions_come_in_pages_in_the_order_of_their_ids<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let mut made = Vec::new();
    for _ in 0..7 {
        made.push(world.subscription().await);
    }
    made.sort_by_key(|subscription| subscription.id);
    let mut listed = Vec::new();
    for length in [3, 3, 1, 0] {
        let after = listed.last().map(|last: &crate::Subscription| last.id);
        let page = world
            .store
            .subscriptions(Page { after, limit: 3 })
            .await
            .unwrap();
        assert_eq!(page.len(), length);
        listed.extend(page);
    }
    assert_eq!(listed, made);
}

/// Nothing is after the greatest id there can be.
pub async fn there_is_no_page_after_the_last_possible_id<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    world.identity(tenant.id()).await;
    let last = uuid::Uuid::max();
    let page = Page {
        after: Some(SubscriptionId::from_uuid(last)),
        limit: 9,
    };
    assert_eq!(world.store.subscriptions(page).await.unwrap(), []);
    let page = Page {
        after: Some(ResourceId::from_uuid(last)),
        limit: 9,
    };
    let listed = world
        .store
        .resources(tenant.resource.subscription, page)
        .await
        .unwrap();
    assert_eq!(listed, Some(Vec::new()));
    let page = Page {
        after: Some(lanyard_token::IdentityId::new(tenant.id(), last)),
        limit: 9,
    };
    assert_eq!(world.store.identities(tenant.id(), page).await.unwrap(), []);
}

/// A resource is there with both of its keys, or not at all.
pub async fn a_resource_that_was_made_is_found_with_its_keys<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let found = world.store.resource(tenant.id()).await.unwrap();
    assert_eq!(found.as_ref(), Some(&tenant.resource));
    let keys = world.store.access_keys(tenant.id()).await.unwrap();
    assert_eq!(keys.as_ref(), Some(&tenant.keys));
    for key in &tenant.keys {
        assert_eq!(
            world.store.credential(key.id).await.unwrap().as_ref(),
            Some(key)
        );
    }
}

/// No resource, no name and no keys come of it.
pub async fn a_resource_in_an_unknown_subscription_leaves_no_trace<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let known = world.subscription().await;
    let refused = world.new_resource(SubscriptionId::from_uuid(world.id()), "taken");
    let made = world.store.create_resource(refused.clone()).await.unwrap();
    assert_eq!(made, ResourceCreation::SubscriptionUnknown);
    assert_eq!(
        world.store.resource(refused.resource.id).await.unwrap(),
        None
    );
    assert_eq!(
        world.store.access_keys(refused.resource.id).await.unwrap(),
        None
    );
    for key in &refused.keys {
        assert_eq!(world.store.credential(key.id).await.unwrap(), None);
    }
    world.tenant_in(known.id, "taken").await;
}

/// Names are unique in the whole store, and the one who has the name keeps it.
pub async fn a_name_that_is_taken_is_refused_without_a_trace<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (one, other) = (world.subscription().await, world.subscription().await);
    let owner = world.tenant_in(one.id, "taken").await;
    for subscription in [one.id, other.id] {
        let refused = world.new_resource(subscription, "taken");
        let made = world.store.create_resource(refused.clone()).await.unwrap();
        assert_eq!(made, ResourceCreation::NameTaken);
        assert_eq!(
            world.store.resource(refused.resource.id).await.unwrap(),
            None
        );
        for key in &refused.keys {
            assert_eq!(world.store.credential(key.id).await.unwrap(), None);
        }
    }
    let listed = world.store.resources(one.id, whole()).await.unwrap();
    assert_eq!(listed, Some(vec![owner.resource]));
    assert_eq!(
        world.store.resources(other.id, whole()).await.unwrap(),
        Some(Vec::new())
    );
}

/// Pages of resources, in the order of their ids, with none of another subscription among them.
pub async fn resources_are_listed_in_pages_of_their_own_subscription<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (mine, other) = (world.subscription().await, world.subscription().await);
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(
            world
                .tenant_in(mine.id, &format!("mine-{number}"))
                .await
                .resource,
        );
        world.tenant_in(other.id, &format!("other-{number}")).await;
    }
    made.sort_by_key(|resource| resource.id);
    let mut listed = Vec::new();
    for length in [2, 2, 1, 0] {
        let after = listed.last().map(|last: &crate::Resource| last.id);
        let page = Page { after, limit: 2 };
        let found = world.store.resources(mine.id, page).await.unwrap().unwrap();
        assert_eq!(found.len(), length);
        listed.extend(found);
    }
    assert_eq!(listed, made);
}

/// An unknown subscription has no list, which is not the same as an empty one.
pub async fn an_unknown_subscription_has_no_list_of_resources<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let unknown = SubscriptionId::from_uuid(world.id());
    assert_eq!(world.store.resources(unknown, whole()).await.unwrap(), None);
}

/// From the deletion on nothing finds the resource, its keys or its identities.
pub async fn everything_beneath_a_deleted_resource_is_unknown_at_once<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, key) = (world.tenant().await, world.active_key().await);
    let identity = world.identity_called(tenant.id(), Some("alice")).await;
    let store = &world.store;
    assert!(store.delete_resource(tenant.id()).await.unwrap().is_some());
    assert_eq!(store.resource(tenant.id()).await.unwrap(), None);
    assert_eq!(store.access_keys(tenant.id()).await.unwrap(), None);
    for key in &tenant.keys {
        assert_eq!(store.credential(key.id).await.unwrap(), None);
    }
    assert_eq!(store.identity(identity.id).await.unwrap(), None);
    assert_eq!(store.identities(tenant.id(), whole()).await.unwrap(), []);
    let listed = store
        .resources(tenant.resource.subscription, whole())
        .await
        .unwrap();
    assert_eq!(listed, Some(Vec::new()));
    let answer = world.ask(identity.id, tenant.primary(), key).await;
    assert!(matches!(
        answer,
        IssueGrant::CredentialUnknown | IssueGrant::IdentityUnknown
    ));
}

/// Nothing can be changed beneath a resource that is gone.
pub async fn nothing_is_changed_beneath_a_deleted_resource<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, neighbour) = (world.tenant().await, world.tenant().await);
    let identity = world.identity_called(tenant.id(), Some("alice")).await;
    let store = &world.store;
    store.delete_resource(tenant.id()).await.unwrap();
    let ends = world.ends().await;
    assert_refused(&world, &identity, (tenant.primary(), GONE)).await;
    assert_refused(&world, &identity, (neighbour.primary(), FOREIGN)).await;
    let key = world.access_key(tenant.id(), crate::KeySlot::Primary);
    let rotation = store.rotate_access_key(key.clone(), tenant.primary()).await;
    assert_eq!(rotation.unwrap(), crate::KeyRotation::ResourceUnknown);
    assert_eq!(store.credential(key.id).await.unwrap(), None);
    assert_eq!(world.ends().await, ends);
}

/// A deletion is in the log, finally, and nothing else is.
pub async fn a_deleted_resource_is_finally_revoked<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    world.identity(tenant.id()).await;
    let appended = world
        .store
        .delete_resource(tenant.id())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(appended.partition, world.partition(tenant.id()));
    assert_eq!(
        appended.entry.revocation.handle,
        Handle::resource(tenant.id())
    );
    assert!(appended.entry.revocation.is_final);
    assert_eq!(world.log(tenant.id()).await, [appended.entry]);
}

/// What belongs to others is as it was.
pub async fn a_deleted_resource_leaves_its_neighbours_alone<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let subscription = world.subscription().await;
    let gone = world.tenant_in(subscription.id, "gone").await;
    let stays = world.tenant_in(subscription.id, "stays").await;
    let identity = world.identity_called(stays.id(), Some("alice")).await;
    world.identity_called(gone.id(), Some("alice")).await;
    let store = &world.store;
    store.delete_resource(gone.id()).await.unwrap();
    world.sweep().await;
    let listed = store.resources(subscription.id, whole()).await.unwrap();
    assert_eq!(listed, Some(vec![stays.resource.clone()]));
    assert_eq!(
        store.access_keys(stays.id()).await.unwrap(),
        Some(stays.keys.clone())
    );
    assert_eq!(
        store.identity(identity.id).await.unwrap(),
        Some(identity.clone())
    );
    let again = world.new_identity(stays.id(), Some("alice"));
    assert_eq!(world.found(again).await, identity);
}

/// The name is free again, at once, and the new resource knows nothing of the old one.
pub async fn the_name_of_a_deleted_resource_is_free_again<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let subscription = world.subscription().await;
    let old = world.tenant_in(subscription.id, "name").await;
    world.identity_called(old.id(), Some("alice")).await;
    world.store.delete_resource(old.id()).await.unwrap();
    let new = world.tenant_in(subscription.id, "name").await;
    assert_eq!(world.store.identities(new.id(), whole()).await.unwrap(), []);
    world.identity_called(new.id(), Some("alice")).await;
}

/// A name leads to the resource that has it now, and to nothing when none has.
pub async fn a_resource_is_found_by_its_name_while_it_is_there<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let found = async |name: &str| world.store.resource_named(name.to_owned()).await.unwrap();
    let subscription = world.subscription().await;
    assert_eq!(found("name").await, None);
    let old = world.tenant_in(subscription.id, "name").await;
    let other = world.tenant_in(subscription.id, "other").await;
    assert_eq!(found("name").await, Some(old.id()));
    world.store.delete_resource(old.id()).await.unwrap();
    assert_eq!(found("name").await, None);
    let new = world.tenant_in(subscription.id, "name").await;
    assert_eq!(found("name").await, Some(new.id()));
    assert_eq!(found("other").await, Some(other.id()));
    for near in ["", "nam", "names", "NAME"] {
        assert_eq!(found(near).await, None, "{near}");
    }
}

/// One entry for each resource, each in the log of its partition, and everything is gone.
pub async fn a_deleted_subscription_takes_its_resources_with_it<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let subscription = world.subscription().await;
    let stays = world.tenant().await;
    let mut gone = Vec::new();
    for number in 0..4 {
        gone.push(
            world
                .tenant_in(subscription.id, &format!("gone-{number}"))
                .await,
        );
    }
    let appended = world
        .store
        .delete_subscription(subscription.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(appended.len(), gone.len());
    for tenant in &gone {
        let handle = Handle::resource(tenant.id());
        let of_it = appended
            .iter()
            .find(|one| one.entry.revocation.handle == handle)
            .unwrap();
        assert!(of_it.entry.revocation.is_final);
        assert_eq!(of_it.partition, world.partition(tenant.id()));
        assert!(world.log(tenant.id()).await.contains(&of_it.entry));
        assert_eq!(world.store.resource(tenant.id()).await.unwrap(), None);
        assert_eq!(
            world.store.credential(tenant.primary()).await.unwrap(),
            None
        );
    }
    assert_eq!(
        world
            .store
            .resources(subscription.id, whole())
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        world.store.resource(stays.id()).await.unwrap(),
        Some(stays.resource)
    );
}

/// A subscription without resources has nothing to revoke.
pub async fn an_empty_subscription_is_deleted_without_a_word_to_the_log<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let subscription = world.subscription().await;
    let ends = world.ends().await;
    let appended = world
        .store
        .delete_subscription(subscription.id)
        .await
        .unwrap();
    assert_eq!(appended, Some(Vec::new()));
    assert_eq!(world.store.subscriptions(whole()).await.unwrap(), []);
    assert_eq!(world.ends().await, ends);
}

/// The second deletion finds nothing, and the log does not move.
pub async fn what_is_deleted_twice_is_unknown_the_second_time<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let subscription = tenant.resource.subscription;
    world.store.delete_resource(tenant.id()).await.unwrap();
    world.store.delete_subscription(subscription).await.unwrap();
    let ends = world.ends().await;
    assert_eq!(
        world.store.delete_resource(tenant.id()).await.unwrap(),
        None
    );
    assert_eq!(
        world.store.delete_subscription(subscription).await.unwrap(),
        None
    );
    assert_eq!(world.ends().await, ends);
}
