//! What is kept, one type for each kind of record.

use std::fmt;

use lanyard_token::{
    CredentialId, IdentityId, KeyId, KeyState, ResourceId, SubscriptionId, TokenAlgorithm, UnixTime,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// The top of the tenancy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// A name for people.
    pub display_name: String,
    /// When it was made.
    pub create_time: UnixTime,
}

/// One tenant: it holds identities and two access keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Its id.
    pub id: ResourceId,
    /// The subscription that it belongs to.
    pub subscription: SubscriptionId,
    /// Its name, unique in the whole store.
    pub name: String,
    /// When it was made.
    pub create_time: UnixTime,
}

/// Which of a resource's two access keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeySlot {
    /// The first.
    Primary,
    /// The second, to work with while the first is rotated.
    Secondary,
}

impl KeySlot {
    /// Both, in the order in which they are listed.
    pub const ALL: [Self; 2] = [Self::Primary, Self::Secondary];
}

/// What the holder of a credential may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialRole {
    /// Manage subscriptions, resources and keys.
    Operator,
    /// Check policy, introspect and watch the trust feed.
    Enforcer,
    /// Manage the identities and tokens of one resource.
    AccessKey {
        /// The resource.
        resource: ResourceId,
        /// Which of its two keys.
        slot: KeySlot,
    },
}

/// A secret that callers sign their bearers with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Its id, the `kid` of those bearers.
    pub id: CredentialId,
    /// What its holder may do.
    pub role: CredentialRole,
    /// The secret, sealed by whoever made the record.
    pub secret: SealedSecret,
    /// When it was made.
    pub create_time: UnixTime,
}

/// A person or a bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its id, which names its resource too.
    pub id: IdentityId,
    /// The caller's own name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<String>,
    /// When it was made.
    pub create_time: UnixTime,
    /// When a token was last issued for it, to the minute, written behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_token_issue_time: Option<UnixTime>,
}

/// A key that signs access tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKeyRecord {
    /// Its id, the `kid` of those tokens.
    pub id: KeyId,
    /// Where it is in its life.
    pub state: KeyState,
    /// When it was made.
    pub create_time: UnixTime,
    /// Its seed, sealed by whoever made the record.
    pub seed: SealedSecret,
    /// The public half, which verifiers need whether or not the seed can be unsealed.
    pub public_key: [u8; 32],
    /// The `alg` of the key and of its tokens, for good. Records from before it was kept have the default.
    #[serde(default)]
    pub algorithm: TokenAlgorithm,
}

/// A secret that was encrypted before it came here: the store never sees one in the clear.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedSecret(Vec<u8>);

impl SealedSecret {
    /// Takes the sealed bytes.
    #[must_use]
    pub const fn new(sealed: Vec<u8>) -> Self {
        Self(sealed)
    }

    /// The sealed bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Drop for SealedSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
