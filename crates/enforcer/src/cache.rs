//! Tokens whose signature was verified before.
//!
//! What is kept is the proof of the signature and nothing else. Whether the key still counts, whether
//! the token has expired or was revoked, and what it may, is asked each time.

use std::sync::Arc;

use lanyard_token::{KeySet, Seen, VerifiedToken};

/// A bounded memory of verified tokens.
#[derive(Debug)]
pub(crate) struct Cache(Seen<Proven>);

/// A token, and the key that verified it, since another one of the same id would not have. The key is
/// kept as it is written: parsed it is six times as large, and to remember a token would take four
/// lines of the processor's cache where one does.
#[derive(Clone, Debug)]
struct Proven {
    token: Arc<VerifiedToken>,
    key: [u8; 32],
}

impl Cache {
    /// One that remembers about so many tokens; none if that is zero.
    pub(crate) fn new(room: usize) -> Self {
        Self(Seen::new(room))
    }

    /// The token, if its signature was verified with a key that still counts.
    pub(crate) fn find(&self, text: &str, keys: &KeySet) -> Option<Arc<VerifiedToken>> {
        let Proven { token, key } = self.0.find(text)?;
        let published = keys.find(token.key_id())?;
        let counts = !published.state.is_revoked() && *published.key.as_bytes() == key;
        counts.then_some(token)
    }

    /// Remembers a token that was just verified with these keys.
    pub(crate) fn remember(&self, text: &str, token: &Arc<VerifiedToken>, keys: &KeySet) {
        if let Some(published) = keys.find(token.key_id()) {
            let (token, key) = (Arc::clone(token), *published.key.as_bytes());
            self.0.remember(text, Proven { token, key });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lanyard_policy::{Scope, ScopeSet};
    use lanyard_token::{
        Claims, CredentialId, IdentityId, KeyId, KeyState, Position, PublishedKey, ResourceId,
        SigningKey, TokenAlgorithm, TokenId, UnixTime, Verifier,
    };
    use uuid::Uuid;

    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    fn key(seed: u8) -> SigningKey {
        let id = KeyId::from_uuid(Uuid::from_u128(1));
        SigningKey::from_seed(id, &[seed; 32], TokenAlgorithm::EdDsa)
    }

    fn keys(seed: u8, state: KeyState) -> KeySet {
        let key = key(seed).public_key();
        KeySet::new([PublishedKey { key, state }])
    }

    fn active(seed: u8) -> KeySet {
        keys(seed, KeyState::Active { since: NOW })
    }

    fn token(number: u128) -> (String, Arc<VerifiedToken>) {
        let resource = ResourceId::from_uuid(Uuid::from_u128(2));
        let claims = Claims {
            issuer: "lanyard".parse().unwrap(),
            audience: "chat".parse().unwrap(),
            subject: IdentityId::new(resource, Uuid::from_u128(3)),
            issued_at: NOW,
            expires_at: NOW.saturating_add(Duration::from_hours(1)),
            token_id: TokenId::from_uuid(Uuid::from_u128(number)),
            scopes: ScopeSet::new([Scope::Chat]).unwrap(),
            credential: CredentialId::from_uuid(Uuid::from_u128(4)),
            position: Position::ZERO,
        };
        let text = key(1).mint(&claims).unwrap();
        let verifier = Verifier::new(claims.issuer, claims.audience);
        let token = verifier.authenticate(&text, &active(1)).unwrap();
        (text, Arc::new(token))
    }

    #[test]
    fn a_token_is_found_by_its_whole_text_only() {
        let (cache, keys) = (Cache::new(100), active(1));
        let (text, verified) = token(1);
        assert_eq!(cache.find(&text, &keys), None);
        cache.remember(&text, &verified, &keys);
        assert_eq!(cache.find(&text, &keys), Some(verified));
        for index in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[index] ^= 1;
            let other = String::from_utf8(other).unwrap();
            assert_eq!(cache.find(&other, &keys), None, "{index}");
        }
        assert_eq!(cache.find(text.split_at(text.len() - 1).0, &keys), None);
    }

    #[test]
    fn it_counts_only_while_the_very_key_that_verified_it_does() {
        let (cache, good) = (Cache::new(100), active(1));
        let (text, verified) = token(1);
        cache.remember(&text, &verified, &good);
        assert_eq!(cache.find(&text, &KeySet::default()), None);
        assert_eq!(cache.find(&text, &active(2)), None);
        let revoked = keys(1, KeyState::Revoked { since: NOW });
        assert_eq!(cache.find(&text, &revoked), None);
        assert_eq!(cache.find(&text, &good), Some(verified));
    }

    #[test]
    fn what_is_kept_beside_the_text_of_a_token_is_small() {
        assert_eq!(size_of::<Proven>(), 40);
    }
}
