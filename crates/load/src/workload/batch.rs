//! Checks in batches.

use std::num::NonZeroUsize;

use lanyard_proto::v1::policy_service_client::PolicyServiceClient;
use lanyard_proto::v1::{BatchCheckItem, BatchCheckRequest};
use lanyard_token::BootTime;
use tonic::transport::Channel;

use super::check::{ASKED, allowed};
use super::connections::{Connection, Connections};
use super::{Call, Workload};
use crate::failure::Failure;

/// One `BatchCheck` after the other, all with the same questions.
#[derive(Clone, Debug)]
pub struct Batches {
    connections: Connections,
    request: BatchCheckRequest,
}

/// Somebody who checks in batches.
#[derive(Debug)]
pub struct BatchChecker {
    client: PolicyServiceClient<Channel>,
    connection: Connection,
    request: BatchCheckRequest,
}

impl Batches {
    /// So many questions in each batch, about these tokens in turn.
    #[must_use]
    pub fn new(connections: Connections, tokens: &[String], size: NonZeroUsize) -> Self {
        let tokens: Vec<_> = tokens.iter().take(size.get()).cloned().collect();
        let which = (0..u32::try_from(tokens.len()).unwrap_or(u32::MAX)).cycle();
        let checks = which.take(size.get()).map(|token_index| BatchCheckItem {
            token_index,
            capability: ASKED.into(),
            context: None,
        });
        let request = BatchCheckRequest {
            checks: checks.collect(),
            tokens,
            min_position: None,
        };
        Self {
            connections,
            request,
        }
    }
}

impl Workload for Batches {
    type Worker = BatchChecker;

    fn workers(&self, concurrency: usize) -> Vec<BatchChecker> {
        let connections = self.connections.share(concurrency);
        let workers = connections.map(|connection| BatchChecker {
            client: PolicyServiceClient::new(connection.channel.clone()),
            connection,
            request: self.request.clone(),
        });
        workers.collect()
    }
}

impl Call for BatchChecker {
    async fn call(&mut self, _due: BootTime) -> Result<u64, Failure> {
        let request = self.connection.request(self.request.clone());
        let answer = self.client.batch_check(request).await?.into_inner();
        if answer.decisions.len() != self.request.checks.len() {
            let text = "a batch with another number of answers than of questions";
            return Err(Failure::Answer(text.to_owned()));
        }
        let decisions = answer.decisions.iter();
        decisions.map(|decision| allowed(Some(decision))).sum()
    }
}
