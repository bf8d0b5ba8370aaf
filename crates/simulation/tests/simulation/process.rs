//! The process of an authority: the real one, and what it is doing.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use lanyard_authority::{Error, IssuedToken, KeyHolder, TokenSpec};
use lanyard_policy::{Scope, ScopeSet};
use lanyard_store::Appended;
use lanyard_token::{BootTime, Clock as _, IdentityId, Lifetime, ResourceId};

use crate::{
    clocks::Shown,
    dice::Dice,
    founding::{Founding, SimulatedAuthority, at_once, open},
    shared_store::SharedStore,
    watch::Watch,
    weakness::Weakness,
    wire::Wire,
};

/// A running authority.
pub(crate) struct Process {
    /// Its requests to the store.
    pub(crate) wire: Arc<Wire>,
    authority: Arc<SimulatedAuthority>,
    holders: BTreeMap<ResourceId, KeyHolder>,
    doing: Vec<Pin<Box<dyn Future<Output = Done>>>>,
    has_news: Box<dyn FnMut() -> bool>,
    is_reading: bool,
}

/// Something that an authority was doing is done.
pub(crate) enum Done {
    /// It has read the log of every partition to its end, or could not.
    Read(Result<(), Error>),
    /// It has tidied, or could not.
    Tidied,
    /// A token was issued, or not.
    Issued(u64, Result<IssuedToken, Error>),
    /// A revocation has returned.
    Revoked(u64, Result<Appended, Error>),
}

impl Process {
    /// One that has just been started.
    pub(crate) fn new(
        founding: &Founding,
        (clock, dice): (&Shown, Dice),
        weakness: Option<Weakness>,
    ) -> Self {
        let wire = Arc::<Wire>::default();
        let mut store = SharedStore::new(&founding.tenancy, &wire, clock);
        if weakness == Some(Weakness::ReadsAreNotConfirmed) {
            store = store.without_confirming_reads();
        }
        if matches!(
            weakness,
            Some(Weakness::TrimsByTheWallClock | Weakness::TrimsWithoutAFloor)
        ) {
            store = store.trimming_by_the_wall_clock();
        }
        if weakness == Some(Weakness::TrimsWithoutAFloor) {
            store = store.without_a_floor();
        }
        let authority = Arc::new(open(store, clock, dice));
        let now = clock.wall().expect("simulated clocks can be read");
        let holders = founding.resources.iter().map(|resource| {
            let bearer = resource.bearer(now);
            let caller = at_once(authority.authenticate(Some(&bearer))).expect("a key of its own");
            (resource.id, caller.key_holder().expect("an access key"))
        });
        let mut changes = authority.feed().changes();
        let has_news = move || {
            let is_new = changes.has_changed().unwrap_or(true);
            changes.mark_unchanged();
            is_new
        };
        Self {
            holders: holders.collect(),
            doing: Vec::new(),
            has_news: Box::new(has_news),
            is_reading: false,
            wire,
            authority,
        }
    }

    /// Reads the log on to its end, if it is not doing that.
    pub(crate) fn read_on(&mut self) {
        if std::mem::replace(&mut self.is_reading, true) {
            return;
        }
        let authority = Arc::clone(&self.authority);
        self.doing.push(Box::pin(
            async move { Done::Read(authority.catch_up().await) },
        ));
    }

    /// Drops what is past its time.
    pub(crate) fn tidy(&mut self) {
        let authority = Arc::clone(&self.authority);
        self.doing.push(Box::pin(async move {
            // A store that is away is asked again in a minute.
            drop(authority.tidy().await);
            Done::Tidied
        }));
    }

    /// Somebody asks for a token.
    pub(crate) fn issue(&mut self, call: u64, identity: IdentityId) {
        let (authority, by) = self.called_by(&identity);
        let spec = TokenSpec {
            scopes: ScopeSet::new([Scope::Chat]).expect("a scope"),
            lifetime: Lifetime::DEFAULT,
        };
        self.doing.push(Box::pin(async move {
            Done::Issued(call, authority.issue_token(&by, identity, spec).await)
        }));
    }

    /// Somebody revokes everything that an identity has.
    pub(crate) fn revoke_all(&mut self, call: u64, identity: IdentityId) {
        let (authority, by) = self.called_by(&identity);
        self.doing.push(Box::pin(async move {
            Done::Revoked(call, authority.revoke_tokens(&by, identity).await)
        }));
    }

    /// Somebody revokes one token of an identity.
    pub(crate) fn revoke(&mut self, call: u64, identity: IdentityId, token: String) {
        let (authority, by) = self.called_by(&identity);
        self.doing.push(Box::pin(async move {
            Done::Revoked(call, authority.revoke_token(&by, &token).await)
        }));
    }

    /// Goes on with everything as far as it goes, and gives what is done.
    pub(crate) fn run(&mut self) -> Vec<Done> {
        let mut done = Vec::new();
        let mut context = Context::from_waker(Waker::noop());
        self.doing
            .retain_mut(|one| match one.as_mut().poll(&mut context) {
                Poll::Ready(outcome) => {
                    self.is_reading &= !matches!(outcome, Done::Read(_));
                    done.push(outcome);
                    false
                }
                Poll::Pending => true,
            });
        done
    }

    /// Whether it is not reading.
    pub(crate) const fn can_read(&self) -> bool {
        !self.is_reading
    }

    /// Whether there is something new for those who watch.
    pub(crate) fn has_news(&mut self) -> bool {
        (self.has_news)()
    }

    /// How old its own list is by this clock.
    pub(crate) fn list_age(&self, now: BootTime) -> Option<Duration> {
        self.authority.view().age(now)
    }

    /// A watch of its feed.
    pub(crate) fn watched(&self, weakness: Option<Weakness>) -> Watch {
        let (feed, view) = (self.authority.feed(), self.authority.view());
        Watch::new(feed, view, weakness)
    }

    fn called_by(&self, identity: &IdentityId) -> (Arc<SimulatedAuthority>, KeyHolder) {
        let holder = self.holders[&identity.resource()];
        (Arc::clone(&self.authority), holder)
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("doing", &self.doing.len())
            .finish_non_exhaustive()
    }
}
