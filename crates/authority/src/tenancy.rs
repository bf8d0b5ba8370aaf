//! Subscriptions and resources.

use lanyard_store::{
    Appended, CredentialRole, KeySlot, NewResource, Resource, ResourceCreation, Store, Subscription,
};
use lanyard_token::{Clock, ResourceId, SubscriptionId};

use crate::{
    AccessKey, Authority, DisplayName, Entity, Entropy, Error, Operator, PageRequest, Paged,
    ResourceName,
};

impl<S: Store, C: Clock, E: Entropy> Authority<S, C, E> {
    /// Makes a subscription.
    ///
    /// # Errors
    /// The store's.
    pub async fn create_subscription(
        &self,
        _: Operator,
        name: DisplayName,
    ) -> Result<Subscription, Error> {
        let now = self.clock.wall()?;
        let id = SubscriptionId::from_uuid(self.id_at(now)?);
        let new = Subscription {
            id,
            display_name: name.into(),
            create_time: now,
        };
        self.store.create_subscription(new.clone()).await?;
        Ok(new)
    }

    /// Lists subscriptions.
    ///
    /// # Errors
    /// The store's.
    pub async fn list_subscriptions(
        &self,
        _: Operator,
        page: PageRequest,
    ) -> Result<Paged<Subscription>, Error> {
        let found = self
            .store
            .subscriptions(page.lookup(SubscriptionId::from_uuid))
            .await?;
        Ok(page.page(found, |subscription| subscription.id.as_uuid()))
    }

    /// Deletes a subscription and everything beneath it. Gives the last of the revocations, if there
    /// was anything to revoke.
    ///
    /// # Errors
    /// [`Error::NotFound`], and the store's.
    pub async fn delete_subscription(
        &self,
        _: Operator,
        id: SubscriptionId,
    ) -> Result<Option<Appended>, Error> {
        let deleted = self.store.delete_subscription(id).await?;
        let appended = deleted.ok_or_else(|| Error::not_found(Entity::Subscription, id))?;
        appended.iter().try_for_each(|one| self.learn(one))?;
        Ok(appended.last().copied())
    }

    /// Whether a resource has this name.
    ///
    /// # Errors
    /// The store's.
    pub async fn has_resource_named(&self, name: &ResourceName) -> Result<bool, Error> {
        let found = self.store.resource_named(name.to_string()).await?;
        Ok(found.is_some())
    }

    /// Makes a resource with its two access keys, whose secrets are told here and never again.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the subscription, [`Error::NameTaken`], and the store's.
    pub async fn create_resource(
        &self,
        _: Operator,
        subscription: SubscriptionId,
        name: ResourceName,
    ) -> Result<(Resource, [AccessKey; 2]), Error> {
        let now = self.clock.wall()?;
        let id = ResourceId::from_uuid(self.id_at(now)?);
        let resource = Resource {
            id,
            subscription,
            name: name.to_string(),
            create_time: now,
        };
        let role = |slot| CredentialRole::AccessKey { resource: id, slot };
        let (primary, primary_secret) = self.new_credential(role(KeySlot::Primary), now)?;
        let (secondary, secondary_secret) = self.new_credential(role(KeySlot::Secondary), now)?;
        let told = [
            AccessKey::told(&primary, KeySlot::Primary, primary_secret),
            AccessKey::told(&secondary, KeySlot::Secondary, secondary_secret),
        ];
        let new = NewResource {
            resource: resource.clone(),
            keys: [primary, secondary],
        };
        match self.store.create_resource(new).await? {
            ResourceCreation::Created => {
                self.signers.forget_name(&resource.name);
                Ok((resource, told))
            }
            ResourceCreation::SubscriptionUnknown => {
                Err(Error::not_found(Entity::Subscription, subscription))
            }
            ResourceCreation::NameTaken => Err(Error::NameTaken(name.into())),
        }
    }

    /// Reads a resource.
    ///
    /// # Errors
    /// [`Error::NotFound`], and the store's.
    pub async fn resource(&self, _: Operator, id: ResourceId) -> Result<Resource, Error> {
        let found = self.store.resource(id).await?;
        found.ok_or_else(|| Error::not_found(Entity::Resource, id))
    }

    /// Lists the resources of a subscription.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the subscription, and the store's.
    pub async fn list_resources(
        &self,
        _: Operator,
        subscription: SubscriptionId,
        page: PageRequest,
    ) -> Result<Paged<Resource>, Error> {
        let lookup = page.lookup(ResourceId::from_uuid);
        let found = self.store.resources(subscription, lookup).await?;
        let found = found.ok_or_else(|| Error::not_found(Entity::Subscription, subscription))?;
        Ok(page.page(found, |resource| resource.id.as_uuid()))
    }

    /// Deletes a resource with its keys and identities.
    ///
    /// # Errors
    /// [`Error::NotFound`], and the store's.
    pub async fn delete_resource(&self, _: Operator, id: ResourceId) -> Result<Appended, Error> {
        let deleted = self.store.delete_resource(id).await?;
        let appended = deleted.ok_or_else(|| Error::not_found(Entity::Resource, id))?;
        self.learn(&appended)?;
        Ok(appended)
    }
}
