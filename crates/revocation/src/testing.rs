//! Real tokens for the tests: the only way to a verified token is to have one verified.

use std::time::Duration;

use lanyard_policy::{Scope, ScopeSet};
use lanyard_token::{
    Audience, Claims, CredentialId, IdentityId, KeyId, KeySet, KeyState, Lifetime, Position,
    PublishedKey, ResourceId, SigningKey, TokenAlgorithm, TokenId, UnixTime, VerifiedToken,
    Verifier,
};
use uuid::Uuid;

/// A signing key, and a verifier that knows it.
pub(crate) struct Issuer {
    key: SigningKey,
    keys: KeySet,
    verifier: Verifier,
}

impl Issuer {
    /// One with the key of [`signing_key`].
    pub(crate) fn new() -> Self {
        let key = SigningKey::from_seed(signing_key(), &[7; 32], TokenAlgorithm::EdDsa);
        let state = KeyState::Active {
            since: UnixTime::from_millis(0),
        };
        let keys = KeySet::new([PublishedKey {
            key: key.public_key(),
            state,
        }]);
        let verifier = Verifier::new(issuer(), audience());
        Self {
            key,
            keys,
            verifier,
        }
    }

    /// A token of [`claims`].
    pub(crate) fn token(&self) -> VerifiedToken {
        self.verified(&claims())
    }

    /// A token of [`claims`] that was issued at a position.
    pub(crate) fn token_at(&self, position: Position) -> VerifiedToken {
        self.verified(&Claims {
            position,
            ..claims()
        })
    }

    /// A token that says what it is told.
    pub(crate) fn verified(&self, claims: &Claims) -> VerifiedToken {
        let token = self.key.mint(claims).unwrap();
        self.verifier.authenticate(&token, &self.keys).unwrap()
    }

    /// The keys that the verifier knows.
    pub(crate) fn keys(&self) -> KeySet {
        self.keys.clone()
    }
}

/// Claims in which every id is another, issued at the start of the log.
pub(crate) fn claims() -> Claims {
    let lifetime = Lifetime::MAX.as_duration();
    Claims {
        issuer: issuer(),
        audience: audience(),
        subject: IdentityId::new(resource(), Uuid::from_u128(2)),
        issued_at: ISSUED_AT,
        expires_at: ISSUED_AT.saturating_add(lifetime),
        token_id: TokenId::from_uuid(Uuid::from_u128(1)),
        scopes: ScopeSet::new([Scope::Chat]).unwrap(),
        credential: CredentialId::from_uuid(Uuid::from_u128(3)),
        position: Position::ZERO,
    }
}

/// The resource of [`claims`].
pub(crate) fn resource() -> ResourceId {
    ResourceId::from_uuid(Uuid::from_u128(4))
}

/// The key that signs.
pub(crate) fn signing_key() -> KeyId {
    KeyId::from_uuid(Uuid::from_u128(5))
}

/// A point on a clock that counts from something.
pub(crate) fn boot(seconds: u64) -> lanyard_token::BootTime {
    lanyard_token::BootTime::from_duration(Duration::from_secs(seconds))
}

fn issuer() -> lanyard_token::Issuer {
    "lanyard".parse().unwrap()
}

fn audience() -> Audience {
    "chat".parse().unwrap()
}

/// When the tokens are issued.
pub(crate) const ISSUED_AT: UnixTime = UnixTime::from_millis(1_700_000_000_000);
