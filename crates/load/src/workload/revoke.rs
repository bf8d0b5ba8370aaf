//! Revocations, one after the other.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use lanyard_proto::v1::RevokeTokenRequest;
use lanyard_proto::v1::identity_service_client::IdentityServiceClient;
use tonic::transport::Channel;

use super::check::take_turn;
use super::connections::{Connection, Connections};
use super::{Call, Workload};
use crate::failure::Failure;

/// One `RevokeToken` after the other, of each of some tokens in turn. A token that comes again is
/// revoked again: the log takes an entry for it as for any other.
#[derive(Clone, Debug)]
pub struct Revokes {
    connections: Connections,
    requests: Arc<[RevokeTokenRequest]>,
    next: Arc<AtomicUsize>,
}

/// Somebody who revokes.
#[derive(Debug)]
pub struct Revoker {
    client: IdentityServiceClient<Channel>,
    connection: Connection,
    requests: Arc<[RevokeTokenRequest]>,
    next: Arc<AtomicUsize>,
}

impl Revokes {
    /// Revokes these tokens.
    #[must_use]
    pub fn new(connections: Connections, tokens: Vec<String>) -> Self {
        let requests = tokens.into_iter().map(|token| RevokeTokenRequest { token });
        Self {
            connections,
            requests: requests.collect(),
            next: Arc::default(),
        }
    }
}

impl Workload for Revokes {
    type Worker = Revoker;

    fn workers(&self, concurrency: usize) -> Vec<Revoker> {
        let connections = self.connections.share(concurrency);
        let workers = connections.map(|connection| Revoker {
            client: IdentityServiceClient::new(connection.channel.clone()),
            connection,
            requests: Arc::clone(&self.requests),
            next: Arc::clone(&self.next),
        });
        workers.collect()
    }
}

impl Call for Revoker {
    async fn call(&mut self) -> Result<u64, Failure> {
        let request = take_turn(&self.requests, &self.next).cloned();
        let request = self.connection.request(request.unwrap_or_default());
        let answer = self.client.revoke_token(request).await?.into_inner();
        match answer.revocation {
            Some(_acknowledged) => Ok(1),
            None => Err(Failure::Answer("an answer without a revocation".to_owned())),
        }
    }
}
