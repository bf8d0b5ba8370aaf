//! `TrustService`.

use std::{pin::Pin, sync::Arc};

use futures_util::Stream;
use lanyard_authority::Watcher;
use lanyard_proto::v1::{self, trust_service_server::TrustService};
use lanyard_store::Store;
use tokio::sync::watch;
use tonic::{Request, Response, Status, Streaming};

use super::{ServedAuthority, admit::admit, feed_messages, status::Fault, watching};

/// The service over an authority. Its watches end when the process is to stop.
#[derive(Debug)]
pub(crate) struct TrustGrpc<S> {
    authority: Arc<ServedAuthority<S>>,
    stopped: watch::Receiver<bool>,
}

impl<S> TrustGrpc<S> {
    pub(super) const fn new(
        authority: Arc<ServedAuthority<S>>,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        Self { authority, stopped }
    }
}

fn admit_watcher<T>(request: Request<T>) -> Result<(Watcher, T), Status> {
    let (caller, message) = admit(request)?;
    Ok((caller.watcher().map_err(Fault::from)?, message))
}

#[tonic::async_trait]
impl<S: Store> TrustService for TrustGrpc<S> {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<v1::WatchResponse, Status>> + Send>>;

    async fn watch(
        &self,
        request: Request<Streaming<v1::WatchRequest>>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let (watcher, asked) = admit_watcher(request)?;
        let guard = watching::Guard {
            authority: Arc::clone(&self.authority),
            watcher,
            stopped: self.stopped.clone(),
        };
        Ok(Response::new(Box::pin(watching::answers(guard, asked))))
    }

    async fn get_key_set(
        &self,
        request: Request<v1::GetKeySetRequest>,
    ) -> Result<Response<v1::GetKeySetResponse>, Status> {
        let (_, v1::GetKeySetRequest {}) = admit_watcher(request)?;
        let v1::KeySet {
            keys,
            revoked_keys: _,
            version: _,
        } = feed_messages::key_set(&self.authority.view().keys(), 0);
        Ok(Response::new(v1::GetKeySetResponse { keys }))
    }
}
