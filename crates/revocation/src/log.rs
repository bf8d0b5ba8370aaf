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
//! A log that lacks entries, or whose entries contradict each other, never continues, not even from
//! its start: its readers go stale and refuse, since the log cannot say what the missing entry
//! revoked. It goes on once somebody who knows has appended again what was lost, or an operator has
//! given it up, and the log says so ([`LogRead::mended_to`]).

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
    /// The position of the last entry that was trimmed, and [`Position::ZERO`] if none was. A token
    /// with a position before it is refused: the entry that revoked it may be among the trimmed ones.
    pub floor: Position,
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
    /// Entries were taken out of the log, or put into it, by another hand.
    #[error("the log does not hold as many entries as it should")]
    Damaged,
}

impl Break {
    /// Every reason.
    pub const ALL: [Self; 5] = [
        Self::OtherLog,
        Self::EndsBefore,
        Self::Gap,
        Self::Contradiction,
        Self::Damaged,
    ];

    /// The name of the reason in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OtherLog => "other_log",
            Self::EndsBefore => "ends_before",
            Self::Gap => "gap",
            Self::Contradiction => "contradiction",
            Self::Damaged => "damaged",
        }
    }
}

/// Whether a read goes on where the cursor is, or from nothing if there is no cursor.
#[must_use]
pub fn continuity(cursor: Option<&Cursor>, read: &LogRead) -> Continuity {
    match check_start(cursor, read).and_then(|()| check_entries(cursor, read)) {
        Ok(()) => Continuity::Continues,
        Err(reason) => Continuity::StartOver(reason),
    }
}

/// The log is the one that was read before, has not become shorter, and has what it should.
fn check_start(cursor: Option<&Cursor>, read: &LogRead) -> Result<(), Break> {
    if let Some(cursor) = cursor {
        if cursor.log != read.log {
            return Err(Break::OtherLog);
        }
        if read.end < cursor.position || read.last_number < cursor.number {
            return Err(Break::EndsBefore);
        }
    }
    if read.intact {
        Ok(())
    } else {
        Err(Break::Damaged)
    }
}

/// Every entry follows the one before it, and the last of a complete read is the end of the log.
fn check_entries(cursor: Option<&Cursor>, read: &LogRead) -> Result<(), Break> {
    let mut last = cursor.map(|cursor| (cursor.number, cursor.position));
    for entry in &read.entries {
        check_step(last, entry, read.mended_to)?;
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
    if !read.complete {
        return Ok(());
    }
    if number < read.last_number {
        return is_mended(read.last_number, read.mended_to);
    }
    if position < read.end {
        return Err(Break::Contradiction);
    }
    Ok(())
}

fn check_step(last: Option<(u64, Position)>, entry: &Entry, mended_to: u64) -> Result<(), Break> {
    let Some((number, position)) = last else {
        return Ok(());
    };
    // A number that does not grow is that of another entry: nothing that is mended explains it.
    let is_further = entry.number > number;
    let missing = entry.number.saturating_sub(1);
    if !is_further || missing > number && is_mended(missing, mended_to).is_err() {
        return Err(Break::Gap);
    }
    if entry.position <= position {
        return Err(Break::Contradiction);
    }
    Ok(())
}

/// Whether a gap is mended whose last missing number this is.
///
/// Stepping over it is safe. Whoever mended the log knew what had stood in it up to there, and has
/// appended it again, further on: this reader gets to it, with the position that counts.
const fn is_mended(missing: u64, mended_to: u64) -> Result<(), Break> {
    if missing <= mended_to {
        Ok(())
    } else {
        Err(Break::Gap)
    }
}

#[cfg(test)]
mod tests;
