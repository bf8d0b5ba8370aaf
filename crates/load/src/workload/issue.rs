//! Tokens, one after the other.

use lanyard_proto::v1::identity_service_client::IdentityServiceClient;
use lanyard_proto::v1::{AccessToken, IssueTokenRequest};
use lanyard_token::BootTime;
use tonic::transport::Channel;

use super::connections::{Connection, Connections};
use super::{Call, Workload};
use crate::failure::Failure;

/// One `IssueToken` after the other.
#[derive(Clone, Debug)]
pub struct Issues {
    connections: Connections,
    request: IssueTokenRequest,
}

/// Somebody who has tokens issued.
#[derive(Debug)]
pub struct Issuer {
    client: IdentityServiceClient<Channel>,
    connection: Connection,
    request: IssueTokenRequest,
}

impl Issues {
    /// Asks for such a token each time.
    #[must_use]
    pub const fn new(connections: Connections, request: IssueTokenRequest) -> Self {
        Self {
            connections,
            request,
        }
    }
}

impl Workload for Issues {
    type Worker = Issuer;

    fn workers(&self, concurrency: usize) -> Vec<Issuer> {
        let connections = self.connections.share(concurrency);
        let workers = connections.map(|connection| Issuer {
            client: IdentityServiceClient::new(connection.channel.clone()),
            connection,
            request: self.request.clone(),
        });
        workers.collect()
    }
}

impl Call for Issuer {
    async fn call(&mut self, _due: BootTime) -> Result<u64, Failure> {
        let request = self.connection.request(self.request.clone());
        let issued = self.client.issue_token(request).await?.into_inner();
        match issued.access_token {
            Some(AccessToken { token, .. }) if !token.is_empty() => Ok(1),
            _ => Err(Failure::Answer("an answer without a token".to_owned())),
        }
    }
}
