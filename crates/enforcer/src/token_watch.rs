//! Being told when a token dies that is being served.

use std::{sync::Arc, time::Duration};

use lanyard_revocation::{Stale, View};
use lanyard_token::Clock;
use tokio::{sync::watch, time};

use crate::{CheckError, Enforcer, Examined, Reason};

/// What happens to a token that is being served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenEvent {
    /// It is not good any more, and will not be again: it has expired, or it was revoked, or its key
    /// was. End what it is used for.
    Dead(Reason),
    /// Whether it is still alive cannot be told any more. A check would be refused now.
    Stale(Stale),
    /// It can be told again, and the token is alive.
    Fresh,
}

/// A subscription to the fate of one token.
#[derive(Debug)]
pub struct TokenWatch<C> {
    enforcer: Arc<Enforcer<C>>,
    token: Examined,
    told: Option<TokenEvent>,
    changes: Option<watch::Receiver<()>>,
}

impl<C> Clone for TokenWatch<C> {
    fn clone(&self) -> Self {
        let Self {
            enforcer,
            token,
            told,
            changes,
        } = self;
        Self {
            enforcer: Arc::clone(enforcer),
            token: token.clone(),
            told: *told,
            changes: changes.clone(),
        }
    }
}

impl<C: Clock> Enforcer<C> {
    /// Tells what becomes of a token that is being served.
    #[must_use]
    pub fn watch_token(self: &Arc<Self>, token: &Examined) -> TokenWatch<C> {
        TokenWatch {
            enforcer: Arc::clone(self),
            token: token.clone(),
            told: None,
            changes: None,
        }
    }
}

impl<C: Clock> TokenWatch<C> {
    /// Waits for the next event. It may be dropped at any time, and called again; after
    /// [`TokenEvent::Dead`] it says the same again.
    pub async fn next(&mut self) -> TokenEvent {
        loop {
            self.subscribe();
            if let Some(event) = self.news() {
                self.told = Some(event);
                return event;
            }
            self.wait().await;
        }
    }

    /// Waits until the token is dead, and says why, whatever happens in between.
    pub async fn dead(&mut self) -> Reason {
        loop {
            if let TokenEvent::Dead(reason) = self.next().await {
                return reason;
            }
        }
    }

    /// What has not been told yet.
    fn news(&self) -> Option<TokenEvent> {
        let event = match self.enforcer.introspect(&self.token) {
            Ok(found) => found.refusal.map_or(TokenEvent::Fresh, TokenEvent::Dead),
            Err(CheckError::Stale(stale)) => TokenEvent::Stale(stale),
            // Without the time nothing can be told; it is the same to the caller.
            Err(CheckError::Clock(_)) => TokenEvent::Stale(self.enforcer.never()),
        };
        let was_stale = matches!(self.told, Some(TokenEvent::Stale(_)));
        let is_news = match event {
            TokenEvent::Dead(_) => true,
            TokenEvent::Stale(_) => !was_stale,
            TokenEvent::Fresh => was_stale,
        };
        is_news.then_some(event)
    }

    /// From here on every change of what is known wakes this up. Those until now are looked at.
    fn subscribe(&mut self) {
        if self.changes.is_none() {
            let view: Option<&Arc<View>> = self.enforcer.known().view();
            self.changes = view.map(|view| view.changes());
        }
        if let Some(changes) = &mut self.changes {
            changes.mark_unchanged();
        }
    }

    /// Waits until something is known that was not, or time has passed.
    async fn wait(&mut self) {
        // Under a stream of revocations each watch looks now and then, and not at every one.
        time::sleep(PAUSE).await;
        let changed = async {
            match &mut self.changes {
                Some(changes) => drop(changes.changed().await),
                None => std::future::pending().await,
            }
        };
        // Time runs on the enforcer's clock, which may jump; so it is asked again and again.
        drop(time::timeout(LOOK_EVERY, changed).await);
    }
}

/// How long a watch does not look, once it has.
const PAUSE: Duration = Duration::from_millis(20);
/// How late at most the expiry of a token is told.
const LOOK_EVERY: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests;
