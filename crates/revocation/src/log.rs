//! What a log must offer, and how a reader tells that it has missed nothing.
//!
//! A stream that is read from a position is silent about what is gone: about entries that were
//! trimmed before the reader came for them, about a tail that a failover lost, about a store that
//! was set up anew. The rule here, [`continuity`], hears all three. Every backend makes its reads
//! so that the rule can be applied, and every follower applies it to every read *before* it takes
//! anything for complete:
//!
//! 1. read on from the cursor;
//! 2. on [`Continuity::Continues`] take the entries in, and move the cursor to
//!    [`LogRead::next_cursor`];
//! 3. on [`Continuity::StartOver`] drop the cursor, read again from the start, and *merge* that
//!    into what is known. What is known is never thrown away, since the log may be what has
//!    forgotten.
//!
//! A log whose own remaining entries contradict each other never continues, not even from its
//! start: its readers go stale and refuse, since nobody can say what the missing entry revoked.

use lanyard_token::Position;

use crate::{Cursor, Entry, LogId};

/// What one read of a partition's log found.
///
/// A backend MUST make all of it from one state of the log, as of a moment after the read was sent,
/// and only from entries that are durable: an enforcement point acts on what it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRead {
    /// Which log was read.
    pub log: LogId,
    /// The entries after the cursor, or from the first that is left if there was none, in their
    /// order, without leaving any out.
    pub entries: Vec<Entry>,
    /// Where the log ends: the position of the last entry that was ever appended, also if it has
    /// been trimmed since, and [`Position::ZERO`] if there never was one.
    pub end: Position,
    /// The number of that last entry, zero if there never was one.
    pub last_number: u64,
    /// Whether the entries go up to the end, or stop earlier because there are too many for one
    /// read. Only a complete read can confirm that a list is fresh.
    pub complete: bool,
    /// Whether the log holds exactly as many entries as it should. If not, some were taken out of it
    /// or put into it by another hand, and perhaps before the cursor, where no read looks.
    pub intact: bool,
    /// Up to this number the numbers may have gaps, and zero if they have none: what had stood there
    /// was appended again by those who knew it, or given up by an operator.
    pub mended_to: u64,
}

impl LogRead {
    /// Where the next read goes on, or nothing if this one found nothing to go on from.
    #[must_use]
    pub fn next_cursor(&self) -> Option<Cursor> {
        let (position, number) = match self.entries.last() {
            _ if self.complete => (self.end, self.last_number),
            Some(entry) => (entry.position, entry.number),
            None => return None,
        };
        Some(Cursor {
            log: self.log,
            position,
            number,
        })
    }
}

/// Whether a read goes on where the cursor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// Nothing was missed between the cursor and the last entry of the read.
    Continues,
    /// Something was missed, or may have been. Read again from the start, and merge.
    StartOver(Break),
}

/// Why a read does not go on where the cursor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// It is not the log that the cursor is of.
    #[error("it is another log")]
    OtherLog,
    /// The log ends before what was already read from it: a failover has lost its tail.
    #[error("the log ends before what was already read from it")]
    EndsBefore,
    /// An entry that was appended is not there: it was trimmed or lost before it was read.
    #[error("the numbers of the entries have a gap")]
    Gap,
    /// The entries do not come in the order of their positions, or not up to where the log ends.
    #[error("the entries contradict their order or the end of the log")]
    Contradiction,
    /// The log does not hold as many entries as it should.
    #[error("the log does not hold as many entries as it should")]
    Damaged,
}

/// Whether a read goes on where the cursor is, or from nothing if there is no cursor.
#[must_use]
pub fn continuity(cursor: Option<&Cursor>, read: &LogRead) -> Continuity {
    match check_start(cursor, read).and_then(|()| check_entries(cursor, read)) {
        Ok(()) => Continuity::Continues,
        Err(reason) => Continuity::StartOver(reason),
    }
}

/// The log is the one that was read before, and has not become shorter.
fn check_start(cursor: Option<&Cursor>, read: &LogRead) -> Result<(), Break> {
    let Some(cursor) = cursor else { return Ok(()) };
    if cursor.log != read.log {
        return Err(Break::OtherLog);
    }
    if read.end < cursor.position || read.last_number < cursor.number {
        return Err(Break::EndsBefore);
    }
    Ok(())
}

/// Every entry follows the one before it, and the last of a complete read is the end of the log.
fn check_entries(cursor: Option<&Cursor>, read: &LogRead) -> Result<(), Break> {
    let mut last = cursor.map(|cursor| (cursor.number, cursor.position));
    for entry in &read.entries {
        check_step(last, entry)?;
        last = Some((entry.number, entry.position));
    }
    // A first read that finds nothing left is complete wherever the log ends: all that there was
    // has been trimmed.
    let Some((number, position)) = last else {
        return Ok(());
    };
    if number > read.last_number || position > read.end {
        return Err(Break::Contradiction);
    }
    if read.complete && number < read.last_number {
        return Err(Break::Gap);
    }
    if read.complete && position < read.end {
        return Err(Break::Contradiction);
    }
    Ok(())
}

fn check_step(last: Option<(u64, Position)>, entry: &Entry) -> Result<(), Break> {
    let Some((number, position)) = last else {
        return Ok(());
    };
    if number.checked_add(1) != Some(entry.number) {
        return Err(Break::Gap);
    }
    if entry.position <= position {
        return Err(Break::Contradiction);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
