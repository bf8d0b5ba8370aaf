//! Requests of the identity and admin services, from the wire to the domain.
//!
//! Each message is taken apart completely, so that a new field does not compile until it is handled.

use lanyard_authority::{
    CustomId, DisplayName, PageRequest, PageSize, ResourceName, ServiceRole, TokenSpec,
};
use lanyard_proto::v1;
use lanyard_revocation::PartitionId;
use lanyard_store::KeySlot;
use lanyard_token::{CredentialId, IdentityId, KeyId, Lifetime, ResourceId, SubscriptionId};
use prost_types::Duration;

use super::{fields::Fields, status::Fault};
use crate::scopes::scope_set;

pub(super) fn create_identity(
    message: &v1::CreateIdentityRequest,
) -> Result<(Option<CustomId>, Option<TokenSpec>), Fault> {
    let v1::CreateIdentityRequest { custom_id, token } = message;
    let mut fields = Fields::default();
    let custom_id = match custom_id {
        Some(text) => fields.parse("custom_id", text).map(Some),
        None => Some(None),
    };
    let token = match token {
        Some(v1::TokenSpec { scopes, lifetime }) => {
            token_spec(&mut fields, "token.", (scopes, *lifetime)).map(Some)
        }
        None => Some(None),
    };
    fields.all(custom_id.zip(token))
}

pub(super) fn issue_token(
    message: &v1::IssueTokenRequest,
) -> Result<(IdentityId, TokenSpec), Fault> {
    let v1::IssueTokenRequest {
        identity_id,
        scopes,
        lifetime,
    } = message;
    let mut fields = Fields::default();
    let identity = fields.parse("identity_id", identity_id);
    let spec = token_spec(&mut fields, "", (scopes, *lifetime));
    fields.all(identity.zip(spec))
}

pub(super) fn identity_id(text: &str) -> Result<IdentityId, Fault> {
    one("identity_id", text)
}

pub(super) fn subscription_id(text: &str) -> Result<SubscriptionId, Fault> {
    one("subscription_id", text)
}

pub(super) fn resource_id(text: &str) -> Result<ResourceId, Fault> {
    one("resource_id", text)
}

pub(super) fn service_key_id(text: &str) -> Result<CredentialId, Fault> {
    one("service_key_id", text)
}

pub(super) fn key_id(text: &str) -> Result<KeyId, Fault> {
    one("key_id", text)
}

pub(super) fn partition(number: u32) -> Result<PartitionId, Fault> {
    let mut fields = Fields::default();
    let number = u16::try_from(number).map(PartitionId::new);
    let partition = fields.take("partition", number.map_err(|_| "must be below 65536"));
    fields.all(partition)
}

pub(super) fn display_name(text: &str) -> Result<DisplayName, Fault> {
    one("display_name", text)
}

pub(super) fn create_resource(
    message: &v1::CreateResourceRequest,
) -> Result<(SubscriptionId, ResourceName), Fault> {
    let v1::CreateResourceRequest {
        subscription_id,
        name,
    } = message;
    let mut fields = Fields::default();
    let subscription = fields.parse("subscription_id", subscription_id);
    let name = fields.parse("name", name);
    fields.all(subscription.zip(name))
}

pub(super) fn list_resources(
    message: &v1::ListResourcesRequest,
) -> Result<(SubscriptionId, PageRequest), Fault> {
    let v1::ListResourcesRequest {
        subscription_id,
        page_size,
        page_token,
    } = message;
    let mut fields = Fields::default();
    let subscription = fields.parse("subscription_id", subscription_id);
    let page = page_fields(&mut fields, *page_size, page_token);
    fields.all(subscription.zip(page))
}

pub(super) fn rotate_access_key(
    message: &v1::RotateAccessKeyRequest,
) -> Result<(ResourceId, KeySlot), Fault> {
    let v1::RotateAccessKeyRequest { resource_id, slot } = message;
    let mut fields = Fields::default();
    let resource = fields.parse("resource_id", resource_id);
    let slot = match v1::AccessKeySlot::try_from(*slot) {
        Ok(v1::AccessKeySlot::Primary) => Ok(KeySlot::Primary),
        Ok(v1::AccessKeySlot::Secondary) => Ok(KeySlot::Secondary),
        Ok(v1::AccessKeySlot::Unspecified) | Err(_) => Err("must be PRIMARY or SECONDARY"),
    };
    let slot = fields.take("slot", slot);
    fields.all(resource.zip(slot))
}

pub(super) fn service_role(role: i32) -> Result<ServiceRole, Fault> {
    let role = match v1::ServiceKeyRole::try_from(role) {
        Ok(v1::ServiceKeyRole::Operator) => Ok(ServiceRole::Operator),
        Ok(v1::ServiceKeyRole::Enforcer) => Ok(ServiceRole::Enforcer),
        Ok(v1::ServiceKeyRole::Unspecified) | Err(_) => Err("must be OPERATOR or ENFORCER"),
    };
    let mut fields = Fields::default();
    let role = fields.take("role", role);
    fields.all(role)
}

pub(super) fn page(page_size: i32, page_token: &str) -> Result<PageRequest, Fault> {
    let mut fields = Fields::default();
    let page = page_fields(&mut fields, page_size, page_token);
    fields.all(page)
}

fn one<T: std::str::FromStr<Err: std::fmt::Display>>(
    path: &'static str,
    text: &str,
) -> Result<T, Fault> {
    let mut fields = Fields::default();
    let value = fields.parse(path, text);
    fields.all(value)
}

fn page_fields(fields: &mut Fields, page_size: i32, page_token: &str) -> Option<PageRequest> {
    let size = fields.take("page_size", PageSize::try_from(page_size));
    let token = fields.parse("page_token", page_token);
    Some(PageRequest {
        size: size?,
        token: token?,
    })
}

fn token_spec(
    fields: &mut Fields,
    prefix: &str,
    (scopes, lifetime): (&[String], Option<Duration>),
) -> Option<TokenSpec> {
    let scopes = fields.take(format!("{prefix}scopes"), scope_set(scopes));
    let lifetime = match lifetime {
        Some(Duration { seconds, nanos }) => fields.take(
            format!("{prefix}lifetime"),
            Lifetime::from_seconds(seconds, nanos),
        ),
        None => Some(Lifetime::DEFAULT),
    };
    Some(TokenSpec {
        scopes: scopes?,
        lifetime: lifetime?,
    })
}

#[cfg(test)]
mod tests;
