//! The bare policy service: `Check`, and nothing of the rest.

use lanyard_proto::v1::policy_service_server::PolicyService;
use lanyard_proto::v1::{
    BatchCheckRequest, BatchCheckResponse, CheckRequest, CheckResponse, IntrospectRequest,
    IntrospectResponse, ListCapabilitiesRequest, ListCapabilitiesResponse, StreamCheckRequest,
    StreamCheckResponse,
};
use tonic::{Request, Response, Status, Streaming};

use super::Bare;

#[tonic::async_trait]
impl PolicyService for Bare {
    type StreamCheckStream = tokio_stream::Empty<Result<StreamCheckResponse, Status>>;

    async fn check(
        &self,
        request: Request<CheckRequest>,
    ) -> Result<Response<CheckResponse>, Status> {
        Ok(Response::new(self.check(&request.into_inner().token)))
    }

    async fn batch_check(
        &self,
        _: Request<BatchCheckRequest>,
    ) -> Result<Response<BatchCheckResponse>, Status> {
        Err(super::not_here())
    }

    async fn stream_check(
        &self,
        _: Request<Streaming<StreamCheckRequest>>,
    ) -> Result<Response<Self::StreamCheckStream>, Status> {
        Err(super::not_here())
    }

    async fn list_capabilities(
        &self,
        _: Request<ListCapabilitiesRequest>,
    ) -> Result<Response<ListCapabilitiesResponse>, Status> {
        Err(super::not_here())
    }

    async fn introspect(
        &self,
        _: Request<IntrospectRequest>,
    ) -> Result<Response<IntrospectResponse>, Status> {
        Err(super::not_here())
    }
}
