//! Secrets at rest: AES-256-GCM under the master key, bound to the record that they belong to.

use std::{fmt, str::FromStr};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use lanyard_store::SealedSecret;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{Entropy, Secret, entropy::EntropyError};

/// The key that every stored secret is sealed under. Whoever has it and the store has everything.
pub struct MasterKey {
    key: RandomizedNonceKey,
}

/// The text of a master key is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a master key is 32 bytes in base64; restore the file from a backup")]
pub struct MasterKeyError;

/// A secret could not be sealed or unsealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The cipher refused to seal.
    #[error("a secret could not be sealed")]
    Seal,
    /// What is stored was not sealed by this key for this record.
    #[error("a stored secret does not open under the master key; is it the one of this store?")]
    Open,
}

impl MasterKey {
    /// Makes a new one, and gives it with the text to keep it by.
    ///
    /// # Errors
    /// If there is no randomness.
    pub fn generate(entropy: &impl Entropy) -> Result<(Self, Zeroizing<String>), EntropyError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        entropy.fill(bytes.as_mut())?;
        let text = Zeroizing::new(BASE64_STANDARD.encode(bytes.as_ref()));
        let key = Self::from_bytes(bytes.as_ref()).map_err(|_| EntropyError)?;
        Ok((key, text))
    }

    /// Seals a secret for the record with this id: it opens for no other.
    pub(crate) fn seal(&self, record: Uuid, secret: &[u8]) -> Result<SealedSecret, SealError> {
        let mut sealed = secret.to_vec();
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(record.as_bytes()), &mut sealed)
            .map_err(|_| SealError::Seal)?;
        sealed.extend_from_slice(nonce.as_ref());
        Ok(SealedSecret::new(sealed))
    }

    /// Opens what was sealed for the record with this id.
    pub(crate) fn open(&self, record: Uuid, sealed: &SealedSecret) -> Result<Secret, SealError> {
        let (sealed, nonce) = sealed
            .as_bytes()
            .split_last_chunk::<NONCE_LEN>()
            .ok_or(SealError::Open)?;
        let mut secret = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self
            .key
            .open_in_place(nonce, Aad::from(record.as_bytes()), &mut secret)
            .map_err(|_| SealError::Open)?
            .len();
        secret.truncate(length);
        Ok(Secret::new(secret))
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, MasterKeyError> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, bytes).map_err(|_| MasterKeyError)?;
        Ok(Self { key })
    }
}

impl FromStr for MasterKey {
    type Err = MasterKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = BASE64_STANDARD.decode(text.trim()).map(Zeroizing::new);
        Self::from_bytes(&bytes.map_err(|_| MasterKeyError)?)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

const KEY_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;

    #[test]
    fn a_sealed_secret_opens_for_its_record_and_no_other() {
        let (key, _) = MasterKey::generate(&SystemEntropy).unwrap();
        let sealed = key.seal(Uuid::from_u128(1), b"secret").unwrap();
        assert_eq!(
            key.open(Uuid::from_u128(1), &sealed).unwrap().as_bytes(),
            b"secret"
        );
        assert_eq!(
            key.open(Uuid::from_u128(2), &sealed).unwrap_err(),
            SealError::Open
        );
    }

    #[test]
    fn a_changed_byte_or_another_key_does_not_open() {
        let (key, _) = MasterKey::generate(&SystemEntropy).unwrap();
        let (other, _) = MasterKey::generate(&SystemEntropy).unwrap();
        let sealed = key.seal(Uuid::nil(), b"secret").unwrap();
        assert_eq!(
            other.open(Uuid::nil(), &sealed).unwrap_err(),
            SealError::Open
        );
        for index in 0..sealed.as_bytes().len() {
            let mut changed = sealed.as_bytes().to_vec();
            changed[index] ^= 1;
            let changed = SealedSecret::new(changed);
            assert_eq!(
                key.open(Uuid::nil(), &changed).unwrap_err(),
                SealError::Open
            );
        }
        let nothing = SealedSecret::new(vec![]);
        assert_eq!(
            key.open(Uuid::nil(), &nothing).unwrap_err(),
            SealError::Open
        );
    }

    #[test]
    fn the_text_of_a_key_gives_the_key_back() {
        let (key, text) = MasterKey::generate(&SystemEntropy).unwrap();
        let sealed = key.seal(Uuid::nil(), b"secret").unwrap();
        let again: MasterKey = format!("{}\n", *text).parse().unwrap();
        assert_eq!(
            again.open(Uuid::nil(), &sealed).unwrap().as_bytes(),
            b"secret"
        );
        let beheaded: String = text.chars().skip(1).collect();
        for bad in ["", "AAAA", "not base64!", &beheaded] {
            assert_eq!(
                bad.parse::<MasterKey>().unwrap_err(),
                MasterKeyError,
                "{bad}"
            );
        }
    }

    #[test]
    fn a_master_key_does_not_print() {
        let (key, text) = MasterKey::generate(&SystemEntropy).unwrap();
        assert!(!format!("{key:?}").contains(text.as_str()));
    }
}
