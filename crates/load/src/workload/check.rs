//! Checks of single tokens.

use lanyard_proto::v1::policy_service_client::PolicyServiceClient;
use lanyard_proto::v1::{Capability, CheckRequest, CheckResponse, Decision};
use lanyard_token::BootTime;
use tonic::transport::Channel;

use super::connections::{Connection, Connections};
use super::in_turn::InTurn;
use super::{Call, Workload};
use crate::failure::Failure;

/// One `Check` after the other, about each of some tokens in turn.
#[derive(Clone, Debug)]
pub struct Checks {
    connections: Connections,
    requests: InTurn<CheckRequest>,
}

/// Somebody who checks.
#[derive(Debug)]
pub struct Checker {
    client: PolicyServiceClient<Channel>,
    connection: Connection,
    requests: InTurn<CheckRequest>,
}

impl Checks {
    /// Checks these tokens, each of which must be allowed.
    #[must_use]
    pub fn new(connections: Connections, tokens: &[String]) -> Self {
        Self {
            connections,
            requests: check_requests(tokens),
        }
    }
}

impl Workload for Checks {
    type Worker = Checker;

    fn workers(&self, concurrency: usize) -> Vec<Checker> {
        let connections = self.connections.share(concurrency);
        let workers = connections.map(|connection| Checker {
            client: PolicyServiceClient::new(connection.channel.clone()),
            connection,
            requests: self.requests.clone(),
        });
        workers.collect()
    }
}

impl Call for Checker {
    async fn call(&mut self, _due: BootTime) -> Result<u64, Failure> {
        let (_, request) = self.requests.take().unwrap_or_default();
        let request = self.connection.request(request);
        let CheckResponse { decision } = self.client.check(request).await?.into_inner();
        allowed(decision.as_ref())
    }
}

/// The question that is asked about a token with the scope `chat`.
#[must_use]
pub fn check_request(token: &str) -> CheckRequest {
    CheckRequest {
        token: token.to_owned(),
        capability: ASKED.into(),
        context: None,
        min_position: None,
    }
}

/// That question about each of these tokens.
pub(super) fn check_requests(tokens: &[String]) -> InTurn<CheckRequest> {
    InTurn::new(tokens.iter().map(|token| check_request(token)))
}

/// A check is done if it is allowed: a refusal would measure something else.
pub(super) fn allowed(decision: Option<&Decision>) -> Result<u64, Failure> {
    match decision {
        Some(decision) if decision.allowed => Ok(1),
        Some(decision) => Err(Failure::Answer(format!(
            "a token was denied: {}",
            decision.reason().as_str_name()
        ))),
        None => Err(Failure::Answer("an answer without a decision".to_owned())),
    }
}

/// What tokens with the scope `chat` may do without any context.
pub(super) const ASKED: Capability = Capability::CreateChatThread;
