//! Logs that another hand has been in: noticed, healed from what is known, never stepped over.

use lanyard_redis_fixture::Standalone;
use lanyard_revocation::{
    Break, Continuity, Cursor, Handle, LogRead, PartitionId, Revocation, continuity, partition_of,
};
use lanyard_store::{Healing, RevocationOutcome, Store as _, StoreError, redis::RedisStore};
use lanyard_token::{Position, ResourceId};

use crate::{
    support::{eventually, options, serve, whole_log},
    tenants::{identity, primary, revoke_token, tenant},
};

struct World {
    server: Standalone,
    store: RedisStore,
    resource: ResourceId,
    partition: PartitionId,
    stream: String,
    meta: String,
}

impl World {
    async fn new() -> Self {
        let server = Standalone::start();
        let store = serve(&options(&server.url())).await;
        let resource = tenant(&store).await;
        let partition = partition_of(resource, store.partitions());
        Self {
            stream: format!("{{lanyard.{partition}}}:log"),
            meta: format!("{{lanyard.{partition}}}:meta"),
            server,
            store,
            resource,
            partition,
        }
    }

    async fn revoke(&self, count: usize) -> Vec<Revocation> {
        let mut made = Vec::new();
        for _ in 0..count {
            made.push(
                revoke_token(&self.store, self.resource)
                    .await
                    .unwrap()
                    .entry
                    .revocation,
            );
        }
        made
    }

    async fn log(&self) -> LogRead {
        whole_log(&self.store, self.resource).await
    }

    /// Whether somebody who starts can read the log.
    async fn verdict(&self) -> Continuity {
        continuity(None, &self.log().await)
    }

    async fn heal(&self, lost: &[Revocation], mends: bool) -> Option<Cursor> {
        let log = self.log().await;
        let healing = Healing {
            as_of: Cursor {
                log: log.log,
                position: log.end,
                number: log.last_number,
            },
            lost: lost.to_vec(),
            beyond: lost
                .iter()
                .map(|one| one.position)
                .max()
                .unwrap_or_default(),
            mends,
            floor: Position::ZERO,
        };
        self.store.heal(self.partition, healing).await.unwrap()
    }

    /// The revocations in the log, in the order of the positions that count.
    async fn revocations(&self) -> Vec<Revocation> {
        let entries = self.log().await.entries.into_iter();
        let revoking = entries.filter(|entry| !entry.opens_generation());
        let mut found: Vec<Revocation> = revoking.map(|entry| entry.revocation).collect();
        found.sort_by_key(|revocation| revocation.position);
        found
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_was_taken_out_of_the_middle_is_missed_and_healed_in_its_place() {
    let world = World::new().await;
    let made = world.revoke(5).await;
    let cursor = world.log().await.next_cursor().unwrap();
    let place = made[2].position.to_string();
    assert_eq!(
        world
            .server
            .ask::<u32>(&["XDEL", &world.stream, &place])
            .unwrap(),
        1
    );
    // Also by somebody who has read beyond, where the numbers tell nothing.
    let read = world
        .store
        .read_log(world.partition, Some(cursor), 10)
        .await
        .unwrap();
    assert!(read.entries.is_empty() && !read.intact);
    assert!(matches!(world.verdict().await, Continuity::StartOver(_)));
    let healed = world.heal(&made[2..3], true).await.unwrap();
    let log = world.log().await;
    assert_eq!((log.last_number, log.intact, log.mended_to), (6, true, 5));
    assert_eq!(healed.number, 6);
    assert_eq!(world.revocations().await, made);
    assert_eq!(world.heal(&[], false).await.map(|end| end.number), Some(6));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_that_was_cut_off_and_a_stream_that_was_deleted_are_healed_alike() {
    for cut in [
        vec!["XTRIM", "STREAM", "MAXLEN", "1"],
        vec!["DEL", "STREAM"],
    ] {
        let world = World::new().await;
        let made = world.revoke(4).await;
        let words: Vec<&str> = cut
            .iter()
            .map(|word| {
                if *word == "STREAM" {
                    world.stream.as_str()
                } else {
                    word
                }
            })
            .collect();
        assert!(world.server.ask::<u32>(&words).unwrap() > 0);
        assert!(!world.log().await.intact, "{cut:?}");
        let left = world.revocations().await;
        let lost: Vec<_> = made
            .iter()
            .copied()
            .filter(|one| !left.contains(one))
            .collect();
        world.heal(&lost, true).await.unwrap();
        assert!(world.log().await.intact);
        assert_eq!(world.revocations().await, made, "{cut:?}");
        // What is appended from now on is as good as ever.
        let more = world.revoke(2).await;
        assert_eq!(world.revocations().await, [made, more].concat());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_everything_was_flushed_the_log_begins_anew_above_what_was_known() {
    let world = World::new().await;
    let made = world.revoke(3).await;
    let old = world.log().await;
    world.server.ask::<()>(&["FLUSHALL"]).unwrap();
    let absent = world.log().await;
    assert!(absent.log != old.log && !absent.intact);
    let cursor = old.next_cursor();
    let verdict = continuity(cursor.as_ref(), &absent);
    assert_eq!(verdict, Continuity::StartOver(Break::OtherLog));
    assert_eq!(
        world.heal(&made, true).await,
        None,
        "the log is made, and not yet filled"
    );
    let made_anew = world.log().await;
    assert!(made_anew.intact && made_anew.log != old.log);
    // A new generation is opened, so the log moves on once more before it takes anything.
    eventually(async || world.heal(&made, false).await).await;
    assert_eq!(world.revocations().await, made);
    let log = world.log().await;
    let opening = log
        .entries
        .iter()
        .find(|entry| entry.opens_generation())
        .unwrap();
    assert!(opening.position.millis() >= old.end.millis() + 3_600_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_have_appended_meanwhile_stops_a_healing() {
    let world = World::new().await;
    let made = world.revoke(2).await;
    let log = world.log().await;
    world.revoke(1).await;
    let healing = Healing {
        as_of: log.next_cursor().unwrap(),
        lost: made,
        beyond: Position::ZERO,
        mends: false,
        floor: Position::ZERO,
    };
    assert_eq!(
        world.store.heal(world.partition, healing).await.unwrap(),
        None
    );
    assert_eq!(world.log().await.last_number, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_copy_brings_back_stays_dead() {
    let world = World::new().await;
    let (store, resource) = (&world.store, world.resource);
    let (stays, goes) = (
        identity(store, resource).await,
        identity(store, resource).await,
    );
    let by = primary(store, resource).await.unwrap();
    // As if the copy had been made before the deletion: the identity is there and its end is not.
    let end = Revocation {
        handle: Handle::identity(&goes.id),
        position: world.revoke(1).await[0].position,
        is_final: true,
    };
    world.heal(&[end], false).await.unwrap();
    assert_eq!(store.identity(goes.id).await.unwrap(), None);
    let outcome = store.revoke_identity(goes.id, by).await.unwrap();
    assert_eq!(outcome, RevocationOutcome::Unknown);
    assert_eq!(store.identity(stays.id).await.unwrap(), Some(stays));

    let end = Revocation {
        handle: Handle::credential(by),
        ..end
    };
    world.heal(&[end], false).await.unwrap();
    assert_eq!(store.credential(by).await.unwrap(), None);
    let outcome = store.delete_identity(goes.id, by).await.unwrap();
    assert_eq!(outcome, RevocationOutcome::CredentialUnknown);

    let end = Revocation {
        handle: Handle::resource(resource),
        ..end
    };
    world.heal(&[end], false).await.unwrap();
    assert_eq!(store.resource(resource).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_another_hand_is_not_stepped_over_until_it_is_struck() {
    for fields in [
        "foreign entry",
        "n 3 t 1 k planet i 00000000000000000000000000000001 f 0 p ",
        "n 3 t 1 k token i 00000000000000000000000000000001 f 7 p ",
    ] {
        let world = World::new().await;
        let made = world.revoke(2).await;
        let mut words = vec!["XADD", world.stream.as_str(), "*"];
        words.extend(fields.split(' '));
        let place: String = world.server.ask(&words).unwrap();
        let more = world.revoke(1).await;

        let read = world.store.read_log(world.partition, None, 10).await;
        let Err(StoreError::Unreadable(entry)) = read else {
            panic!("should not be understood: {read:?}");
        };
        assert_eq!((&entry.place, entry.partition), (&place, world.partition));
        assert_eq!(world.store.unreadable_entries().await.unwrap(), [entry]);

        let good = made[0].position.to_string();
        for other in [
            good,
            "1-1".to_owned(),
            "-".to_owned(),
            "nonsense".to_owned(),
        ] {
            assert!(!world.store.strike(world.partition, other).await.unwrap());
        }
        assert!(
            world
                .store
                .strike(world.partition, place.clone())
                .await
                .unwrap()
        );
        assert!(!world.store.strike(world.partition, place).await.unwrap());
        assert_eq!(world.store.unreadable_entries().await.unwrap(), []);
        assert_eq!(world.revocations().await, [made, more].concat());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_ours_that_was_spoilt_leaves_a_gap_that_is_told_of() {
    let world = World::new().await;
    let made = world.revoke(3).await;
    // Entries cannot be changed in place, so the stream is written anew, with another second entry.
    let log: Vec<(String, Vec<String>)> = world
        .server
        .ask(&["XRANGE", &world.stream, "-", "+"])
        .unwrap();
    world.server.ask::<()>(&["DEL", &world.stream]).unwrap();
    for (number, (place, mut fields)) in log.into_iter().enumerate() {
        if number == 1 {
            fields[5] = "comet".to_owned();
        }
        let mut words = vec!["XADD", world.stream.as_str(), place.as_str()];
        words.extend(fields.iter().map(String::as_str));
        world.server.ask::<()>(&words).unwrap();
    }
    let place = made[1].position.to_string();
    assert!(world.store.strike(world.partition, place).await.unwrap());
    let log = world.log().await;
    assert_eq!((log.intact, log.mended_to, log.last_number), (true, 2, 3));
    assert_eq!(world.revocations().await, [made[0], made[2]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_knows_any_more_is_given_up_by_an_operator_only() {
    let world = World::new().await;
    let made = world.revoke(3).await;
    assert!(!world.store.give_up_missing(world.partition).await.unwrap());
    let place = made[1].position.to_string();
    world
        .server
        .ask::<()>(&["XDEL", &world.stream, &place])
        .unwrap();
    assert!(!world.log().await.intact);
    assert!(world.store.give_up_missing(world.partition).await.unwrap());
    assert!(!world.store.give_up_missing(world.partition).await.unwrap());
    let log = world.log().await;
    assert_eq!((log.intact, log.mended_to), (true, 3));
    // All of it is gone: a new log begins, an hour above the time.
    world
        .server
        .ask::<()>(&["DEL", &world.stream, &world.meta])
        .unwrap();
    assert!(!world.log().await.intact);
    assert!(world.store.give_up_missing(world.partition).await.unwrap());
    let anew = world.log().await;
    assert!(anew.intact && anew.log != log.log);
    world.revoke(1).await;
    assert!(world.log().await.entries[0].opens_generation());
}
