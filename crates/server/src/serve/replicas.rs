//! Reports whether enough replicas of Redis are in reach for writes.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use lanyard_store::{ReplicaShortage, Store};
use tokio::time;

use crate::grpc::ServedAuthority;

/// The latest finding, for the probe.
#[derive(Debug, Default)]
pub(crate) struct ReplicaStatus(RwLock<Option<ReplicaShortage>>);

impl ReplicaStatus {
    /// Why writes wait, if they do.
    pub(crate) fn shortage(&self) -> Option<Shortage> {
        let found = *self.0.read().unwrap_or_else(PoisonError::into_inner);
        found.map(Shortage)
    }

    /// Takes a finding, and logs it if it is another than before.
    fn set(&self, found: Option<ReplicaShortage>) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match found.map(Shortage) {
            _ if *kept == found => {}
            Some(shortage) => tracing::warn!("{shortage}"),
            None => tracing::info!("enough replicas of Redis are in reach again"),
        }
        *kept = found;
    }
}

/// A shortage in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shortage(ReplicaShortage);

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ReplicaShortage { in_reach, required } = self.0;
        write!(
            f,
            "writes wait for replicas of Redis: {in_reach} of {required} in reach"
        )
    }
}

/// Looks at what the authority's store has found, again and again.
pub(super) async fn watch<S: Store>(
    authority: Arc<ServedAuthority<S>>,
    status: Arc<ReplicaStatus>,
) {
    loop {
        status.set(authority.replica_shortage());
        time::sleep(LOOK_EVERY).await;
    }
}

const LOOK_EVERY: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortage_is_there_until_enough_replicas_are_back() {
        let status = ReplicaStatus::default();
        assert_eq!(status.shortage(), None);
        let found = ReplicaShortage {
            in_reach: 1,
            required: 2,
        };
        status.set(Some(found));
        let text = status.shortage().unwrap().to_string();
        assert_eq!(text, "writes wait for replicas of Redis: 1 of 2 in reach");
        status.set(None);
        assert_eq!(status.shortage(), None);
    }
}
