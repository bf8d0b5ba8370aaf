//! Revocations, one after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lanyard_proto::v1::RevokeTokenRequest;
use lanyard_proto::v1::identity_service_client::IdentityServiceClient;
use lanyard_token::BootTime;
use tonic::transport::Channel;

use super::connections::{Connection, Connections};
use super::in_turn::InTurn;
use super::{Call, Workload};
use crate::failure::Failure;
use crate::watching::Hearing;

/// One `RevokeToken` after the other, of each of some tokens in turn. A token that comes again is
/// revoked again: the log takes an entry for it as for any other.
#[derive(Clone, Debug)]
pub struct Revokes {
    connections: Connections,
    requests: InTurn<RevokeTokenRequest>,
    acknowledged: Arc<AtomicU64>,
    hearing: Option<Arc<Hearing>>,
}

/// Somebody who revokes.
#[derive(Debug)]
pub struct Revoker {
    client: IdentityServiceClient<Channel>,
    connection: Connection,
    requests: InTurn<RevokeTokenRequest>,
    acknowledged: Arc<AtomicU64>,
    hearing: Option<Arc<Hearing>>,
}

impl Revokes {
    /// Revokes these tokens.
    #[must_use]
    pub fn new(connections: Connections, tokens: Vec<String>) -> Self {
        let requests = tokens.into_iter().map(|token| RevokeTokenRequest { token });
        Self {
            connections,
            requests: InTurn::new(requests),
            acknowledged: Arc::default(),
            hearing: None,
        }
    }

    /// How many were acknowledged so far, those of the warm-up, too.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Notes when each was due and acknowledged, for those who wait to hear of it.
    #[must_use]
    pub fn heard_by(mut self, hearing: Arc<Hearing>) -> Self {
        self.hearing = Some(hearing);
        self
    }
}

impl Workload for Revokes {
    type Worker = Revoker;

    fn workers(&self, concurrency: usize) -> Vec<Revoker> {
        let connections = self.connections.share(concurrency);
        let workers = connections.map(|connection| Revoker {
            client: IdentityServiceClient::new(connection.channel.clone()),
            connection,
            requests: self.requests.clone(),
            acknowledged: Arc::clone(&self.acknowledged),
            hearing: self.hearing.clone(),
        });
        workers.collect()
    }
}

impl Call for Revoker {
    async fn call(&mut self, due: BootTime) -> Result<u64, Failure> {
        let (number, request) = self.requests.take().unwrap_or_default();
        let request = self.connection.request(request);
        if let Some(hearing) = &self.hearing {
            hearing.due(number, due);
        }
        let answer = self.client.revoke_token(request).await?.into_inner();
        if let Some(hearing) = &self.hearing {
            hearing.acknowledged(number);
        }
        match answer.revocation {
            Some(_acknowledged) => {
                self.acknowledged.fetch_add(1, Ordering::Relaxed);
                Ok(1)
            }
            None => Err(Failure::Answer("an answer without a revocation".to_owned())),
        }
    }
}
