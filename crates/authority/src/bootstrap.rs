//! The first start on an empty store.
//!
//! The operator's key is kept last, after the secrets were saved where the operator finds them: a
//! store without an operator is one whose first start did not come through, and nobody can have used
//! it. The next start clears away what is there and begins again.

use std::io;

use lanyard_store::{Page, Resource, Store, Subscription};
use lanyard_token::{Clock, SubscriptionId};

use crate::{AccessKey, Authority, Entropy, Error, ServiceKey, ServiceRole, caller::Operator};

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
    /// The secrets could not be saved.
    #[error("the first credentials cannot be saved: {0}")]
    Save(#[source] io::Error),
}

impl<S: Store, C: Clock, E: Entropy> Authority<S, C, E> {
    /// Makes what an empty store needs to be of use, and has it saved. Does nothing to a store that
    /// has an operator.
    ///
    /// # Errors
    /// If the store fails or `save` does.
    pub async fn first_start(
        &self,
        save: impl FnOnce(&Bootstrap) -> io::Result<()> + Send,
    ) -> Result<(), BootstrapError> {
        self.ensure_active_signing_key().await?;
        if self.has_operator().await? {
            return Ok(());
        }
        self.clear().await?;
        let by = Operator::of_first_start();
        let name = "Default"
            .parse()
            .map_err(|_| Error::Internal("a bad first name"))?;
        let subscription = self.create_subscription(by, name).await?;
        let name = "default"
            .parse()
            .map_err(|_| Error::Internal("a bad first name"))?;
        let (resource, access_keys) = self.create_resource(by, subscription.id, name).await?;
        let enforcer = self.create_service_key(by, ServiceRole::Enforcer).await?;
        let (credential, operator) = self.new_service_key(ServiceRole::Operator)?;
        let made = Bootstrap {
            subscription,
            resource,
            access_keys,
            operator,
            enforcer,
        };
        save(&made).map_err(BootstrapError::Save)?;
        self.store
            .create_service_key(credential)
            .await
            .map_err(Error::from)?;
        Ok(())
    }

    async fn has_operator(&self) -> Result<bool, Error> {
        let all = Page {
            after: None,
            limit: usize::MAX,
        };
        let keys = self.store.service_keys(all).await?;
        Ok(keys
            .iter()
            .any(|key| key.role == lanyard_store::CredentialRole::Operator))
    }

    /// Clears away what a first start left that did not come through.
    async fn clear(&self) -> Result<(), Error> {
        let all = Page::<SubscriptionId> {
            after: None,
            limit: usize::MAX,
        };
        for subscription in self.store.subscriptions(all).await? {
            self.store.delete_subscription(subscription.id).await?;
        }
        let all = Page {
            after: None,
            limit: usize::MAX,
        };
        for key in self.store.service_keys(all).await? {
            self.store.delete_service_key(key.id).await?;
        }
        Ok(())
    }
}
