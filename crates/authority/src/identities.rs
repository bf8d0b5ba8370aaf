//! Identities of a resource.

use lanyard_store::{Appended, CustomIdentity, Identity, Store};
use lanyard_token::{Clock, IdentityId};

use crate::{
    Authority, CustomId, Entity, Entropy, Error, IssuedToken, KeyHolder, PageRequest, Paged,
    TokenSpec,
};

/// An identity, new or found, and the token that was asked for with it.
#[derive(Debug)]
pub struct CreatedIdentity {
    /// The identity.
    pub identity: Identity,
    /// The token.
    pub token: Option<IssuedToken>,
}

impl<S: Store, C: Clock, E: Entropy> Authority<S, C, E> {
    /// Makes an identity, or finds the one that has the custom id, and issues a first token for it
    /// where one is asked for.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the resource was deleted meanwhile, [`Error::Stale`], and the store's.
    /// An identity that was made stays if only the token failed; a custom id finds it again.
    pub async fn create_identity(
        &self,
        caller: &KeyHolder,
        custom_id: Option<CustomId>,
        token: Option<TokenSpec>,
    ) -> Result<CreatedIdentity, Error> {
        if token.is_some() {
            self.ensure_fresh()?;
        }
        let now = self.clock.wall()?;
        let id = IdentityId::new(caller.resource(), self.id_at(now)?);
        let new = Identity {
            id,
            custom_id: custom_id.map(String::from),
            create_time: now,
            last_token_issue_time: None,
        };
        let identity = match self.store.create_identity(new.clone()).await? {
            CustomIdentity::Created => new,
            CustomIdentity::Existing(existing) => self.issue_times.noted(existing),
            CustomIdentity::ResourceUnknown => {
                return Err(Error::not_found(Entity::Resource, caller.resource()));
            }
        };
        let token = match token {
            Some(spec) => Some(self.issue_token(caller, identity.id, spec).await?),
            None => None,
        };
        Ok(CreatedIdentity { identity, token })
    }

    /// Reads an identity.
    ///
    /// # Errors
    /// [`Error::NotFound`], and the store's.
    pub async fn identity(&self, caller: &KeyHolder, id: IdentityId) -> Result<Identity, Error> {
        let found = self.store.identity(owned(caller, id)?).await?;
        found
            .map(|identity| self.issue_times.noted(identity))
            .ok_or_else(|| unknown(id))
    }

    /// Lists the identities of the caller's resource.
    ///
    /// # Errors
    /// The store's.
    pub async fn list_identities(
        &self,
        caller: &KeyHolder,
        page: PageRequest,
    ) -> Result<Paged<Identity>, Error> {
        let resource = caller.resource();
        let lookup = page.lookup(|uuid| IdentityId::new(resource, uuid));
        let found = self.store.identities(resource, lookup).await?;
        let found = found
            .into_iter()
            .map(|identity| self.issue_times.noted(identity))
            .collect();
        Ok(page.page(found, |identity: &Identity| identity.id.uuid()))
    }

    /// Deletes an identity and revokes everything that it has, for good.
    ///
    /// # Errors
    /// [`Error::NotFound`], and the store's.
    pub async fn delete_identity(
        &self,
        caller: &KeyHolder,
        id: IdentityId,
    ) -> Result<Appended, Error> {
        let deleted = self.store.delete_identity(owned(caller, id)?).await?;
        let appended = deleted.ok_or_else(|| unknown(id))?;
        self.learn(&appended)?;
        Ok(appended)
    }
}

/// An identity of another resource is answered like one that never was.
pub(crate) fn owned(caller: &KeyHolder, id: IdentityId) -> Result<IdentityId, Error> {
    if id.resource() == caller.resource() {
        Ok(id)
    } else {
        Err(unknown(id))
    }
}

pub(crate) fn unknown(id: IdentityId) -> Error {
    Error::not_found(Entity::Identity, id)
}
