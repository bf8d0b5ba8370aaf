//! gRPC, REST and the published keys on one port.

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    http::StatusCode,
    middleware::map_request,
    response::{IntoResponse, Response},
};
use lanyard_enforcer::Enforcer;
use lanyard_proto::DESCRIPTORS;
use lanyard_store::Store;
use lanyard_token::{PropagationBound, SystemClock};
use tokio::sync::watch;
use tonic::service::Routes;
use tonic_health::{pb::health_server::HealthServer, server::HealthService};
use tonic_reflection::server::{Builder as ReflectionBuilder, Error as ReflectionError};

use super::{front::FrontLayer, host, jwks::Jwks, metrics::Metrics};
use crate::{
    grpc::{self, Door, ENFORCER_SERVICES, Methods, SERVICES, ServedAuthority},
    rest::Rest,
};

/// Everything that a port answers.
#[derive(Debug)]
pub(crate) struct ServicePort<D> {
    pub(super) services: Routes,
    pub(super) front: FrontLayer<D>,
}

/// What the port of an authority answers.
pub(super) fn routes<S: Store>(
    authority: &Arc<ServedAuthority<S>>,
    (enforcer, draining): (&Arc<Enforcer<SystemClock>>, watch::Receiver<bool>),
    (health, metrics): (HealthServer<HealthService>, Arc<Metrics>),
    (rest, propagation_bound): (Rest<S>, PropagationBound),
) -> Result<ServicePort<ServedAuthority<S>>, ReflectionError> {
    let services = open_services(health, &SERVICES)?
        .add_service(grpc::identity_service(authority))
        .add_service(grpc::admin_service(authority))
        .add_service(grpc::policy_service(authority, enforcer, draining.clone()))
        .add_service(grpc::trust_service(authority, draining));
    let rest = Arc::new(rest);
    let rest = move |request: Request| {
        let rest = Arc::clone(&rest);
        async move { rest.answer(request).await }
    };
    let jwks = Jwks::new(authority.view(), propagation_bound);
    let http = jwks.router().fallback(rest);
    Ok(behind_door(authority, metrics, (services, http)))
}

/// What the port of an enforcement point answers.
pub(crate) fn enforcer_routes<D: Door>(
    door: &Arc<D>,
    (enforcer, draining): (&Arc<Enforcer<SystemClock>>, watch::Receiver<bool>),
    (health, metrics): (HealthServer<HealthService>, Arc<Metrics>),
) -> Result<ServicePort<D>, ReflectionError> {
    let services = open_services(health, &ENFORCER_SERVICES)?
        .add_service(grpc::policy_service(door, enforcer, draining));
    // The keys are the authority's to publish.
    let http = Router::new().fallback(async || not_found());
    Ok(behind_door(door, metrics, (services, http)))
}

/// Health and reflection, which anybody may ask.
fn open_services(
    health: HealthServer<HealthService>,
    services: &[&'static str],
) -> Result<Routes, ReflectionError> {
    let v1 = reflection(services).build_v1()?;
    let v1alpha = reflection(services).build_v1alpha()?;
    Ok(Routes::default()
        .add_service(health.max_decoding_message_size(SMALL_MESSAGE_BYTES))
        .add_service(v1.max_decoding_message_size(SMALL_MESSAGE_BYTES))
        .add_service(v1alpha.max_decoding_message_size(SMALL_MESSAGE_BYTES)))
}

/// The services behind the door that knows their callers, HTTP beside them, and all of it counted.
fn behind_door<D: Door>(
    door: &Arc<D>,
    metrics: Arc<Metrics>,
    (services, http): (Routes, Router),
) -> ServicePort<D> {
    let front = FrontLayer {
        door: Arc::clone(door),
        metrics,
        methods: Arc::new(Methods::new()),
        http: http.layer(map_request(host::require_valid)),
    };
    ServicePort { services, front }
}

/// Reflection tells of the services that are served, not of all that the contract has.
fn reflection(services: &[&'static str]) -> ReflectionBuilder<'static> {
    let builder = ReflectionBuilder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
    services
        .iter()
        .copied()
        .filter(|name| !name.is_empty())
        .chain([HEALTH_SERVICE])
        .fold(builder, ReflectionBuilder::with_service_name)
}

fn not_found() -> Response {
    (
        StatusCode::NOT_FOUND,
        "this port serves gRPC, and that of an authority /.well-known/jwks.json\n",
    )
        .into_response()
}

/// The largest message to health and reflection, which anybody may send.
const SMALL_MESSAGE_BYTES: usize = 64 * 1024;
/// Health is served, too, though it does not report on itself.
const HEALTH_SERVICE: &str = "grpc.health.v1.Health";
