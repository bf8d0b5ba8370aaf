//! The access keys of resources whose holders were let in before, and what led to them.
//!
//! A name and a pair of keys may be others by now. Whoever goes by them goes by a hint: a signature
//! that they do not explain is looked at again with what the store has, and one that they explain is
//! acted on only by a step that finds out by itself whether the key is still there.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lanyard_store::Credential;
use lanyard_token::{BootTime, ResourceId};

/// What a name has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LedTo {
    /// The resource that had it.
    Resource(ResourceId),
    /// None had it.
    Nothing,
}

impl LedTo {
    /// The resource, if there was one.
    pub(crate) const fn resource(self) -> Option<ResourceId> {
        match self {
            Self::Resource(resource) => Some(resource),
            Self::Nothing => None,
        }
    }
}

impl From<Option<ResourceId>> for LedTo {
    fn from(found: Option<ResourceId>) -> Self {
        found.map_or(Self::Nothing, Self::Resource)
    }
}

/// The keys of resources, sealed as the store has them, and the names that were looked for.
#[derive(Debug, Default)]
pub(crate) struct Signers {
    names: Mutex<HashMap<String, (LedTo, BootTime)>>,
    keys: Mutex<HashMap<ResourceId, [Credential; 2]>>,
}

impl Signers {
    /// What a name has led to, if it was looked for. That none had it is soon to be asked again: a
    /// step finds out that a key is gone, but not that a resource was made whose keys are the ones
    /// that count now.
    pub(crate) fn named(&self, name: &str, now: BootTime) -> Option<LedTo> {
        let (led_to, then) = with(&self.names, |names| names.get(name).copied())?;
        let is_kept = led_to != LedTo::Nothing || now.since(then) < NOTHING_FOR;
        is_kept.then_some(led_to)
    }

    /// The two keys that a resource had.
    pub(crate) fn keys(&self, resource: ResourceId) -> Option<[Credential; 2]> {
        with(&self.keys, |keys| keys.get(&resource).cloned())
    }

    /// Keeps what a name led to then. Only after somebody was let in by it, or strangers would fill
    /// the memory with names of their own.
    pub(crate) fn keep_name(&self, name: String, led_to: LedTo, then: BootTime) {
        with(&self.names, |names| insert(names, name, (led_to, then)));
    }

    /// A resource was made that has the name.
    pub(crate) fn forget_name(&self, name: &str) {
        with(&self.names, |names| names.remove(name));
    }

    /// Keeps the keys of a resource.
    pub(crate) fn keep_keys(&self, resource: ResourceId, found: [Credential; 2]) {
        with(&self.keys, |keys| insert(keys, resource, found));
    }

    /// A key of the resource is gone.
    pub(crate) fn forget(&self, resource: ResourceId) {
        with(&self.keys, |keys| keys.remove(&resource));
    }
}

/// So many are in use at a time only if something is odd; then begin anew.
fn insert<K: Hash + Eq, V>(map: &mut HashMap<K, V>, key: K, value: V) {
    if map.len() >= ROOM {
        map.clear();
    }
    map.insert(key, value);
}

// A lock whose holder panicked is used all the same: each change is one insertion or removal.
fn with<M, T>(map: &Mutex<M>, look: impl FnOnce(&mut M) -> T) -> T {
    look(&mut map.lock().unwrap_or_else(PoisonError::into_inner))
}

/// How many of each are remembered.
const ROOM: usize = 10_000;
/// How long a name that another process may have given to a resource is taken for nobody's.
const NOTHING_FOR: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use lanyard_store::{CredentialRole, KeySlot, SealedSecret};
    use lanyard_token::{CredentialId, UnixTime};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn that_nobody_has_a_name_is_remembered_too_and_for_a_second() {
        let signers = Signers::default();
        assert_eq!(signers.named("localhost", at(0)), None);
        let found = LedTo::Resource(resource(1));
        for (led_to, after_a_second) in [(LedTo::Nothing, None), (found, Some(found))] {
            signers.keep_name("localhost".to_owned(), led_to, at(0));
            assert_eq!(signers.named("localhost", at(999)), Some(led_to));
            assert_eq!(signers.named("localhost", at(1000)), after_a_second);
        }
        signers.forget_name("localhost");
        assert_eq!(signers.named("localhost", at(0)), None);
    }

    #[test]
    fn keys_are_remembered_until_one_of_them_is_gone() {
        let signers = Signers::default();
        for id in [1, 2] {
            signers.keep_keys(resource(id), keys(id));
        }
        assert_eq!(signers.keys(resource(1)), Some(keys(1)));
        signers.forget(resource(1));
        assert_eq!(signers.keys(resource(1)), None);
        assert_eq!(signers.keys(resource(2)), Some(keys(2)));
    }

    #[test]
    fn the_memory_is_bounded() {
        let signers = Signers::default();
        for id in 0..=ROOM {
            signers.keep_name(id.to_string(), LedTo::Nothing, at(0));
        }
        assert!(with(&signers.names, |names| names.len()) <= ROOM);
    }

    fn at(millis: u64) -> BootTime {
        BootTime::from_duration(Duration::from_millis(millis))
    }

    fn resource(id: u128) -> ResourceId {
        ResourceId::from_uuid(Uuid::from_u128(id))
    }

    fn keys(of: u128) -> [Credential; 2] {
        KeySlot::ALL.map(|slot| Credential {
            id: CredentialId::from_uuid(Uuid::from_u128(of)),
            role: CredentialRole::AccessKey {
                resource: resource(of),
                slot,
            },
            secret: SealedSecret::new(vec![1]),
            create_time: UnixTime::default(),
        })
    }
}
