//! `AdminService`.

use std::sync::Arc;

use lanyard_authority::Operator;
use lanyard_proto::v1::{self, admin_service_server::AdminService};
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
pub(crate) struct AdminGrpc<S> {
    authority: Arc<ServedAuthority<S>>,
}

impl<S> AdminGrpc<S> {
    pub(super) const fn new(authority: Arc<ServedAuthority<S>>) -> Self {
        Self { authority }
    }
}

#[tonic::async_trait]
impl<S: Store> AdminService for AdminGrpc<S> {
    async fn create_subscription(
        &self,
        request: Request<v1::CreateSubscriptionRequest>,
    ) -> Result<Response<v1::CreateSubscriptionResponse>, Status> {
        let (by, v1::CreateSubscriptionRequest { display_name }) = admit_operator(request)?;
        let name = requests::display_name(&display_name)?;
        let done = self.authority.create_subscription(by, name).await;
        answered(done, |done| v1::CreateSubscriptionResponse {
            subscription: Some(responses::subscription(done)),
        })
    }

    async fn list_subscriptions(
        &self,
        request: Request<v1::ListSubscriptionsRequest>,
    ) -> Result<Response<v1::ListSubscriptionsResponse>, Status> {
        let (
            by,
            v1::ListSubscriptionsRequest {
                page_size,
                page_token,
            },
        ) = admit_operator(request)?;
        let page = requests::page(page_size, &page_token)?;
        let done = self.authority.list_subscriptions(by, page).await;
        answered(done, responses::subscriptions)
    }

    async fn delete_subscription(
        &self,
        request: Request<v1::DeleteSubscriptionRequest>,
    ) -> Result<Response<v1::DeleteSubscriptionResponse>, Status> {
        let (by, v1::DeleteSubscriptionRequest { subscription_id }) = admit_operator(request)?;
        let id = requests::subscription_id(&subscription_id)?;
        let done = self.authority.delete_subscription(by, id).await;
        answered(done, |done| v1::DeleteSubscriptionResponse {
            revocation: done.map(responses::revocation),
        })
    }

    async fn create_resource(
        &self,
        request: Request<v1::CreateResourceRequest>,
    ) -> Result<Response<v1::CreateResourceResponse>, Status> {
        let (by, message) = admit_operator(request)?;
        let (subscription, name) = requests::create_resource(&message)?;
        let done = self.authority.create_resource(by, subscription, name).await;
        answered(done, |(resource, keys)| v1::CreateResourceResponse {
            resource: Some(responses::resource(resource)),
            access_keys: keys.map(responses::access_key).into(),
        })
    }

    async fn get_resource(
        &self,
        request: Request<v1::GetResourceRequest>,
    ) -> Result<Response<v1::GetResourceResponse>, Status> {
        let (by, v1::GetResourceRequest { resource_id }) = admit_operator(request)?;
        let id = requests::resource_id(&resource_id)?;
        let done = self.authority.resource(by, id).await;
        answered(done, |done| v1::GetResourceResponse {
            resource: Some(responses::resource(done)),
        })
    }

    async fn list_resources(
        &self,
        request: Request<v1::ListResourcesRequest>,
    ) -> Result<Response<v1::ListResourcesResponse>, Status> {
        let (by, message) = admit_operator(request)?;
        let (subscription, page) = requests::list_resources(&message)?;
        let done = self.authority.list_resources(by, subscription, page).await;
        answered(done, responses::resources)
    }

    async fn delete_resource(
        &self,
        request: Request<v1::DeleteResourceRequest>,
    ) -> Result<Response<v1::DeleteResourceResponse>, Status> {
        let (by, v1::DeleteResourceRequest { resource_id }) = admit_operator(request)?;
        let id = requests::resource_id(&resource_id)?;
        let done = self.authority.delete_resource(by, id).await;
        answered(done, |done| v1::DeleteResourceResponse {
            revocation: Some(responses::revocation(done)),
        })
    }

    async fn list_access_keys(
        &self,
        request: Request<v1::ListAccessKeysRequest>,
    ) -> Result<Response<v1::ListAccessKeysResponse>, Status> {
        let (by, v1::ListAccessKeysRequest { resource_id }) = admit_operator(request)?;
        let id = requests::resource_id(&resource_id)?;
        let done = self.authority.list_access_keys(by, id).await;
        answered(done, |done| v1::ListAccessKeysResponse {
            access_keys: done.map(responses::access_key).into(),
        })
    }

    async fn rotate_access_key(
        &self,
        request: Request<v1::RotateAccessKeyRequest>,
    ) -> Result<Response<v1::RotateAccessKeyResponse>, Status> {
        let (by, message) = admit_operator(request)?;
        let (resource, slot) = requests::rotate_access_key(&message)?;
        let done = self.authority.rotate_access_key(by, resource, slot).await;
        answered(done, |done| v1::RotateAccessKeyResponse {
            access_key: Some(responses::access_key(done.key)),
            revocation: Some(responses::revocation(done.revocation)),
        })
    }

    async fn create_service_key(
        &self,
        request: Request<v1::CreateServiceKeyRequest>,
    ) -> Result<Response<v1::CreateServiceKeyResponse>, Status> {
        let (by, v1::CreateServiceKeyRequest { role }) = admit_operator(request)?;
        let role = requests::service_role(role)?;
        let done = self.authority.create_service_key(by, role).await;
        answered(done, |done| v1::CreateServiceKeyResponse {
            service_key: Some(responses::service_key(done)),
        })
    }

    async fn list_service_keys(
        &self,
        request: Request<v1::ListServiceKeysRequest>,
    ) -> Result<Response<v1::ListServiceKeysResponse>, Status> {
        let (
            by,
            v1::ListServiceKeysRequest {
                page_size,
                page_token,
            },
        ) = admit_operator(request)?;
        let page = requests::page(page_size, &page_token)?;
        let done = self.authority.list_service_keys(by, page).await;
        answered(done, responses::service_keys)
    }

    async fn delete_service_key(
        &self,
        request: Request<v1::DeleteServiceKeyRequest>,
    ) -> Result<Response<v1::DeleteServiceKeyResponse>, Status> {
        let (by, v1::DeleteServiceKeyRequest { service_key_id }) = admit_operator(request)?;
        let id = requests::service_key_id(&service_key_id)?;
        let done = self.authority.delete_service_key(by, id).await;
        answered(done, |()| v1::DeleteServiceKeyResponse {})
    }

    async fn prepare_signing_key(
        &self,
        request: Request<v1::PrepareSigningKeyRequest>,
    ) -> Result<Response<v1::PrepareSigningKeyResponse>, Status> {
        let (by, v1::PrepareSigningKeyRequest {}) = admit_operator(request)?;
        let done = self.authority.prepare_signing_key(by).await;
        answered(done, |done| v1::PrepareSigningKeyResponse {
            signing_key: Some(responses::signing_key(&done)),
        })
    }

    async fn activate_signing_key(
        &self,
        request: Request<v1::ActivateSigningKeyRequest>,
    ) -> Result<Response<v1::ActivateSigningKeyResponse>, Status> {
        let (by, v1::ActivateSigningKeyRequest { key_id }) = admit_operator(request)?;
        let id = requests::key_id(&key_id)?;
        let done = self.authority.activate_signing_key(by, id).await;
        answered(done, |done| v1::ActivateSigningKeyResponse {
            signing_key: Some(responses::signing_key(&done)),
        })
    }

    async fn retire_signing_key(
        &self,
        request: Request<v1::RetireSigningKeyRequest>,
    ) -> Result<Response<v1::RetireSigningKeyResponse>, Status> {
        let (by, v1::RetireSigningKeyRequest { key_id }) = admit_operator(request)?;
        let id = requests::key_id(&key_id)?;
        let done = self.authority.retire_signing_key(by, id).await;
        answered(done, |done| v1::RetireSigningKeyResponse {
            signing_key: Some(responses::signing_key(&done)),
        })
    }

    async fn revoke_signing_key(
        &self,
        request: Request<v1::RevokeSigningKeyRequest>,
    ) -> Result<Response<v1::RevokeSigningKeyResponse>, Status> {
        let (by, v1::RevokeSigningKeyRequest { key_id }) = admit_operator(request)?;
        let id = requests::key_id(&key_id)?;
        let done = self.authority.revoke_signing_key(by, id).await;
        answered(done, |done| v1::RevokeSigningKeyResponse {
            signing_key: Some(responses::signing_key(&done.key)),
            revocation: Some(responses::revocation(done.revocation)),
        })
    }

    async fn list_signing_keys(
        &self,
        request: Request<v1::ListSigningKeysRequest>,
    ) -> Result<Response<v1::ListSigningKeysResponse>, Status> {
        let (by, v1::ListSigningKeysRequest {}) = admit_operator(request)?;
        let done = self.authority.list_signing_keys(by).await;
        answered(done, |done| v1::ListSigningKeysResponse {
            signing_keys: done.iter().map(responses::signing_key).collect(),
        })
    }

    async fn list_unreadable_entries(
        &self,
        request: Request<v1::ListUnreadableEntriesRequest>,
    ) -> Result<Response<v1::ListUnreadableEntriesResponse>, Status> {
        let (by, v1::ListUnreadableEntriesRequest {}) = admit_operator(request)?;
        let done = self.authority.log_faults(by).await;
        answered(done, responses::log_faults)
    }

    async fn strike_entry(
        &self,
        request: Request<v1::StrikeEntryRequest>,
    ) -> Result<Response<v1::StrikeEntryResponse>, Status> {
        let (by, v1::StrikeEntryRequest { partition, place }) = admit_operator(request)?;
        let partition = requests::partition(partition)?;
        let done = self.authority.strike_entry(by, partition, &place).await;
        answered(done, |()| v1::StrikeEntryResponse {})
    }

    async fn give_up_missing_entries(
        &self,
        request: Request<v1::GiveUpMissingEntriesRequest>,
    ) -> Result<Response<v1::GiveUpMissingEntriesResponse>, Status> {
        let (by, v1::GiveUpMissingEntriesRequest { partition }) = admit_operator(request)?;
        let partition = requests::partition(partition)?;
        let done = self.authority.give_up_missing(by, partition).await;
        answered(done, |()| v1::GiveUpMissingEntriesResponse {})
    }
}

fn admit_operator<T>(request: Request<T>) -> Result<(Operator, T), Status> {
    let (caller, message) = admit(request)?;
    Ok((caller.operator().map_err(Fault::from)?, message))
}
