//! The enforcement point.

use std::{sync::Arc, time::Duration};

use lanyard_policy::{Capability, Context, Decision, decide};
use lanyard_revocation::{Coverage, FreshnessBound, Stale, View};
use lanyard_token::{
    BootTime, Claims, Clock, ClockError, KeySet, Position, ResourceId, TokenRefusal, UnixTime,
    VerifiedToken, Verifier,
};

use crate::{CheckedDecision, Introspection, Known, Reason, Verdict, cache::Cache};

/// Why there is no answer. It is never taken for a yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The list is older than the bound.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// The time cannot be told.
    #[error(transparent)]
    Clock(#[from] ClockError),
}

/// What is asked about a token.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The capability.
    pub capability: Capability,
    /// The situation.
    pub context: Context<'a>,
}

/// An enforcement point over what is known.
#[derive(Debug)]
pub struct Enforcer<C> {
    known: Known,
    verifier: Verifier,
    bound: FreshnessBound,
    clock: C,
    cache: Cache,
}

impl<C: Clock> Enforcer<C> {
    /// Sets one up that trusts what is known for as long as it is no older than the bound. It
    /// remembers the signatures of some ten thousand tokens; [`Self::remembering`] changes that.
    #[must_use]
    pub fn new(
        known: impl Into<Known>,
        verifier: Verifier,
        bound: FreshnessBound,
        clock: C,
    ) -> Self {
        Self {
            known: known.into(),
            verifier,
            bound,
            clock,
            cache: Cache::new(REMEMBERED),
        }
    }

    /// Remembers the signatures of about so many tokens; none if that is zero. Each takes one to two
    /// kilobytes.
    #[must_use]
    pub fn remembering(mut self, tokens: usize) -> Self {
        self.cache = Cache::new(tokens);
        self
    }

    /// Takes a token in, once for all the questions about it. A signature that was verified before
    /// is not verified again; nothing else is remembered.
    #[must_use]
    pub fn examine(&self, token: &str) -> Examined {
        if let Some(verified) = self.with_keys(|keys| self.cache.find(token, keys)) {
            return Examined(Ok(verified));
        }
        let keys = self.keys();
        let verified = self.verifier.authenticate(token, &keys).map(Arc::new);
        if let Ok(verified) = &verified {
            self.cache.remember(token, verified, &keys);
        }
        Examined(verified)
    }

    /// Decides one question about a token.
    ///
    /// # Errors
    /// If it takes the list to tell and that is not fresh, or the time cannot be told.
    pub fn check(
        &self,
        token: &Examined,
        question: &Question<'_>,
    ) -> Result<CheckedDecision, CheckError> {
        Ok(self.look(token)?.decide(question))
    }

    /// Looks at a token now, for any number of questions that are asked of this one moment.
    ///
    /// # Errors
    /// If it takes the list to tell and that is not fresh, or the time cannot be told.
    pub fn look<'t>(&self, token: &'t Examined) -> Result<Look<'t>, CheckError> {
        let (list_age, refusal) = self.standing(token)?;
        let claims = token.0.as_ref().map(|token| token.claims());
        Ok(Look {
            claims: claims.map_err(|refusal| *refusal),
            refusal,
            list_age,
        })
    }

    /// Finds out whether a token is active, and what it says.
    ///
    /// # Errors
    /// If it takes the list to tell and that is not fresh, or the time cannot be told.
    pub fn introspect(&self, token: &Examined) -> Result<Introspection, CheckError> {
        let (list_age, refusal) = self.standing(token)?;
        let token = token.0.as_ref().ok();
        let claims = token.map(|token| (token.claims().clone(), token.key_id()));
        Ok(Introspection {
            claims,
            refusal,
            list_age,
        })
    }

    /// How old the list of the slowest partition is, if it is fresh.
    ///
    /// # Errors
    /// If it is not, or the time cannot be told.
    pub fn fresh(&self) -> Result<Duration, CheckError> {
        Ok(self.fresh_at(self.clock.boot()?)?)
    }

    /// How old the list of the slowest partition is, fresh or not; nothing if it was never confirmed.
    ///
    /// # Errors
    /// If the time cannot be told.
    pub fn list_age(&self) -> Result<Option<Duration>, CheckError> {
        Ok(self.age_at(self.clock.boot()?))
    }

    /// For which partitions checks can be answered.
    ///
    /// # Errors
    /// If the time cannot be told.
    pub fn coverage(&self) -> Result<Coverage, CheckError> {
        let now = self.clock.boot()?;
        let view = self.known.view();
        Ok(view.map_or(Coverage::None, |view| view.coverage(now, self.bound)))
    }

    /// How old the list of each partition is, in the order of their numbers. None if it is not known
    /// yet how many there are.
    ///
    /// # Errors
    /// If the time cannot be told.
    pub fn list_ages(&self) -> Result<Vec<Option<Duration>>, CheckError> {
        let now = self.clock.boot()?;
        let view = self.known.view();
        Ok(view.map(|view| view.every_age(now)).unwrap_or_default())
    }

    /// What it goes by.
    #[must_use]
    pub const fn known(&self) -> &Known {
        &self.known
    }

    /// Waits until the list of a resource's partition has reached a position: for as long as that
    /// takes, and for ever if nothing is known yet.
    pub async fn reached(&self, resource: ResourceId, position: Position) {
        let Some(view) = self.known.view() else {
            return std::future::pending().await;
        };
        let partition = view.partition_of(resource);
        // The partition is the view's own, so it is there.
        view.reached(partition, position).await.unwrap_or_default();
    }

    /// A list of which nothing is known.
    pub(crate) const fn never(&self) -> Stale {
        Stale {
            age: None,
            bound: self.bound,
        }
    }

    /// How old the list is, and why the token is not active; none if it is.
    ///
    /// A token that is no good by itself takes no list to tell, unless its key is not known: then it
    /// may be the keys that are out of date, which span all partitions, and the lists of all must be
    /// fresh. For all others freshness of the token's own partition is asked first and keys and list
    /// second, so that what was confirmed is what is looked at.
    fn standing(&self, token: &Examined) -> Result<(Option<Duration>, Option<Reason>), CheckError> {
        let (wall, boot) = (self.clock.wall()?, self.clock.boot()?);
        match token.good_at(wall) {
            Err(TokenRefusal::KeyUnknown) => {
                let age = self.fresh_at(boot)?;
                Ok((Some(age), Some(TokenRefusal::KeyUnknown.into())))
            }
            Err(refusal) => {
                let age = match token.resource() {
                    Some(resource) => self.age_for(resource, boot),
                    None => self.age_at(boot),
                };
                Ok((age, Some(refusal.into())))
            }
            Ok(good) => {
                let age = self.fresh_for(good.claims().subject.resource(), boot)?;
                Ok((Some(age), self.dead(good)))
            }
        }
    }

    /// Why an authentic token is dead; none if it lives.
    fn dead(&self, token: &VerifiedToken) -> Option<Reason> {
        match self.with_keys(|keys| keys.find(token.key_id()).map(|key| key.state.is_revoked())) {
            None => Some(TokenRefusal::KeyUnknown.into()),
            Some(true) => Some(TokenRefusal::KeyRevoked.into()),
            Some(false) => {
                let view = self.known.view();
                let lives = view.is_some_and(|view| view.revoked(token).is_none());
                (!lives).then_some(Reason::Revoked)
            }
        }
    }

    /// Looks at the keys without holding on to them.
    fn with_keys<T>(&self, look: impl FnOnce(&KeySet) -> T) -> T {
        match self.known.view() {
            Some(view) => view.with_keys(look),
            None => look(&KeySet::default()),
        }
    }

    fn keys(&self) -> Arc<KeySet> {
        self.known
            .view()
            .map(|view| view.keys())
            .unwrap_or_default()
    }

    fn age_at(&self, now: BootTime) -> Option<Duration> {
        self.known.view().and_then(|view| view.age(now))
    }

    fn age_for(&self, resource: ResourceId, now: BootTime) -> Option<Duration> {
        let view = self.known.view();
        view.and_then(|view| view.age_for(resource, now))
    }

    fn fresh_for(&self, resource: ResourceId, now: BootTime) -> Result<Duration, Stale> {
        let view = self.known.view().ok_or(self.never())?;
        view.fresh_for(resource, now, self.bound)
    }

    fn fresh_at(&self, now: BootTime) -> Result<Duration, Stale> {
        let view: Option<&Arc<View>> = self.known.view();
        view.ok_or(self.never())?.fresh(now, self.bound)
    }
}

/// A token as it stood at one moment: alive or not, by a list of some age. It is to be decided on at
/// once and not kept, since none of that lasts.
#[derive(Debug)]
pub struct Look<'t> {
    claims: Result<&'t Claims, TokenRefusal>,
    refusal: Option<Reason>,
    list_age: Option<Duration>,
}

impl Look<'_> {
    /// Decides one question.
    #[must_use]
    pub fn decide(&self, question: &Question<'_>) -> CheckedDecision {
        let verdict = match (self.refusal, self.claims) {
            (Some(reason), _) => Verdict::refused(reason),
            (None, Ok(claims)) => decided(claims, question).into(),
            (None, Err(refusal)) => Verdict::refused(Reason::from(refusal)),
        };
        CheckedDecision {
            verdict,
            identity: self.claims.ok().map(|claims| claims.subject),
            list_age: self.list_age,
        }
    }
}

/// What the policy says to a token that lives.
fn decided(claims: &Claims, question: &Question<'_>) -> Decision {
    let Question {
        capability,
        context,
    } = question;
    // The subject is compared with the sender and nothing else, so without one it is not spelt out.
    let subject = context.message_sender.map(|_| claims.subject.to_string());
    let subject = subject.unwrap_or_default();
    decide(claims.scopes, &subject, *capability, context)
}

/// A token that was taken in: authentic, or refused for good.
#[derive(Clone, Debug)]
pub struct Examined(Result<Arc<VerifiedToken>, TokenRefusal>);

impl Examined {
    /// The resource that the token stands under, if it is authentic, expired or not.
    #[must_use]
    pub fn resource(&self) -> Option<ResourceId> {
        self.0
            .as_ref()
            .ok()
            .map(|token| token.claims().subject.resource())
    }

    fn good_at(&self, now: UnixTime) -> Result<&VerifiedToken, TokenRefusal> {
        let token = self.0.as_ref().map_err(|refusal| *refusal)?;
        token.at(now).map(|()| &**token)
    }
}

/// How many tokens' signatures are remembered unless it is said otherwise: 16 MiB or so.
const REMEMBERED: usize = 10_000;

#[cfg(test)]
mod tests;
