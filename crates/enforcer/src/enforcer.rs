//! The enforcement point.

use std::{sync::Arc, time::Duration};

use lanyard_policy::{Capability, Context, decide};
use lanyard_revocation::{FreshnessBound, Stale, View};
use lanyard_token::{
    Clock, ClockError, Position, ResourceId, TokenRefusal, UnixTime, VerifiedToken, Verifier,
};

use crate::{CheckedDecision, Introspection, Reason, Verdict};

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

/// An enforcement point over a view.
#[derive(Debug)]
pub struct Enforcer<C> {
    view: Arc<View>,
    verifier: Verifier,
    bound: FreshnessBound,
    clock: C,
}

impl<C: Clock> Enforcer<C> {
    /// Sets one up that trusts the view for as long as it is no older than the bound.
    #[must_use]
    pub const fn new(view: Arc<View>, verifier: Verifier, bound: FreshnessBound, clock: C) -> Self {
        Self {
            view,
            verifier,
            bound,
            clock,
        }
    }

    /// Takes a token in, once for all the questions about it.
    #[must_use]
    pub fn examine(&self, token: &str) -> Examined {
        Examined(self.verifier.authenticate(token, &self.view.keys()))
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
        let (list_age, refusal) = self.standing(token)?;
        let claims = token.0.as_ref().map(VerifiedToken::claims);
        let verdict = match (refusal, claims) {
            (Some(reason), _) => Verdict::refused(reason),
            (None, Ok(claims)) => {
                let subject = claims.subject.to_string();
                decide(
                    claims.scopes,
                    &subject,
                    question.capability,
                    &question.context,
                )
                .into()
            }
            (None, Err(refusal)) => Verdict::refused(Reason::from(*refusal)),
        };
        let identity = claims.ok().map(|claims| claims.subject);
        Ok(CheckedDecision {
            verdict,
            identity,
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

    /// How old the list is, if it is fresh.
    ///
    /// # Errors
    /// If it is not, or the time cannot be told.
    pub fn fresh(&self) -> Result<Duration, CheckError> {
        Ok(self.view.fresh(self.clock.boot()?, self.bound)?)
    }

    /// Waits until the list of a resource's partition has reached a position.
    pub async fn reached(&self, resource: ResourceId, position: Position) {
        let partition = self.view.partition_of(resource);
        // The partition is the view's own, so it is there.
        self.view
            .reached(partition, position)
            .await
            .unwrap_or_default();
    }

    /// How old the list is, and why the token is not active; none if it is. Only a token that is good
    /// by itself takes the list to tell, and then freshness is asked first and the list second.
    fn standing(&self, token: &Examined) -> Result<(Option<Duration>, Option<Reason>), CheckError> {
        let (wall, boot) = (self.clock.wall()?, self.clock.boot()?);
        match token.good_at(wall) {
            Err(refusal) => Ok((self.view.age(boot), Some(refusal.into()))),
            Ok(token) => {
                let age = self.view.fresh(boot, self.bound)?;
                Ok((Some(age), self.view.revoked(token).map(|_| Reason::Revoked)))
            }
        }
    }
}

/// A token that was taken in: authentic, or refused for good.
#[derive(Clone, Debug)]
pub struct Examined(Result<VerifiedToken, TokenRefusal>);

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
        token.at(now).map(|()| token)
    }
}

#[cfg(test)]
mod tests;
