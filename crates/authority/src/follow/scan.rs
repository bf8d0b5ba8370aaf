//! The whole log of a partition, read from its start and compared with what is known.

use lanyard_revocation::{Break, Continuity, Cursor, LogRead, Revocation, continuity};
use lanyard_store::Healing;
use lanyard_token::{BootTime, Position};

use super::lacking::Lacking;

/// One reading of a log from its start, as far as it has come.
#[derive(Debug)]
pub(super) struct Scan {
    lacking: Lacking,
    /// The latest position that is known of.
    beyond: Position,
    /// Where to read on.
    pub(super) cursor: Option<Cursor>,
    /// What is wrong with the log itself.
    pub(super) flaw: Option<Break>,
    /// The greatest number that is not there and may have been lost.
    missing_to: u64,
    /// The position below which every token is refused, as the log and the view have it.
    floor: Position,
    /// When the latest read was sent.
    pub(super) sent: BootTime,
}

/// The first and the last position that are of interest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The latest position that is known of.
    pub(super) beyond: Position,
    /// The position below which every token is refused.
    pub(super) floor: Position,
}

/// The log is not the one that the scan has begun with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moved;

/// What has to be done about a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing: it has everything that is known, and goes up to here.
    Whole(Cursor),
    /// It has to get something back.
    Heal(Healing),
    /// It lacks what nobody here knows.
    Missing,
    /// Its entries contradict each other.
    Contradiction,
}

impl Scan {
    /// Begins with what is known *before* anything is read.
    pub(super) fn new(known: impl Iterator<Item = Revocation>, limits: Limits) -> Self {
        let Limits { beyond, floor } = limits;
        Self {
            lacking: Lacking::of(known),
            beyond,
            floor,
            cursor: None,
            flaw: None,
            missing_to: 0,
            sent: BootTime::default(),
        }
    }

    /// Takes in what was read next. What is wrong with it is remembered, and the rest read all the
    /// same: every entry that is there is true.
    pub(super) fn take(&mut self, read: &LogRead) -> Result<(), Moved> {
        match continuity(self.cursor.as_ref(), read) {
            Continuity::Continues => {}
            Continuity::StartOver(Break::OtherLog | Break::EndsBefore) => return Err(Moved),
            Continuity::StartOver(flaw) => {
                self.flaw.get_or_insert(flaw);
            }
        }
        self.look_for_gaps(read);
        self.floor = self.floor.max(read.floor);
        // Trimmed, and not lost: the floor refuses every token that they cover.
        self.lacking.drop_up_to(read.floor);
        for entry in &read.entries {
            self.lacking.find(entry);
        }
        Ok(())
    }

    /// What to do about the log, which was read to its end, for somebody who knows all of a log up
    /// to a place.
    pub(super) fn verdict(&self, end: Cursor, knows: Option<Cursor>) -> Verdict {
        let mends = self.is_known(end, knows);
        // A log that is gone is made anew by whoever knows what it was.
        let is_gone = end.log.as_uuid().is_nil() && knows.is_some();
        let lacks = !self.lacking.is_empty() || self.beyond > end.position || is_gone;
        match self.flaw {
            None if !lacks => Verdict::Whole(end),
            Some(Break::Contradiction) if !lacks => Verdict::Contradiction,
            Some(_) if !lacks && !mends => Verdict::Missing,
            None | Some(_) => Verdict::Heal(Healing {
                as_of: end,
                lost: self.lacking.lost(),
                beyond: self.beyond,
                mends,
                floor: self.floor,
            }),
        }
    }

    /// Whether everything that may be missing was known to be read, in this very log.
    fn is_known(&self, end: Cursor, knows: Option<Cursor>) -> bool {
        let is_mendable = matches!(self.flaw, Some(Break::Gap | Break::Damaged));
        let knows_it = |knows: Cursor| knows.log == end.log && knows.number >= self.missing_to;
        is_mendable && knows.is_some_and(knows_it)
    }

    /// Mended gaps count as well: more may have been lost in one than was then.
    fn look_for_gaps(&mut self, read: &LogRead) {
        // Before the first entry there is nothing, if the log is whole: it was trimmed.
        let mut last = match self.cursor {
            Some(cursor) => Some(cursor.number),
            None if read.intact => None,
            None => Some(0),
        };
        for entry in &read.entries {
            let missing = entry.number.saturating_sub(1);
            if last.is_some_and(|last| missing > last) {
                self.missing_to = self.missing_to.max(missing);
            }
            last = Some(entry.number);
        }
        if read.complete && last.is_some_and(|last| read.last_number > last) {
            self.missing_to = self.missing_to.max(read.last_number);
        }
    }
}

#[cfg(test)]
mod tests;
