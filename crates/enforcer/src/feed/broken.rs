//! Why a connection is given up.

use super::NotUnderstood;

/// Why a connection must be given up for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// Something was said that might be a revocation and is not understood. Until it is, the list
    /// grows old.
    #[error(transparent)]
    NotUnderstood(#[from] NotUnderstood),
    /// Something was missed. Everything is read again.
    #[error("the feed has a gap")]
    Gap,
    /// A message came where it cannot be.
    #[error("the feed does not keep to its protocol")]
    Unexpected,
    /// It is the feed of another store.
    #[error("the feed is of a store with another number of partitions; restart to follow that")]
    OtherStore,
    /// The list is not what the authority's is. Everything is read again.
    #[error("the list differs from the authority's")]
    Diverged,
    /// Nothing was heard for too long.
    #[error("the feed is silent")]
    Silent,
}
