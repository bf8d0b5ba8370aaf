//! The life of one token from before its issue to after its expiry, and the order of the checks.
//! What a token can look like is in the test vectors.

use std::time::Duration;

use lanyard_policy::ScopeSet;
use uuid::Uuid;

use super::*;
use crate::algorithm::TokenAlgorithm;
use crate::ids::{CredentialId, IdentityId, ResourceId, TokenId};
use crate::key_state::KeyState;
use crate::position::Position;
use crate::signing::SigningKey;

const ISSUED: UnixTime = UnixTime::from_secs(1_800_000_000);
const EXPIRES: UnixTime = UnixTime::from_secs(1_800_003_600);

#[test]
fn a_token_is_dead_at_the_second_it_expires() {
    let token = verified();
    assert_eq!(token.at(before(EXPIRES, 1)), Ok(()));
    assert_eq!(token.at(EXPIRES), Err(TokenRefusal::Expired));
    assert_eq!(
        token.at(UnixTime::from_millis(u64::MAX)),
        Err(TokenRefusal::Expired)
    );
}

#[test]
fn a_token_is_alive_one_leeway_before_it_was_issued_and_not_sooner() {
    let token = verified();
    let leeway = 60_000;
    assert_eq!(token.at(ISSUED), Ok(()));
    assert_eq!(token.at(before(ISSUED, leeway)), Ok(()));
    assert_eq!(
        token.at(before(ISSUED, leeway + 1)),
        Err(TokenRefusal::NotYetValid)
    );
    assert_eq!(
        token.at(UnixTime::default()),
        Err(TokenRefusal::NotYetValid)
    );
}

#[test]
fn nbf_postpones_and_never_hastens() {
    let at = |not_before: UnixTime, now: UnixTime| {
        VerifiedToken {
            not_before: Some(not_before),
            ..verified()
        }
        .at(now)
    };
    let later = ISSUED.saturating_add(Duration::from_mins(10));
    assert_eq!(at(later, before(later, 60_000)), Ok(()));
    assert_eq!(
        at(later, before(later, 60_001)),
        Err(TokenRefusal::NotYetValid)
    );
    assert_eq!(
        at(UnixTime::default(), before(ISSUED, 60_001)),
        Err(TokenRefusal::NotYetValid)
    );
    assert_eq!(at(EXPIRES, EXPIRES), Err(TokenRefusal::Expired));
}

#[test]
fn a_verified_token_says_what_was_minted() {
    let token = verified();
    assert_eq!(token.claims(), &claims());
    assert_eq!(token.key_id(), key().id());
}

#[test]
fn a_key_verifies_for_as_long_as_it_is_in_the_set() {
    let since = ISSUED;
    for (state, outcome) in [
        (KeyState::Prepared { since }, Ok(())),
        (KeyState::Active { since }, Ok(())),
        (KeyState::Retired { since }, Ok(())),
        (KeyState::Revoked { since }, Err(TokenRefusal::KeyRevoked)),
    ] {
        let keys = KeySet::new([PublishedKey {
            key: key().public_key(),
            state,
        }]);
        assert_eq!(
            verifier().authenticate(&token(), &keys).map(drop),
            outcome,
            "{state:?}"
        );
    }
    let empty = KeySet::default();
    assert_eq!(
        verifier().authenticate(&token(), &empty),
        Err(TokenRefusal::KeyUnknown)
    );
}

#[test]
fn that_a_key_was_revoked_is_told_only_to_who_holds_a_token_of_it() {
    let revoked = KeyState::Revoked { since: ISSUED };
    let keys = KeySet::new([PublishedKey {
        key: key().public_key(),
        state: revoked,
    }]);
    let stranger = SigningKey::from_seed(key().id(), &[8; 32], TokenAlgorithm::EdDsa);
    let forged = stranger.mint(&claims()).unwrap();
    assert_eq!(
        verifier().authenticate(&forged, &keys),
        Err(TokenRefusal::SignatureInvalid)
    );
}

#[test]
fn a_token_is_for_its_issuer_and_its_audience() {
    let by = |issuer: &str, audience: &str| {
        let verifier = Verifier::new(issuer.parse().unwrap(), audience.parse().unwrap());
        verifier.authenticate(&token(), &keys()).map(drop)
    };
    assert_eq!(by("issuer", "audience"), Ok(()));
    assert_eq!(by("issuer", "other"), Err(TokenRefusal::WrongAudience));
    assert_eq!(by("other", "audience"), Err(TokenRefusal::WrongIssuer));
    assert_eq!(by("audience", "issuer"), Err(TokenRefusal::WrongIssuer));
}

fn verified() -> VerifiedToken {
    verifier().authenticate(&token(), &keys()).unwrap()
}

fn verifier() -> Verifier {
    Verifier::new("issuer".parse().unwrap(), "audience".parse().unwrap())
}

fn keys() -> KeySet {
    let state = KeyState::Active { since: ISSUED };
    KeySet::new([PublishedKey {
        key: key().public_key(),
        state,
    }])
}

fn token() -> String {
    key().mint(&claims()).unwrap()
}

fn key() -> SigningKey {
    SigningKey::from_seed(
        KeyId::from_uuid(Uuid::from_u128(9)),
        &[7; 32],
        TokenAlgorithm::EdDsa,
    )
}

fn claims() -> Claims {
    let resource = ResourceId::from_uuid(Uuid::from_u128(1));
    Claims {
        issuer: "issuer".parse().unwrap(),
        audience: "audience".parse().unwrap(),
        subject: IdentityId::new(resource, Uuid::from_u128(2)),
        issued_at: ISSUED,
        expires_at: EXPIRES,
        token_id: TokenId::from_uuid(Uuid::from_u128(3)),
        scopes: ScopeSet::parse("chat").unwrap(),
        credential: CredentialId::from_uuid(Uuid::from_u128(4)),
        position: Position::ZERO,
    }
}

fn before(time: UnixTime, millis: u64) -> UnixTime {
    UnixTime::from_millis(time.as_millis() - millis)
}
