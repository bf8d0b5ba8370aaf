//! The two access keys of a resource.

use lanyard_store::{Appended, Credential, CredentialRole, KeyRotation, KeySlot, Store};
use lanyard_token::{Clock, CredentialId, ResourceId, UnixTime};

use crate::{Authority, Entity, Entropy, Error, Operator, Secret};

/// One of a resource's two access keys.
#[derive(Debug)]
pub struct AccessKey {
    /// Its id, the `client_id` of what it issues.
    pub id: CredentialId,
    /// Which of the two.
    pub slot: KeySlot,
    /// When it was made.
    pub create_time: UnixTime,
    /// Its secret, right after it was made and never again.
    pub secret: Option<Secret>,
}

/// What came of a rotation.
#[derive(Debug)]
pub struct RotatedKey {
    /// The new key, with its secret.
    pub key: AccessKey,
    /// The revocation of what the old one issued.
    pub revocation: Appended,
}

impl AccessKey {
    pub(crate) fn told(credential: &Credential, slot: KeySlot, secret: Secret) -> Self {
        Self {
            secret: Some(secret),
            ..Self::untold(credential, slot)
        }
    }

    fn untold(credential: &Credential, slot: KeySlot) -> Self {
        Self {
            id: credential.id,
            slot,
            create_time: credential.create_time,
            secret: None,
        }
    }
}

impl<S: Store, C: Clock, E: Entropy> Authority<S, C, E> {
    /// Lists the access keys of a resource, without their secrets.
    ///
    /// # Errors
    /// [`Error::NotFound`], and the store's.
    pub async fn list_access_keys(
        &self,
        _: Operator,
        resource: ResourceId,
    ) -> Result<[AccessKey; 2], Error> {
        let found = self.store.access_keys(resource).await?;
        let [primary, secondary] =
            found.ok_or_else(|| Error::not_found(Entity::Resource, resource))?;
        Ok([
            AccessKey::untold(&primary, KeySlot::Primary),
            AccessKey::untold(&secondary, KeySlot::Secondary),
        ])
    }

    /// Replaces an access key and revokes everything that the old one issued.
    ///
    /// The slot is read first, and the key that it holds then is the only one that is replaced. So a
    /// rotation that takes effect late does not replace the key of another rotation.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::AccessKeyChanged`], and the store's.
    pub async fn rotate_access_key(
        &self,
        _: Operator,
        resource: ResourceId,
        slot: KeySlot,
    ) -> Result<RotatedKey, Error> {
        let unknown = || Error::not_found(Entity::Resource, resource);
        let found = self.store.access_keys(resource).await?;
        let [primary, secondary] = found.ok_or_else(unknown)?;
        let current = match slot {
            KeySlot::Primary => primary.id,
            KeySlot::Secondary => secondary.id,
        };
        let role = CredentialRole::AccessKey { resource, slot };
        let (credential, secret) = self.new_credential(role, self.clock.wall()?)?;
        let key = AccessKey::told(&credential, slot, secret);
        let revocation = match self.store.rotate_access_key(credential, current).await? {
            KeyRotation::Rotated(revocation) => revocation,
            KeyRotation::ResourceUnknown => return Err(unknown()),
            KeyRotation::SlotChanged => return Err(Error::AccessKeyChanged),
        };
        self.learn(&revocation)?;
        Ok(RotatedKey { key, revocation })
    }

    /// Makes a credential of any role, and the secret that is sealed in it.
    pub(crate) fn new_credential(
        &self,
        role: CredentialRole,
        now: UnixTime,
    ) -> Result<(Credential, Secret), Error> {
        self.credential_of(CredentialId::from_uuid(self.id_at(now)?), role, now)
    }

    /// The same under an id that is there already.
    pub(crate) fn credential_of(
        &self,
        id: CredentialId,
        role: CredentialRole,
        now: UnixTime,
    ) -> Result<(Credential, Secret), Error> {
        let secret = self.new_secret()?;
        let sealed = self.master_key.seal(id.as_uuid(), secret.as_bytes())?;
        Ok((
            Credential {
                id,
                role,
                secret: sealed,
                create_time: now,
            },
            secret,
        ))
    }
}
