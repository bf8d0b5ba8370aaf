//! Credentials that were let in before.
//!
//! What a credential is never changes: a rotation makes another one. So the record of one that was
//! read once is as good as one that is read again, but for one thing: whether it is still there. A
//! step that finds that out by itself need not wait for a look ahead of it. And while the store is
//! away, who asks for checks is let in as of when it was last there, for as long as a list may be
//! trusted that is as old.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use lanyard_revocation::FreshnessBound;
use lanyard_store::{Credential, CredentialRole};
use lanyard_token::{BootTime, CredentialId};

/// The records of credentials, sealed as the store has them, and when each was last there.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    records: HashMap<CredentialId, (Credential, BootTime)>,
    /// Counts what was forgotten.
    forgotten: u64,
    /// When the store was last found to be away.
    away: Option<BootTime>,
}

/// The store is about to be asked for a credential.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    at: BootTime,
    forgotten: u64,
}

impl Remembered {
    /// The record of an access key that was let in before. Only their steps check them.
    pub(crate) fn access_key(&self, id: CredentialId) -> Option<Credential> {
        let is_one = |role| matches!(role, CredentialRole::AccessKey { .. });
        let known = self.known();
        let (found, _) = known.records.get(&id)?;
        is_one(found.role).then(|| found.clone())
    }

    /// The record of a credential that was there not longer ago than a list may be old.
    pub(crate) fn lately(&self, id: CredentialId, now: BootTime) -> Option<Credential> {
        let known = self.known();
        let (found, since) = known.records.get(&id)?;
        let is_late = now.since(*since) <= FreshnessBound::MAX.as_duration();
        is_late.then(|| found.clone())
    }

    /// What a credential may that was let in before, wherever it is now.
    pub(crate) fn role(&self, id: CredentialId) -> Option<CredentialRole> {
        let known = self.known();
        known.records.get(&id).map(|(found, _)| found.role)
    }

    /// What a credential may that was there just now.
    pub(crate) fn role_just_now(&self, id: CredentialId, now: BootTime) -> Option<CredentialRole> {
        let known = self.known();
        let (found, since) = known.records.get(&id)?;
        (now.since(*since) <= JUST_NOW).then_some(found.role)
    }

    /// Before the store is asked, at this time.
    pub(crate) fn asking(&self, at: BootTime) -> Asked {
        let forgotten = self.known().forgotten;
        Asked { at, forgotten }
    }

    /// Keeps the record of a credential that was there when the store was asked, unless something
    /// has been forgotten since: it may have been this one.
    pub(crate) fn keep(&self, credential: &Credential, asked: Asked) {
        let mut known = self.known();
        if known.forgotten != asked.forgotten {
            return;
        }
        // So many are in use at a time only if something is odd; then begin anew.
        if known.records.len() >= ROOM && !known.records.contains_key(&credential.id) {
            known.records.clear();
        }
        let record = (credential.clone(), asked.at);
        known.records.insert(credential.id, record);
    }

    /// The store is away now.
    pub(crate) fn note_away(&self, now: BootTime) {
        self.known().away = Some(now);
    }

    /// Whether the store was away just now, so that nobody needs to wait to find that out again.
    pub(crate) fn away_just_now(&self, now: BootTime) -> bool {
        let away = self.known().away;
        away.is_some_and(|since| now.since(since) <= JUST_NOW)
    }

    /// It is gone.
    pub(crate) fn forget(&self, id: CredentialId) {
        let mut known = self.known();
        known.records.remove(&id);
        known.forgotten += 1;
    }

    /// The store does not have it. What strangers make up is not there to be forgotten, and does not
    /// keep others from being remembered.
    pub(crate) fn not_found(&self, id: CredentialId) {
        let mut known = self.known();
        if known.records.remove(&id).is_some() {
            known.forgotten += 1;
        }
    }

    // A lock whose holder panicked is used all the same: each change is one insertion or removal.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many are remembered.
const ROOM: usize = 10_000;

/// How long a credential counts as there after it was: for checks, which change nothing. Where it is
/// deleted it is forgotten at once; this is for how long another replica may not have heard of it.
const JUST_NOW: Duration = Duration::from_secs(1);

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

    fn at(minutes: u64) -> BootTime {
        BootTime::from_duration(Duration::from_mins(minutes))
    }

    fn keep(remembered: &Remembered, key: &Credential, at: BootTime) {
        remembered.keep(key, remembered.asking(at));
    }

    #[test]
    fn it_is_there_just_now_for_a_second_and_not_longer() {
        let remembered = Remembered::default();
        let key = credential(1, CredentialRole::Enforcer);
        keep(&remembered, &key, at(1));
        let after = |millis| at(1).saturating_add(Duration::from_millis(millis));
        let role = |now| remembered.role_just_now(key.id, now);
        assert_eq!(role(after(1000)), Some(CredentialRole::Enforcer));
        assert_eq!(role(after(1001)), None);
        assert_eq!(remembered.role(key.id), Some(CredentialRole::Enforcer));
        remembered.forget(key.id);
        assert_eq!(role(after(0)), None);
        assert_eq!(remembered.role(key.id), None);
    }

    #[test]
    fn what_was_never_there_does_not_keep_others_from_being_remembered() {
        let (remembered, key) = (Remembered::default(), credential(1, ACCESS_KEY));
        let asked = remembered.asking(at(1));
        remembered.not_found(credential(2, ACCESS_KEY).id);
        remembered.keep(&key, asked);
        assert_eq!(remembered.access_key(key.id), Some(key.clone()));
        let asked = remembered.asking(at(1));
        remembered.not_found(key.id);
        remembered.keep(&key, asked);
        assert_eq!(remembered.access_key(key.id), None);
    }

    #[test]
    fn a_full_memory_is_not_cleared_for_what_is_in_it() {
        let remembered = Remembered::default();
        let key = |id: usize| credential(u128::try_from(id).unwrap(), ACCESS_KEY);
        for id in 0..ROOM {
            keep(&remembered, &key(id), at(1));
        }
        keep(&remembered, &key(7), at(2));
        assert_eq!(remembered.known().records.len(), ROOM);
        keep(&remembered, &key(ROOM), at(2));
        assert_eq!(remembered.known().records.len(), 1);
    }

    #[test]
    fn a_store_that_was_away_is_asked_again_after_a_second() {
        let remembered = Remembered::default();
        assert!(!remembered.away_just_now(at(1)));
        remembered.note_away(at(1));
        let after = |millis| at(1).saturating_add(Duration::from_millis(millis));
        assert!(remembered.away_just_now(after(1000)));
        assert!(!remembered.away_just_now(after(1001)));
    }

    #[test]
    fn one_that_is_forgotten_while_it_is_looked_up_stays_forgotten() {
        let (remembered, key) = (Remembered::default(), credential(1, ACCESS_KEY));
        let asked = remembered.asking(at(1));
        remembered.forget(key.id);
        remembered.keep(&key, asked);
        assert_eq!(remembered.access_key(key.id), None);
    }

    #[test]
    fn an_access_key_is_remembered_until_it_is_gone() {
        let (remembered, key) = (Remembered::default(), credential(1, ACCESS_KEY));
        assert_eq!(remembered.access_key(key.id), None);
        keep(&remembered, &key, at(1));
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
            keep(&remembered, &key, at(1));
            assert_eq!(remembered.access_key(key.id), None);
        }
    }

    #[test]
    fn what_was_there_is_believed_for_as_long_as_a_list_and_not_longer() {
        let remembered = Remembered::default();
        let key = credential(1, CredentialRole::Enforcer);
        keep(&remembered, &key, at(1));
        assert_eq!(remembered.lately(key.id, at(15)), Some(key.clone()));
        assert_eq!(remembered.lately(key.id, at(16)), None);
        keep(&remembered, &key, at(3));
        assert_eq!(remembered.lately(key.id, at(16)), Some(key));
    }

    #[test]
    fn the_memory_is_bounded() {
        let remembered = Remembered::default();
        for id in 0..=ROOM {
            let key = credential(u128::try_from(id).unwrap(), ACCESS_KEY);
            keep(&remembered, &key, at(1));
        }
        assert!(remembered.known().records.len() <= ROOM);
    }
}
