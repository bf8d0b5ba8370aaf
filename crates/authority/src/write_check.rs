//! Whether writes can be acknowledged now, for load balancers.

use futures_util::future::select_ok;
use lanyard_revocation::{Coverage, FreshnessBound, PartitionId, Stale};
use lanyard_store::Store;
use lanyard_token::Clock;

use crate::{Authority, Entropy, Error};

impl<S: Store, C: Clock, E: Entropy> Authority<S, C, E> {
    /// Finds out whether the store takes changes now, in one partition at least. The partition that
    /// is given is tried first; gives the one that takes them.
    ///
    /// # Errors
    /// The store's: why no partition takes any.
    pub async fn check_writable(&self, first: PartitionId) -> Result<PartitionId, Error> {
        if self.store.check_writable(first).await.is_ok() {
            return Ok(first);
        }
        let all = PartitionId::all(self.store.partitions());
        let checks = all.map(|partition| {
            Box::pin(async move {
                self.store
                    .check_writable(partition)
                    .await
                    .map(|()| partition)
            })
        });
        let (partition, _others) = select_ok(checks).await?;
        Ok(partition)
    }

    /// Finds out whether the revocation list is fresh enough to issue tokens, in one partition at
    /// least.
    ///
    /// # Errors
    /// [`Error::Stale`] if it is not.
    pub fn check_issuing(&self) -> Result<(), Error> {
        let (now, bound) = (self.clock.boot()?, FreshnessBound::ISSUING);
        match self.view.coverage(now, bound) {
            Coverage::Full | Coverage::Partial(_) => Ok(()),
            Coverage::None => {
                let age = self.view.age(now);
                Err(Stale { age, bound }.into())
            }
        }
    }
}
