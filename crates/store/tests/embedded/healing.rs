//! A log that another hand has been at: what is noticed, what is mended, and what an operator does.

use lanyard_revocation::{Break, Continuity, Cursor, LogRead, PartitionId, RETENTION, continuity};
use lanyard_store::{Healing, Store as _, StoreError, UnreadableEntry, embedded::EmbeddedStore};
use lanyard_token::{ManualClock, Position, ResourceId};
use redb::TableDefinition;
use tempfile::TempDir;

use crate::support::{FILE, START, id, open, revoke_token, tenant, vouched};

const PARTITION: PartitionId = PartitionId::new(0);

/// A store with five entries in its log.
struct World {
    store: EmbeddedStore,
    resource: ResourceId,
    directory: TempDir,
}

impl World {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path());
        let resource = tenant(&store).await;
        let world = Self {
            store,
            resource,
            directory,
        };
        world.append(5).await;
        world
    }

    async fn append(&self, count: usize) {
        for _ in 0..count {
            revoke_token(&self.store, self.resource).await.unwrap();
        }
    }

    async fn read(&self) -> LogRead {
        self.store.read_log(PARTITION, None, 100).await.unwrap()
    }

    async fn numbers(&self) -> Vec<u64> {
        let entries = self.read().await.entries;
        entries.iter().map(|entry| entry.number).collect()
    }

    /// What a reader from the start makes of it.
    async fn continuity(&self) -> Continuity {
        continuity(None, &self.read().await)
    }

    async fn heal(&self, mends: bool) -> Option<Cursor> {
        let healing = Healing {
            as_of: self.read().await.next_cursor().unwrap(),
            lost: Vec::new(),
            beyond: Position::ZERO,
            mends,
            floor: Position::ZERO,
        };
        self.store.heal(PARTITION, healing).await.unwrap()
    }

    async fn unreadable(&self) -> Vec<String> {
        let found = self.store.unreadable_entries().await.unwrap();
        found.into_iter().map(|entry| entry.place).collect()
    }

    async fn strike(&self, place: &str) -> bool {
        self.store
            .strike(PARTITION, place.to_owned())
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn an_entry_that_was_taken_out_is_missed_wherever_it_stood() {
    for number in 1..=5 {
        let world = World::new().await;
        let cursor = world.read().await.next_cursor();
        world.store.take_out(number).await.unwrap();
        let damaged = Continuity::StartOver(Break::Damaged);
        assert_eq!(world.continuity().await, damaged, "{number}");
        let on = world.store.read_log(PARTITION, cursor, 100).await.unwrap();
        assert!(on.complete && on.entries.is_empty());
        assert_eq!(continuity(cursor.as_ref(), &on), damaged, "{number}");
    }
}

#[tokio::test]
async fn a_mended_gap_is_stepped_over_wherever_it_is_and_the_next_one_is_not() {
    for number in 1..=5 {
        let world = World::new().await;
        world.store.take_out(number).await.unwrap();
        assert!(world.heal(false).await.is_some());
        assert_ne!(world.continuity().await, Continuity::Continues);
        assert!(world.heal(true).await.is_some());
        assert_eq!(world.continuity().await, Continuity::Continues, "{number}");
        world.append(2).await;
        assert_eq!(world.continuity().await, Continuity::Continues, "{number}");
        assert_eq!(world.numbers().await.len(), 6);
        world.store.take_out(7).await.unwrap();
        assert_ne!(world.continuity().await, Continuity::Continues, "{number}");
    }
}

#[tokio::test]
async fn what_is_given_up_is_missed_no_more_and_there_is_nothing_to_give_up_twice() {
    let world = World::new().await;
    for number in [2, 5] {
        world.store.take_out(number).await.unwrap();
    }
    assert!(world.store.give_up_missing(PARTITION).await.unwrap());
    assert_eq!(world.continuity().await, Continuity::Continues);
    assert!(!world.store.give_up_missing(PARTITION).await.unwrap());
    world.append(1).await;
    assert_eq!(world.numbers().await, [1, 3, 4, 6]);
    assert_eq!(world.continuity().await, Continuity::Continues);
}

#[tokio::test]
async fn an_unreadable_entry_is_listed_and_struck_and_the_log_goes_on() {
    for number in 1..=5 {
        let world = World::new().await;
        world.store.garble(number).await.unwrap();
        let read = world.store.read_log(PARTITION, None, 100).await;
        let Err(StoreError::Unreadable(entry)) = read else {
            panic!("{number} should be unreadable: {read:?}");
        };
        let expected = UnreadableEntry {
            partition: PARTITION,
            place: number.to_string(),
            reason: "it is of a kind that this version does not know".to_owned(),
        };
        assert_eq!(entry, expected);
        let listed = world.store.unreadable_entries().await.unwrap();
        assert_eq!(listed, [expected]);
        assert!(world.strike(&entry.place).await);
        assert!(!world.strike(&entry.place).await);
        assert_eq!(world.continuity().await, Continuity::Continues, "{number}");
        world.append(1).await;
        assert_eq!(world.continuity().await, Continuity::Continues, "{number}");
        assert_eq!(world.numbers().await.len(), 5);
    }
}

#[tokio::test]
async fn striking_forgives_nothing_but_what_was_struck() {
    let world = World::new().await;
    world.store.take_out(2).await.unwrap();
    world.store.garble(4).await.unwrap();
    assert!(world.strike("4").await);
    let damaged = Continuity::StartOver(Break::Damaged);
    assert_eq!(world.continuity().await, damaged);
}

#[tokio::test]
async fn entries_that_do_not_fit_are_listed_and_can_be_struck() {
    type Row = ((u64, u64), u64, u8, u128, (u64, u64), bool);
    let millis = START.as_millis();
    let beyond: Row = ((millis, 9), millis, 1, 7, (millis, 9), false);
    let early: Row = ((millis - 1, 0), millis, 1, 7, (millis - 1, 0), false);
    let far: Row = ((millis + 9, 0), millis, 1, 7, (millis + 9, 0), false);
    for (number, row) in [(9, beyond), (3, early), (3, far)] {
        let World {
            store,
            resource,
            directory,
        } = World::new().await;
        drop(store);
        let database = redb::Database::open(directory.path().join(FILE)).unwrap();
        let transaction = database.begin_write().unwrap();
        let log = TableDefinition::<u64, Row>::new("log");
        transaction
            .open_table(log)
            .unwrap()
            .insert(number, row)
            .unwrap();
        transaction.commit().unwrap();
        drop(database);
        let store = open(directory.path());
        let world = World {
            store,
            resource,
            directory,
        };
        assert_ne!(world.continuity().await, Continuity::Continues, "{row:?}");
        assert_eq!(world.unreadable().await, [number.to_string()], "{row:?}");
        assert!(world.strike(&number.to_string()).await);
        assert_eq!(world.continuity().await, Continuity::Continues, "{row:?}");
        world.append(1).await;
        assert_eq!(world.continuity().await, Continuity::Continues, "{row:?}");
    }
}

#[tokio::test]
async fn a_store_of_the_layout_before_is_opened_and_its_log_is_whole() {
    for trimmed in [false, true] {
        let world = World::new().await;
        let directory = world.directory;
        drop(world.store);
        if trimmed {
            let later = START.saturating_add(RETENTION);
            let clock = ManualClock::new(later);
            let store = EmbeddedStore::open(directory.path(), clock, id()).unwrap();
            store.sweep(vouched(later)).await.unwrap();
        }
        let database = redb::Database::open(directory.path().join(FILE)).unwrap();
        let transaction = database.begin_write().unwrap();
        let meta = TableDefinition::<&str, u128>::new("meta");
        let mut meta = transaction.open_table(meta).unwrap();
        assert!(meta.remove("removed").unwrap().is_some());
        drop(meta);
        transaction.commit().unwrap();
        drop(database);
        let world = World {
            store: open(directory.path()),
            resource: world.resource,
            directory,
        };
        assert_eq!(world.continuity().await, Continuity::Continues);
        assert_eq!(world.numbers().await.len(), if trimmed { 0 } else { 5 });
        world.append(1).await;
        assert_eq!(world.continuity().await, Continuity::Continues);
    }
}
