//! The bare identity service: `IssueToken`, and nothing of the rest.

use lanyard_proto::v1::identity_service_server::IdentityService;
use lanyard_proto::v1::{
    CreateIdentityRequest, CreateIdentityResponse, DeleteIdentityRequest, DeleteIdentityResponse,
    GetIdentityRequest, GetIdentityResponse, IssueTokenRequest, IssueTokenResponse,
    ListIdentitiesRequest, ListIdentitiesResponse, RevokeTokenRequest, RevokeTokenResponse,
    RevokeTokensRequest, RevokeTokensResponse,
};
use tonic::{Request, Response, Status};

use super::Bare;

#[tonic::async_trait]
impl IdentityService for Bare {
    async fn issue_token(
        &self,
        _: Request<IssueTokenRequest>,
    ) -> Result<Response<IssueTokenResponse>, Status> {
        Ok(Response::new(self.issue()))
    }

    async fn create_identity(
        &self,
        _: Request<CreateIdentityRequest>,
    ) -> Result<Response<CreateIdentityResponse>, Status> {
        Err(super::not_here())
    }

    async fn get_identity(
        &self,
        _: Request<GetIdentityRequest>,
    ) -> Result<Response<GetIdentityResponse>, Status> {
        Err(super::not_here())
    }

    async fn list_identities(
        &self,
        _: Request<ListIdentitiesRequest>,
    ) -> Result<Response<ListIdentitiesResponse>, Status> {
        Err(super::not_here())
    }

    async fn delete_identity(
        &self,
        _: Request<DeleteIdentityRequest>,
    ) -> Result<Response<DeleteIdentityResponse>, Status> {
        Err(super::not_here())
    }

    async fn revoke_tokens(
        &self,
        _: Request<RevokeTokensRequest>,
    ) -> Result<Response<RevokeTokensResponse>, Status> {
        Err(super::not_here())
    }

    async fn revoke_token(
        &self,
        _: Request<RevokeTokenRequest>,
    ) -> Result<Response<RevokeTokenResponse>, Status> {
        Err(super::not_here())
    }
}
