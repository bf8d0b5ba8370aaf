//! What the store keeps besides the log. It is made once, does not change, and is always there: what
//! is simulated is the log.

use std::{collections::BTreeMap, sync::Mutex};

use lanyard_store::{
    Credential, CredentialRole, Identity, NewResource, SigningKeyChange, SigningKeyRecord,
    SigningKeys, Subscription,
};
use lanyard_token::{CredentialId, IdentityId, KeyId};

/// Everything that is not in the log.
#[derive(Debug, Default)]
pub(crate) struct Tenancy(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    subscriptions: Vec<Subscription>,
    credentials: BTreeMap<CredentialId, Credential>,
    identities: BTreeMap<IdentityId, Identity>,
    signing_keys: Vec<SigningKeyRecord>,
    key_version: u64,
    active_key: Option<KeyId>,
}

impl Tenancy {
    /// Keeps a subscription.
    pub(crate) fn add_subscription(&self, new: Subscription) {
        self.with(|tables| tables.subscriptions.push(new));
    }

    /// All of them.
    pub(crate) fn subscriptions(&self) -> Vec<Subscription> {
        self.with(|tables| tables.subscriptions.clone())
    }

    /// Keeps a resource's access keys, which are all that is asked for of it.
    pub(crate) fn add_resource(&self, new: NewResource) {
        let NewResource { resource: _, keys } = new;
        for key in keys {
            self.add_credential(key);
        }
    }

    /// Keeps a credential.
    pub(crate) fn add_credential(&self, new: Credential) {
        self.with(|tables| tables.credentials.insert(new.id, new));
    }

    /// Finds a credential.
    pub(crate) fn credential(&self, id: CredentialId) -> Option<Credential> {
        self.with(|tables| tables.credentials.get(&id).cloned())
    }

    /// Those of operators and enforcers.
    pub(crate) fn service_keys(&self) -> Vec<Credential> {
        let is_service = |key: &&Credential| !matches!(key.role, CredentialRole::AccessKey { .. });
        self.with(|tables| {
            tables
                .credentials
                .values()
                .filter(is_service)
                .cloned()
                .collect()
        })
    }

    /// Keeps an identity.
    pub(crate) fn add_identity(&self, new: Identity) {
        self.with(|tables| tables.identities.insert(new.id, new));
    }

    /// Whether there is such an identity.
    pub(crate) fn has_identity(&self, id: IdentityId) -> bool {
        self.with(|tables| tables.identities.contains_key(&id))
    }

    /// All signing keys.
    pub(crate) fn signing_keys(&self) -> SigningKeys {
        self.with(|tables| SigningKeys {
            version: tables.key_version,
            keys: tables.signing_keys.clone(),
        })
    }

    /// Whether it is the key that signs.
    pub(crate) fn is_active_key(&self, id: KeyId) -> bool {
        self.with(|tables| tables.active_key == Some(id))
    }

    /// Keeps signing keys; whether they were at the version that the change was made from.
    pub(crate) fn add_signing_keys(&self, change: SigningKeyChange) -> bool {
        self.with(|tables| {
            if tables.key_version != change.from_version {
                return false;
            }
            tables.key_version += 1;
            tables.signing_keys.extend(change.records);
            tables.active_key = change.active.or(tables.active_key);
            true
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Tables) -> T) -> T {
        act(&mut self.0.lock().expect("nobody panics in here"))
    }
}
