//! `IdentityService`.

use std::sync::Arc;

use lanyard_authority::{CreatedIdentity, KeyHolder};
use lanyard_proto::v1::{self, identity_service_server::IdentityService};
use lanyard_store::Store;
use tonic::{Request, Response, Status};

use super::{
    ServedAuthority,
    admit::admit,
    requests,
    responses::{self, answered},
    status::Fault,
};

/// The service over an authority.
#[derive(Debug)]
pub(crate) struct IdentityGrpc<S> {
    authority: Arc<ServedAuthority<S>>,
}

impl<S> IdentityGrpc<S> {
    pub(super) const fn new(authority: Arc<ServedAuthority<S>>) -> Self {
        Self { authority }
    }
}

#[tonic::async_trait]
impl<S: Store> IdentityService for IdentityGrpc<S> {
    async fn create_identity(
        &self,
        request: Request<v1::CreateIdentityRequest>,
    ) -> Result<Response<v1::CreateIdentityResponse>, Status> {
        let (by, message) = admit_key_holder(request)?;
        let (custom_id, token) = requests::create_identity(&message)?;
        let done = self.authority.create_identity(&by, custom_id, token).await;
        answered(done, |CreatedIdentity { identity, token }| {
            v1::CreateIdentityResponse {
                identity: Some(responses::identity(identity)),
                access_token: token.map(responses::access_token),
            }
        })
    }

    async fn get_identity(
        &self,
        request: Request<v1::GetIdentityRequest>,
    ) -> Result<Response<v1::GetIdentityResponse>, Status> {
        let (by, v1::GetIdentityRequest { identity_id }) = admit_key_holder(request)?;
        let id = requests::identity_id(&identity_id)?;
        let done = self.authority.identity(&by, id).await;
        answered(done, |done| v1::GetIdentityResponse {
            identity: Some(responses::identity(done)),
        })
    }

    async fn list_identities(
        &self,
        request: Request<v1::ListIdentitiesRequest>,
    ) -> Result<Response<v1::ListIdentitiesResponse>, Status> {
        let (
            by,
            v1::ListIdentitiesRequest {
                page_size,
                page_token,
            },
        ) = admit_key_holder(request)?;
        let page = requests::page(page_size, &page_token)?;
        let done = self.authority.list_identities(&by, page).await;
        answered(done, responses::identities)
    }

    async fn delete_identity(
        &self,
        request: Request<v1::DeleteIdentityRequest>,
    ) -> Result<Response<v1::DeleteIdentityResponse>, Status> {
        let (by, v1::DeleteIdentityRequest { identity_id }) = admit_key_holder(request)?;
        let id = requests::identity_id(&identity_id)?;
        let done = self.authority.delete_identity(&by, id).await;
        answered(done, |done| v1::DeleteIdentityResponse {
            revocation: Some(responses::revocation(done)),
        })
    }

    async fn issue_token(
        &self,
        request: Request<v1::IssueTokenRequest>,
    ) -> Result<Response<v1::IssueTokenResponse>, Status> {
        let (by, message) = admit_key_holder(request)?;
        let (id, spec) = requests::issue_token(&message)?;
        let done = self.authority.issue_token(&by, id, spec).await;
        answered(done, |done| v1::IssueTokenResponse {
            access_token: Some(responses::access_token(done)),
        })
    }

    async fn revoke_tokens(
        &self,
        request: Request<v1::RevokeTokensRequest>,
    ) -> Result<Response<v1::RevokeTokensResponse>, Status> {
        let (by, v1::RevokeTokensRequest { identity_id }) = admit_key_holder(request)?;
        let id = requests::identity_id(&identity_id)?;
        let done = self.authority.revoke_tokens(&by, id).await;
        answered(done, |done| v1::RevokeTokensResponse {
            revocation: Some(responses::revocation(done)),
        })
    }

    async fn revoke_token(
        &self,
        request: Request<v1::RevokeTokenRequest>,
    ) -> Result<Response<v1::RevokeTokenResponse>, Status> {
        let (by, v1::RevokeTokenRequest { token }) = admit_key_holder(request)?;
        let done = self.authority.revoke_token(&by, &token).await;
        answered(done, |done| v1::RevokeTokenResponse {
            revocation: Some(responses::revocation(done)),
        })
    }
}

fn admit_key_holder<T>(request: Request<T>) -> Result<(KeyHolder, T), Status> {
    let (caller, message) = admit(request)?;
    Ok((caller.key_holder().map_err(Fault::from)?, message))
}
