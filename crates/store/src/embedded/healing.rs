//! What is done about a log that lacks something, or holds what cannot be understood.

use lanyard_revocation::{Cursor, GENERATION_JUMP, Revocation};
use lanyard_token::{Position, UnixTime};
use redb::{ReadableTable, ReadableTableMetadata as _};

use super::{
    log,
    tables::{LogValue, Meta, Reads, Writes, meta_u64, set_meta},
};
use crate::{Healing, StoreError, UnreadableEntry};

/// Appends again what the log has lost, if it is as it was read.
pub(super) fn heal(
    tables: &mut Writes<'_>,
    healing: &Healing,
) -> Result<Option<Cursor>, StoreError> {
    let Healing {
        as_of,
        lost,
        beyond,
        mends,
        floor,
    } = healing;
    let head = log::head(&tables.meta)?;
    if head != *as_of {
        return Ok(None);
    }
    // Before anything is appended: what stood up to here is what the healer knows of.
    if *mends {
        mend(tables)?;
    }
    log::raise_floor(tables, *floor)?;
    if *beyond > head.position {
        open_generation(tables, head.position.max(*beyond))?;
    }
    for revocation in lost {
        log::append_from(tables, tables.now, |_| *revocation)?;
    }
    log::head(&tables.meta).map(Some)
}

/// Lists every entry that cannot be understood.
pub(super) fn unreadable_entries(tables: &Reads) -> Result<Vec<UnreadableEntry>, StoreError> {
    let head = log::head(&tables.meta)?;
    let mut before = Position::ZERO;
    let mut found = Vec::new();
    for row in tables.log.iter()? {
        let (number, value) = row?;
        let number = number.value();
        match fault((number, value.value()), before, &head)? {
            Ok(position) => before = position,
            Err(fault) => found.push(fault),
        }
    }
    Ok(found)
}

/// Takes an entry out that cannot be understood. Its number is mended: nothing will ever stand there.
pub(super) fn strike(tables: &mut Writes<'_>, place: &str) -> Result<bool, StoreError> {
    let Some(number) = number_of(place) else {
        return Ok(false);
    };
    let Some(value) = tables.log.get(number)?.map(|value| value.value()) else {
        return Ok(false);
    };
    let head = log::head(&tables.meta)?;
    let before = position_before(&tables.log, number, &head)?;
    if fault((number, value), before, &head)?.is_ok() {
        return Ok(false);
    }
    // One that was put in beside the others leaves no gap.
    let has_too_many = tables.log.len()? > log::rows_due(&tables.meta)?;
    tables.log.remove(number)?;
    if number <= head.number && !has_too_many {
        log::count_removed(tables, 1)?;
        let mended_to = meta_u64(&tables.meta, Meta::MendedTo)?.max(number);
        set_meta(&mut tables.meta, Meta::MendedTo, mended_to)?;
    }
    Ok(true)
}

/// Declares every gap of the log to be mended. `false` if there is none.
pub(super) fn give_up_missing(tables: &mut Writes<'_>) -> Result<bool, StoreError> {
    let intact = tables.log.len()? == log::rows_due(&tables.meta)?;
    if intact && !has_gap(tables)? {
        return Ok(false);
    }
    mend(tables)?;
    Ok(true)
}

/// From here on the log has as many entries as it should, and what is missing is missed no more.
fn mend(tables: &mut Writes<'_>) -> Result<(), StoreError> {
    let last_number = meta_u64(&tables.meta, Meta::LastNumber)?;
    let removed = last_number.saturating_sub(tables.log.len()?);
    set_meta(&mut tables.meta, Meta::Removed, removed)?;
    set_meta(&mut tables.meta, Meta::MendedTo, last_number)
}

fn open_generation(tables: &mut Writes<'_>, beyond: Position) -> Result<(), StoreError> {
    let from = UnixTime::from_millis(beyond.millis()).max(tables.now);
    let from = from.saturating_add(GENERATION_JUMP);
    log::append_from(tables, from, |_| Revocation::of_nothing()).map(drop)
}

/// Whether a number is missing between the first entry and the end, and nothing has mended that.
fn has_gap(tables: &Writes<'_>) -> Result<bool, StoreError> {
    let mended_to = meta_u64(&tables.meta, Meta::MendedTo)?;
    let last_number = meta_u64(&tables.meta, Meta::LastNumber)?;
    let mut next = None;
    for row in tables.log.iter()? {
        let number = row?.0.value();
        if next.is_some_and(|next| number > next && number > mended_to.saturating_add(1)) {
            return Ok(true);
        }
        next = Some(number.saturating_add(1));
    }
    Ok(next.is_some_and(|next| next <= last_number && last_number > mended_to))
}

/// The position of the nearest entry before a number that can be understood.
fn position_before(
    table: &impl ReadableTable<u64, LogValue>,
    number: u64,
    head: &Cursor,
) -> Result<Position, StoreError> {
    for row in table.range(..number)?.rev() {
        let (number, value) = row?;
        if let Ok(position) = fault((number.value(), value.value()), Position::ZERO, head)? {
            return Ok(position);
        }
    }
    Ok(Position::ZERO)
}

/// What is wrong with a row, or where it stands if nothing is. `before` is where the one before it
/// stands that can be understood.
fn fault(
    (number, value): (u64, LogValue),
    before: Position,
    head: &Cursor,
) -> Result<Result<Position, UnreadableEntry>, StoreError> {
    let entry = match log::from_value(number, value) {
        Ok(entry) => entry,
        Err(StoreError::Unreadable(fault)) => return Ok(Err(fault)),
        Err(error) => return Err(error),
    };
    let reason = if number > head.number || entry.position > head.position {
        "it stands beyond the end of the log"
    } else if entry.position <= before {
        "it does not stand after the entry before it"
    } else {
        return Ok(Ok(entry.position));
    };
    Ok(Err(log::unreadable(number, reason)))
}

/// Reads a place as it is written, and nothing else.
fn number_of(place: &str) -> Option<u64> {
    let number: u64 = place.parse().ok()?;
    (number.to_string() == place).then_some(number)
}
