//! What a reader of the log finds, and how it can tell that it has missed nothing.

use std::time::Duration;

use lanyard_revocation::{
    Break, Continuity, Cursor, Entry, LogId, LogRead, PartitionId, RETENTION, continuity,
};
use lanyard_token::{Position, TokenId};

use super::{
    Backend,
    log_reader::LogReader,
    world::{Tenant, World},
};
use crate::Store as _;

/// A log that nothing was appended to is complete, and ends before everything.
pub async fn a_new_log_is_empty_and_complete<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    for partition in PartitionId::all(world.partitions()) {
        let read = world.store.read_log(partition, None, 10).await.unwrap();
        assert!(read.entries.is_empty() && read.complete);
        assert_eq!((read.end, read.last_number), (Position::ZERO, 0));
        let cursor = read.next_cursor();
        let again = world.store.read_log(partition, cursor, 10).await.unwrap();
        assert_eq!(continuity(cursor.as_ref(), &again), Continuity::Continues);
        assert_eq!(again, read);
    }
}

/// A read without a cursor has everything; one with a cursor has what is after it.
pub async fn a_read_has_what_is_after_its_cursor<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let appended = append(&world, &tenant, 5).await;
    let all = read(&world, &tenant, None).await;
    assert_eq!(
        (all.entries.as_slice(), all.complete),
        (appended.as_slice(), true)
    );
    for (taken, entry) in appended.iter().enumerate() {
        let cursor = cursor_at(&all, entry);
        let rest = read(&world, &tenant, Some(cursor)).await;
        assert_eq!(rest.entries, appended.get(taken + 1..).unwrap());
        assert!(rest.complete);
        assert_eq!(continuity(Some(&cursor), &rest), Continuity::Continues);
    }
}

/// A read that stops early says so, and tells where the log ends nevertheless.
pub async fn a_read_that_stops_early_says_so<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let appended = append(&world, &tenant, 5).await;
    let last = appended.last().unwrap();
    for limit in 1..=6 {
        let partition = world.partition(tenant.id());
        let read = world.store.read_log(partition, None, limit).await.unwrap();
        assert_eq!(read.entries, appended.get(..limit.min(5)).unwrap());
        assert_eq!(read.complete, limit >= 5);
        assert_eq!((read.end, read.last_number), (last.position, last.number));
        assert_eq!(continuity(None, &read), Continuity::Continues);
    }
}

/// Who is at the end finds nothing, is complete, and finds the next entry when it comes.
pub async fn a_reader_at_the_end_hears_of_the_next_entry<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let mut reader = LogReader::new(world.partition(tenant.id()));
    for _ in 0..3 {
        assert_eq!(reader.read_on(&world.store).await, []);
        let appended = append(&world, &tenant, 4).await;
        assert_eq!(reader.read_on(&world.store).await, appended);
    }
}

/// A cursor beyond the end is of a tail that was lost.
pub async fn a_cursor_of_the_future_starts_over<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    append(&world, &tenant, 2).await;
    let log = read(&world, &tenant, None).await.log;
    let ahead = Cursor {
        log,
        position: Position::new(u64::MAX, 0),
        number: 9,
    };
    let last = Cursor {
        log,
        position: Position::new(u64::MAX, u64::MAX),
        number: u64::MAX,
    };
    for cursor in [ahead, last] {
        let read = read(&world, &tenant, Some(cursor)).await;
        let verdict = continuity(Some(&cursor), &read);
        assert_eq!(verdict, Continuity::StartOver(Break::EndsBefore));
    }
}

/// A cursor of another log says nothing about this one.
pub async fn a_cursor_of_another_log_starts_over<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    append(&world, &tenant, 2).await;
    let cursor = read(&world, &tenant, None).await.next_cursor().unwrap();
    let cursor = Cursor {
        log: LogId::from_uuid(world.id()),
        ..cursor
    };
    let read = read(&world, &tenant, Some(cursor)).await;
    assert_eq!(
        continuity(Some(&cursor), &read),
        Continuity::StartOver(Break::OtherLog)
    );
}

/// Who comes back for entries that were trimmed meanwhile is told by the numbers, with entries left
/// and without.
pub async fn a_cursor_before_what_was_trimmed_starts_over<B: Backend>(backend: &B) {
    for entries_are_left in [false, true] {
        let world = World::new(backend).await;
        let tenant = world.tenant().await;
        let appended = append(&world, &tenant, 3).await;
        let cursor = cursor_at(
            &read(&world, &tenant, None).await,
            appended.first().unwrap(),
        );
        world.clock.advance(RETENTION);
        let left = append(&world, &tenant, usize::from(entries_are_left)).await;
        world.sweep().await;
        let late = read(&world, &tenant, Some(cursor)).await;
        let verdict = continuity(Some(&cursor), &late);
        assert_eq!(verdict, Continuity::StartOver(Break::Gap));
        assert_eq!(world.log(tenant.id()).await, left);
    }
}

/// Who has read everything before it was trimmed has missed nothing, and reads on.
pub async fn a_cursor_at_the_end_goes_on_after_a_trim<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let mut reader = LogReader::new(world.partition(tenant.id()));
    append(&world, &tenant, 4).await;
    reader.read_on(&world.store).await;
    world.clock.advance(RETENTION);
    world.sweep().await;
    assert_eq!(reader.read_on(&world.store).await, []);
    let appended = append(&world, &tenant, 2).await;
    assert_eq!(reader.read_on(&world.store).await, appended);
}

/// A log of which nothing is left still knows where it ended.
pub async fn an_emptied_log_ends_where_it_ended<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let tenant = world.tenant().await;
    let appended = append(&world, &tenant, 3).await;
    let last = appended.last().unwrap();
    world.clock.advance(RETENTION + Duration::from_hours(100));
    world.sweep().await;
    let read = read(&world, &tenant, None).await;
    assert!(read.entries.is_empty() && read.complete);
    assert_eq!((read.end, read.last_number), (last.position, last.number));
}

async fn append<B: Backend>(world: &World<'_, B>, tenant: &Tenant, count: usize) -> Vec<Entry> {
    let mut appended = Vec::new();
    for _ in 0..count {
        let token = TokenId::from_uuid(world.id());
        appended.push(world.revoke_token(tenant.id(), token).await.entry);
    }
    appended
}

async fn read<B: Backend>(
    world: &World<'_, B>,
    tenant: &Tenant,
    cursor: Option<Cursor>,
) -> LogRead {
    world
        .store
        .read_log(world.partition(tenant.id()), cursor, 100)
        .await
        .unwrap()
}

fn cursor_at(read: &LogRead, entry: &Entry) -> Cursor {
    Cursor {
        log: read.log,
        position: entry.position,
        number: entry.number,
    }
}
