//! Identities of a resource.

use lanyard_store::{Appended, Identity, IdentityCreation, IssueRequest, NewIdentity, Store};
use lanyard_token::{Clock, IdentityId, Position};

use crate::{
    Authority, CustomId, Entity, Entropy, Error, IssuedToken, KeyHolder, PageRequest, Paged,
    TokenSpec, tokens::SIGNING_KEY_ATTEMPTS,
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
    /// where one is asked for: in one step, so that a refusal of the token makes no identity either.
    ///
    /// # Errors
    /// [`Error::CredentialRefused`] if the key or its resource is gone meanwhile, [`Error::Stale`] if
    /// the authority is cut off and a token is asked for, and the store's.
    pub async fn create_identity(
        &self,
        caller: &KeyHolder,
        custom_id: Option<CustomId>,
        token: Option<TokenSpec>,
    ) -> Result<CreatedIdentity, Error> {
        if token.is_some() {
            self.ensure_fresh_for(caller.resource())?;
        }
        let identity = self.new_identity(caller, custom_id)?;
        for _ in 0..SIGNING_KEY_ATTEMPTS {
            let key = token.map(|_| self.active_key()).transpose()?;
            let new = NewIdentity {
                identity: identity.clone(),
                credential: caller.credential(),
                signing_key: key.as_ref().map(|key| key.id()),
            };
            let Some((identity, position)) = self.keep_identity(new).await? else {
                self.reload_signing_keys().await?;
                continue;
            };
            let token = key.zip(token).map(|(key, spec)| {
                let request = IssueRequest {
                    identity: identity.id,
                    credential: caller.credential(),
                    signing_key: key.id(),
                };
                self.mint(&request, position, (&key, spec))
            });
            let token = token.transpose()?;
            return Ok(CreatedIdentity { identity, token });
        }
        Err(Error::SigningKeysContended)
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
        let (id, by) = (owned(caller, id)?, caller.credential());
        let outcome = self.store.delete_identity(id, by).await?;
        self.taken_back(outcome, || unknown(id))
    }

    fn new_identity(
        &self,
        caller: &KeyHolder,
        custom_id: Option<CustomId>,
    ) -> Result<Identity, Error> {
        let now = self.clock.wall()?;
        Ok(Identity {
            id: IdentityId::new(caller.resource(), self.id_at(now)?),
            custom_id: custom_id.map(String::from),
            create_time: now,
            last_token_issue_time: None,
        })
    }

    /// The identity that is there from now on, and where the log ended. None if the signing key was
    /// replaced before, in which case nothing was kept.
    async fn keep_identity(&self, new: NewIdentity) -> Result<Option<(Identity, Position)>, Error> {
        let (identity, credential) = (new.identity.clone(), new.credential);
        match self.store.create_identity(new).await? {
            IdentityCreation::Created(end) => Ok(Some((identity, end))),
            IdentityCreation::Existing(existing, end) => {
                Ok(Some((self.issue_times.noted(existing), end)))
            }
            IdentityCreation::SigningKeyNotActive => Ok(None),
            IdentityCreation::CredentialUnknown => {
                Err(self.credential_gone(identity.id.resource(), credential))
            }
            IdentityCreation::ResourceUnknown => {
                Err(Error::not_found(Entity::Resource, identity.id.resource()))
            }
        }
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
