//! Credentials of services that belong to no resource.

use lanyard_store::{Credential, CredentialRole, ServiceKeyDeletion, Store};
use lanyard_token::{Clock, CredentialId, UnixTime};

use crate::{Authority, Entity, Entropy, Error, Operator, PageRequest, Paged, Secret};

/// What a service key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceRole {
    /// Manage subscriptions, resources and keys.
    Operator,
    /// Check policy, introspect and watch the trust feed.
    Enforcer,
}

/// A credential of a service.
#[derive(Debug)]
pub struct ServiceKey {
    /// Its id.
    pub id: CredentialId,
    /// What it may do.
    pub role: ServiceRole,
    /// When it was made.
    pub create_time: UnixTime,
    /// Its secret, right after it was made and never again.
    pub secret: Option<Secret>,
}

impl ServiceKey {
    fn untold(credential: &Credential) -> Result<Self, Error> {
        let role = match credential.role {
            CredentialRole::Operator => ServiceRole::Operator,
            CredentialRole::Enforcer => ServiceRole::Enforcer,
            CredentialRole::AccessKey { .. } => {
                return Err(Error::Internal("an access key is listed as a service key"));
            }
        };
        Ok(Self {
            id: credential.id,
            role,
            create_time: credential.create_time,
            secret: None,
        })
    }
}

impl<S: Store, C: Clock, E: Entropy> Authority<S, C, E> {
    /// Makes a service key, whose secret is told here and never again.
    ///
    /// # Errors
    /// The store's.
    pub async fn create_service_key(
        &self,
        _: Operator,
        role: ServiceRole,
    ) -> Result<ServiceKey, Error> {
        let id = CredentialId::from_uuid(self.id_at(self.clock.wall()?)?);
        let (credential, told) = self.service_key_of(id, role)?;
        self.store.create_service_key(credential).await?;
        Ok(told)
    }

    /// Lists service keys, without their secrets.
    ///
    /// # Errors
    /// The store's.
    pub async fn list_service_keys(
        &self,
        _: Operator,
        page: PageRequest,
    ) -> Result<Paged<ServiceKey>, Error> {
        let found = self
            .store
            .service_keys(page.lookup(CredentialId::from_uuid))
            .await?;
        let keys = found
            .iter()
            .map(ServiceKey::untold)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(page.page(keys, |key| key.id.as_uuid()))
    }

    /// Deletes a service key.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::LastOperatorKey`], and the store's.
    pub async fn delete_service_key(&self, _: Operator, id: CredentialId) -> Result<(), Error> {
        let deletion = self.store.delete_service_key(id).await;
        // Whatever came of it: it may have been deleted, and the answer lost.
        self.remembered.forget(id);
        match deletion? {
            ServiceKeyDeletion::Deleted => Ok(()),
            ServiceKeyDeletion::Unknown => Err(Error::not_found(Entity::ServiceKey, id)),
            ServiceKeyDeletion::LastOperator => Err(Error::LastOperatorKey),
        }
    }

    /// Makes the service key, which is not kept yet.
    pub(crate) fn service_key_of(
        &self,
        id: CredentialId,
        role: ServiceRole,
    ) -> Result<(Credential, ServiceKey), Error> {
        let stored_role = match role {
            ServiceRole::Operator => CredentialRole::Operator,
            ServiceRole::Enforcer => CredentialRole::Enforcer,
        };
        let (credential, secret) = self.credential_of(id, stored_role, self.clock.wall()?)?;
        let told = ServiceKey {
            secret: Some(secret),
            ..ServiceKey::untold(&credential)?
        };
        Ok((credential, told))
    }
}
