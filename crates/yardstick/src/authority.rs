//! One authority, and any number of tokens that live.

use lanyard_policy::{Scope, ScopeSet};
use lanyard_token::{
    Audience, Claims, CredentialId, IdentityId, Issuer, KeyId, KeySet, KeyState, Lifetime,
    Position, PublishedKey, ResourceId, SigningKey, TokenAlgorithm, TokenId, UnixTime, Verifier,
};
use uuid::Uuid;

/// The time at which all of them were issued, and are checked.
pub const START: UnixTime = UnixTime::from_secs(1_700_000_000);

/// So many tokens, each of an identity of its own.
#[must_use]
pub fn tokens(count: u64) -> Vec<String> {
    let key = signing_key();
    let tokens = (0..count).map(|number| key.mint(&claims(number)).expect("sound claims"));
    tokens.collect()
}

/// What the token of that number says.
#[must_use]
pub fn claims(number: u64) -> Claims {
    let resource = ResourceId::from_uuid(Uuid::from_u128(1));
    Claims {
        issuer: issuer(),
        audience: audience(),
        subject: IdentityId::new(resource, Uuid::from_u64_pair(2, number)),
        issued_at: START,
        expires_at: START.saturating_add(Lifetime::MAX.as_duration()),
        token_id: TokenId::from_uuid(Uuid::from_u64_pair(3, number)),
        scopes: ScopeSet::new([Scope::Chat]).expect("a scope"),
        credential: CredentialId::from_uuid(Uuid::from_u128(4)),
        position: Position::ZERO,
    }
}

/// The key that signs them.
#[must_use]
pub fn signing_key() -> SigningKey {
    let id = KeyId::from_uuid(Uuid::from_u128(5));
    SigningKey::from_seed(id, &SEED, TokenAlgorithm::EdDsa)
}

/// The keys that verify them.
#[must_use]
pub fn keys() -> KeySet {
    KeySet::new([PublishedKey {
        key: signing_key().public_key(),
        state: KeyState::Active { since: START },
    }])
}

/// Who verifies them.
#[must_use]
pub fn verifier() -> Verifier {
    Verifier::new(issuer(), audience())
}

/// Who issued them.
#[must_use]
pub fn issuer() -> Issuer {
    "lanyard".parse().expect("a name")
}

/// Whom they are for.
#[must_use]
pub fn audience() -> Audience {
    "lanyard".parse().expect("a name")
}

/// The secret of the signing key.
pub(crate) const SEED: [u8; 32] = [7; 32];
