//! Where the authority keeps what it knows.
//!
//! [`Store`] is the seam: what every backend must be able to do and, more to the point, what it
//! promises when it says that it has. [`embedded`] is the backend that needs nothing installed: one
//! process, one file, an fsync before each acknowledgement.
//!
//! To add a backend, implement [`Store`] and run the suite in `conformance` over it. A backend never
//! decides a rule of the authority; it makes the authority's steps atomic and durable.

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod embedded;
mod records;
pub mod redis;
mod rename_new;
mod seam;

pub use self::{
    records::{
        Credential, CredentialRole, Identity, KeySlot, Resource, SealedSecret, SigningKeyRecord,
        Subscription,
    },
    rename_new::rename_new,
    seam::{
        Appended, FirstStart, Healing, IdentityCreation, IssueGrant, IssueRequest, KeyRotation,
        NewIdentity, NewResource, Page, ReplicaShortage, ResourceCreation, RevocationOutcome,
        ServiceKeyDeletion, SigningKeyChange, SigningKeys, Step, Store, StoreError, SweepTime,
        Swept, UnreadableEntry,
    },
};
