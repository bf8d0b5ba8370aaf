//! A signing key whose secret the test knows.

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use lanyard_store::embedded::EmbeddedStore;
use lanyard_store::redis::{RedisOptions, RedisStore, RedisTime};
use lanyard_store::{SealedSecret, SigningKeyChange, SigningKeyRecord, Store};
use lanyard_token::{Clock, KeyId, KeyState, SystemClock, TokenAlgorithm};
use uuid::Uuid;

use super::{Data, token};

/// A key that a server publishes as a retired one, and that signs what the server never would.
pub(crate) struct KnownKey {
    id: KeyId,
    key: SigningKey,
}

impl KnownKey {
    /// Puts the key into a store that no server has open.
    pub(crate) async fn plant(data: &Data) -> Self {
        let store = EmbeddedStore::open(&data.path(), SystemClock, Uuid::nil());
        Self::plant_in(&store.expect("the store opens")).await
    }

    /// Puts the key into a store on Redis, whose servers take it up by themselves.
    pub(crate) async fn plant_on_redis(options: &RedisOptions) -> Self {
        let clock = (Arc::new(SystemClock) as Arc<dyn Clock>, RedisTime::Server);
        let store = RedisStore::open(options, clock, Uuid::new_v4).await;
        Self::plant_in(&store.expect("the store opens")).await
    }

    async fn plant_in(store: &impl Store) -> Self {
        let id = KeyId::from_uuid(Uuid::from_u128(0x7));
        let planted = Self {
            id,
            key: SigningKey::from_bytes(&[9; 32]),
        };
        let known = store.signing_keys().await.expect("the keys are read");
        let is_active = |key: &&SigningKeyRecord| matches!(key.state, KeyState::Active { .. });
        let change = SigningKeyChange {
            from_version: known.version,
            records: vec![planted.record()],
            active: known.keys.iter().find(is_active).map(|key| key.id),
            revoked: None,
        };
        let changed = store
            .change_signing_keys(change)
            .await
            .expect("the keys are written");
        changed.expect("nobody else changes them");
        planted
    }

    /// The header of its tokens.
    pub(crate) fn header(&self) -> String {
        format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{}"}}"#, self.id)
    }

    /// A token of these two parts.
    pub(crate) fn sign(&self, header: &str, payload: &str) -> String {
        token::sign(header, payload, &self.key)
    }

    fn record(&self) -> SigningKeyRecord {
        let now = SystemClock.wall().expect("a clock");
        SigningKeyRecord {
            id: self.id,
            state: KeyState::Retired { since: now },
            create_time: now,
            // A retired key signs nothing, so nobody unseals it.
            seed: SealedSecret::new(Vec::new()),
            public_key: self.key.verifying_key().to_bytes(),
            algorithm: TokenAlgorithm::EdDsa,
        }
    }
}
