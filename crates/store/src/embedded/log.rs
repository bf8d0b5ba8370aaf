//! The log of the one partition: appending, reading on, and where it ends.

use lanyard_revocation::{
    Cursor, Entry, Handle, HandleKind, LogId, LogRead, PartitionId, Revocation,
};
use lanyard_token::{Position, UnixTime};
use redb::{ReadableTable, ReadableTableMetadata as _};
use uuid::Uuid;

use super::tables::{LogValue, Meta, Reads, Writes, corrupt, meta, meta_u64, set_meta};
use crate::{Appended, StoreError, UnreadableEntry};

/// Appends a revocation at the next position, which is the one that counts.
pub(super) fn append(
    tables: &mut Writes<'_>,
    handle: Handle,
    is_final: bool,
) -> Result<Appended, StoreError> {
    append_from(tables, tables.now, |position| Revocation {
        handle,
        position,
        is_final,
    })
}

/// Appends an entry at the next position that is not before a time.
pub(super) fn append_from(
    tables: &mut Writes<'_>,
    from: UnixTime,
    said_at: impl FnOnce(Position) -> Revocation,
) -> Result<Appended, StoreError> {
    let position = end(&tables.meta)?
        .next_at(from)
        .ok_or_else(|| corrupt("log end", "there is no position after it"))?;
    let number = meta_u64(&tables.meta, Meta::LastNumber)?
        .checked_add(1)
        .ok_or_else(|| corrupt("last number", "there is none after it"))?;
    // Times never fall, even if the clock does: an entry must not leave before its neighbours, nor
    // before its retention has passed since the vouched time on record.
    let last_time = UnixTime::from_millis(meta_u64(&tables.meta, Meta::LastTime)?);
    let vouched = vouched(&tables.meta)?.unwrap_or_default();
    let time = tables.now.max(last_time).max(vouched);
    let entry = Entry {
        number,
        position,
        time,
        revocation: said_at(position),
    };
    tables.log.insert(number, to_value(&entry))?;
    set_meta(&mut tables.meta, Meta::LastNumber, number)?;
    set_meta(&mut tables.meta, Meta::LastTime, time.as_millis())?;
    set_meta(&mut tables.meta, Meta::EndMillis, position.millis())?;
    set_meta(&mut tables.meta, Meta::EndSequence, position.sequence())?;
    Ok(Appended {
        partition: PARTITION,
        entry,
    })
}

/// Where the log ends.
pub(super) fn end(table: &impl ReadableTable<&'static str, u128>) -> Result<Position, StoreError> {
    Ok(Position::new(
        meta_u64(table, Meta::EndMillis)?,
        meta_u64(table, Meta::EndSequence)?,
    ))
}

/// Reads what is after the cursor, or all of it.
pub(super) fn read(
    tables: &Reads,
    after: Option<Cursor>,
    limit: usize,
) -> Result<LogRead, StoreError> {
    let (meta_table, log_table) = (&tables.meta, &tables.log);
    let first = after.map_or(0, |cursor| cursor.number.saturating_add(1));
    let mut entries = Vec::new();
    for found in log_table.range(first..)?.take(limit) {
        let (number, value) = found?;
        entries.push(from_value(number.value(), value.value())?);
    }
    let head = head(meta_table)?;
    let reached = entries.last().map(|entry| entry.number);
    // Fewer than were asked for are all that there are, also if the log should have more.
    let complete = entries.len() < limit || reached >= Some(head.number) || first > head.number;
    Ok(LogRead {
        log: head.log,
        entries,
        end: head.position,
        last_number: head.number,
        complete,
        intact: log_table.len()? == rows_due(meta_table)?,
        mended_to: meta_u64(meta_table, Meta::MendedTo)?,
        floor: floor(meta_table)?,
    })
}

/// The position of the last entry that was trimmed.
fn floor(table: &impl ReadableTable<&'static str, u128>) -> Result<Position, StoreError> {
    Ok(Position::new(
        meta_u64(table, Meta::FloorMillis)?,
        meta_u64(table, Meta::FloorSequence)?,
    ))
}

/// Keeps a position as that of the last trimmed entry, unless a later one is kept.
pub(super) fn raise_floor(tables: &mut Writes<'_>, position: Position) -> Result<(), StoreError> {
    if position <= floor(&tables.meta)? {
        return Ok(());
    }
    set_meta(&mut tables.meta, Meta::FloorMillis, position.millis())?;
    set_meta(&mut tables.meta, Meta::FloorSequence, position.sequence())
}

/// The vouched time on record.
pub(super) fn vouched(
    table: &impl ReadableTable<&'static str, u128>,
) -> Result<Option<UnixTime>, StoreError> {
    if meta(table, Meta::Vouched)?.is_none() {
        return Ok(None);
    }
    Ok(Some(UnixTime::from_millis(meta_u64(table, Meta::Vouched)?)))
}

/// Which log it is, and where it ends.
pub(super) fn head(table: &impl ReadableTable<&'static str, u128>) -> Result<Cursor, StoreError> {
    let log = meta(table, Meta::LogId)?.ok_or_else(|| corrupt("log id", "it is missing"))?;
    Ok(Cursor {
        log: LogId::from_uuid(Uuid::from_u128(log)),
        position: end(table)?,
        number: meta_u64(table, Meta::LastNumber)?,
    })
}

/// How many rows the log should have.
pub(super) fn rows_due(table: &impl ReadableTable<&'static str, u128>) -> Result<u64, StoreError> {
    let removed = meta_u64(table, Meta::Removed)?;
    Ok(meta_u64(table, Meta::LastNumber)?.saturating_sub(removed))
}

/// Counts rows as taken out rightly.
pub(super) fn count_removed(tables: &mut Writes<'_>, rows: u64) -> Result<(), StoreError> {
    let removed = meta_u64(&tables.meta, Meta::Removed)?.saturating_add(rows);
    set_meta(&mut tables.meta, Meta::Removed, removed)
}

/// Drops entries that are past their time, from the oldest on, `limit` at most; tells how many.
pub(super) fn trim(
    tables: &mut Writes<'_>,
    vouched: UnixTime,
    limit: usize,
) -> Result<usize, StoreError> {
    let mut dropped = 0;
    let mut last = Position::ZERO;
    while dropped < limit {
        let oldest = match tables.log.first()? {
            Some((number, value)) => from_value(number.value(), value.value())?,
            None => break,
        };
        if oldest.is_live(vouched) {
            break;
        }
        tables.log.remove(oldest.number)?;
        last = oldest.position;
        dropped += 1;
    }
    if dropped > 0 {
        raise_floor(tables, last)?;
        count_removed(tables, u64::try_from(dropped).unwrap_or(u64::MAX))?;
    }
    Ok(dropped)
}

fn to_value(entry: &Entry) -> LogValue {
    let Entry {
        number: _,
        position,
        time,
        revocation,
    } = *entry;
    let Revocation {
        handle,
        position: counted,
        is_final,
    } = revocation;
    (
        (position.millis(), position.sequence()),
        time.as_millis(),
        handle.kind.code(),
        handle.id.as_u128(),
        (counted.millis(), counted.sequence()),
        is_final,
    )
}

/// The entry of a row. One that cannot be understood might be a revocation, and is never passed over.
pub(super) fn from_value(number: u64, value: LogValue) -> Result<Entry, StoreError> {
    let ((millis, sequence), time, kind, id, (counted_millis, counted_sequence), is_final) = value;
    let kind = HandleKind::from_code(kind)
        .ok_or_else(|| StoreError::Unreadable(unreadable(number, UNKNOWN_KIND)))?;
    Ok(Entry {
        number,
        position: Position::new(millis, sequence),
        time: UnixTime::from_millis(time),
        revocation: Revocation {
            handle: Handle {
                kind,
                id: Uuid::from_u128(id),
            },
            position: Position::new(counted_millis, counted_sequence),
            is_final,
        },
    })
}

/// An entry that cannot be understood. Its place is its number.
pub(super) fn unreadable(number: u64, reason: &str) -> UnreadableEntry {
    UnreadableEntry {
        partition: PARTITION,
        place: number.to_string(),
        reason: reason.to_owned(),
    }
}

const UNKNOWN_KIND: &str = "it is of a kind that this version does not know";
/// The embedded store has one.
pub(super) const PARTITION: PartitionId = PartitionId::new(0);
