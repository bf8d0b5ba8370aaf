//! Tokens whose signature was verified before.
//!
//! The key is the whole token, compared in full: the hash only finds the place, so that two tokens
//! with one hash are never taken for each other. What is kept is the proof of the signature and
//! nothing else. Whether the key still counts, whether the token has expired or was revoked, and
//! what it may, is asked each time.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use lanyard_token::{KeySet, PublicKey, VerifiedToken};

/// A bounded memory of verified tokens.
///
/// It has two generations: what is asked for stays in the young one, and when that is full it
/// becomes the old one, and what was old is forgotten. So nothing is kept for long that nobody
/// shows any more, and no token that is in use is pushed out by a flood of others at once.
#[derive(Debug)]
pub(crate) struct Cache {
    hasher: RandomState,
    shards: Box<[Mutex<Generations>]>,
    room: usize,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Box<str>, Remembered>,
    old: HashMap<Box<str>, Remembered>,
}

#[derive(Clone, Debug)]
struct Remembered {
    token: VerifiedToken,
    /// The key that verified it: another one of the same id would not have.
    key: PublicKey,
}

impl Cache {
    /// One that remembers about so many tokens; none if that is zero.
    pub(crate) fn new(room: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            room: room.div_ceil(SHARDS * 2),
        }
    }

    /// The token, if its signature was verified with a key that still counts.
    pub(crate) fn find(&self, text: &str, keys: &KeySet) -> Option<VerifiedToken> {
        let mut shard = self.shard(text)?;
        let found = if let Some(found) = shard.young.get(text) {
            found.clone()
        } else {
            let (text, found) = shard.old.remove_entry(text)?;
            shard.remember(text, found.clone(), self.room);
            found
        };
        let published = keys.find(found.token.key_id())?;
        let counts = !published.state.is_revoked() && published.key == found.key;
        counts.then_some(found.token)
    }

    /// Remembers a token that was just verified with these keys.
    pub(crate) fn remember(&self, text: &str, token: &VerifiedToken, keys: &KeySet) {
        if self.room == 0 {
            return;
        }
        let (Some(published), Some(mut shard)) = (keys.find(token.key_id()), self.shard(text))
        else {
            return;
        };
        let (token, key) = (token.clone(), published.key);
        shard.remember(text.into(), Remembered { token, key }, self.room);
    }

    fn shard(&self, text: &str) -> Option<MutexGuard<'_, Generations>> {
        let hash = self.hasher.hash_one(text);
        let index = usize::try_from(hash % SHARDS as u64).ok()?;
        // A map whose user panicked has an entry or does not have it: either is right.
        let shard = self.shards.get(index)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Generations {
    fn remember(&mut self, text: Box<str>, found: Remembered, room: usize) {
        if self.young.len() >= room {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(text, found);
    }
}

/// How many parts can be asked at once.
const SHARDS: usize = 16;

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

    fn token(number: u128) -> (String, VerifiedToken) {
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
        (text, token)
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
    fn it_never_remembers_more_than_it_has_room_for_and_keeps_what_is_in_use() {
        let (cache, keys) = (Cache::new(320), active(1));
        let (used, verified) = token(0);
        cache.remember(&used, &verified, &keys);
        for number in 1..2_000 {
            cache.remember(&format!("{used}{number}"), &verified, &keys);
            assert!(cache.find(&used, &keys).is_some(), "{number}");
        }
        let count = |shard: &Mutex<Generations>| {
            let shard = shard.lock().unwrap();
            shard.young.len() + shard.old.len()
        };
        let held: usize = cache.shards.iter().map(count).sum();
        assert!((160..=320).contains(&held), "{held}");
    }

    #[test]
    fn without_room_nothing_is_remembered() {
        let (cache, keys) = (Cache::new(0), active(1));
        let (text, verified) = token(1);
        cache.remember(&text, &verified, &keys);
        assert_eq!(cache.find(&text, &keys), None);
    }
}
