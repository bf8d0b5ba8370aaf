//! The keys that verify, as they are handed to everybody.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};

use crate::algorithm::TokenAlgorithm;
use crate::ids::KeyId;
use crate::key_state::KeyState;

/// The public half of a signing key, parsed once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey {
    id: KeyId,
    key: VerifyingKey,
    algorithm: TokenAlgorithm,
}

impl PublicKey {
    /// Reads the 32 bytes that RFC 8032 encodes a public key to.
    ///
    /// # Errors
    /// If they are not the one encoding of a point of the curve, or the point is one of the few for
    /// which a signature can be made without the secret.
    pub fn new(
        id: KeyId,
        bytes: &[u8; 32],
        algorithm: TokenAlgorithm,
    ) -> Result<Self, InvalidPublicKey> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| InvalidPublicKey::NotAPoint)?;
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err(InvalidPublicKey::NotCanonical);
        }
        if key.is_weak() {
            return Err(InvalidPublicKey::Weak);
        }
        Ok(Self::derived(id, key, algorithm))
    }

    /// The public half of a secret, which cannot be any of what [`PublicKey::new`] refuses.
    pub(crate) const fn derived(id: KeyId, key: VerifyingKey, algorithm: TokenAlgorithm) -> Self {
        Self { id, key, algorithm }
    }

    /// The id that tokens name it by.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The `alg` of its JSON Web Key, and of each token that it signs.
    #[must_use]
    pub const fn algorithm(&self) -> TokenAlgorithm {
        self.algorithm
    }

    /// The 32 bytes that it is written as.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Whether this key signed these very bytes. Strict: of the several signatures that a lenient
    /// reader would accept for one message, only the one that the signer makes.
    pub(crate) fn signed(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key
            .verify_strict(message, &Signature::from_bytes(signature))
            .is_ok()
    }
}

/// Why bytes are not a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPublicKey {
    /// They encode no point of the curve.
    #[error("the public key is not a point of the curve")]
    NotAPoint,
    /// They encode a point in a way that no signer writes.
    #[error("the public key is not in its canonical encoding")]
    NotCanonical,
    /// Signatures by it can be made by anybody.
    #[error("the public key is a point of small order")]
    Weak,
}

/// A public key and where it is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedKey {
    /// The key.
    pub key: PublicKey,
    /// Its state.
    pub state: KeyState,
}

/// The keys that a verifier knows.
///
/// Whoever makes one leaves out the keys whose time is over. Revoked ones stay in for as long as
/// their tokens would have lived, so that those are refused for what they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet {
    keys: BTreeMap<KeyId, PublishedKey>,
}

impl KeySet {
    /// Collects keys. Of several with one id the last counts, but a revoked one always does.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = PublishedKey>) -> Self {
        let mut set = BTreeMap::<KeyId, PublishedKey>::new();
        for published in keys {
            let known = set.entry(published.key.id).or_insert(published);
            if !known.state.is_revoked() {
                *known = published;
            }
        }
        Self { keys: set }
    }

    /// The key of that id, if it is known.
    #[must_use]
    pub fn find(&self, id: KeyId) -> Option<&PublishedKey> {
        self.keys.get(&id)
    }

    /// All keys, by id.
    pub fn iter(&self) -> impl Iterator<Item = &PublishedKey> {
        self.keys.values()
    }

    /// The set as a JWKS (RFC 7517, RFC 8037), by id and without the revoked keys.
    #[must_use]
    pub fn to_jwks_json(&self) -> String {
        let keys: Vec<String> = self
            .iter()
            .filter(|published| !published.state.is_revoked())
            .map(|published| to_jwk_json(&published.key))
            .collect();
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    }
}

/// One key of a JWKS. Nothing needs escaping: the values are base64url, a UUID and one of two names.
fn to_jwk_json(key: &PublicKey) -> String {
    let x = URL_SAFE_NO_PAD.encode(key.as_bytes());
    format!(
        r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","kid":"{}","alg":"{}","use":"sig"}}"#,
        key.id, key.algorithm
    )
}

#[cfg(test)]
mod tests;
