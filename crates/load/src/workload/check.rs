//! Checks of single tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lanyard_proto::v1::policy_service_client::PolicyServiceClient;
use lanyard_proto::v1::{Capability, CheckRequest, CheckResponse, Decision};
use lanyard_token::BootTime;
use tonic::transport::Channel;

use super::connections::{Connection, Connections};
use super::{Call, Workload};
use crate::failure::Failure;

/// One `Check` after the other, about each of some tokens in turn.
#[derive(Clone, Debug)]
pub struct Checks {
    connections: Connections,
    requests: Arc<[CheckRequest]>,
    /// Shared by all callers, so that no token comes again before all others did.
    next: Arc<AtomicUsize>,
}

/// Somebody who checks.
#[derive(Debug)]
pub struct Checker {
    client: PolicyServiceClient<Channel>,
    connection: Connection,
    requests: Arc<[CheckRequest]>,
    next: Arc<AtomicUsize>,
}

impl Checks {
    /// Checks these tokens, each of which must be allowed.
    #[must_use]
    pub fn new(connections: Connections, tokens: &[String]) -> Self {
        Self {
            connections,
            requests: tokens.iter().map(|token| check_request(token)).collect(),
            next: Arc::default(),
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
            requests: Arc::clone(&self.requests),
            next: Arc::clone(&self.next),
        });
        workers.collect()
    }
}

impl Call for Checker {
    async fn call(&mut self, _due: BootTime) -> Result<u64, Failure> {
        let request = take_turn(&self.requests, &self.next).cloned();
        let request = self.connection.request(request.unwrap_or_default());
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

/// The next of all requests, and after the last the first again. None if there are none.
pub(super) fn take_turn<'a, T>(requests: &'a [T], next: &AtomicUsize) -> Option<&'a T> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    requests.get(number.checked_rem(requests.len())?)
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
