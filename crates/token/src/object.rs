//! Strict reading of a JSON object from an untrusted sender.
//!
//! serde's derive takes an array of the members where an object is meant, `null` for an optional
//! member, and skips ignored members without decoding them, invalid UTF-8 included. Each of these is
//! a text that two readers could understand differently.

use std::{fmt, marker::PhantomData};

use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer,
};

use crate::passed_over::PassedOver;

/// A value that is read from a JSON object, and not from an array of its members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Object<T>(pub T);

/// Reads an object. All of its text must be JSON in UTF-8, and no member name may come twice in one object.
///
/// # Errors
/// The JSON library's, with the place in the text.
pub fn read_object<T: DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    let Object(value) = serde_json::from_slice(json)?;
    serde_json::from_slice::<PassedOver>(json)?;
    Ok(value)
}

/// Reads an optional member that must have a value if it is there: `null` is refused.
///
/// # Errors
/// The deserializer's.
pub fn not_null<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Eq, serde::Deserialize)]
    struct Pair {
        first: String,
        #[serde(default, deserialize_with = "not_null")]
        second: Option<u64>,
    }

    fn read(json: &[u8]) -> Option<Pair> {
        read_object(json).ok()
    }

    #[test]
    fn an_object_is_read_with_members_that_are_ignored() {
        let read = read(br#" {"first":"a","more":[{"x":null},1.5],"second":7} "#).unwrap();
        assert_eq!((&*read.first, read.second), ("a", Some(7)));
        assert_eq!(self::read(br#"{"first":"a"}"#).unwrap().second, None);
    }

    #[test]
    fn no_other_text_is_read() {
        for json in [
            &br#"["a",7]"#[..],
            br#"[{"first":"a"}]"#,
            br#""a""#,
            b"null",
            b"{}",
            b"",
            br#"{"first":"a","second":null}"#,
            br#"{"first":null}"#,
            br#"{"first":"a","first":"a"}"#,
            br#"{"first":"a","x":1,"x":1}"#,
            br#"{"first":"a","x":1,"\u0078":1}"#,
            br#"{"first":"a"}{}"#,
            b"{\"first\":\"a\",\"x\":\"\xff\"}",
            b"{\"first\":\"a\",\"x\xff\":1}",
            b"{\"first\":\"a\",\"x\":[{\"y\":\"\xc3\x28\"}]}",
            br#"{"first":"a","x":"\ud800"}"#,
            b"\xef\xbb\xbf{\"first\":\"a\"}",
        ] {
            assert_eq!(read(json), None, "{}", String::from_utf8_lossy(json));
        }
    }
}
