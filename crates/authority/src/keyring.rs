//! The active signing key, unsealed and ready.

use std::sync::Arc;

use lanyard_store::{SigningKeyRecord, SigningKeys};
use lanyard_token::{KeySet, KeyState, PublicKey, PublishedKey, SigningKey, UnixTime};

use crate::{Error, MasterKey, Settings};

/// What the authority signs with, as of one version of the signing keys.
#[derive(Clone, Debug)]
pub(crate) struct Keyring {
    /// The version that it was made from.
    pub(crate) version: u64,
    /// The keys that it was made from, which are restored if the store loses them.
    pub(crate) keys: SigningKeys,
    /// The active key; none only before the first start is through.
    pub(crate) active: Option<Arc<SigningKey>>,
}

impl Keyring {
    /// Unseals the active key.
    pub(crate) fn open(
        keys: &SigningKeys,
        master_key: &MasterKey,
        settings: &Settings,
    ) -> Result<Self, Error> {
        let active = keys.keys.iter().find(|record| is_active(record));
        let active = active.map(|record| {
            let seed = master_key.open(record.id.as_uuid(), &record.seed)?;
            let seed = seed.as_bytes().try_into();
            let seed = seed.map_err(|_| Error::Internal("a signing key's seed is not 32 bytes"))?;
            let key = SigningKey::from_seed(record.id, seed, record.algorithm);
            let key = if settings.acs_claims {
                key.with_acs_claims()
            } else {
                key
            };
            Ok::<_, Error>(Arc::new(key))
        });
        Ok(Self {
            version: keys.version,
            keys: keys.clone(),
            active: active.transpose()?,
        })
    }
}

/// The public halves that verifiers get: all that are published, and the revoked ones, so that what
/// those signed is refused for what it is.
pub(crate) fn key_set(keys: &SigningKeys, now: UnixTime) -> Result<KeySet, Error> {
    let mut published = Vec::new();
    for record in &keys.keys {
        if record.state.is_published(now) || record.state.is_revoked() {
            let key = PublicKey::new(record.id, &record.public_key, record.algorithm)
                .map_err(|_| Error::Internal("a stored public key is not one"))?;
            published.push(PublishedKey {
                key,
                state: record.state,
            });
        }
    }
    Ok(KeySet::new(published))
}

pub(crate) fn is_active(record: &SigningKeyRecord) -> bool {
    matches!(record.state, KeyState::Active { .. })
}
