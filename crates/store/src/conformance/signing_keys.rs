//! Signing keys: read whole, changed whole, from the version that was read.

use lanyard_revocation::{Handle, PartitionId};
use lanyard_token::KeyState;

use super::{
    Backend,
    world::{World, all_at_once},
};
use crate::{IssueGrant, SigningKeyChange, SigningKeyRecord, Store as _};

/// A new store has none, and no version that is refused.
pub async fn a_new_store_has_no_signing_keys<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    assert_eq!(world.store.signing_keys().await.unwrap().keys, []);
    world.active_key().await;
    assert_eq!(world.store.signing_keys().await.unwrap().keys.len(), 1);
}

/// All records of a change are there after it, under a greater version.
pub async fn a_change_is_taken_whole_and_the_version_grows<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let mut records: Vec<_> = (0..4).map(|_| prepared(&world)).collect();
    let before = world.store.signing_keys().await.unwrap();
    assert_eq!(
        world.keep_keys(records.clone(), None).await,
        Some(Vec::new())
    );
    let after = world.store.signing_keys().await.unwrap();
    records.sort_by_key(|record| record.id);
    assert_eq!(after.keys, records);
    assert!(after.version > before.version);
}

/// A record that was there is replaced, and the others stay as they are.
pub async fn a_key_changes_and_its_neighbours_do_not<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let (mut changes, stays) = (prepared(&world), prepared(&world));
    world
        .keep_keys(vec![changes.clone(), stays.clone()], None)
        .await
        .unwrap();
    changes.state = KeyState::Active { since: world.now() };
    world
        .keep_keys(vec![changes.clone()], Some(changes.id))
        .await
        .unwrap();
    let mut expected = vec![changes, stays];
    expected.sort_by_key(|record| record.id);
    assert_eq!(world.store.signing_keys().await.unwrap().keys, expected);
}

/// A change that was made from another version is refused: no record, no active key, no entry.
pub async fn a_change_from_another_version_leaves_no_trace<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let identity = world.identity(tenant.id()).await.id;
    let active = world.active_key().await;
    let before = world.store.signing_keys().await.unwrap();
    let ends = world.ends().await;
    for from_version in [before.version.wrapping_sub(1), before.version + 1] {
        let record = prepared(&world);
        let change = SigningKeyChange {
            from_version,
            active: Some(record.id),
            revoked: Some(active),
            records: vec![record],
        };
        assert_eq!(world.store.change_signing_keys(change).await.unwrap(), None);
    }
    assert_eq!(world.store.signing_keys().await.unwrap(), before);
    assert_eq!(world.ends().await, ends);
    world.granted(identity, tenant.primary(), active).await;
}

/// Of many who change the same version in the same moment one is taken and the others are refused.
pub async fn of_many_changes_from_one_version_one_is_taken<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let from_version = world.store.signing_keys().await.unwrap().version;
    let answers = all_at_once((0..16).map(|_| {
        let records = vec![prepared(&world)];
        let change = SigningKeyChange {
            from_version,
            records,
            active: None,
            revoked: None,
        };
        world.store.change_signing_keys(change)
    }))
    .await;
    let taken = answers
        .into_iter()
        .filter(|answer| answer.as_ref().unwrap().is_some())
        .count();
    assert_eq!(taken, 1);
    assert_eq!(world.store.signing_keys().await.unwrap().keys.len(), 1);
}

/// A compromise is in every log, finally, since the key has signed for every partition.
pub async fn a_revoked_key_is_in_the_log_of_every_partition<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let compromised = world.active_key().await;
    let appended = revoke(&world, compromised, Some(prepared(&world))).await;
    assert_eq!(appended.len(), usize::from(world.partitions().get()));
    for partition in PartitionId::all(world.partitions()) {
        let log = world.log_in(partition).await;
        let [entry] = log.as_slice() else {
            panic!("should be one entry: {log:?}")
        };
        assert_eq!(entry.revocation.handle, Handle::signing_key(compromised));
        assert!(entry.revocation.is_final);
        assert!(
            appended
                .iter()
                .any(|one| one.partition == partition && one.entry == *entry)
        );
    }
}

/// From the revocation on nothing is issued under the key, and at once under the one that follows.
pub async fn nothing_is_issued_under_a_revoked_key<B: Backend>(backend: &B) {
    for successor in [false, true] {
        let world = World::new(backend).await;
        let tenant = world.tenant().await;
        let identity = world.identity(tenant.id()).await.id;
        let compromised = world.active_key().await;
        let next = prepared(&world);
        let appended = revoke(&world, compromised, successor.then(|| next.clone())).await;
        let answer = world.ask(identity, tenant.primary(), compromised).await;
        assert_eq!(answer, IssueGrant::SigningKeyNotActive);
        match world.ask(identity, tenant.primary(), next.id).await {
            IssueGrant::Granted(position) if successor => {
                let here = appended
                    .iter()
                    .find(|one| one.partition == world.partition(tenant.id()));
                assert_eq!(position, here.unwrap().entry.position);
            }
            answer => assert_eq!(
                (answer, successor),
                (IssueGrant::SigningKeyNotActive, false)
            ),
        }
    }
}

/// A change that names no active key leaves the one that signs.
pub async fn a_change_of_another_key_leaves_the_active_one<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let identity = world.identity(tenant.id()).await.id;
    let active = world.active_key().await;
    let other = prepared(&world);
    world.keep_keys(vec![other.clone()], None).await.unwrap();
    revoke(&world, other.id, None).await;
    world.granted(identity, tenant.primary(), active).await;
}

/// The version alone tells whether there is anything new, without the keys.
pub async fn the_version_alone_tells_of_a_change<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    for _ in 0..3 {
        let before = world.store.signing_keys_version().await.unwrap();
        let keys = world.store.signing_keys().await.unwrap();
        assert_eq!(keys.version, before);
        let (tenant, other) = (world.tenant().await, prepared(&world));
        assert_eq!(world.store.signing_keys_version().await.unwrap(), before);
        world.keep_keys(vec![other], None).await.unwrap();
        assert!(world.store.signing_keys_version().await.unwrap() > before);
        world.store.delete_resource(tenant.id()).await.unwrap();
    }
}

fn prepared<B: Backend>(world: &World<'_, B>) -> SigningKeyRecord {
    world.new_signing_key(KeyState::Prepared { since: world.now() })
}

/// Revokes a key, and makes another the active one if there is one.
async fn revoke<B: Backend>(
    world: &World<'_, B>,
    key: lanyard_token::KeyId,
    successor: Option<SigningKeyRecord>,
) -> Vec<crate::Appended> {
    let change = SigningKeyChange {
        from_version: world.store.signing_keys().await.unwrap().version,
        active: successor.as_ref().map(|record| record.id),
        records: successor.into_iter().collect(),
        revoked: Some(key),
    };
    world
        .store
        .change_signing_keys(change)
        .await
        .unwrap()
        .unwrap()
}
