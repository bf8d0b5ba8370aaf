//! `IdentityService`.

use std::sync::Arc;

use lanyard_authority::CreatedIdentity;
use lanyard_proto::v1::{self, identity_service_server::IdentityService};
use lanyard_store::Store;
use tonic::{Request, Response, Status};

use super::{ServedAuthority, admit::admit, requests, responses, status::Fault};

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
        let (caller, message) = admit(&*self.authority, request).await?;
        let caller = caller.key_holder().map_err(Fault::from)?;
        let (custom_id, token) = requests::create_identity(&message)?;
        let created = self
            .authority
            .create_identity(&caller, custom_id, token)
            .await;
        let CreatedIdentity { identity, token } = created.map_err(Fault::from)?;
        Ok(Response::new(v1::CreateIdentityResponse {
            identity: Some(responses::identity(identity)),
            access_token: token.map(responses::access_token),
        }))
    }

    async fn get_identity(
        &self,
        request: Request<v1::GetIdentityRequest>,
    ) -> Result<Response<v1::GetIdentityResponse>, Status> {
        let (caller, v1::GetIdentityRequest { identity_id }) =
            admit(&*self.authority, request).await?;
        let caller = caller.key_holder().map_err(Fault::from)?;
        let id = requests::identity_id(&identity_id)?;
        let found = self
            .authority
            .identity(&caller, id)
            .await
            .map_err(Fault::from)?;
        let identity = Some(responses::identity(found));
        Ok(Response::new(v1::GetIdentityResponse { identity }))
    }

    async fn list_identities(
        &self,
        request: Request<v1::ListIdentitiesRequest>,
    ) -> Result<Response<v1::ListIdentitiesResponse>, Status> {
        let (
            caller,
            v1::ListIdentitiesRequest {
                page_size,
                page_token,
            },
        ) = admit(&*self.authority, request).await?;
        let caller = caller.key_holder().map_err(Fault::from)?;
        let page = requests::page(page_size, &page_token)?;
        let found = self
            .authority
            .list_identities(&caller, page)
            .await
            .map_err(Fault::from)?;
        Ok(Response::new(responses::identities(found)))
    }

    async fn delete_identity(
        &self,
        request: Request<v1::DeleteIdentityRequest>,
    ) -> Result<Response<v1::DeleteIdentityResponse>, Status> {
        let (caller, v1::DeleteIdentityRequest { identity_id }) =
            admit(&*self.authority, request).await?;
        let caller = caller.key_holder().map_err(Fault::from)?;
        let id = requests::identity_id(&identity_id)?;
        let deleted = self
            .authority
            .delete_identity(&caller, id)
            .await
            .map_err(Fault::from)?;
        let revocation = Some(responses::revocation(deleted));
        Ok(Response::new(v1::DeleteIdentityResponse { revocation }))
    }

    async fn issue_token(
        &self,
        request: Request<v1::IssueTokenRequest>,
    ) -> Result<Response<v1::IssueTokenResponse>, Status> {
        let (caller, message) = admit(&*self.authority, request).await?;
        let caller = caller.key_holder().map_err(Fault::from)?;
        let (id, spec) = requests::issue_token(&message)?;
        let issued = self
            .authority
            .issue_token(&caller, id, spec)
            .await
            .map_err(Fault::from)?;
        let access_token = Some(responses::access_token(issued));
        Ok(Response::new(v1::IssueTokenResponse { access_token }))
    }

    async fn revoke_tokens(
        &self,
        request: Request<v1::RevokeTokensRequest>,
    ) -> Result<Response<v1::RevokeTokensResponse>, Status> {
        let (caller, v1::RevokeTokensRequest { identity_id }) =
            admit(&*self.authority, request).await?;
        let caller = caller.key_holder().map_err(Fault::from)?;
        let id = requests::identity_id(&identity_id)?;
        let revoked = self
            .authority
            .revoke_tokens(&caller, id)
            .await
            .map_err(Fault::from)?;
        let revocation = Some(responses::revocation(revoked));
        Ok(Response::new(v1::RevokeTokensResponse { revocation }))
    }

    async fn revoke_token(
        &self,
        request: Request<v1::RevokeTokenRequest>,
    ) -> Result<Response<v1::RevokeTokenResponse>, Status> {
        let (caller, v1::RevokeTokenRequest { token }) = admit(&*self.authority, request).await?;
        let caller = caller.key_holder().map_err(Fault::from)?;
        let revoked = self
            .authority
            .revoke_token(&caller, &token)
            .await
            .map_err(Fault::from)?;
        let revocation = Some(responses::revocation(revoked));
        Ok(Response::new(v1::RevokeTokenResponse { revocation }))
    }
}
