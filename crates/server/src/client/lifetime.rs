//! Lifetimes as they are typed: `90`, `90m`, `1h30m`, `1d`.

use prost_types::Duration;
use thiserror::Error;

/// Reads whole numbers with the units `d`, `h`, `m` and `s`, the larger first; a number without one
/// counts minutes.
///
/// Only what is no duration at all is refused here. Whether a token may live that long, or less
/// than no time, is for the authority to say.
///
/// # Errors
///
/// [`InvalidLifetime`] where it is anything else.
pub(super) fn parse(text: &str) -> Result<Duration, InvalidLifetime> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let seconds = seconds(text)
        .filter(|seconds| *seconds <= LONGEST)
        .ok_or(InvalidLifetime)?;
    Ok(Duration {
        seconds: sign * seconds,
        nanos: 0,
    })
}

fn seconds(text: &str) -> Option<i64> {
    if let Some(minutes) = number(text) {
        return minutes.checked_mul(MINUTE);
    }
    let (mut rest, mut total) = (text, 0_i64);
    for (unit, seconds) in UNITS {
        if let Some((digits, after)) = rest.split_once(unit) {
            total = total.checked_add(number(digits)?.checked_mul(seconds)?)?;
            rest = after;
        }
    }
    (rest.is_empty() && !text.is_empty()).then_some(total)
}

/// `parse` alone would also take a sign.
fn number(digits: &str) -> Option<i64> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

/// The text is not a lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected whole minutes, or numbers with units, such as `90m`, `1h30m` or `1d`")]
pub(super) struct InvalidLifetime;

const MINUTE: i64 = 60;

const UNITS: [(char, i64); 4] = [
    ('d', 24 * 60 * MINUTE),
    ('h', 60 * MINUTE),
    ('m', MINUTE),
    ('s', 1),
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
            ("1h30m", 90 * 60),
            ("-1h30m", -90 * 60),
            ("1d1h1m1s", 90_061),
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
            "1h30",
            "30m1h",
            "1h1h",
            "1hm",
            "1h 30m",
            "1h-30m",
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
