//! The floor of minting and of verifying: the signature alone.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::authority::SEED;

/// What a token's signature is over, and the signature: all that the raw operation takes.
#[derive(Debug)]
pub struct Signed {
    message: Vec<u8>,
    signature: Signature,
}

impl Signed {
    /// Takes them out of a token.
    #[must_use]
    pub fn of(token: &str) -> Self {
        let (message, signature) = token.rsplit_once('.').expect("segments");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        Self {
            message: message.into(),
            signature: Signature::from_slice(&signature).expect("64 bytes"),
        }
    }

    /// Signs the same bytes again.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> Signature {
        key.sign(&self.message)
    }

    /// Verifies them again, as strictly as a token's are.
    #[must_use]
    pub fn verify(&self, key: &VerifyingKey) -> bool {
        key.verify_strict(&self.message, &self.signature).is_ok()
    }
}

/// The key of the tokens, as the library of the signatures has it.
#[must_use]
pub fn raw_signing_key() -> SigningKey {
    SigningKey::from_bytes(&SEED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{signing_key, tokens};

    #[test]
    fn the_raw_operation_is_that_of_the_tokens() {
        let signed = Signed::of(&tokens(1)[0]);
        let raw = raw_signing_key();
        assert_eq!(signed.sign(&raw), signed.signature);
        assert!(signed.verify(&raw.verifying_key()));
        assert_eq!(
            raw.verifying_key().as_bytes(),
            signing_key().public_key().as_bytes()
        );
    }
}
