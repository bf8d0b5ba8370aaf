//! What is appended to the log: whose, where, with which number and at which time.

use std::{collections::BTreeSet, time::Duration};

use lanyard_revocation::{Entry, Handle};
use lanyard_token::{ResourceId, TokenId, UnixTime};

use super::{
    Backend,
    world::{START, World, all_at_once},
};
use crate::{RevocationOutcome, Store as _};

/// An identity's revocation names the identity and is not final: what is issued next is good.
pub async fn a_revoked_identity_is_named_in_the_log<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let identity = world.identity(tenant.id()).await;
    let appended = world.revoke(identity.id).await;
    assert_eq!(appended.partition, world.partition(tenant.id()));
    assert_eq!(
        appended.entry.revocation.handle,
        Handle::identity(&identity.id)
    );
    assert_eq!(appended.entry.revocation.position, appended.entry.position);
    assert!(!appended.entry.revocation.is_final);
    assert_eq!(appended.entry.time, world.now());
    assert_eq!(world.log(tenant.id()).await, [appended.entry]);
    assert_eq!(
        world.store.identity(identity.id).await.unwrap(),
        Some(identity)
    );
}

/// A token's revocation names that token alone.
pub async fn a_revoked_token_is_named_in_the_log<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let token = TokenId::from_uuid(world.id());
    let appended = world.revoke_token(tenant.id(), token).await;
    assert_eq!(appended.partition, world.partition(tenant.id()));
    assert_eq!(appended.entry.revocation.handle, Handle::token(token));
    assert!(!appended.entry.revocation.is_final);
    assert_eq!(world.log(tenant.id()).await, [appended.entry]);
}

/// Whoever revokes twice gets a second, later revocation.
pub async fn what_is_revoked_twice_is_revoked_later_the_second_time<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let (identity, token) = (
        world.identity(tenant.id()).await,
        TokenId::from_uuid(world.id()),
    );
    let first = world.revoke(identity.id).await.entry;
    let second = world.revoke(identity.id).await.entry;
    let third = world.revoke_token(tenant.id(), token).await.entry;
    let fourth = world.revoke_token(tenant.id(), token).await.entry;
    assert_eq!(world.log(tenant.id()).await, [first, second, third, fourth]);
    assert!(first.position < second.position && third.position < fourth.position);
}

/// The unknown cannot be revoked, and the log does not move.
pub async fn what_is_unknown_is_not_revoked<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let ends = world.ends().await;
    let unknown = world.new_identity(tenant.id(), None).id;
    let nowhere = ResourceId::from_uuid(world.id());
    for answer in [
        world.store.revoke_identity(unknown, tenant.primary()).await,
        world.store.delete_identity(unknown, tenant.primary()).await,
        world
            .store
            .revoke_token(nowhere, TokenId::from_uuid(world.id()), tenant.primary())
            .await,
    ] {
        assert_eq!(answer.unwrap(), RevocationOutcome::Unknown);
    }
    assert_eq!(world.ends().await, ends);
}

/// In one millisecond as well: positions grow strictly, and numbers by one from one on.
pub async fn positions_grow_strictly_and_numbers_without_gaps<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    for step in 0..20 {
        world
            .clock
            .advance(Duration::from_millis(u64::from(step % 5 == 0)));
        let token = TokenId::from_uuid(world.id());
        world.revoke_token(tenant.id(), token).await;
    }
    let log = world.log(tenant.id()).await;
    assert!(log.is_sorted_by(|one, next| one.position < next.position));
    assert!(log.iter().map(|entry| entry.number).eq(1..=20));
}

/// The clock may be set back; what was appended later is later all the same, in position and time.
pub async fn neither_positions_nor_times_fall_with_the_clock<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let mut appended: Vec<Entry> = Vec::new();
    for millis in [5_000, 1_000, 0, 9_000, 8_999] {
        world
            .clock
            .set_wall(UnixTime::from_millis(START.as_millis() + millis));
        let token = TokenId::from_uuid(world.id());
        appended.push(world.revoke_token(tenant.id(), token).await.entry);
    }
    assert!(appended.is_sorted_by(|one, next| one.position < next.position));
    let times = appended
        .iter()
        .map(|entry| entry.time.as_millis() - START.as_millis());
    assert!(times.eq([5_000, 5_000, 5_000, 9_000, 9_000]));
    assert_eq!(world.log(tenant.id()).await, appended);
}

/// Many in the same moment get a position and a number each, and what is acknowledged is in the log.
pub async fn many_at_once_get_a_place_each<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let revocations = (0..64).map(|_| {
        let token = TokenId::from_uuid(world.id());
        world.revoke_token(tenant.id(), token)
    });
    let appended = all_at_once(revocations).await;
    let mut entries: Vec<_> = appended.into_iter().map(|one| one.entry).collect();
    let positions: BTreeSet<_> = entries.iter().map(|entry| entry.position).collect();
    assert_eq!(positions.len(), 64);
    entries.sort_by_key(|entry| entry.number);
    assert_eq!(world.log(tenant.id()).await, entries);
}

/// An entry lies in the log of the partition that its resource hashes to, and in no other.
pub async fn an_entry_lies_in_the_partition_of_its_resource<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let mut tenants = Vec::new();
    for _ in 0..12 {
        let tenant = world.tenant().await;
        let identity = world.identity(tenant.id()).await;
        world.revoke(identity.id).await;
        tenants.push((tenant.id(), Handle::identity(&identity.id)));
    }
    for partition in lanyard_revocation::PartitionId::all(world.partitions()) {
        let log = world.log_in(partition).await;
        let found: BTreeSet<_> = log.iter().map(|entry| entry.revocation.handle).collect();
        let here = tenants
            .iter()
            .filter(|(id, _)| world.partition(*id) == partition);
        assert_eq!(found, here.map(|(_, handle)| *handle).collect());
    }
}
