//! Identities, their custom ids, their lists, and when a token was last issued for them.

use std::time::Duration;

use lanyard_revocation::Handle;
use lanyard_token::{CredentialId, IdentityId, KeyId, KeyState, Position, ResourceId};

use super::{
    Backend,
    world::{World, all_at_once, whole},
};
use crate::{Identity, IdentityCreation, Page, RevocationOutcome, Store as _};

/// An identity is found as it was made.
pub async fn an_identity_that_was_made_is_found<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    for custom_id in [None, Some("alice")] {
        let made = world.identity_called(tenant.id(), custom_id).await;
        assert_eq!(world.store.identity(made.id).await.unwrap(), Some(made));
    }
}

/// Neither an unknown id nor a known one under another resource finds anything.
pub async fn an_identity_is_found_in_its_own_resource_only<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, other) = (world.tenant().await, world.tenant().await);
    let made = world.identity(tenant.id()).await;
    let elsewhere = IdentityId::new(other.id(), made.id.uuid());
    let unknown = IdentityId::new(tenant.id(), world.id());
    for id in [elsewhere, unknown] {
        assert_unknown(&world, id, tenant.primary()).await;
    }
    assert_eq!(world.store.identity(made.id).await.unwrap(), Some(made));
}

/// Neither the identity nor its custom id comes of it.
pub async fn an_identity_in_an_unknown_resource_leaves_no_trace<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let unknown = ResourceId::from_uuid(world.id());
    let refused = world.new_identity(unknown, Some("alice"));
    let answer = world.offer(refused.clone(), tenant.primary(), None).await;
    assert_eq!(answer, IdentityCreation::ResourceUnknown);
    assert_eq!(world.store.identity(refused.id).await.unwrap(), None);
    assert_eq!(world.store.identities(unknown, whole()).await.unwrap(), []);
}

/// Who asks again with the same custom id gets what is there, and what was offered is forgotten.
pub async fn the_same_custom_id_gives_the_same_identity_back<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let first = world.identity_called(tenant.id(), Some("alice")).await;
    let offered = world.new_identity(tenant.id(), Some("alice"));
    assert_eq!(world.found(offered.clone()).await, first);
    assert_eq!(world.store.identity(offered.id).await.unwrap(), None);
    assert_eq!(
        world.store.identities(tenant.id(), whole()).await.unwrap(),
        [first]
    );
}

/// However many come in the same moment, one makes it and all get that one.
pub async fn of_many_who_offer_one_custom_id_at_once_one_makes_it<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let offers: Vec<_> = (0..64)
        .map(|_| world.new_identity(tenant.id(), Some("alice")))
        .collect();
    let answers = all_at_once(offers.iter().map(|offer| world.create(offer.clone()))).await;
    let listed = world.store.identities(tenant.id(), whole()).await.unwrap();
    let [made] = listed.as_slice() else {
        panic!("should be one identity: {listed:?}")
    };
    let mut created = 0;
    for (offer, answer) in offers.iter().zip(answers) {
        match answer {
            IdentityCreation::Created(_) => {
                created += 1;
                assert_eq!(offer, made);
            }
            IdentityCreation::Existing(existing, _) => assert_eq!(existing, *made),
            refused => panic!("should be made or found, and is {refused:?}"),
        }
    }
    assert_eq!(created, 1);
}

/// A custom id belongs to its resource.
pub async fn one_custom_id_in_two_resources_is_two_identities<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (one, other) = (world.tenant().await, world.tenant().await);
    let first = world.identity_called(one.id(), Some("alice")).await;
    let second = world.identity_called(other.id(), Some("alice")).await;
    world.delete(first.id).await;
    assert_eq!(
        world.store.identity(second.id).await.unwrap(),
        Some(second.clone())
    );
    let again = world.new_identity(other.id(), Some("alice"));
    assert_eq!(world.found(again).await, second);
}

/// Custom ids are compared byte by byte, and whatever a caller writes into one stays inside it.
pub async fn custom_ids_that_are_alike_are_not_the_same<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, other) = (world.tenant().await, world.tenant().await);
    let long = "\u{1f511}".repeat(256);
    let of_other = other.id().to_string();
    let alike = [
        "a", "A", "a ", " a", "a\0", "a\0b", "a:b", "a/b", "{a}", "*", "\u{e9}", "e\u{301}", "\n",
        &long, &of_other,
    ];
    let mut made = Vec::new();
    for custom_id in alike {
        made.push(world.identity_called(tenant.id(), Some(custom_id)).await);
    }
    for identity in made {
        let again = world.new_identity(tenant.id(), identity.custom_id.as_deref());
        assert_eq!(world.found(again).await, identity);
    }
}

/// The custom id of a deleted identity is free, and the next to use it is somebody else.
pub async fn after_a_deletion_its_custom_id_gives_a_new_identity<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let old = world.identity_called(tenant.id(), Some("alice")).await;
    world.delete(old.id).await;
    let new = world.identity_called(tenant.id(), Some("alice")).await;
    assert_ne!(new.id, old.id);
    assert_eq!(world.store.identity(old.id).await.unwrap(), None);
    assert_eq!(
        world.store.identities(tenant.id(), whole()).await.unwrap(),
        [new]
    );
}

/// The first token of an identity carries the end of the log, whether it is made or found.
pub async fn an_identity_comes_with_the_position_of_its_first_token<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, key) = (world.tenant().await, world.active_key().await);
    let new = world.new_identity(tenant.id(), Some("alice"));
    let made = world.offer(new.clone(), tenant.primary(), Some(key)).await;
    assert_eq!(made, IdentityCreation::Created(Position::ZERO));
    for _ in 0..3 {
        let before = world.granted(new.id, tenant.primary(), key).await;
        let entry = world.revoke(new.id).await.entry;
        assert!(entry.revocation.covers(before) && !entry.revocation.covers(entry.position));
        let again = world.new_identity(tenant.id(), Some("alice"));
        let found = world.offer(again, tenant.primary(), Some(key)).await;
        assert_eq!(
            found,
            IdentityCreation::Existing(new.clone(), entry.position)
        );
        let another = world.new_identity(tenant.id(), None);
        let made = world.offer(another, tenant.primary(), Some(key)).await;
        assert_eq!(made, IdentityCreation::Created(entry.position));
    }
}

/// If its token cannot be issued, neither the identity nor its custom id comes of it.
pub async fn an_identity_whose_first_token_is_refused_is_not_made<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let prepared = world.new_signing_key(KeyState::Prepared { since: world.now() });
    world.keep_keys(vec![prepared.clone()], None).await.unwrap();
    let other_keys = [prepared.id, KeyId::from_uuid(world.id())];
    // While no key signs, and while another one does.
    for _ in 0..2 {
        for key in other_keys {
            let refused = world.new_identity(tenant.id(), Some("alice"));
            let answer = world.offer(refused.clone(), tenant.primary(), Some(key));
            assert_eq!(answer.await, IdentityCreation::SigningKeyNotActive);
            assert_eq!(world.store.identity(refused.id).await.unwrap(), None);
        }
        world.active_key().await;
    }
    let made = world.identity_called(tenant.id(), Some("alice")).await;
    let again = world.new_identity(tenant.id(), Some("alice"));
    let answer = world.offer(again, tenant.primary(), Some(prepared.id));
    assert_eq!(answer.await, IdentityCreation::SigningKeyNotActive);
    let listed = world.store.identities(tenant.id(), whole()).await.unwrap();
    assert_eq!(listed, [made]);
}

/// Pages in the order of the ids, with none of another resource among them.
pub async fn identities_come_in_pages_of_their_own_resource<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, other) = (world.tenant().await, world.tenant().await);
    let mut made = Vec::new();
    for _ in 0..25 {
        made.push(world.identity(tenant.id()).await);
        world.identity(other.id()).await;
    }
    made.sort_by_key(|identity| identity.id);
    let mut listed: Vec<Identity> = Vec::new();
    for length in [10, 10, 5, 0] {
        let page = Page {
            after: listed.last().map(|last| last.id),
            limit: 10,
        };
        let found = world.store.identities(tenant.id(), page).await.unwrap();
        assert_eq!(found.len(), length);
        listed.extend(found);
    }
    assert_eq!(listed, made);
}

/// Who walks the pages while others insert meets everyone who was there before, once.
pub async fn pages_miss_nobody_while_identities_are_made<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let mut before = Vec::new();
    for _ in 0..30 {
        before.push(world.identity(tenant.id()).await.id);
    }
    let mut listed: Vec<IdentityId> = Vec::new();
    loop {
        let page = Page {
            after: listed.last().copied(),
            limit: 4,
        };
        let found = world.store.identities(tenant.id(), page).await.unwrap();
        if found.is_empty() {
            break;
        }
        listed.extend(found.iter().map(|identity| identity.id));
        world.identity(tenant.id()).await;
    }
    assert!(
        listed.is_sorted_by(|one, next| one < next),
        "each comes once, in order"
    );
    assert!(before.iter().all(|id| listed.contains(id)));
}

/// A page goes on after its last key also when that one has been deleted.
pub async fn a_page_goes_on_after_an_identity_that_is_gone<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    for _ in 0..6 {
        world.identity(tenant.id()).await;
    }
    let all = world.store.identities(tenant.id(), whole()).await.unwrap();
    let (first, rest) = all.split_at(3);
    let last = first.last().unwrap().id;
    world.delete(last).await;
    let page = Page {
        after: Some(last),
        limit: 3,
    };
    assert_eq!(
        world.store.identities(tenant.id(), page).await.unwrap(),
        rest
    );
}

/// A deletion is in the log, finally, and the identity is unknown from then on.
pub async fn a_deleted_identity_is_unknown_and_finally_revoked<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let (gone, stays) = (
        world.identity(tenant.id()).await,
        world.identity(tenant.id()).await,
    );
    let appended = world.delete(gone.id).await;
    assert_eq!(appended.partition, world.partition(tenant.id()));
    assert_eq!(appended.entry.revocation.handle, Handle::identity(&gone.id));
    assert!(appended.entry.revocation.is_final);
    assert_eq!(world.log(tenant.id()).await, [appended.entry]);
    assert_eq!(world.store.identity(gone.id).await.unwrap(), None);
    assert_eq!(
        world.store.identities(tenant.id(), whole()).await.unwrap(),
        [stays]
    );
    let ends = world.ends().await;
    assert_unknown(&world, gone.id, tenant.primary()).await;
    assert_eq!(world.ends().await, ends);
}

/// Of several notes the latest time counts, in whatever order they come.
pub async fn the_time_of_the_last_issue_never_moves_back<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let identity = world.identity(tenant.id()).await;
    let (early, late) = (
        world.now(),
        world.now().saturating_add(Duration::from_mins(3)),
    );
    for (noted, expected) in [(early, early), (late, late), (early, late), (late, late)] {
        world
            .store
            .note_issues(vec![(identity.id, noted)])
            .await
            .unwrap();
        let found = world.store.identity(identity.id).await.unwrap().unwrap();
        assert_eq!(
            found,
            Identity {
                last_token_issue_time: Some(expected),
                ..identity.clone()
            }
        );
    }
    world
        .store
        .note_issues(vec![(identity.id, early), (identity.id, late)])
        .await
        .unwrap();
    let found = world.store.identity(identity.id).await.unwrap().unwrap();
    assert_eq!(found.last_token_issue_time, Some(late));
}

/// What is noted of somebody unknown is dropped; the others' notes are taken, and nobody comes back.
pub async fn a_note_about_an_unknown_identity_is_passed_over<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (tenant, deleted) = (world.tenant().await, world.tenant().await);
    let (gone, stays) = (
        world.identity(tenant.id()).await,
        world.identity(tenant.id()).await,
    );
    let beneath = world.identity(deleted.id()).await;
    world.delete(gone.id).await;
    world.store.delete_resource(deleted.id()).await.unwrap();
    let ends = world.ends().await;
    let notes = [
        gone.id,
        beneath.id,
        IdentityId::new(tenant.id(), world.id()),
        stays.id,
    ];
    let notes = notes.map(|id| (id, world.now())).to_vec();
    world.store.note_issues(notes).await.unwrap();
    world.store.note_issues(Vec::new()).await.unwrap();
    assert_eq!(world.store.identity(gone.id).await.unwrap(), None);
    assert_eq!(world.store.identity(beneath.id).await.unwrap(), None);
    let listed = world.store.identities(tenant.id(), whole()).await.unwrap();
    assert_eq!(
        listed,
        [Identity {
            last_token_issue_time: Some(world.now()),
            ..stays
        }]
    );
    assert_eq!(world.ends().await, ends);
}

async fn assert_unknown<B: Backend>(world: &World<'_, B>, id: IdentityId, by: CredentialId) {
    assert_eq!(world.store.identity(id).await.unwrap(), None);
    for answer in [
        world.store.delete_identity(id, by).await,
        world.store.revoke_identity(id, by).await,
    ] {
        assert_eq!(answer.unwrap(), RevocationOutcome::Unknown);
    }
}
