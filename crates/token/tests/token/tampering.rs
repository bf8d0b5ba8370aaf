//! One good token, and all that is one step away from it.

use lanyard_token::{LEEWAY, MAX_TOKEN_BYTES, TokenRefusal};

use crate::forge::{NOW, decode, encode, keys, sign, token, verifier, verify};

#[test]
fn the_token_that_is_tampered_with_is_good() {
    assert!(verify(&token(), NOW).is_ok());
}

#[test]
fn every_change_of_a_byte_is_refused() {
    let (verifier, keys, token) = (verifier(), keys(), token());
    for position in 0..token.len() {
        for byte in replacements(token.as_bytes()[position]) {
            let mut changed = token.clone().into_bytes();
            changed[position] = byte;
            let Ok(changed) = String::from_utf8(changed) else {
                continue;
            };
            let answer = verifier.authenticate(&changed, &keys);
            assert!(
                answer.is_err(),
                "accepted {byte:#04x} at {position}: {changed}"
            );
        }
    }
}

#[test]
fn every_swap_of_neighbours_is_refused() {
    let (verifier, keys, token) = (verifier(), keys(), token());
    for position in 1..token.len() {
        let mut changed = token.clone().into_bytes();
        changed.swap(position - 1, position);
        let changed = String::from_utf8(changed).unwrap();
        if changed != token {
            assert!(
                verifier.authenticate(&changed, &keys).is_err(),
                "accepted {changed}"
            );
        }
    }
}

#[test]
fn every_byte_left_out_and_every_byte_doubled_is_refused() {
    let (verifier, keys, token) = (verifier(), keys(), token());
    for position in 0..token.len() {
        let (mut without, mut doubled) = (token.clone(), token.clone());
        let byte = without.remove(position);
        doubled.insert(position, byte);
        for changed in [without, doubled] {
            assert!(
                verifier.authenticate(&changed, &keys).is_err(),
                "accepted {changed}"
            );
        }
    }
}

#[test]
fn every_truncation_is_refused_at_both_ends() {
    let (verifier, keys, token) = (verifier(), keys(), token());
    for position in 1..token.len() {
        let (head, tail) = token.split_at(position);
        for part in [head, tail] {
            assert!(
                verifier.authenticate(part, &keys).is_err(),
                "accepted {part}"
            );
        }
    }
}

#[test]
fn every_change_of_a_bit_of_the_signature_is_refused() {
    let token = token();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    for bit in 0..512 {
        let mut changed = decode(signature);
        changed[bit / 8] ^= 1 << (bit % 8);
        let changed = format!("{signed}.{}", encode(&changed));
        assert_eq!(
            verify(&changed, NOW),
            Err(TokenRefusal::SignatureInvalid),
            "bit {bit}"
        );
    }
}

#[test]
fn a_mebibyte_is_refused_whatever_it_is_made_of() {
    let (token, length) = (token(), 1 << 20);
    for text in [
        "A".repeat(length),
        ".".repeat(length),
        "[".repeat(length),
        token.repeat(length / token.len()),
        format!("{token}{}", " ".repeat(length)),
        sign(b"{}", "[".repeat(length).as_bytes()),
    ] {
        assert!(text.len() > MAX_TOKEN_BYTES);
        assert_eq!(verify(&text, NOW), Err(TokenRefusal::Malformed));
    }
}

#[test]
fn json_that_is_nested_as_deep_as_a_token_can_hold_is_refused() {
    let token = token();
    let header = decode(token.split('.').next().unwrap());
    for opening in ["[", r#"{"a":"#] {
        let nested = opening.repeat(550 / opening.len());
        for refused in [
            sign(&header, nested.as_bytes()),
            sign(&header, format!(r#"{{"x":{nested}"#).as_bytes()),
            sign(nested.as_bytes(), b"{}"),
        ] {
            assert!(refused.len() <= MAX_TOKEN_BYTES);
            assert_eq!(verify(&refused, NOW), Err(TokenRefusal::Malformed));
        }
        let unsigned = format!(
            "{}.{}.{}",
            encode(&header),
            encode(nested.as_bytes()),
            "A".repeat(86)
        );
        assert_eq!(verify(&unsigned, NOW), Err(TokenRefusal::SignatureInvalid));
    }
}

#[test]
fn a_token_lives_from_one_leeway_before_its_issue_to_the_second_of_its_expiry() {
    let claims = crate::forge::claims();
    let expiry = claims.expires_at.as_secs();
    let at = |secs: u64| verify(&token(), lanyard_token::UnixTime::from_secs(secs)).map(drop);
    assert_eq!(at(expiry - 1), Ok(()));
    assert_eq!(at(expiry), Err(TokenRefusal::Expired));
    assert_eq!(at(expiry + 1), Err(TokenRefusal::Expired));
    assert_eq!(at(NOW.as_secs() - LEEWAY.as_secs()), Ok(()));
    assert_eq!(
        at(NOW.as_secs() - LEEWAY.as_secs() - 1),
        Err(TokenRefusal::NotYetValid)
    );
}

/// Every other byte that is not of the alphabet, and of the alphabet the six characters that differ
/// by one bit of what they stand for. The signature is checked for these, which takes its time.
fn replacements(byte: u8) -> Vec<u8> {
    let value = ALPHABET.iter().position(|letter| *letter == byte);
    let letters = (0..6).filter_map(|bit| ALPHABET.get(value.unwrap_or_default() ^ (1 << bit)));
    let others = (0..=u8::MAX).filter(|other| !ALPHABET.contains(other) && *other != byte);
    letters.copied().chain(others).collect()
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
