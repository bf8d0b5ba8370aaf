//! The outer form of a token: three segments of base64url with dots between them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// No token is longer, and nothing longer is looked at.
///
/// Making a token checks it, so that none is issued that would be refused. Verifying checks it
/// before anything else: whoever is not authenticated yet decides what is sent, but not how much
/// work it makes. It also bounds how deep the JSON within can be nested.
pub const MAX_TOKEN_BYTES: usize = 1024;

/// A token taken apart, with nothing in it believed yet.
#[derive(Debug)]
pub(crate) struct Compact<'a> {
    /// What the signature is over: the first two segments as they were sent.
    pub(crate) signed: &'a [u8],
    pub(crate) header: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: [u8; 64],
}

impl<'a> Compact<'a> {
    /// Takes the token apart, if it has the size and the shape of one.
    pub(crate) fn split(token: &'a str) -> Option<Self> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        // A fourth segment stays within the payload, and its dot is no base64url.
        let (header, payload) = signed.split_once('.')?;
        Some(Self {
            signed: signed.as_bytes(),
            header: decode(header)?,
            payload: decode(payload)?,
            signature: decode(signature)?.try_into().ok()?,
        })
    }
}

/// Appends bytes as a segment.
pub(crate) fn encode_to(token: &mut String, bytes: &[u8]) {
    URL_SAFE_NO_PAD.encode_string(bytes, token);
}

/// Decodes a segment that has one reading only: not empty, no padding, no white space, no bits left
/// over. Otherwise several texts would be the same token, and the list of what was seen would not
/// know them all.
fn decode(segment: &str) -> Option<Vec<u8>> {
    if segment.is_empty() {
        return None;
    }
    URL_SAFE_NO_PAD.decode(segment).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: [u8; 64] = [7; 64];

    fn token(header: &str, payload: &str) -> String {
        let mut token = format!("{header}.{payload}.");
        encode_to(&mut token, &SIGNATURE);
        token
    }

    #[test]
    fn a_token_comes_apart_into_what_was_put_in() {
        let token = token("e30", "eyJhIjoxfQ");
        let compact = Compact::split(&token).unwrap();
        assert_eq!(compact.signed, b"e30.eyJhIjoxfQ");
        assert_eq!(compact.header, b"{}");
        assert_eq!(compact.payload, br#"{"a":1}"#);
        assert_eq!(compact.signature, SIGNATURE);
    }

    #[test]
    fn a_segment_has_one_reading() {
        // `e31` has bits set that `e30` has not and that belong to no byte.
        for segment in [
            "", "e", "e31", "e30=", "e30 ", " e30", "e30\n", "e 30", "e30\0", "e3+", "e3/", "e3é",
            "e30.e30",
        ] {
            assert!(
                Compact::split(&token(segment, "e30")).is_none(),
                "header {segment:?}"
            );
            assert!(
                Compact::split(&token("e30", segment)).is_none(),
                "payload {segment:?}"
            );
        }
    }

    #[test]
    fn there_are_three_segments() {
        let good = token("e30", "e30");
        let without_signature = good.rsplit_once('.').unwrap().0;
        for bad in [
            "",
            ".",
            "..",
            "...",
            without_signature,
            &format!("{good}."),
            &format!(".{good}"),
        ] {
            assert!(Compact::split(bad).is_none(), "accepted {bad:?}");
        }
    }

    #[test]
    fn a_signature_is_64_bytes() {
        for length in [0, 1, 63, 65, 96] {
            let mut token = "e30.e30.".to_owned();
            encode_to(&mut token, &vec![7; length]);
            assert!(Compact::split(&token).is_none(), "accepted {length} bytes");
        }
    }

    #[test]
    fn a_token_is_at_most_a_kibibyte() {
        let header = "eyJhIjoxfQ";
        let fitting = "A".repeat(MAX_TOKEN_BYTES - token(header, "").len());
        assert!(Compact::split(&token(header, &fitting)).is_some());
        assert!(Compact::split(&token(header, &format!("{fitting}A"))).is_none());
        assert!(Compact::split(&"A".repeat(1 << 20)).is_none());
    }
}
