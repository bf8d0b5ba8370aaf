//! The first start on an empty store.
//!
//! The operator's key is kept last, after the secrets were saved: a store without an operator is one
//! whose first start did not come through, and nobody can have used it. The next start clears away
//! what is there and begins again.

use std::io;

use lanyard_store::{Page, Resource, Store, Subscription};
use lanyard_token::Clock;

use crate::{
    AccessKey, Authority, Entropy, Error, FirstTurn, ServiceKey, ServiceRole, caller::Operator,
};

/// What the first start makes. The secrets are told here and never again.
#[derive(Debug)]
pub struct Bootstrap {
    /// The first subscription.
    pub subscription: Subscription,
    /// The first resource, named `default`.
    pub resource: Resource,
    /// Its primary and its secondary access key.
    pub access_keys: [AccessKey; 2],
    /// An operator.
    pub operator: ServiceKey,
    /// An enforcer.
    pub enforcer: ServiceKey,
}

/// Why the first start did not come through. The next one tries again.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The authority could not make what it needs.
    #[error(transparent)]
    Authority(#[from] Error),
    /// Others are at it and do not come to an end.
    #[error(
        "other processes are making the first start of this store and do not come to an end; look \
         at their logs, and start again"
    )]
    Elsewhere,
    /// Somebody else has taken over.
    #[error(
        "another process has taken over the first start, because this one took too long; start \
         again"
    )]
    TurnLost,
    /// The secrets could not be saved.
    #[error("the first credentials cannot be saved: {0}")]
    Save(#[source] io::Error),
}

impl<S: Store, C: Clock, E: Entropy> Authority<S, C, E> {
    /// Waits for the turn to make the first start, as [`FirstTurn::wait`] does.
    ///
    /// # Errors
    /// As there.
    pub async fn first_turn(&self) -> Result<Option<FirstTurn>, BootstrapError> {
        FirstTurn::wait(&self.store, &self.clock, &self.entropy).await
    }

    /// Makes what an empty store needs to be of use, and has it saved before it can be used. If that
    /// fails, the turn is given back.
    ///
    /// # Errors
    /// If the store fails or `save` does, or the turn is over.
    pub async fn first_start(
        &self,
        turn: FirstTurn,
        save: impl FnOnce(&Bootstrap) -> io::Result<()> + Send,
    ) -> Result<(), BootstrapError> {
        let made = self.make_first(&turn, save).await;
        if made.is_err() {
            turn.give_back(&self.store).await;
        }
        made
    }

    async fn make_first(
        &self,
        turn: &FirstTurn,
        save: impl FnOnce(&Bootstrap) -> io::Result<()> + Send,
    ) -> Result<(), BootstrapError> {
        self.clear(turn).await?;
        self.ensure_active_signing_key().await?;
        let by = Operator::of_first_start();
        let misnamed = |_| Error::Internal("a bad first name");
        let name = "Default".parse().map_err(misnamed)?;
        let subscription = self.create_subscription(by, name).await?;
        let name = "default".parse().map_err(misnamed)?;
        let (resource, access_keys) = self.create_resource(by, subscription.id, name).await?;
        let enforcer = self.create_service_key(by, ServiceRole::Enforcer).await?;
        let operator = self.service_key_of(turn.operator(), ServiceRole::Operator);
        let (credential, operator) = operator?;
        let made = Bootstrap {
            subscription,
            resource,
            access_keys,
            operator,
            enforcer,
        };
        save(&made).map_err(BootstrapError::Save)?;
        match self.store.end_first_start(credential).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(BootstrapError::TurnLost),
            Err(error) => Err(Error::from(error).into()),
        }
    }

    /// Clears away what a first start left that did not come through.
    ///
    /// It is listed first, and then the turn is looked at: what was there while nobody else had come
    /// through is of no use to anybody. Whatever happens to this process before it deletes that, it
    /// deletes nothing that others have made of the store meanwhile.
    async fn clear(&self, turn: &FirstTurn) -> Result<(), BootstrapError> {
        let subscriptions = self.store.subscriptions(everything()).await;
        let subscriptions = subscriptions.map_err(Error::from)?;
        let keys = self.store.service_keys(everything()).await;
        let keys = keys.map_err(Error::from)?;
        if !turn.is_on(&self.store).await? {
            return Err(BootstrapError::TurnLost);
        }
        for left in subscriptions {
            let deleting = self.store.delete_subscription(left.id);
            deleting.await.map_err(Error::from)?;
        }
        for left in keys {
            let deleting = self.store.delete_service_key(left.id);
            deleting.await.map_err(Error::from)?;
        }
        Ok(())
    }
}

const fn everything<K>() -> Page<K> {
    Page {
        after: None,
        limit: usize::MAX,
    }
}
