//! Which bytes are a public key, and what a set of keys shows.

use uuid::Uuid;

use super::*;
use crate::algorithm::TokenAlgorithm;
use crate::signing::SigningKey;
use crate::time::UnixTime;

const SINCE: UnixTime = UnixTime::from_secs(1_800_000_000);

#[test]
fn a_point_of_small_order_is_no_key() {
    for (head, tail) in [("01", "00"), ("ec", "7f"), ("00", "00"), ("00", "80")] {
        let filler = if head == "ec" { "ff" } else { "00" };
        let text = format!("{head}{}{tail}", filler.repeat(30));
        assert_eq!(read(&text), Err(InvalidPublicKey::Weak), "{text}");
    }
    for text in [
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ] {
        assert_eq!(read(text), Err(InvalidPublicKey::Weak), "{text}");
    }
}

#[test]
fn a_point_has_one_encoding() {
    for (head, tail) in [
        ("ed", "7f"),
        ("ee", "7f"),
        ("ec", "ff"),
        ("ed", "ff"),
        ("ee", "ff"),
        ("f0", "7f"),
    ] {
        let text = format!("{head}{}{tail}", "ff".repeat(30));
        assert_eq!(read(&text), Err(InvalidPublicKey::NotCanonical), "{text}");
    }
    let minus_zero = format!("01{}80", "00".repeat(30));
    assert_eq!(read(&minus_zero), Err(InvalidPublicKey::NotCanonical));
}

#[test]
fn bytes_beside_the_curve_are_no_key() {
    assert_eq!(
        read(&format!("02{}", "00".repeat(31))),
        Err(InvalidPublicKey::NotAPoint)
    );
}

#[test]
fn a_key_reads_what_it_prints() {
    let key = key(1);
    assert_eq!(
        PublicKey::new(key.id(), key.as_bytes(), key.algorithm()),
        Ok(key)
    );
}

#[test]
fn a_jwks_shows_all_keys_but_the_revoked_ones() {
    let set = KeySet::new([
        published(4, KeyState::Revoked { since: SINCE }),
        published(3, KeyState::Retired { since: SINCE }),
        published(1, KeyState::Prepared { since: SINCE }),
        published(2, KeyState::Active { since: SINCE }),
    ]);
    let jwks: serde_json::Value = serde_json::from_str(&set.to_jwks_json()).unwrap();
    let expected: Vec<_> = [1, 2, 3]
        .map(|n| {
            serde_json::json!({
                "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(key(n).as_bytes()),
                "kid": id(n).to_string(), "alg": "EdDSA", "use": "sig",
            })
        })
        .into();
    assert_eq!(jwks, serde_json::json!({ "keys": expected }));
}

#[test]
fn the_alg_of_a_jwk_is_that_of_the_tokens_of_its_key() {
    for algorithm in [TokenAlgorithm::EdDsa, TokenAlgorithm::Ed25519] {
        let signing = SigningKey::from_seed(id(1), &[1; 32], algorithm);
        let state = KeyState::Active { since: SINCE };
        let key = signing.public_key();
        let jwks = KeySet::new([PublishedKey { key, state }]).to_jwks_json();
        let jwks: serde_json::Value = serde_json::from_str(&jwks).unwrap();
        assert_eq!(jwks["keys"][0]["alg"], algorithm.as_str());
        assert_eq!(signing.algorithm(), key.algorithm());
    }
}

#[test]
fn a_jwks_is_the_same_text_whatever_order_the_keys_came_in() {
    let keys = [1, 2, 3].map(|n| published(n, KeyState::Active { since: SINCE }));
    let mut reversed = keys;
    reversed.reverse();
    assert_eq!(
        KeySet::new(keys).to_jwks_json(),
        KeySet::new(reversed).to_jwks_json()
    );
    assert_eq!(KeySet::default().to_jwks_json(), r#"{"keys":[]}"#);
}

#[test]
fn a_revoked_key_is_not_replaced_by_one_that_is_not() {
    let active = published(1, KeyState::Active { since: SINCE });
    let revoked = published(1, KeyState::Revoked { since: SINCE });
    for order in [[active, revoked], [revoked, active]] {
        assert_eq!(KeySet::new(order).find(id(1)), Some(&revoked));
    }
    let retired = published(1, KeyState::Retired { since: SINCE });
    assert_eq!(KeySet::new([active, retired]).find(id(1)), Some(&retired));
    assert_eq!(KeySet::new([active]).find(id(2)), None);
}

fn published(n: u8, state: KeyState) -> PublishedKey {
    PublishedKey { key: key(n), state }
}

fn key(n: u8) -> PublicKey {
    SigningKey::from_seed(id(n), &[n; 32], TokenAlgorithm::EdDsa).public_key()
}

fn id(n: u8) -> KeyId {
    KeyId::from_uuid(Uuid::from_u128(n.into()))
}

fn read(hex: &str) -> Result<PublicKey, InvalidPublicKey> {
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        let digits = hex.get(2 * index..2 * index + 2).unwrap();
        *byte = u8::from_str_radix(digits, 16).unwrap();
    }
    PublicKey::new(id(1), &bytes, TokenAlgorithm::EdDsa)
}
