//! The view of a point that may not know yet how large the store is that it is of.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use lanyard_revocation::View;
use lanyard_token::{KeyId, KeySet, KeyState, PublishedKey, UnixTime};

/// What a point knows. Nothing at all, until the feed has told how many partitions the store has.
///
/// All copies are one and the same.
#[derive(Clone, Debug, Default)]
pub struct Known(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    view: OnceLock<Arc<View>>,
    keys: Mutex<LatestKeys>,
}

/// What is known of the key sets so far.
#[derive(Debug, Default)]
struct LatestKeys {
    /// The version of the set that counts; zero if it had none.
    version: u64,
    /// Every key that any set had as revoked. An authority that has not heard of it must not take
    /// it back.
    revoked: BTreeSet<KeyId>,
}

/// A key set as an authority has it.
#[derive(Clone, Debug, Default)]
pub(crate) struct VersionedKeys {
    pub(crate) keys: KeySet,
    /// Greater for every change; zero of an authority that does not number them.
    pub(crate) version: u64,
}

/// Which key sets replace the one that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replace {
    /// One that is not older.
    UnlessOlder,
    /// Any: the authority has just shown that it reads the store.
    Always,
}

impl Known {
    /// A point that has heard nothing, and so accepts nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// The view, if there is one yet.
    #[must_use]
    pub fn view(&self) -> Option<&Arc<View>> {
        self.0.view.get()
    }

    /// The view, made now if there is none.
    pub(crate) fn view_or(&self, make: impl FnOnce() -> View) -> &Arc<View> {
        self.0.view.get_or_init(|| Arc::new(make()))
    }

    /// Takes a key set in, from any of several authorities. Keys that it has as revoked are so from
    /// now on, whichever set counts. `false` if the set is older than the one that counts, and does
    /// not replace it.
    pub(crate) fn take_keys(&self, set: &VersionedKeys, replace: Replace) -> bool {
        let Some(view) = self.view() else {
            return false;
        };
        // A lock whose holder panicked is used all the same: both parts only ever grow.
        let mut latest = self.0.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let known = view.keys();
        let all = known.iter().chain(set.keys.iter());
        let revoked = all.filter(|key| key.state.is_revoked());
        latest.revoked.extend(revoked.map(|key| key.key.id()));
        let counts = replace == Replace::Always || set.version >= latest.version;
        let keys = if counts {
            latest.version = set.version;
            latest.apply(&set.keys)
        } else {
            latest.apply(&known)
        };
        if keys != *known {
            view.set_keys(keys);
        }
        counts
    }
}

impl LatestKeys {
    /// The set with every key as revoked that any set had as revoked.
    fn apply(&self, set: &KeySet) -> KeySet {
        let since = UnixTime::default();
        KeySet::new(set.iter().map(|known| {
            if self.revoked.contains(&known.key.id()) && !known.state.is_revoked() {
                let state = KeyState::Revoked { since };
                return PublishedKey { state, ..*known };
            }
            *known
        }))
    }
}

impl From<Arc<View>> for Known {
    fn from(view: Arc<View>) -> Self {
        Self(Arc::new(Shared {
            view: OnceLock::from(view),
            keys: Mutex::default(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use lanyard_token::{SigningKey, TokenAlgorithm};
    use uuid::Uuid;

    use super::*;

    const OLD: u128 = 1;
    const NEW: u128 = 2;

    fn key(id: u128, is_revoked: bool) -> PublishedKey {
        let id = KeyId::from_uuid(Uuid::from_u128(id));
        let key = SigningKey::from_seed(id, &[7; 32], TokenAlgorithm::EdDsa);
        let since = UnixTime::default();
        let state = if is_revoked {
            KeyState::Revoked { since }
        } else {
            KeyState::Active { since }
        };
        let key = key.public_key();
        PublishedKey { key, state }
    }

    fn set<const N: usize>(version: u64, keys: [(u128, bool); N]) -> VersionedKeys {
        let keys = KeySet::new(keys.map(|(id, is_revoked)| key(id, is_revoked)));
        VersionedKeys { keys, version }
    }

    fn known() -> Known {
        Arc::new(View::new(NonZeroU16::MIN)).into()
    }

    fn shown(known: &Known) -> Vec<(u128, bool)> {
        let keys = known.view().unwrap().keys();
        let all = keys.iter();
        all.map(|one| (one.key.id().as_uuid().as_u128(), one.state.is_revoked()))
            .collect()
    }

    #[test]
    fn an_older_key_set_does_not_replace_a_newer_one_unless_its_authority_is_fresh() {
        let known = known();
        let newer = set(6, [(OLD, false), (NEW, false)]);
        assert!(known.take_keys(&newer, Replace::UnlessOlder));
        for version in [0, 5] {
            let older = set(version, [(OLD, false)]);
            assert!(!known.take_keys(&older, Replace::UnlessOlder));
            assert_eq!(shown(&known), [(OLD, false), (NEW, false)]);
        }
        // A store that was restored counts on from where it was.
        assert!(known.take_keys(&set(5, [(OLD, false)]), Replace::Always));
        assert_eq!(shown(&known), [(OLD, false)]);
    }

    #[test]
    fn authorities_that_do_not_number_their_key_sets_replace_them() {
        let known = known();
        for keys in [[(OLD, false)], [(NEW, false)]] {
            assert!(known.take_keys(&set(0, keys), Replace::UnlessOlder));
            assert_eq!(shown(&known), keys);
        }
    }

    #[test]
    fn a_key_that_any_set_had_as_revoked_stays_so() {
        let known = known();
        known.take_keys(&set(6, [(OLD, false)]), Replace::UnlessOlder);
        // Also where the set that has it so is older, and does not count.
        known.take_keys(&set(5, [(OLD, true)]), Replace::UnlessOlder);
        assert_eq!(shown(&known), [(OLD, true)]);
        // And where a set in between does not have it at all.
        known.take_keys(&set(7, [(NEW, false)]), Replace::UnlessOlder);
        known.take_keys(&set(8, [(OLD, false)]), Replace::Always);
        assert_eq!(shown(&known), [(OLD, true)]);
    }
}
