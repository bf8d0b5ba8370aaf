//! A place in one particular log, in a form that a client can keep and give back.

use std::{fmt, str::FromStr};

use lanyard_token::Position;
use uuid::Uuid;

/// Which log it is.
///
/// It is drawn when a partition's log is made. A store that was set up anew, or restored from
/// elsewhere, has another one, and nothing that was read before says anything about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId(Uuid);

impl LogId {
    /// The log of this id.
    #[must_use]
    pub const fn from_uuid(id: Uuid) -> Self {
        Self(id)
    }

    /// The id itself.
    #[must_use]
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// How far a reader has come: the last entry that it has taken in.
///
/// As text it is `<log>.<position>.<number>`, the log's id without hyphens. Clients hold that
/// opaquely; it is no secret, and a forged one gains nothing, since all that it can do is to make
/// its holder miss or repeat entries of its own feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// Which log was read.
    pub log: LogId,
    /// The position of the last entry that was taken in, [`Position::ZERO`] before the first.
    pub position: Position,
    /// The number of that entry, zero before the first.
    pub number: u64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{}.{}",
            self.log.0.simple(),
            self.position,
            self.number
        )
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(InvalidCursor);
        }
        let cursor = parse(text).ok_or(InvalidCursor)?;
        // The parts parse in more ways than one (upper case, a plus sign, leading zeros); only what
        // is written exactly as we write it was written by us.
        if cursor.to_string() == text {
            Ok(cursor)
        } else {
            Err(InvalidCursor)
        }
    }
}

/// The text is not a cursor that any log has handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a cursor as it was received, unchanged")]
pub struct InvalidCursor;

fn parse(text: &str) -> Option<Cursor> {
    let (log, rest) = text.split_once('.')?;
    let (position, number) = rest.split_once('.')?;
    Some(Cursor {
        log: LogId(Uuid::try_parse(log).ok()?),
        position: position.parse().ok()?,
        number: number.parse().ok()?,
    })
}

/// A log id of 32 digits, a position of at most 41 bytes, a number of at most 20, two dots. What
/// is longer is refused before anything looks at it.
const MAX_TEXT_BYTES: usize = 32 + 41 + 20 + 2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "00112233445566778899aabbccddeeff.1700000000000-3.42";

    fn cursor() -> Cursor {
        Cursor {
            log: LogId::from_uuid(Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff)),
            position: Position::new(1_700_000_000_000, 3),
            number: 42,
        }
    }

    #[test]
    fn a_cursor_has_one_text() {
        assert_eq!(cursor().to_string(), TEXT);
        assert_eq!(TEXT.parse(), Ok(cursor()));
    }

    #[test]
    fn any_other_spelling_of_a_cursor_is_refused() {
        let spellings = [
            "",
            "..",
            "00112233445566778899aabbccddeeff",
            "00112233445566778899aabbccddeeff.1700000000000-3",
            "00112233445566778899aabbccddeeff.1700000000000-3.",
            "00112233445566778899aabbccddeeff.1700000000000-3.042",
            "00112233445566778899aabbccddeeff.1700000000000-3.+42",
            "00112233445566778899aabbccddeeff.1700000000000-3.-1",
            "00112233445566778899aabbccddeeff.1700000000000-3.42.",
            "00112233445566778899aabbccddeeff.1700000000000-3.42 ",
            "00112233445566778899aabbccddeeff.1700000000000-3.18446744073709551616",
            "00112233445566778899aabbccddeeff.01700000000000-3.42",
            "00112233445566778899aabbccddeeff.1700000000000.42",
            "00112233445566778899AABBCCDDEEFF.1700000000000-3.42",
            "00112233-4455-6677-8899-aabbccddeeff.1700000000000-3.42",
            "{00112233445566778899aabbccddeeff}.1700000000000-3.42",
            "0011223344556677.1700000000000-3.42",
            "00112233445566778899aabbccddeeff.1700000000000-3.42\u{0661}",
        ];
        for text in spellings {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text}");
        }
    }

    #[test]
    fn the_longest_cursor_is_read_and_a_longer_text_is_not_looked_at() {
        let longest = Cursor {
            log: LogId::from_uuid(Uuid::max()),
            position: Position::new(u64::MAX, u64::MAX),
            number: u64::MAX,
        };
        let text = longest.to_string();
        assert_eq!(text.len(), MAX_TEXT_BYTES);
        assert_eq!(text.parse(), Ok(longest));
        assert_eq!("0".repeat(1 << 20).parse::<Cursor>(), Err(InvalidCursor));
    }

    proptest! {
        #[test]
        fn every_cursor_reads_back(log: u128, millis: u64, sequence: u64, number: u64) {
            let log = LogId::from_uuid(Uuid::from_u128(log));
            let cursor = Cursor { log, position: Position::new(millis, sequence), number };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*") {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string(), text);
            }
        }
    }
}
