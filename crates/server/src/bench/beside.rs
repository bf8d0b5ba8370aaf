//! The bare service that runs beside the authority for as long as the two are compared.

use std::num::NonZeroUsize;

use clap::ValueEnum as _;
use lanyard_load::workload::Connections;
use lanyard_proto::v1::policy_service_client::PolicyServiceClient;
use lanyard_proto::v1::trust_service_client::TrustServiceClient;
use lanyard_proto::v1::{GetKeySetRequest, IntrospectRequest, JsonWebKey};

use super::compare::BARE;
use super::floor::{FloorKind, FloorProcess};
use super::{BenchError, site};
use crate::client::{ConnectionArgs, Purpose, Session, required};

/// A bare service, or none.
#[derive(Debug)]
pub(super) struct Beside(Option<(FloorKind, FloorProcess)>);

/// Starts the bare service, if there is to be one. The tokens are those that it may have to verify.
pub(super) async fn floor(
    kind: Option<FloorKind>,
    connection: &ConnectionArgs,
    tokens: &[String],
) -> Result<Beside, BenchError> {
    let Some(kind) = kind else {
        return Ok(Beside(None));
    };
    let key = match kind {
        FloorKind::Verify => Some(key_of(connection, tokens).await?),
        FloorKind::Empty | FloorKind::Sign => None,
    };
    let process = FloorProcess::start(kind, key.as_deref()).await?;
    Ok(Beside(Some((kind, process))))
}

impl Beside {
    /// Connects to it as to the authority, with the same bearer.
    pub(super) async fn connect(
        &self,
        connection: &ConnectionArgs,
        purpose: Purpose,
        count: NonZeroUsize,
    ) -> Result<Option<Connections>, BenchError> {
        let Some((_, process)) = &self.0 else {
            return Ok(None);
        };
        let there = site::at(connection, Some(process.endpoint.clone()));
        site::connect(&there, purpose, count).await.map(Some)
    }

    /// What the report calls it.
    pub(super) fn name(&self) -> Option<String> {
        let (kind, _) = self.0.as_ref()?;
        Some(format!("{BARE}{}", kind.to_possible_value()?.get_name()))
    }
}

/// The public key that the tokens were signed with, as the authority publishes it.
async fn key_of(connection: &ConnectionArgs, tokens: &[String]) -> Result<String, BenchError> {
    let session = Session::open(connection, Purpose::Watch).await?;
    let mut policy = PolicyServiceClient::new(session.channel());
    let token = tokens.first().cloned().unwrap_or_default();
    let request = IntrospectRequest { token };
    let told = session.call(request, |request| policy.introspect(request));
    let key_id = required(told.await?.claims, "claims")?.key_id;
    let mut trust = TrustServiceClient::new(session.channel());
    let request = GetKeySetRequest {};
    let published = session.call(request, |request| trust.get_key_set(request));
    let mut published = published.await?.keys.into_iter();
    let key = published.find(|JsonWebKey { kid, .. }| *kid == key_id);
    key.map(|key| key.x)
        .ok_or(BenchError::KeyNotPublished(key_id))
}
