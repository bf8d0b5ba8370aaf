//! Making tokens.

use std::fmt;

use ed25519_dalek::Signer as _;

use crate::acs::AcsClaims;
use crate::algorithm::TokenAlgorithm;
use crate::claims::Claims;
use crate::compact::{MAX_TOKEN_BYTES, encode_to};
use crate::header::Header;
use crate::ids::KeyId;
use crate::key_set::PublicKey;
use crate::payload;

/// A key that makes tokens. Its secret is wiped from memory when it is dropped.
pub struct SigningKey {
    id: KeyId,
    algorithm: TokenAlgorithm,
    // Parsed once: deriving it from the seed costs about as much as a signature.
    key: ed25519_dalek::SigningKey,
    /// The first segment of every token that it signs.
    header: String,
    has_acs_claims: bool,
}

impl SigningKey {
    /// Makes the key that this seed stands for. The caller wipes the seed.
    #[must_use]
    pub fn from_seed(id: KeyId, seed: &[u8; 32], algorithm: TokenAlgorithm) -> Self {
        let mut header = String::new();
        encode_to(&mut header, Header::to_json(id, algorithm).as_bytes());
        Self {
            id,
            algorithm,
            key: ed25519_dalek::SigningKey::from_bytes(seed),
            header,
            has_acs_claims: false,
        }
    }

    /// Has it write the claims into its tokens that those of Azure Communication Services have.
    /// Every verifier accepts both kinds.
    #[must_use]
    pub fn with_acs_claims(self) -> Self {
        Self {
            has_acs_claims: true,
            ..self
        }
    }

    /// The id that its tokens name as `kid`.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The name that its tokens have for the algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> TokenAlgorithm {
        self.algorithm
    }

    /// The half of it that may be shown to everybody.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey::derived(self.id, self.key.verifying_key(), self.algorithm)
    }

    /// Makes the token that says this.
    ///
    /// # Errors
    /// If the token would be one that every verifier refuses. The signature says that the authority
    /// stands by it, so it is asked for last.
    pub fn mint(&self, claims: &Claims) -> Result<String, MintError> {
        if !claims.times_are_sound() {
            return Err(MintError::Times);
        }
        let mut token = String::with_capacity(MAX_TOKEN_BYTES);
        token.push_str(&self.header);
        token.push('.');
        let acs = self.has_acs_claims.then(|| AcsClaims::of(claims));
        let payload = payload::to_json(claims, acs.as_ref());
        encode_to(&mut token, payload.as_bytes());
        if token.len() + SIGNATURE_SEGMENT_BYTES > MAX_TOKEN_BYTES {
            return Err(MintError::TooLong);
        }
        let signature = self.sign(token.as_bytes());
        token.push('.');
        encode_to(&mut token, &signature);
        Ok(token)
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Why a token was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// The times are not whole seconds, or they are not a lifetime apart.
    #[error("the claims do not expire 60 to 1440 minutes after they were issued, in whole seconds")]
    Times,
    /// It would be longer than [`MAX_TOKEN_BYTES`].
    #[error(
        "the token would be longer than {MAX_TOKEN_BYTES} bytes; shorten the issuer or the audience"
    )]
    TooLong,
}

/// The dot and the 64 bytes of a signature in base64url.
const SIGNATURE_SEGMENT_BYTES: usize = 1 + 86;

#[cfg(test)]
mod tests;
