//! The bearers that callers sign with their credential's secret: HS256, short-lived, nothing else.
//!
//! jsonwebtoken checks the signature. It would also pass an unknown `crit`, take the wall clock by
//! itself and allow a minute on both ends, so the header and the claims are read here, strictly, and
//! against a `now` that is handed in.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use lanyard_token::{CredentialId, LEEWAY, UnixTime, not_null, read_object};
use serde::{Deserialize, de::DeserializeOwned};

/// The `aud` that a bearer must have. Access tokens are for another audience, so that neither can
/// stand in for the other.
pub const BEARER_AUDIENCE: &str = "lanyard";

/// How long a bearer may live: `exp - iat`. A stolen one is of no use for longer.
pub const MAX_BEARER_LIFETIME: Duration = Duration::from_mins(10);

/// Why a bearer is refused. For the log alone: callers are not told which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BearerRefusal {
    #[error("there is none")]
    Missing,
    #[error("it is not an HS256 token of the expected shape")]
    Malformed,
    #[error("its credential is unknown")]
    CredentialUnknown,
    #[error("its signature is wrong")]
    SignatureInvalid,
    #[error("it is for another audience")]
    WrongAudience,
    #[error("it lives for too long")]
    LivesTooLong,
    #[error("it is not valid yet")]
    NotYetValid,
    #[error("it has expired")]
    Expired,
}

/// A bearer of the right shape, whose signature is still to be checked.
#[derive(Clone, Copy)]
pub(crate) struct UnverifiedBearer<'a> {
    /// All of it.
    pub(crate) text: &'a str,
    /// The credential that it names.
    pub(crate) credential: CredentialId,
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> UnverifiedBearer<'a> {
    /// Takes a bearer apart, as far as can be told without its secret.
    pub(crate) fn parse(text: &'a str) -> Result<Self, BearerRefusal> {
        if text.len() > MAX_BEARER_BYTES {
            return Err(BearerRefusal::Malformed);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(BearerRefusal::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(BearerRefusal::Malformed)?;
        let Header { alg, kid, typ } = decode(header)?;
        if alg != "HS256" || typ.is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")) {
            return Err(BearerRefusal::Malformed);
        }
        let credential = kid.parse().map_err(|_| BearerRefusal::CredentialUnknown)?;
        Ok(Self {
            text,
            credential,
            signed,
            payload,
            signature,
        })
    }

    /// Checks the signature and, only then, what the bearer claims. Tells when it is good.
    pub(crate) fn verify(self, secret: &[u8], now: UnixTime) -> Result<Validity, BearerRefusal> {
        let key = DecodingKey::from_secret(secret);
        match crypto::verify(
            self.signature,
            self.signed.as_bytes(),
            &key,
            Algorithm::HS256,
        ) {
            Ok(true) => {}
            Ok(false) | Err(_) => return Err(BearerRefusal::SignatureInvalid),
        }
        let validity = validity(&decode(self.payload)?)?;
        validity.check(now).map(|()| validity)
    }
}

/// When a bearer is good that was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    /// In seconds, as its claims are.
    not_before: u64,
    expires: u64,
}

impl Validity {
    /// Checks that it is good now.
    pub(crate) fn check(self, now: UnixTime) -> Result<(), BearerRefusal> {
        if self.not_before > now.saturating_add(LEEWAY).as_secs() {
            return Err(BearerRefusal::NotYetValid);
        }
        if now.as_secs() >= self.expires {
            return Err(BearerRefusal::Expired);
        }
        Ok(())
    }
}

fn validity(claims: &Claims) -> Result<Validity, BearerRefusal> {
    if !claims.aud.is(BEARER_AUDIENCE) {
        return Err(BearerRefusal::WrongAudience);
    }
    let lifetime = claims
        .exp
        .checked_sub(claims.iat)
        .ok_or(BearerRefusal::Malformed)?;
    if lifetime > MAX_BEARER_LIFETIME.as_secs() {
        return Err(BearerRefusal::LivesTooLong);
    }
    Ok(Validity {
        not_before: claims.iat.max(claims.nbf.unwrap_or(0)),
        expires: claims.exp,
    })
}

fn decode<T: DeserializeOwned>(segment: &str) -> Result<T, BearerRefusal> {
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(segment)
        .map_err(|_| BearerRefusal::Malformed)?;
    read_object(&bytes).map_err(|_| BearerRefusal::Malformed)
}

/// Closed: `crit`, `jwk`, `jku` and all else that could ask for another reading is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: String,
    #[serde(default, deserialize_with = "not_null")]
    typ: Option<String>,
}

/// Open: libraries add claims of their own. Integers only, each at most once.
#[derive(Deserialize)]
struct Claims {
    aud: BearerAudience,
    iat: u64,
    exp: u64,
    #[serde(default, deserialize_with = "not_null")]
    nbf: Option<u64>,
}

/// `aud` is a string, or with some libraries a list of strings.
#[derive(Deserialize)]
#[serde(untagged)]
enum BearerAudience {
    One(String),
    Many(Vec<String>),
}

impl BearerAudience {
    fn is(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}

/// Enough for any claims that a library adds; what is longer is not looked at.
const MAX_BEARER_BYTES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
    const KID: &str = "01234567-89ab-4def-8123-456789abcdef";
    const NOW: u64 = 1_800_000_000;

    fn check(header: &str, claims: &str) -> Result<(), BearerRefusal> {
        check_text(&sign(header, claims, SECRET))
    }

    fn check_text(text: &str) -> Result<(), BearerRefusal> {
        let bearer = UnverifiedBearer::parse(text)?;
        bearer.verify(SECRET, UnixTime::from_secs(NOW)).map(drop)
    }

    fn check_bytes(claims: &[u8]) -> Result<(), BearerRefusal> {
        check_text(&sign_bytes(header().as_bytes(), claims, SECRET))
    }

    fn sign(header: &str, claims: &str, secret: &[u8]) -> String {
        sign_bytes(header.as_bytes(), claims.as_bytes(), secret)
    }

    fn sign_bytes(header: &[u8], claims: &[u8], secret: &[u8]) -> String {
        let [header, claims] = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        let signed = format!("{header}.{claims}");
        let key = jsonwebtoken::EncodingKey::from_secret(secret);
        let signature = crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).unwrap();
        format!("{signed}.{signature}")
    }

    fn header() -> String {
        format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{KID}"}}"#)
    }

    fn claims(iat: u64, exp: u64) -> String {
        format!(r#"{{"aud":"lanyard","iat":{iat},"exp":{exp}}}"#)
    }

    #[test]
    fn a_bearer_as_libraries_make_it_is_accepted() {
        assert_eq!(check(&header(), &claims(NOW, NOW + 600)), Ok(()));
        let without_typ = format!(r#"{{"kid":"{KID}","alg":"HS256"}}"#);
        assert_eq!(check(&without_typ, &claims(NOW, NOW + 1)), Ok(()));
        let more = format!(
            r#"{{"aud":["x","lanyard"],"iat":{NOW},"nbf":{NOW},"exp":{},"iss":"me","jti":"1"}}"#,
            NOW + 60
        );
        assert_eq!(check(&header(), &more), Ok(()));
    }

    #[test]
    fn it_has_4096_bytes_at_most() {
        for (len, expected) in [
            (4095, Ok(())),
            (4096, Ok(())),
            (4097, Err(BearerRefusal::Malformed)),
            (4098, Err(BearerRefusal::Malformed)),
        ] {
            let text = of_length(len);
            assert_eq!(check_text(&text), expected, "{len}");
        }
    }

    /// A valid one of exactly this length. Spaces are added to the header as well, since base64
    /// without padding does not have every length.
    fn of_length(len: usize) -> String {
        let exp = NOW + 60;
        let texts = (0..3_usize).flat_map(|spaces| {
            let header = header().replacen('{', &format!("{{{}", " ".repeat(spaces)), 1);
            (2600..3100_usize).map(move |padding| {
                let padding = "x".repeat(padding);
                let claims =
                    format!(r#"{{"aud":"lanyard","iat":{NOW},"exp":{exp},"more":"{padding}"}}"#);
                sign(&header, &claims, SECRET)
            })
        });
        texts.into_iter().find(|text| text.len() == len).unwrap()
    }

    #[test]
    fn it_lives_for_600_seconds_at_most() {
        assert_eq!(
            check(&header(), &claims(NOW, NOW + 601)),
            Err(BearerRefusal::LivesTooLong)
        );
        assert_eq!(
            check(&header(), &claims(NOW, NOW - 1)),
            Err(BearerRefusal::Malformed)
        );
    }

    #[test]
    fn it_is_dead_at_the_second_it_expires() {
        assert_eq!(
            check(&header(), &claims(NOW - 600, NOW)),
            Err(BearerRefusal::Expired)
        );
        assert_eq!(check(&header(), &claims(NOW - 599, NOW + 1)), Ok(()));
    }

    #[test]
    fn it_may_be_from_a_clock_that_is_a_minute_ahead_and_no_more() {
        assert_eq!(check(&header(), &claims(NOW + 60, NOW + 120)), Ok(()));
        assert_eq!(
            check(&header(), &claims(NOW + 61, NOW + 120)),
            Err(BearerRefusal::NotYetValid)
        );
        let nbf = format!(
            r#"{{"aud":"lanyard","iat":{NOW},"nbf":{},"exp":{}}}"#,
            NOW + 61,
            NOW + 99
        );
        assert_eq!(check(&header(), &nbf), Err(BearerRefusal::NotYetValid));
    }

    #[test]
    fn one_that_was_verified_is_asked_for_its_times_again() {
        let text = sign(&header(), &claims(NOW, NOW + 60), SECRET);
        let bearer = UnverifiedBearer::parse(&text).unwrap();
        let validity = bearer.verify(SECRET, UnixTime::from_secs(NOW)).unwrap();
        for (now, expected) in [
            (NOW - 61, Err(BearerRefusal::NotYetValid)),
            (NOW - 60, Ok(())),
            (NOW + 59, Ok(())),
            (NOW + 60, Err(BearerRefusal::Expired)),
        ] {
            assert_eq!(validity.check(UnixTime::from_secs(now)), expected, "{now}");
        }
    }

    #[test]
    fn another_audience_is_refused() {
        for aud in [r#""lanyard-access""#, r#"["x"]"#, "[]", r#""""#] {
            let claims = format!(r#"{{"aud":{aud},"iat":{NOW},"exp":{}}}"#, NOW + 1);
            assert_eq!(
                check(&header(), &claims),
                Err(BearerRefusal::WrongAudience),
                "{aud}"
            );
        }
    }

    #[test]
    fn claims_of_the_wrong_type_missing_or_twice_are_refused() {
        let exp = NOW + 60;
        for claims in [
            format!(r#"{{"aud":"lanyard","iat":{NOW},"exp":"{exp}"}}"#),
            format!(r#"{{"aud":"lanyard","iat":{NOW},"exp":{exp}.0}}"#),
            format!(r#"{{"aud":"lanyard","iat":{NOW},"exp":1.8e9}}"#),
            format!(r#"{{"aud":"lanyard","iat":{NOW}}}"#),
            format!(r#"{{"aud":"lanyard","exp":{exp}}}"#),
            format!(r#"{{"iat":{NOW},"exp":{exp}}}"#),
            format!(r#"{{"aud":7,"iat":{NOW},"exp":{exp}}}"#),
            format!(r#"{{"aud":"lanyard","iat":{NOW},"exp":{exp},"exp":{exp}}}"#),
            format!(r#"{{"aud":"lanyard","iat":-1,"exp":{exp}}}"#),
            format!(r#"{{"aud":"lanyard","iat":{NOW},"exp":{exp},"nbf":null}}"#),
            format!(r#"{{"aud":"lanyard","iat":{NOW},"exp":{exp},"x":1,"x":1}}"#),
            format!(r#"{{"aud":"lanyard","iat":{NOW},"exp":{exp},"x":"\ud800"}}"#),
            format!(r#"["lanyard",{NOW},{exp},{NOW}]"#),
            "[]".to_owned(),
            "[".repeat(1000),
        ] {
            assert_eq!(
                check(&header(), &claims),
                Err(BearerRefusal::Malformed),
                "{claims}"
            );
        }
    }

    #[test]
    fn a_header_that_says_anything_else_is_refused() {
        let claims = claims(NOW, NOW + 60);
        for header in [
            format!(r#"{{"alg":"none","kid":"{KID}"}}"#),
            format!(r#"{{"alg":"HS384","kid":"{KID}"}}"#),
            format!(r#"{{"alg":"EdDSA","kid":"{KID}"}}"#),
            format!(r#"{{"alg":"HS256","kid":"{KID}","typ":"at+jwt"}}"#),
            format!(r#"{{"alg":"HS256","kid":"{KID}","crit":["x"]}}"#),
            format!(r#"{{"alg":"HS256","kid":"{KID}","jwk":{{}}}}"#),
            format!(r#"{{"alg":"HS256","kid":"{KID}","kid":"{KID}"}}"#),
            format!(r#"["HS256","{KID}","JWT"]"#),
            format!(r#"{{"alg":"HS256","kid":"{KID}","typ":null}}"#),
            r#"{"alg":"HS256"}"#.to_owned(),
            r#"{"alg":"HS256","kid":7}"#.to_owned(),
        ] {
            assert_eq!(
                check(&header, &claims),
                Err(BearerRefusal::Malformed),
                "{header}"
            );
        }
        let foreign = r#"{"alg":"HS256","kid":"mine"}"#;
        assert_eq!(
            check(foreign, &claims),
            Err(BearerRefusal::CredentialUnknown)
        );
    }

    #[test]
    fn a_header_or_claims_that_are_not_utf_8_are_refused() {
        let claims = claims(NOW, NOW + 60);
        let claims_with = |member: &[u8]| {
            let (open, rest) = claims.split_at(1);
            [open.as_bytes(), member, rest.as_bytes()].concat()
        };
        assert_eq!(check_bytes(&claims_with(b"\"x\":\"\xc3\xa9\",")), Ok(()));
        for member in [
            &b"\"x\":\"\xff\","[..],
            b"\"x\xff\":1,",
            b"\"x\":{\"y\":\"\xc3\"},",
        ] {
            let refused = check_bytes(&claims_with(member));
            assert_eq!(refused, Err(BearerRefusal::Malformed), "{member:?}");
        }
    }

    #[test]
    fn a_signature_by_another_secret_or_none_is_refused() {
        let claims = claims(NOW, NOW + 60);
        let other = sign(&header(), &claims, b"another secret");
        assert_eq!(check_text(&other), Err(BearerRefusal::SignatureInvalid));
        let good = sign(&header(), &claims, SECRET);
        let (signed, _) = good.rsplit_once('.').unwrap();
        for signature in ["", "AAAA", "!"] {
            assert_eq!(
                check_text(&format!("{signed}.{signature}")),
                Err(BearerRefusal::SignatureInvalid)
            );
        }
    }

    #[test]
    fn any_changed_byte_is_refused() {
        let good = sign(&header(), &claims(NOW, NOW + 60), SECRET);
        for index in 0..good.len() {
            for byte in [b'A', b'_', b'.', b'=', b' ', b'9'] {
                let mut changed = good.clone().into_bytes();
                if changed[index] == byte {
                    continue;
                }
                changed[index] = byte;
                let changed = String::from_utf8(changed).unwrap();
                assert!(check_text(&changed).is_err(), "{changed}");
            }
        }
    }

    #[test]
    fn other_texts_are_refused_whatever_they_are() {
        for text in [
            "",
            ".",
            "..",
            "...",
            "a.b",
            "a.b.c",
            "a.b.c.d",
            &"x".repeat(5000),
        ] {
            assert_eq!(check_text(text), Err(BearerRefusal::Malformed), "{text}");
        }
    }
}
