//! The form of an entry of the log.
//!
//! An entry of the stream has six fields, in this order: `n` the number, `t` the time, `k` the kind of
//! the handle or `generation`, `i` the id, `f` whether it is final, `p` the position that counts, or
//! nothing if that is the entry's own. Whatever is not exactly that might be a revocation that this
//! version does not know, so no reader steps over it.

use lanyard_revocation::{Entry, Handle, HandleKind, Revocation};
use lanyard_token::{Position, UnixTime};
use uuid::Uuid;

/// Reads an entry, or says in a few words why it cannot be understood.
pub(super) fn read_entry(place: &str, fields: &[String]) -> Result<Entry, &'static str> {
    let position: Position = place.parse().map_err(|_| "its place is no position")?;
    let [number, time, kind, id, is_final, counts] =
        values(fields).ok_or("it has not the fields of an entry")?;
    let is_final = match is_final {
        "0" => false,
        "1" => true,
        _ => return Err("whether it is final cannot be told"),
    };
    let counts = match counts {
        "" => Some(position),
        counts => counts.parse().ok(),
    };
    let id = Uuid::try_parse(id).map_err(|_| "its id is none")?;
    let revocation = match HandleKind::ALL.into_iter().find(|one| one.as_str() == kind) {
        Some(kind) => Revocation {
            handle: Handle { kind, id },
            position: counts.ok_or("the position that counts is none")?,
            is_final,
        },
        None if kind == GENERATION => Revocation::of_nothing(),
        None => return Err("its kind is not known to this version"),
    };
    Ok(Entry {
        number: number.parse().map_err(|_| "its number is none")?,
        position,
        time: UnixTime::from_millis(time.parse().map_err(|_| "its time is none")?),
        revocation,
    })
}

/// The values of exactly the fields that an entry has, in their order.
fn values(fields: &[String]) -> Option<[&str; 6]> {
    let names = fields.iter().step_by(2);
    let values = fields.iter().skip(1).step_by(2).map(String::as_str);
    let values: Vec<&str> = values.collect();
    let values = values.try_into().ok()?;
    names.eq(FIELDS).then_some(values)
}

/// The value of one field, of whatever has fields.
pub(super) fn field<'a>(fields: &'a [String], name: &str) -> Option<&'a str> {
    let mut pairs = fields.chunks_exact(2);
    pairs.find_map(|pair| match pair {
        [key, value] if key == name => Some(value.as_str()),
        _ => None,
    })
}

/// The fields of an entry.
const FIELDS: [&str; 6] = ["n", "t", "k", "i", "f", "p"];
/// The kind of an entry that opens a generation.
const GENERATION: &str = "generation";

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<String> {
        text.split('|').map(str::to_owned).collect()
    }

    const ID: &str = "00000000000000000000000000000007";

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let written = fields(&format!("n|4|t|9|k|identity|i|{ID}|f|1|p|"));
        let entry = read_entry("12-3", &written).unwrap();
        assert_eq!(entry.number, 4);
        assert_eq!(entry.position, Position::new(12, 3));
        assert_eq!(entry.time, UnixTime::from_millis(9));
        assert_eq!(entry.revocation.position, entry.position);
        assert!(entry.revocation.is_final);
        assert_eq!(entry.revocation.handle.kind, HandleKind::Identity);
    }

    #[test]
    fn a_healed_entry_counts_from_where_it_first_stood() {
        let written = fields(&format!("n|4|t|9|k|token|i|{ID}|f|0|p|5-1"));
        let entry = read_entry("12-3", &written).unwrap();
        assert_eq!(entry.position, Position::new(12, 3));
        assert_eq!(entry.revocation.position, Position::new(5, 1));
    }

    #[test]
    fn an_entry_that_opens_a_generation_revokes_nothing() {
        let written = fields(&format!("n|4|t|9|k|generation|i|{ID}|f|0|p|"));
        assert!(read_entry("12-3", &written).unwrap().opens_generation());
    }

    #[test]
    fn whatever_is_not_exactly_an_entry_is_not_understood() {
        for text in [
            "",
            "n|4",
            &format!("n|4|t|9|k|planet|i|{ID}|f|0|p|"),
            &format!("n|4|t|9|k|token|i|{ID}|f|2|p|"),
            &format!("n|4|t|9|k|token|i|{ID}|f|0|p|5"),
            &format!("n|-4|t|9|k|token|i|{ID}|f|0|p|"),
            &format!("n|4|t||k|token|i|{ID}|f|0|p|"),
            "n|4|t|9|k|token|i|xyz|f|0|p|",
            &format!("n|4|t|9|k|token|i|{ID}|f|0|p||x|y"),
            &format!("t|9|n|4|k|token|i|{ID}|f|0|p|"),
        ] {
            assert!(read_entry("12-3", &fields(text)).is_err(), "{text}");
        }
        let good = fields(&format!("n|4|t|9|k|token|i|{ID}|f|0|p|"));
        assert!(read_entry("12-3", &good).is_ok() && read_entry("*", &good).is_err());
    }
}
