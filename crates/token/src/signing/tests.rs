//! The signature of the RFCs byte for byte, and the limits of what is signed.

use lanyard_policy::ScopeSet;
use serde::Deserialize;
use zeroize::ZeroizeOnDrop;

use super::*;
use crate::acs::MAX_NAME_BYTES_WITH_ACS_CLAIMS;
use crate::ids::{CredentialId, IdentityId, ResourceId, TokenId};
use crate::lifetime::Lifetime;
use crate::position::Position;
use crate::time::UnixTime;

#[test]
fn signatures_are_those_of_rfc_8032() {
    for case in rfc8032_cases() {
        let key = SigningKey::from_seed(key_id(), &bytes(&case.seed), TokenAlgorithm::EdDsa);
        let message = hex(&case.message);
        assert_eq!(
            *key.public_key().as_bytes(),
            bytes(&case.public_key),
            "{}",
            case.name
        );
        assert_eq!(
            key.sign(&message).to_vec(),
            hex(&case.signature),
            "{}",
            case.name
        );
        let public =
            PublicKey::new(key_id(), &bytes(&case.public_key), TokenAlgorithm::EdDsa).unwrap();
        assert!(
            public.signed(&message, &key.sign(&message)),
            "{}",
            case.name
        );
    }
}

#[test]
fn the_jws_is_that_of_rfc_8037() {
    let rfc: Rfc8037 =
        serde_json::from_str(include_str!("../../tests/vectors/rfc8037.json")).unwrap();
    let seed = bytes(&rfc8032_cases().first().unwrap().seed);
    let key = SigningKey::from_seed(key_id(), &seed, TokenAlgorithm::EdDsa);
    assert_eq!(segment(&seed), rfc.d);
    assert_eq!(segment(key.public_key().as_bytes()), rfc.x);
    let signed = format!(
        "{}.{}",
        segment(rfc.header.as_bytes()),
        segment(rfc.payload.as_bytes())
    );
    let signature = segment(&key.sign(signed.as_bytes()));
    assert_eq!(format!("{signed}.{signature}"), rfc.jws);
}

#[test]
fn the_longest_claims_there_are_fit_a_token() {
    let token = key().mint(&longest(128, 128)).unwrap();
    assert!(token.len() <= MAX_TOKEN_BYTES, "{} bytes", token.len());
}

#[test]
fn with_acs_claims_they_fit_if_the_names_of_the_parties_are_as_short_as_is_said() {
    let key = key().with_acs_claims();
    for issuer in [1, 60, MAX_NAME_BYTES_WITH_ACS_CLAIMS - 1] {
        let audience = MAX_NAME_BYTES_WITH_ACS_CLAIMS - issuer;
        let token = key.mint(&longest(issuer, audience)).unwrap();
        assert!(token.len() <= MAX_TOKEN_BYTES, "{} bytes", token.len());
    }
    let longer = longest(MAX_NAME_BYTES_WITH_ACS_CLAIMS, 1);
    assert_eq!(key.mint(&longer), Err(MintError::TooLong));
}

/// Claims that are as long as they can be, for parties with names of these lengths.
fn longest(issuer: usize, audience: usize) -> Claims {
    Claims {
        issuer: "i".repeat(issuer).parse().unwrap(),
        audience: "a".repeat(audience).parse().unwrap(),
        issued_at: UnixTime::from_secs(9_999_900_000),
        expires_at: UnixTime::from_secs(9_999_986_400),
        scopes: ScopeSet::parse("chat chat.join chat.join.limited voip voip.join").unwrap(),
        position: Position::new(u64::MAX, u64::MAX),
        ..claims()
    }
}

fn key() -> SigningKey {
    SigningKey::from_seed(key_id(), &[7; 32], TokenAlgorithm::Ed25519)
}

#[test]
fn a_payload_reads_the_same_in_plain_base64() {
    let claims = Claims {
        issuer: "!#$%&'()*+,-./:;<=@[]^_`{|}".parse().unwrap(),
        ..claims()
    };
    let key = SigningKey::from_seed(key_id(), &[7; 32], TokenAlgorithm::EdDsa);
    let token = key.mint(&claims).unwrap();
    let payload = token.split('.').nth(1).unwrap();
    assert!(
        payload.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "{payload}"
    );
}

#[test]
fn nothing_is_signed_that_would_be_refused() {
    let key = SigningKey::from_seed(key_id(), &[7; 32], TokenAlgorithm::EdDsa);
    let now = claims().issued_at;
    let lives = |millis: u64| {
        let expires_at = UnixTime::from_millis(now.as_millis() + millis);
        key.mint(&Claims {
            expires_at,
            ..claims()
        })
        .map(drop)
    };
    for (millis, outcome) in [
        (0, Err(MintError::Times)),
        (3_599_000, Err(MintError::Times)),
        (3_600_000, Ok(())),
        (3_600_001, Err(MintError::Times)),
        (86_400_000, Ok(())),
        (86_401_000, Err(MintError::Times)),
    ] {
        assert_eq!(lives(millis), outcome, "{millis} ms");
    }
    let backwards = Claims {
        expires_at: UnixTime::from_secs(1),
        ..claims()
    };
    assert_eq!(key.mint(&backwards), Err(MintError::Times));
    let half_a_second = Claims {
        issued_at: now.saturating_add(std::time::Duration::from_millis(500)),
        expires_at: claims()
            .expires_at
            .saturating_add(std::time::Duration::from_millis(500)),
        ..claims()
    };
    assert_eq!(key.mint(&half_a_second), Err(MintError::Times));
}

#[test]
fn a_signing_key_shows_its_id_and_no_secret() {
    let key = SigningKey::from_seed(key_id(), &[0xab; 32], TokenAlgorithm::EdDsa);
    let shown = format!("{key:?}");
    assert_eq!(
        shown,
        "SigningKey { id: KeyId(8f14e45f-ceea-467f-a8d2-0c1f5b9a7e31), .. }"
    );
}

/// Does not compile if the crate of the key is built without the feature that wipes it.
#[test]
fn a_signing_key_is_wiped_when_it_is_dropped() {
    fn is_wiped<T: ZeroizeOnDrop>(_: &T) {}
    is_wiped(&SigningKey::from_seed(key_id(), &[7; 32], TokenAlgorithm::EdDsa).key);
}

#[derive(Deserialize)]
struct Rfc8032 {
    cases: Vec<Rfc8032Case>,
}

#[derive(Deserialize)]
struct Rfc8032Case {
    name: String,
    seed: String,
    public_key: String,
    message: String,
    signature: String,
}

#[derive(Deserialize)]
struct Rfc8037 {
    d: String,
    x: String,
    header: String,
    payload: String,
    jws: String,
}

fn rfc8032_cases() -> Vec<Rfc8032Case> {
    let rfc: Rfc8032 =
        serde_json::from_str(include_str!("../../tests/vectors/rfc8032.json")).unwrap();
    assert_eq!(rfc.cases.len(), 4);
    rfc.cases
}

fn claims() -> Claims {
    let resource = ResourceId::from_uuid(uuid::Uuid::from_u128(1));
    Claims {
        issuer: "issuer".parse().unwrap(),
        audience: "audience".parse().unwrap(),
        subject: IdentityId::new(resource, uuid::Uuid::from_u128(2)),
        issued_at: UnixTime::from_secs(1_800_000_000),
        expires_at: UnixTime::from_secs(1_800_000_000).saturating_add(Lifetime::MIN.as_duration()),
        token_id: TokenId::from_uuid(uuid::Uuid::from_u128(3)),
        scopes: ScopeSet::parse("chat").unwrap(),
        credential: CredentialId::from_uuid(uuid::Uuid::from_u128(4)),
        position: Position::ZERO,
    }
}

fn key_id() -> KeyId {
    "8f14e45f-ceea-467f-a8d2-0c1f5b9a7e31".parse().unwrap()
}

fn segment(bytes: &[u8]) -> String {
    let mut segment = String::new();
    encode_to(&mut segment, bytes);
    segment
}

fn bytes(text: &str) -> [u8; 32] {
    hex(text).try_into().unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
