//! What a reader does with a member that it has no use for.

use std::{collections::BTreeSet, fmt};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A value of no interest, which must be JSON all the same.
///
/// The library's own way to skip a value skips bad escapes, invalid UTF-8 and numbers out of range
/// with it, and then the two ends of a token's way could disagree about whether it is JSON at all.
/// Reading it as a value leaves the depth to the library's limit on recursion.
pub(crate) struct PassedOver;

impl<'de> Deserialize<'de> for PassedOver {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for PassedOver {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        let mut names = BTreeSet::new();
        while let Some((name, Self)) = members.next_entry::<String, Self>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("a member that comes twice"));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(json: &[u8]) -> bool {
        serde_json::from_slice::<PassedOver>(json).is_ok()
    }

    #[test]
    fn any_json_is_passed_over() {
        for json in [
            "null",
            "true",
            "0",
            "-1",
            "1.5",
            "1e9",
            r#""x""#,
            r#""\u00e9""#,
            "[]",
            "{}",
            r#"[1,[2,{"a":[]}]]"#,
            r#"{"a":{"a":null},"b":1}"#,
        ] {
            assert!(passes(json.as_bytes()), "refused {json}");
        }
    }

    #[test]
    fn what_is_no_json_is_not_passed_over() {
        for json in [
            "",
            "nul",
            "01",
            "1e999",
            r#""\ud800""#,
            r#""\x41""#,
            "[1,]",
            "{1:2}",
            "[1}",
            r#"{"a":1,"a":1}"#,
            r#"[{"b":{"a":1,"\u0061":2}}]"#,
        ] {
            assert!(!passes(json.as_bytes()), "passed over {json}");
        }
        assert!(!passes(b"\"\xff\""));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(passes(nested(100).as_bytes()));
        assert!(!passes(nested(200).as_bytes()));
        assert!(!passes("[".repeat(1_000_000).as_bytes()));
    }
}
