//! The services of the contract: each method admits the caller, takes the request apart, calls the
//! authority, and makes the response. No rule lives here.
//!
//! | file | idea |
//! |---|---|
//! | `admit` | who calls |
//! | `methods` | which there are |
//! | `fields` | collecting what is wrong with a request, field by field |
//! | `requests`, `questions` | from the wire to the domain |
//! | `responses`, `decisions`, `feed_messages` | and back |
//! | `status` | every error as a status: code, reason, details |
//! | `identity`, `admin`, `policy`, `trust` | the services |
//! | `health`, `reflection`, `open_streams` | the services that need no credential |
//! | `stream` | the stream of checks |
//! | `watching` | one client that follows the feed |

mod admin;
mod admit;
mod decisions;
mod feed_messages;
mod fields;
mod health;
mod identity;
mod methods;
mod open_streams;
mod policy;
mod questions;
mod reflection;
mod requests;
mod responses;
mod status;
mod stream;
mod trust;
mod watching;

use std::sync::Arc;

use lanyard_authority::{Authority, SystemEntropy};
use lanyard_enforcer::Enforcer;
use lanyard_proto::v1::{
    admin_service_server::AdminServiceServer, identity_service_server::IdentityServiceServer,
    policy_service_server::PolicyServiceServer, trust_service_server::TrustServiceServer,
};
use lanyard_store::Store;
use lanyard_token::SystemClock;
use tokio::sync::watch;
use tonic_health::{
    ServingStatus,
    pb::health_server::HealthServer,
    server::{HealthReporter, HealthService},
};

use self::{admin::AdminGrpc, identity::IdentityGrpc, policy::PolicyGrpc, trust::TrustGrpc};
pub(crate) use self::{
    admit::{Door, is_guarded},
    health::HealthGrpc,
    methods::Methods,
    reflection::ReflectionGrpc,
    status::{deadline_exceeded, invalid_timeout, told, unimplemented},
};

/// The authority as it is served: over a real clock and real chance.
pub(crate) type ServedAuthority<S> = Authority<S, SystemClock, SystemEntropy>;

pub(crate) const IDENTITY_SERVICE: &str = "lanyard.v1.IdentityService";
pub(crate) const ADMIN_SERVICE: &str = "lanyard.v1.AdminService";
pub(crate) const POLICY_SERVICE: &str = "lanyard.v1.PolicyService";
pub(crate) const TRUST_SERVICE: &str = "lanyard.v1.TrustService";

/// What is served, for health and reflection. The empty name stands for the process: it serves until
/// it drains, whatever becomes of the store, so that nothing restarts it for that.
pub(crate) const SERVICES: [&str; 5] = [
    "",
    IDENTITY_SERVICE,
    ADMIN_SERVICE,
    POLICY_SERVICE,
    TRUST_SERVICE,
];

/// The services that answer from the revocation list, and so need a fresh one.
pub(crate) const CHECK_SERVICES: [&str; 2] = [POLICY_SERVICE, TRUST_SERVICE];

/// What an enforcement point serves.
pub(crate) const ENFORCER_SERVICES: [&str; 2] = ["", POLICY_SERVICE];

pub(crate) fn identity_service<S: Store>(
    authority: &Arc<ServedAuthority<S>>,
) -> IdentityServiceServer<IdentityGrpc<S>> {
    IdentityServiceServer::new(IdentityGrpc::new(Arc::clone(authority)))
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
}

pub(crate) fn admin_service<S: Store>(
    authority: &Arc<ServedAuthority<S>>,
) -> AdminServiceServer<AdminGrpc<S>> {
    AdminServiceServer::new(AdminGrpc::new(Arc::clone(authority)))
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
}

pub(crate) fn policy_service<D: Door>(
    door: &Arc<D>,
    enforcer: &Arc<Enforcer<SystemClock>>,
    draining: watch::Receiver<bool>,
) -> PolicyServiceServer<PolicyGrpc<D>> {
    let service = PolicyGrpc::new(Arc::clone(door), Arc::clone(enforcer), draining);
    PolicyServiceServer::new(service).max_decoding_message_size(MAX_MESSAGE_BYTES)
}

/// The service whose watches end once the process is to stop.
pub(crate) fn trust_service<S: Store>(
    authority: &Arc<ServedAuthority<S>>,
    stopped: watch::Receiver<bool>,
) -> TrustServiceServer<TrustGrpc<S>> {
    TrustServiceServer::new(TrustGrpc::new(Arc::clone(authority), stopped))
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
}

/// The health service, with everything serving but what waits for a fresh list.
pub(crate) async fn health(services: &[&str]) -> (HealthReporter, HealthServer<HealthGrpc>) {
    let reporter = HealthReporter::new();
    for name in services {
        let waits = CHECK_SERVICES.contains(name);
        let status = if waits {
            ServingStatus::NotServing
        } else {
            ServingStatus::Serving
        };
        reporter.set_service_status(*name, status).await;
    }
    let service = HealthService::from_health_reporter(reporter.clone());
    let service = HealthServer::new(HealthGrpc::new(service));
    (reporter, service)
}

/// The largest message that is read. A larger one ends its call and not the connection.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;
