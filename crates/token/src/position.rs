//! Where something stands in a partition's log: the logical clock behind "before" and "after".

use std::fmt::{self, Display};
use std::str::FromStr;

use crate::text::serde_as_text;
use crate::time::UnixTime;

/// A place in one partition's log, written `<millis>-<sequence>`.
///
/// The milliseconds look like a time and usually are one, but nothing may read them as one: they
/// run ahead when a log opens a new generation. Positions are only ever compared, and only with
/// positions of the same partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    // The derived order compares the fields as they are written here.
    millis: u64,
    sequence: u64,
}

impl Position {
    /// Before everything: where an empty log ends.
    pub const ZERO: Self = Self::new(0, 0);

    /// The place with these two parts.
    #[must_use]
    pub const fn new(millis: u64, sequence: u64) -> Self {
        Self { millis, sequence }
    }

    /// The first part, which counts most.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.millis
    }

    /// The second part, which orders what has the first in common.
    #[must_use]
    pub const fn sequence(self) -> u64 {
        self.sequence
    }

    /// The smallest position after this one whose milliseconds are not before `now`.
    ///
    /// It is after this one whatever the clock shows, also when it went back. Nothing if there is
    /// none left.
    #[must_use]
    pub fn next_at(self, now: UnixTime) -> Option<Self> {
        if now.as_millis() > self.millis {
            return Some(Self::new(now.as_millis(), 0));
        }
        match self.sequence.checked_add(1) {
            Some(sequence) => Some(Self::new(self.millis, sequence)),
            None => self
                .millis
                .checked_add(1)
                .map(|millis| Self::new(millis, 0)),
        }
    }
}

impl Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.millis, self.sequence)
    }
}

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let (millis, sequence) = text.split_once('-').ok_or(InvalidPosition)?;
        Ok(Self::new(
            canonical_number(millis)?,
            canonical_number(sequence)?,
        ))
    }
}

serde_as_text!(Position);

/// Text that is not the canonical spelling of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a position `<milliseconds>-<sequence>`, two decimal numbers of at most 64 bits")]
pub struct InvalidPosition;

/// Reads digits only. The standard parser would also read a plus sign and leading zeros.
fn canonical_number(text: &str) -> Result<u64, InvalidPosition> {
    let padded = text.len() > 1 && text.starts_with('0');
    if padded || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidPosition);
    }
    text.parse().map_err(|_empty_or_too_large| InvalidPosition)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LONGEST: &str = "18446744073709551615-18446744073709551615";

    #[test]
    fn a_position_has_one_spelling() {
        for text in ["0-0", "1-0", "1700000000000-12", LONGEST] {
            assert_eq!(text.parse::<Position>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "-",
            "1",
            "1-",
            "-1",
            "1-1-1",
            "01-1",
            "1-01",
            "00-0",
            "+1-1",
            "1-+1",
            "1--1",
            " 1-1",
            "1-1 ",
            "1_1",
            "1.0-1",
            "0x1-1",
            "18446744073709551616-0",
            "0-18446744073709551616",
            "１-1",
        ] {
            assert_eq!(
                text.parse::<Position>(),
                Err(InvalidPosition),
                "accepted {text:?}"
            );
        }
        assert_eq!(LONGEST.len(), 41);
    }

    #[test]
    fn positions_order_as_numbers_and_not_as_text() {
        let at = |text: &str| text.parse::<Position>().unwrap();
        assert!(at("9-0") < at("10-0"));
        assert!(at("5-9") < at("5-10"));
        assert!(at("5-18446744073709551615") < at("6-0"));
        assert!(Position::ZERO < at("0-1"));
    }

    #[test]
    fn the_next_position_follows_the_clock_while_it_runs_ahead() {
        let at = Position::new(100, 7);
        assert_eq!(
            at.next_at(UnixTime::from_millis(101)),
            Some(Position::new(101, 0))
        );
        assert_eq!(
            at.next_at(UnixTime::from_millis(100)),
            Some(Position::new(100, 8))
        );
        assert_eq!(
            at.next_at(UnixTime::from_millis(3)),
            Some(Position::new(100, 8))
        );
    }

    #[test]
    fn the_last_position_has_no_next() {
        let now = UnixTime::from_millis(5);
        assert_eq!(
            Position::new(9, u64::MAX).next_at(now),
            Some(Position::new(10, 0))
        );
        assert_eq!(Position::new(u64::MAX, u64::MAX).next_at(now), None);
    }

    proptest! {
        #[test]
        fn positions_make_the_round_trip(millis: u64, sequence: u64) {
            let position = Position::new(millis, sequence);
            prop_assert!(position.to_string().len() <= 41);
            prop_assert_eq!(position.to_string().parse(), Ok(position));
            let json = serde_json::to_string(&position).unwrap();
            prop_assert_eq!(serde_json::from_str::<Position>(&json).unwrap(), position);
        }

        #[test]
        fn whatever_is_read_prints_as_it_was(text in "[0-9+-]{0,45}") {
            if let Ok(position) = text.parse::<Position>() {
                prop_assert_eq!(position.to_string(), text);
            }
        }

        #[test]
        fn the_next_position_is_later_whatever_the_clock_does(
            millis: u64, sequence: u64, now: u64,
        ) {
            let at = Position::new(millis, sequence);
            if let Some(next) = at.next_at(UnixTime::from_millis(now)) {
                prop_assert!(next > at);
                prop_assert!(next.millis() >= now);
            }
        }
    }
}
