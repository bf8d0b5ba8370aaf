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
use lanyard_store::Store;
use lanyard_token::{PropagationBound, SystemClock};
use prost::DecodeError;
use tokio::sync::watch;
use tonic::service::Routes;
use tonic_health::pb::health_server::HealthServer;
use tonic_reflection::server::{v1, v1alpha};

use super::{front::FrontLayer, host, jwks::Jwks, metrics::Metrics};
use crate::{
    grpc::{
        self, Door, ENFORCER_SERVICES, HealthGrpc, Methods, ReflectionGrpc, SERVICES,
        ServedAuthority,
    },
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
    (health, metrics): (HealthServer<HealthGrpc>, Arc<Metrics>),
    (rest, propagation_bound): (Rest<S>, PropagationBound),
) -> Result<ServicePort<ServedAuthority<S>>, DecodeError> {
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
    (health, metrics): (HealthServer<HealthGrpc>, Arc<Metrics>),
) -> Result<ServicePort<D>, DecodeError> {
    let services = open_services(health, &ENFORCER_SERVICES)?
        .add_service(grpc::policy_service(door, enforcer, draining));
    // The keys are the authority's to publish.
    let http = Router::new().fallback(async || not_found());
    Ok(behind_door(door, metrics, (services, http)))
}

/// Health and reflection, which anybody may ask.
fn open_services(
    health: HealthServer<HealthGrpc>,
    services: &[&'static str],
) -> Result<Routes, DecodeError> {
    let reflection = reflection(services)?;
    let v1 = v1::ServerReflectionServer::new(reflection.clone());
    let v1alpha = v1alpha::ServerReflectionServer::new(reflection);
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

/// Reflection lists the services that are served, not all that the contract has.
fn reflection(services: &[&'static str]) -> Result<ReflectionGrpc, DecodeError> {
    let named = services.iter().copied().filter(|name| !name.is_empty());
    let all = named.chain([HEALTH_SERVICE]).map(str::to_owned);
    ReflectionGrpc::new(all.collect())
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
