//! `grpc.health.v1`: the health of the services.
//!
//! tonic-health ends the watch of an unknown service, where the protocol has it open with
//! `SERVICE_UNKNOWN`: clients that watch would reconnect without end.

use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use tonic::{Code, Request, Response, Status};
use tonic_health::{
    pb::{
        HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus,
        health_server::Health,
    },
    server::HealthService,
};

use super::open_streams::OpenStreams;

/// The service of tonic-health, with watches of unknown services.
#[derive(Debug)]
pub(crate) struct HealthGrpc {
    known: HealthService,
    open: OpenStreams,
}

impl HealthGrpc {
    pub(super) fn new(known: HealthService) -> Self {
        let open = OpenStreams::at_most(MAX_WATCHES);
        Self { known, open }
    }
}

type Responses = BoxStream<'static, Result<HealthCheckResponse, Status>>;

#[tonic::async_trait]
impl Health for HealthGrpc {
    type WatchStream = Responses;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        self.known.check(request).await
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Responses>, Status> {
        let open = self.open.begin()?;
        let responses = match self.known.watch(request).await {
            Ok(known) => known.into_inner().boxed(),
            // All services are registered before any is served, so the status never changes.
            Err(unknown) if unknown.code() == Code::NotFound => {
                let status = ServingStatus::ServiceUnknown.into();
                stream::iter([Ok(HealthCheckResponse { status })])
                    .chain(stream::pending())
                    .boxed()
            }
            Err(other) => return Err(other),
        };
        let responses = responses.map(move |response| {
            let _open = &open;
            response
        });
        Ok(Response::new(responses.boxed()))
    }
}

/// How many watches may be open on one port: a client has one for each of its connections.
const MAX_WATCHES: usize = 10_000;
