//! One node's copy of a partition's log.

use lanyard_revocation::{
    ClockOffset, Cursor, Entry, GENERATION_JUMP, Handle, HandleKind, LogId, LogRead, PartitionId,
    Revocation,
};
use lanyard_store::{Healing, SweepTime, Swept};
use lanyard_token::{Position, UnixTime};
use uuid::Uuid;

/// A copy of a log.
#[derive(Clone, Debug)]
pub(crate) struct NodeLog {
    id: LogId,
    entries: Vec<Entry>,
    end: Position,
    last_number: u64,
    /// The time that the last entry carries.
    last_time: UnixTime,
    /// The position of the last entry that was trimmed.
    floor: Position,
    /// The vouched time on record.
    vouched: UnixTime,
    /// The latest generation, and its first entry.
    generation: Option<(u64, Position)>,
}

impl NodeLog {
    /// An empty one with this vouched time on record.
    pub(crate) fn new(partition: PartitionId, vouched: UnixTime) -> Self {
        Self {
            id: LogId::from_uuid(Uuid::from_u128(1000 + u128::from(partition.as_u16()))),
            entries: Vec::new(),
            end: Position::ZERO,
            last_number: 0,
            last_time: UnixTime::default(),
            floor: Position::ZERO,
            vouched,
            generation: None,
        }
    }

    /// Begins a generation an hour ahead, unless it has begun.
    pub(crate) fn open(&mut self, reign: u64, now: UnixTime) -> Position {
        if let Some((_, opened)) = self.generation.filter(|(latest, _)| *latest == reign) {
            return opened;
        }
        let opened = self.jump(now, self.end);
        self.generation = Some((reign, opened));
        opened
    }

    /// Appends a revocation.
    pub(crate) fn append(&mut self, handle: Handle, now: UnixTime) -> Entry {
        self.push(now, now, |position| Revocation {
            handle,
            position,
            is_final: false,
        })
    }

    /// Appends again what it has lost, unless it is not as it was read. Nothing is ever missing from
    /// its middle, so that there is nothing to mend.
    pub(crate) fn heal(&mut self, healing: &Healing, now: UnixTime) -> Option<Cursor> {
        let Healing {
            as_of,
            lost,
            beyond,
            mends: _,
            floor,
        } = healing;
        if self.head() != *as_of {
            return None;
        }
        self.floor = self.floor.max(*floor);
        if *beyond > self.end {
            let opened = self.jump(now, *beyond);
            // Nothing is issued under it before the replicas have it, like under any other.
            self.generation = self.generation.map(|(reign, _)| (reign, opened));
        }
        for revocation in lost {
            self.push(now, now, |_| *revocation);
        }
        Some(self.head())
    }

    /// Puts in what has been there for almost a day when the world begins.
    pub(crate) fn inherit(&mut self, number: u128, time: UnixTime) {
        let id = Uuid::from_u128(number);
        let kind = HandleKind::Token;
        self.append(Handle { kind, id }, time);
    }

    /// What a read finds.
    pub(crate) fn read(&self, after: Option<&Cursor>) -> LogRead {
        let from = after.map_or(Position::ZERO, |cursor| cursor.position);
        let from = self.entries.partition_point(|entry| entry.position <= from);
        LogRead {
            log: self.id,
            entries: self.entries[from..].to_vec(),
            end: self.end,
            last_number: self.last_number,
            complete: true,
            intact: true,
            mended_to: 0,
            floor: self.floor,
        }
    }

    /// Deletes from the front what is past its retention at the vouched time on record, at this time
    /// of the node.
    pub(crate) fn sweep(&mut self, time: SweepTime, now: UnixTime) -> Swept {
        let disagreement = ClockOffset::beyond_tolerance(time.wall, now);
        if disagreement.is_none() {
            let offered = time.vouched.unwrap_or_default().min(now);
            self.vouched = self.vouched.max(offered);
            self.trim(self.vouched);
        }
        Swept {
            vouched: Some(self.vouched),
            disagreement,
        }
    }

    /// Deletes from the front what is past its retention at a time.
    pub(crate) fn trim(&mut self, now: UnixTime) {
        let dead = self
            .entries
            .iter()
            .take_while(|one| !one.is_live(now))
            .count();
        if let Some(last) = self.entries.drain(..dead).next_back() {
            self.floor = last.position;
        }
    }

    /// Where it ends.
    pub(crate) const fn end(&self) -> Position {
        self.end
    }

    /// How many entries it ever had.
    pub(crate) const fn last_number(&self) -> u64 {
        self.last_number
    }

    /// Whether an entry is in it.
    pub(crate) fn has(&self, position: Position) -> bool {
        self.entries
            .binary_search_by_key(&position, |entry| entry.position)
            .is_ok()
    }

    fn head(&self) -> Cursor {
        Cursor {
            log: self.id,
            position: self.end,
            number: self.last_number,
        }
    }

    /// Opens a generation, ahead of a position and of the time.
    fn jump(&mut self, now: UnixTime, beyond: Position) -> Position {
        let ahead = UnixTime::from_millis(beyond.millis()).max(now);
        let ahead = ahead.saturating_add(GENERATION_JUMP);
        self.push(now, ahead, |_| Revocation::of_nothing()).position
    }

    fn push(
        &mut self,
        now: UnixTime,
        not_before: UnixTime,
        says: impl FnOnce(Position) -> Revocation,
    ) -> Entry {
        let position = self
            .end
            .next_at(not_before)
            .expect("positions do not run out");
        let entry = Entry {
            number: self.last_number + 1,
            position,
            time: self.last_time.max(now).max(self.vouched),
            revocation: says(position),
        };
        self.entries.push(entry);
        self.end = position;
        self.last_number = entry.number;
        self.last_time = entry.time;
        entry
    }
}
