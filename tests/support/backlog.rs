//! Revocations that are there before a server starts: more than could be asked of one in a test.

use std::ops::Range;
use std::sync::Arc;

use lanyard_store::embedded::EmbeddedStore;
use lanyard_store::{RevocationOutcome, Store as _};
use lanyard_token::{CredentialId, ResourceId, SystemClock, TokenId};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{Data, Parts};

/// A store that no server has open.
pub(crate) struct Backlog {
    store: Arc<EmbeddedStore>,
    resource: ResourceId,
    by: CredentialId,
}

impl Backlog {
    /// Opens the store of a server that has been started and stopped.
    pub(crate) fn open(data: &Data) -> Self {
        let store = EmbeddedStore::open(&data.path(), SystemClock, Uuid::nil());
        let resource = data.bootstrap_text("resource_id").parse();
        let by = data.credential("primary").id.parse();
        Self {
            store: store.expect("the store opens").into(),
            resource: resource.expect("an id"),
            by: by.expect("an id"),
        }
    }

    /// Revokes these tokens, one by one.
    pub(crate) async fn revoke(&self, tokens: &[String]) {
        let ids = tokens.iter().map(|token| {
            let claims = Parts::of(token).claims();
            let id = claims["jti"].as_str().expect("an id").parse();
            id.expect("the id of a token")
        });
        self.revoke_all(ids).await;
    }

    /// Revokes tokens that nobody holds, of these numbers.
    pub(crate) async fn fill(&self, numbers: Range<u64>) {
        let ids = numbers.map(|number| TokenId::from_uuid(Uuid::from_u64_pair(number, 0)));
        self.revoke_all(ids).await;
    }

    /// Many at a time, so that they share their commits.
    async fn revoke_all(&self, ids: impl Iterator<Item = TokenId>) {
        let mut running = JoinSet::new();
        let mut ids = ids.peekable();
        while ids.peek().is_some() {
            for id in ids.by_ref().take(AT_A_TIME) {
                let (store, resource, by) = (Arc::clone(&self.store), self.resource, self.by);
                running.spawn(async move { store.revoke_token(resource, id, by).await });
            }
            while let Some(revoked) = running.join_next().await {
                let outcome = revoked.expect("no panic").expect("it is durable");
                assert!(matches!(outcome, RevocationOutcome::Appended(_)));
            }
        }
    }
}

/// How many wait at once. The store has room for more.
const AT_A_TIME: usize = 2048;
