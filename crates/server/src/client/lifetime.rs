//! Lifetimes as they are typed: `90`, `90m`, `2h`, `1d`.

use prost_types::Duration;
use thiserror::Error;

/// Reads a whole number with the unit `s`, `m`, `h` or `d`; without one it counts minutes.
///
/// Only what is no duration at all is refused here. Whether a token may live that long, or less
/// than no time, is for the authority to say.
///
/// # Errors
///
/// [`InvalidLifetime`] where it is anything else.
pub(super) fn parse(text: &str) -> Result<Duration, InvalidLifetime> {
    let (number, unit) = UNITS
        .iter()
        .find_map(|(suffix, seconds)| Some((text.strip_suffix(*suffix)?, *seconds)))
        .unwrap_or((text, MINUTE));
    // `parse` alone would also take a plus.
    let digits = number.strip_prefix('-').unwrap_or(number);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidLifetime);
    }
    let seconds = number
        .parse::<i64>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .filter(|seconds| (-LONGEST..=LONGEST).contains(seconds))
        .ok_or(InvalidLifetime)?;
    Ok(Duration { seconds, nanos: 0 })
}

/// The text is not a lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a whole number of minutes, or one with a unit, such as `90m`, `2h` or `1d`")]
pub(super) struct InvalidLifetime;

const MINUTE: i64 = 60;

const UNITS: [(&str, i64); 4] = [
    ("s", 1),
    ("m", MINUTE),
    ("h", 60 * MINUTE),
    ("d", 24 * 60 * MINUTE),
];

/// The longest `google.protobuf.Duration`. What is longer would not survive the way to the
/// authority, and might arrive there as something that it accepts.
const LONGEST: i64 = 315_576_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_counts_minutes_and_a_unit_says_otherwise() {
        for (text, seconds) in [
            ("90", 90 * 60),
            ("90m", 90 * 60),
            ("2h", 2 * 3600),
            ("1d", 86_400),
            ("90s", 90),
            ("0", 0),
            ("-5", -5 * 60),
            ("-5m", -5 * 60),
            ("-315576000000s", -LONGEST),
            ("315576000000s", LONGEST),
        ] {
            assert_eq!(parse(text), Ok(Duration { seconds, nanos: 0 }), "{text}");
        }
    }

    #[test]
    fn what_is_no_whole_number_with_a_unit_is_refused() {
        for text in [
            "",
            "m",
            "h",
            "-",
            "-m",
            "--5",
            "-+5",
            "--json",
            "+5",
            "1.5h",
            "1h30m",
            "1 h",
            " 90",
            "90 ",
            "90M",
            "2w",
            "0x10",
            "٩",
            "315576000001s",
            "-315576000001s",
            "9223372036854775807m",
            "99999999999999999999",
        ] {
            assert_eq!(parse(text), Err(InvalidLifetime), "{text}");
        }
    }
}
