//! Access keys that were let in before.
//!
//! What a credential is never changes: a rotation makes another one. So the record of a key that was
//! read once is as good as one that is read again, but for one thing: whether the key is still there.
//! A step that finds that out by itself need not wait for a look ahead of it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use lanyard_store::{Credential, CredentialRole};
use lanyard_token::CredentialId;

/// The records of access keys, sealed as the store has them.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Mutex<HashMap<CredentialId, Credential>>);

impl Remembered {
    /// The record of a key that was let in before.
    pub(crate) fn find(&self, id: CredentialId) -> Option<Credential> {
        self.with(|known| known.get(&id).cloned())
    }

    /// Keeps the record of an access key. Other credentials do nothing that checks them in its step.
    pub(crate) fn keep(&self, credential: &Credential) {
        if !matches!(credential.role, CredentialRole::AccessKey { .. }) {
            return;
        }
        self.with(|known| {
            // So many are in use at a time only if something is odd; then begin anew.
            if known.len() >= ROOM {
                known.clear();
            }
            known.insert(credential.id, credential.clone());
        });
    }

    /// The key is gone.
    pub(crate) fn forget(&self, id: CredentialId) {
        self.with(|known| known.remove(&id));
    }

    // A lock whose holder panicked is used all the same: each change is one insertion or removal.
    fn with<T>(&self, look: impl FnOnce(&mut HashMap<CredentialId, Credential>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How many keys are remembered.
const ROOM: usize = 10_000;

#[cfg(test)]
mod tests {
    use lanyard_store::{KeySlot, SealedSecret};
    use lanyard_token::{ResourceId, UnixTime};
    use uuid::Uuid;

    use super::*;

    fn credential(id: u128, role: CredentialRole) -> Credential {
        Credential {
            id: CredentialId::from_uuid(Uuid::from_u128(id)),
            role,
            secret: SealedSecret::new(vec![1]),
            create_time: UnixTime::default(),
        }
    }

    const ACCESS_KEY: CredentialRole = CredentialRole::AccessKey {
        resource: ResourceId::from_uuid(Uuid::nil()),
        slot: KeySlot::Primary,
    };

    #[test]
    fn an_access_key_is_remembered_until_it_is_gone() {
        let (remembered, key) = (Remembered::default(), credential(1, ACCESS_KEY));
        assert_eq!(remembered.find(key.id), None);
        remembered.keep(&key);
        assert_eq!(remembered.find(key.id), Some(key.clone()));
        remembered.forget(key.id);
        assert_eq!(remembered.find(key.id), None);
    }

    #[test]
    fn service_keys_are_not_remembered() {
        let remembered = Remembered::default();
        for role in [CredentialRole::Operator, CredentialRole::Enforcer] {
            let key = credential(1, role);
            remembered.keep(&key);
            assert_eq!(remembered.find(key.id), None);
        }
    }

    #[test]
    fn the_memory_is_bounded() {
        let remembered = Remembered::default();
        for id in 0..=ROOM {
            remembered.keep(&credential(u128::try_from(id).unwrap(), ACCESS_KEY));
        }
        assert!(remembered.with(|known| known.len()) <= ROOM);
    }
}
