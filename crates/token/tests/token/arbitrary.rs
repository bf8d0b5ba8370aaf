//! Properties that hold for whatever text is sent.

use lanyard_token::{KeyState, Position, PublicKey, TokenAlgorithm, TokenRefusal, UnixTime};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::forge::{NOW, decode, key, keys, sign, token, verifier, verify};

proptest! {
    #[test]
    fn no_text_is_a_token(text: String) {
        prop_assert!(verify(&text, NOW).is_err());
    }

    #[test]
    fn no_three_segments_are_a_token(
        text in "[A-Za-z0-9_-]{0,120}\\.[A-Za-z0-9_-]{0,500}\\.[A-Za-z0-9_-]{86}",
    ) {
        prop_assert!(verify(&text, NOW).is_err());
    }

    #[test]
    fn a_header_of_any_bytes_is_refused_even_if_it_was_signed(header in vec(any::<u8>(), 0..200)) {
        let token = sign(&header, b"{}");
        prop_assert!(verify(&token, NOW).is_err());
    }

    #[test]
    fn a_payload_of_any_bytes_is_refused_even_if_it_was_signed(
        payload in vec(any::<u8>(), 0..500),
    ) {
        let header = decode(token().split('.').next().unwrap());
        prop_assert_eq!(verify(&sign(&header, &payload), NOW), Err(TokenRefusal::Malformed));
    }

    #[test]
    fn a_token_with_a_piece_replaced_is_refused(
        at: prop::sample::Index, length in 0..40_usize, piece in "[A-Za-z0-9_.-]{0,40}",
    ) {
        let token = token();
        let at = at.index(token.len());
        let end = (at + length).min(token.len());
        let mut changed = token.clone();
        changed.replace_range(at..end, &piece);
        prop_assume!(changed != token);
        prop_assert!(verify(&changed, NOW).is_err());
    }

    #[test]
    fn no_time_makes_a_token_panic(now: u64) {
        let alive = verify(&token(), UnixTime::from_millis(now)).is_ok();
        let lives = NOW.as_millis() - 60_000..NOW.as_millis() + 86_400_000;
        prop_assert_eq!(alive, lives.contains(&now));
    }

    #[test]
    fn no_bytes_make_a_public_key_panic(bytes: [u8; 32]) {
        if let Ok(public) = PublicKey::new(key().id(), &bytes, TokenAlgorithm::EdDsa) {
            prop_assert_eq!(public.as_bytes(), &bytes);
        }
    }

    #[test]
    fn no_stored_text_makes_a_record_panic(text: String) {
        let _ = serde_json::from_str::<KeyState>(&text);
        let _ = serde_json::from_str::<Position>(&text);
    }
}

#[test]
fn an_empty_set_of_keys_knows_no_key() {
    let nothing = lanyard_token::KeySet::default();
    assert_eq!(
        verifier().authenticate(&token(), &nothing),
        Err(TokenRefusal::KeyUnknown)
    );
    assert!(verifier().authenticate(&token(), &keys()).is_ok());
}
