//! A position in one byte. States are kept by the million.

use std::fmt;

use lanyard_token::{Position, UnixTime};

/// A position that is small enough to be kept in one byte. It has no order of its own: whatever
/// depends on one asks [`Position`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Place(u8);

impl Place {
    /// Before everything.
    pub(crate) const ZERO: Self = Self(0);

    /// That position.
    pub(crate) fn of(position: Position) -> Self {
        let (millis, sequence) = (position.millis(), position.sequence());
        assert!(millis < 32 && sequence < 8, "{position} fits into a byte");
        Self(u8::try_from(millis << 3 | sequence).expect("eight bits"))
    }

    /// The place with no sequence, as if a clock had shown it.
    pub(crate) fn at_time(time: u8) -> Self {
        Self::of(Position::new(u64::from(time), 0))
    }

    /// The position itself.
    pub(crate) const fn position(self) -> Position {
        Position::new((self.0 >> 3) as u64, (self.0 & 7) as u64)
    }

    /// The next one on a log that ends here, on a server whose clock shows a time.
    pub(crate) fn next_at(self, time: u8) -> Self {
        let next = self
            .position()
            .next_at(UnixTime::from_millis(u64::from(time)));
        Self::of(next.expect("no log comes to the end of the numbers"))
    }

    /// Whether it is later than another.
    pub(crate) fn is_after(self, other: Self) -> bool {
        self.position() > other.position()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.position().fmt(f)
    }
}
