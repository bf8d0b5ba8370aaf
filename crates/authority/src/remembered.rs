//! Credentials that were let in before.
//!
//! What a credential is never changes: a rotation makes another one. So the record of one that was
//! read once is as good as one that is read again, but for one thing: whether it is still there. A
//! step that finds that out by itself need not wait for a look ahead of it. And while the store is
//! away, who asks for checks is let in as of when it was last there, for as long as a list may be
//! trusted that is as old.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use lanyard_revocation::FreshnessBound;
use lanyard_store::{Credential, CredentialRole};
use lanyard_token::{BootTime, CredentialId};

/// The records of credentials, sealed as the store has them, and when each was last there.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Mutex<HashMap<CredentialId, (Credential, BootTime)>>);

impl Remembered {
    /// The record of an access key that was let in before. Only their steps check them.
    pub(crate) fn access_key(&self, id: CredentialId) -> Option<Credential> {
        let found = self.with(|known| known.get(&id).cloned());
        let found = found.map(|(credential, _)| credential);
        found.filter(|found| matches!(found.role, CredentialRole::AccessKey { .. }))
    }

    /// The record of a credential that was there not longer ago than a list may be old.
    pub(crate) fn lately(&self, id: CredentialId, now: BootTime) -> Option<Credential> {
        let found = self.with(|known| known.get(&id).cloned());
        let is_late = |since: BootTime| now.since(since) <= FreshnessBound::MAX.as_duration();
        found
            .filter(|(_, since)| is_late(*since))
            .map(|(credential, _)| credential)
    }

    /// Keeps the record of a credential that was there when it was looked for, at that time.
    pub(crate) fn keep(&self, credential: &Credential, asked: BootTime) {
        self.with(|known| {
            // So many are in use at a time only if something is odd; then begin anew.
            if known.len() >= ROOM {
                known.clear();
            }
            known.insert(credential.id, (credential.clone(), asked));
        });
    }

    /// It is gone.
    pub(crate) fn forget(&self, id: CredentialId) {
        self.with(|known| known.remove(&id));
    }

    // A lock whose holder panicked is used all the same: each change is one insertion or removal.
    fn with<T>(
        &self,
        look: impl FnOnce(&mut HashMap<CredentialId, (Credential, BootTime)>) -> T,
    ) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How many are remembered.
const ROOM: usize = 10_000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

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

    fn at(minutes: u64) -> BootTime {
        BootTime::from_duration(Duration::from_mins(minutes))
    }

    #[test]
    fn an_access_key_is_remembered_until_it_is_gone() {
        let (remembered, key) = (Remembered::default(), credential(1, ACCESS_KEY));
        assert_eq!(remembered.access_key(key.id), None);
        remembered.keep(&key, at(1));
        assert_eq!(remembered.access_key(key.id), Some(key.clone()));
        remembered.forget(key.id);
        assert_eq!(remembered.access_key(key.id), None);
        assert_eq!(remembered.lately(key.id, at(1)), None);
    }

    #[test]
    fn no_step_checks_a_service_key() {
        let remembered = Remembered::default();
        for role in [CredentialRole::Operator, CredentialRole::Enforcer] {
            let key = credential(1, role);
            remembered.keep(&key, at(1));
            assert_eq!(remembered.access_key(key.id), None);
        }
    }

    #[test]
    fn what_was_there_is_believed_for_as_long_as_a_list_and_not_longer() {
        let remembered = Remembered::default();
        let key = credential(1, CredentialRole::Enforcer);
        remembered.keep(&key, at(1));
        assert_eq!(remembered.lately(key.id, at(15)), Some(key.clone()));
        assert_eq!(remembered.lately(key.id, at(16)), None);
        remembered.keep(&key, at(3));
        assert_eq!(remembered.lately(key.id, at(16)), Some(key));
    }

    #[test]
    fn the_memory_is_bounded() {
        let remembered = Remembered::default();
        for id in 0..=ROOM {
            remembered.keep(&credential(u128::try_from(id).unwrap(), ACCESS_KEY), at(1));
        }
        assert!(remembered.with(|known| known.len()) <= ROOM);
    }
}
