//! When tokens were last issued, kept in memory and written behind: issuing costs no durable write.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lanyard_store::{Identity, Store};
use lanyard_token::{Clock, IdentityId, UnixTime};

use crate::{Authority, Entropy, Error};

/// What is noted and not yet written.
#[derive(Debug, Default)]
pub(crate) struct IssueTimes {
    /// A lock whose holder panicked is used all the same: each change is one insertion.
    pending: Mutex<HashMap<IdentityId, UnixTime>>,
}

impl IssueTimes {
    /// Notes that a token was issued, to the minute.
    pub(crate) fn note(&self, identity: IdentityId, now: UnixTime) {
        let minute = Duration::from_mins(1).as_secs();
        let to_the_minute = UnixTime::from_secs(now.as_secs() / minute * minute);
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.insert(identity, to_the_minute);
    }

    /// The identity with what is noted of it.
    pub(crate) fn noted(&self, mut identity: Identity) -> Identity {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = pending.get(&identity.id).copied();
        identity.last_token_issue_time = identity.last_token_issue_time.max(noted);
        identity
    }

    fn take(&self) -> Vec<(IdentityId, UnixTime)> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.drain().collect()
    }

    fn put_back(&self, issues: Vec<(IdentityId, UnixTime)>) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        for (identity, time) in issues {
            let noted = pending.entry(identity).or_insert(time);
            *noted = time.max(*noted);
        }
    }
}

impl<S: Store, C: Clock, E: Entropy> Authority<S, C, E> {
    /// Writes down when tokens were last issued. Call it now and then, and before the end.
    ///
    /// # Errors
    /// The store's; then nothing is forgotten, and the next call tries again.
    pub async fn write_issue_times(&self) -> Result<(), Error> {
        let issues = self.issue_times.take();
        if issues.is_empty() {
            return Ok(());
        }
        match self.store.note_issues(issues.clone()).await {
            Ok(()) => Ok(()),
            Err(error) => {
                self.issue_times.put_back(issues);
                Err(error.into())
            }
        }
    }
}
