//! The header of a token: `alg`, `typ` and `kid`, and nothing else.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use crate::algorithm::TokenAlgorithm;
use crate::ids::KeyId;

/// What is left of a header once the rest of it has been found to be as it must be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The key that is said to have signed. Any text: one that names no key is an unknown key.
    pub(crate) kid: String,
    /// The algorithm that the token claims. Nothing is chosen by it: it must be that of the key.
    pub(crate) algorithm: TokenAlgorithm,
}

impl Header {
    /// Reads a header whose members are exactly `alg`, `typ` and `kid`, each once and a string.
    ///
    /// The set is closed because what a header can add is of the attacker's choice: another key
    /// (`jwk`, `jku`, `x5u`), another reading (`b64`, `cty`) or a demand (`crit`).
    pub(crate) fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    /// The header of every token that this key signs.
    pub(crate) fn to_json(key: KeyId, algorithm: TokenAlgorithm) -> String {
        format!(r#"{{"alg":"{algorithm}","typ":"{TOKEN_TYPE}","kid":"{key}"}}"#)
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the header of an access token")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Header, A::Error> {
        let (mut alg, mut typ, mut kid) = (None, None, None);
        while let Some(name) = members.next_key::<String>()? {
            let member = match name.as_str() {
                "alg" => &mut alg,
                "typ" => &mut typ,
                "kid" => &mut kid,
                _ => return Err(A::Error::custom("an unexpected member")),
            };
            if member.replace(members.next_value::<String>()?).is_some() {
                return Err(A::Error::custom("a member that comes twice"));
            }
        }
        let algorithm = alg.and_then(|name| name.parse::<TokenAlgorithm>().ok());
        kid.zip(algorithm)
            .filter(|_| typ.as_deref() == Some(TOKEN_TYPE))
            .map(|(kid, algorithm)| Header { kid, algorithm })
            .ok_or_else(|| A::Error::custom("not the header of an access token"))
    }
}

/// The media type of RFC 9068, by which no other kind of token is taken for an access token.
const TOKEN_TYPE: &str = "at+jwt";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_reads_what_it_prints() {
        let key: KeyId = "8f14e45f-ceea-467f-a8d2-0c1f5b9a7e31".parse().unwrap();
        for algorithm in [TokenAlgorithm::EdDsa, TokenAlgorithm::Ed25519] {
            let json = Header::to_json(key, algorithm);
            let kid = key.to_string();
            let read = Header::parse(json.as_bytes()).unwrap();
            assert_eq!(read, Header { kid, algorithm });
        }
        assert_eq!(
            Header::to_json(key, TokenAlgorithm::EdDsa),
            r#"{"alg":"EdDSA","typ":"at+jwt","kid":"8f14e45f-ceea-467f-a8d2-0c1f5b9a7e31"}"#
        );
    }

    #[test]
    fn members_may_come_in_any_order() {
        let header = Header::parse(br#"{"kid":"k","typ":"at+jwt","alg":"EdDSA"}"#).unwrap();
        assert_eq!(header.kid, "k");
    }

    #[test]
    fn a_header_is_nothing_but_the_three_members() {
        for json in [
            "{}",
            "[]",
            "null",
            r#""EdDSA""#,
            r#"["EdDSA","at+jwt","k"]"#,
            r#"{"alg":"EdDSA","typ":"at+jwt"}"#,
            r#"{"alg":"EdDSA","kid":"k"}"#,
            r#"{"typ":"at+jwt","kid":"k"}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt","kid":null}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt","kid":7}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt","kid":["k"]}"#,
            r#"{"alg":["EdDSA"],"typ":"at+jwt","kid":"k"}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k","kid":"k"}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k","\u006bid":"k"}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k","crit":["exp"]}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k","ALG":"EdDSA"}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k"}{}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k"},"#,
            r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k",}"#,
            r#"{"alg":"none","typ":"at+jwt","kid":"k"}"#,
            r#"{"alg":"","typ":"at+jwt","kid":"k"}"#,
            r#"{"alg":"EdDSA","typ":"JWT","kid":"k"}"#,
            r#"{"alg":"EdDSA","typ":"application/at+jwt","kid":"k"}"#,
            r#"{"alg":"EdDSA","typ":"AT+JWT","kid":"k"}"#,
            "\u{feff}{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"k\"}",
        ] {
            assert_eq!(Header::parse(json.as_bytes()), None, "accepted {json}");
        }
    }

    #[test]
    fn a_header_is_utf_8() {
        assert_eq!(
            Header::parse(b"{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"\xff\"}"),
            None
        );
    }
}
