//! The connections that the feed is followed over.

use std::{
    error::Error,
    future::pending,
    sync::{Arc, atomic::Ordering},
};

use lanyard_token::{BootTime, Clock};
use tokio::time;
use tonic::transport::Endpoint;

use super::{
    Answered, Backoff, Chance, Change, FeedCredential, FeedStatus, Follower, Outcome, Role, Roots,
    Selection,
    address::endpoint,
    connection::{Connection, Lost},
    status::count,
};

/// Which authority to follow, and as whom.
#[derive(Clone, Debug)]
pub struct FeedSettings {
    first: Endpoint,
    others: Vec<Endpoint>,
    credential: FeedCredential,
}

/// Why a feed cannot be followed at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedSettingsError {
    /// There is no address.
    #[error("there must be at least one address of the authority")]
    NoAddress,
    /// An address is not one.
    #[error("`{0}` must be a URL such as http://127.0.0.1:7400")]
    BadAddress(String),
    /// Nobody is known who could say that it is the authority.
    #[error("nobody is trusted to vouch for `{0}`: name a certificate authority")]
    NoRoots(String),
}

/// The feed of an authority that has several addresses, as followed by one point.
#[derive(Debug)]
pub struct Feed<C, X> {
    settings: FeedSettings,
    follower: Follower,
    clock: C,
    chance: X,
}

impl FeedSettings {
    /// Follows one of these addresses at a time, beginning with the first. Whom the system believes
    /// is believed of those that are `https` URLs.
    ///
    /// # Errors
    /// If there is none, or one is neither an `http` nor an `https` URL.
    pub fn new<A: AsRef<str>>(
        addresses: impl IntoIterator<Item = A>,
        credential: FeedCredential,
    ) -> Result<Self, FeedSettingsError> {
        Self::believing(&Roots::System, addresses, credential)
    }

    /// The same, and says who is believed.
    ///
    /// # Errors
    /// As [`FeedSettings::new`]; or if there is an `https` URL, and nobody to believe.
    pub fn believing<A: AsRef<str>>(
        roots: &Roots,
        addresses: impl IntoIterator<Item = A>,
        credential: FeedCredential,
    ) -> Result<Self, FeedSettingsError> {
        let addresses = addresses.into_iter();
        let mut addresses = addresses.map(|one| endpoint(one.as_ref(), roots));
        Ok(Self {
            first: addresses.next().ok_or(FeedSettingsError::NoAddress)??,
            others: addresses.collect::<Result<_, _>>()?,
            credential,
        })
    }
}

impl<C: Clock, X: Chance> Feed<C, X> {
    /// A feed that makes the follower's knowledge grow. `clock` must run on while the machine is
    /// suspended, as the system's does; `chance` spreads the points that lost the same authority.
    #[must_use]
    pub const fn new(settings: FeedSettings, follower: Follower, clock: C, chance: X) -> Self {
        Self {
            settings,
            follower,
            clock,
            chance,
        }
    }

    /// Follows for as long as it is polled, whatever becomes of the authorities.
    pub async fn follow(self) {
        let Self {
            settings,
            follower,
            clock,
            chance,
        } = self;
        let selection = Selection::new(1 + settings.others.len(), follower.pace().stale_after);
        let mut following = Following {
            settings,
            clock,
            chance,
            status: follower.status(),
            selection,
            backoff: Backoff::new(),
        };
        let mut current = following.open(0, follower);
        let mut candidate = None;
        loop {
            match following.wait(&mut current, candidate.as_mut()).await {
                Event::Current(Ok(())) => following.listen(&mut current, &mut candidate),
                Event::Candidate(Ok(())) => following.judge(&mut current, &mut candidate),
                Event::Current(Err(lost)) => {
                    current = following.replace(current, &lost, candidate.take()).await;
                }
                Event::Candidate(Err(lost)) => {
                    following.give_up(&mut current, &mut candidate, &lost);
                }
                Event::Due => following.try_another(&mut current, &mut candidate),
            }
        }
    }
}

/// The connections of a feed, and what decides between them.
struct Following<C, X> {
    settings: FeedSettings,
    clock: C,
    chance: X,
    status: Arc<FeedStatus>,
    selection: Selection,
    backoff: Backoff,
}

/// What has happened to the connections.
enum Event {
    /// Something on the one that is followed, or it is lost.
    Current(Result<(), Lost>),
    /// Something on the candidate, or it is lost.
    Candidate(Result<(), Lost>),
    /// Another address may be tried.
    Due,
}

impl<C: Clock, X: Chance> Following<C, X> {
    /// Waits until something has happened.
    async fn wait(
        &mut self,
        current: &mut Connection,
        candidate: Option<&mut Connection>,
    ) -> Event {
        let (clock, now) = (&self.clock, self.now());
        let due = self.selection.due().map(|due| due.since(now));
        let on_candidate = async {
            match candidate {
                Some(candidate) => candidate.advance(clock).await,
                None => pending().await,
            }
        };
        let due = async {
            match due {
                Some(wait) => time::sleep(wait).await,
                None => pending().await,
            }
        };
        tokio::select! {
            done = current.advance(clock) => Event::Current(done),
            done = on_candidate => Event::Candidate(done),
            () = due => Event::Due,
        }
    }

    /// Takes the age of the authority's list, if there was an answer.
    fn listen(&mut self, current: &mut Connection, candidate: &mut Option<Connection>) {
        let Some(Answered { age }) = current.follower.take_answer() else {
            return;
        };
        let address = current.address.uri();
        match self.selection.current_answered(age, self.now()) {
            None => {}
            Some(Change::Stale) => {
                count(&self.status.stale_authorities);
                tracing::warn!(%address, ?age, "authority is stale: its own list is old");
            }
            Some(Change::Fresh) => {
                tracing::info!(%address, "authority is fresh again");
                *candidate = None;
                current.follower.set_role(Role::Only);
            }
        }
    }

    /// Keeps the fresher of the two, once the candidate has answered.
    fn judge(&mut self, current: &mut Connection, candidate: &mut Option<Connection>) {
        let answered = candidate
            .as_mut()
            .and_then(|one| one.follower.take_answer());
        let Some(Answered { age }) = answered else {
            return;
        };
        let now = self.now();
        let outcome = self
            .selection
            .candidate_answered(age, now, &mut self.chance);
        let candidate = candidate.take();
        if let (Outcome::Switched, Some(candidate)) = (outcome, candidate) {
            let (from, to) = (current.address.uri().clone(), candidate.address.uri());
            tracing::warn!(%from, %to, ?age, "left a stale authority for a fresher one");
            count(&self.status.switches);
            count_connected(&self.status);
            *current = candidate;
        }
        current.follower.set_role(Role::Only);
    }

    /// The candidate is lost. That says nothing about the connection.
    fn give_up(
        &mut self,
        current: &mut Connection,
        candidate: &mut Option<Connection>,
        lost: &Lost,
    ) {
        if let Some(candidate) = candidate.take() {
            let address = candidate.address.uri();
            tracing::debug!(%address, %lost, "a fresher authority was not found here");
        }
        self.selection.candidate_lost(self.now(), &mut self.chance);
        current.follower.set_role(Role::Only);
    }

    /// Opens a connection to the next address beside the one that is followed.
    fn try_another(&mut self, current: &mut Connection, candidate: &mut Option<Connection>) {
        if let Some(address) = self.selection.try_next(self.now()) {
            *candidate = Some(self.open(address, current.follower.candidate()));
            current.follower.set_role(Role::Current);
        }
    }

    /// The connection is lost. The candidate takes its place, or else the next address is connected
    /// to after a while.
    async fn replace(
        &mut self,
        current: Connection,
        lost: &Lost,
        candidate: Option<Connection>,
    ) -> Connection {
        let address = current.address.uri();
        let cause = causes(lost);
        if self.status.connected.swap(false, Ordering::Relaxed) {
            tracing::warn!(%address, %cause, "lost the feed; connecting again");
            self.backoff.reset();
        } else {
            tracing::warn!(%address, %cause, "could not connect to the authority; retrying");
        }
        let next = self.selection.current_lost();
        let Connection { mut follower, .. } = current;
        follower.set_role(Role::Only);
        if let (None, Some(mut candidate)) = (next, candidate) {
            candidate.follower.set_role(Role::Only);
            return candidate;
        }
        time::sleep(self.backoff.wait(&mut self.chance)).await;
        self.open(self.selection.current(), follower)
    }

    fn open(&self, address: usize, follower: Follower) -> Connection {
        let FeedSettings {
            first,
            others,
            credential,
        } = &self.settings;
        let address = address.checked_sub(1).and_then(|index| others.get(index));
        Connection::open(
            address.unwrap_or(first).clone(),
            credential.clone(),
            follower,
        )
    }

    /// Without a clock nothing is due; the connections notice, too, and end for it.
    fn now(&self) -> BootTime {
        self.clock.boot().unwrap_or_default()
    }
}

/// The error and its causes. Many of the transport do not repeat theirs.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

fn count_connected(status: &FeedStatus) {
    status.connected.store(true, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use lanyard_token::CredentialId;
    use uuid::Uuid;
    use zeroize::Zeroizing;

    use super::*;

    fn settings(addresses: &[&str]) -> Result<FeedSettings, FeedSettingsError> {
        let id = CredentialId::from_uuid(Uuid::nil());
        let credential = FeedCredential::new(id, Zeroizing::new(vec![1; 32]));
        FeedSettings::new(addresses, credential)
    }

    #[test]
    fn there_is_at_least_one_address_and_each_is_a_url() {
        assert!(settings(&["http://127.0.0.1:7400", "http://lanyard.internal"]).is_ok());
        assert_eq!(settings(&[]).unwrap_err(), FeedSettingsError::NoAddress);
        for bad in ["", "127.0.0.1:7400", "http://", "unix:/x"] {
            let refused = settings(&["http://127.0.0.1:7400", bad]).unwrap_err();
            assert_eq!(refused, FeedSettingsError::BadAddress(bad.to_owned()));
        }
    }
}
