//! gRPC and HTTP on one port.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use lanyard_enforcer::Enforcer;
use lanyard_proto::DESCRIPTORS;
use lanyard_revocation::View;
use lanyard_store::Store;
use lanyard_token::SystemClock;
use tokio::sync::watch;
use tonic::{Code, Status, service::Routes};
use tonic_health::{pb::health_server::HealthServer, server::HealthService};
use tonic_reflection::server::{Builder as ReflectionBuilder, Error as ReflectionError};

use super::metrics::Metrics;
use crate::grpc::{self, Door, ENFORCER_SERVICES, SERVICES, ServedAuthority};

/// Everything that the port answers.
pub(super) fn routes<S: Store>(
    authority: &Arc<ServedAuthority<S>>,
    enforcer: &Arc<Enforcer<SystemClock>>,
    stopped: watch::Receiver<bool>,
    (health, metrics): (HealthServer<HealthService>, Arc<Metrics>),
) -> Result<Routes, ReflectionError> {
    let services = Routes::default()
        .add_service(health)
        .add_service(reflection(&SERVICES).build_v1()?)
        .add_service(reflection(&SERVICES).build_v1alpha()?)
        .add_service(grpc::identity_service(authority))
        .add_service(grpc::admin_service(authority))
        .add_service(grpc::policy_service(authority, enforcer))
        .add_service(grpc::trust_service(authority, stopped));
    let http = Router::new()
        .route(JWKS_PATH, get(jwks))
        .with_state(authority.view());
    let router = services.into_axum_router().merge(http);
    Ok(Routes::from(router.layer(middleware::from_fn_with_state(
        metrics,
        count_and_answer,
    ))))
}

/// What the port of an enforcement point answers.
pub(crate) fn enforcer_routes<D: Door>(
    door: &Arc<D>,
    enforcer: &Arc<Enforcer<SystemClock>>,
    (health, metrics): (HealthServer<HealthService>, Arc<Metrics>),
) -> Result<Routes, ReflectionError> {
    let services = Routes::default()
        .add_service(health)
        .add_service(reflection(&ENFORCER_SERVICES).build_v1()?)
        .add_service(reflection(&ENFORCER_SERVICES).build_v1alpha()?)
        .add_service(grpc::policy_service(door, enforcer));
    // The keys are the authority's to publish.
    let http = Router::new().route(JWKS_PATH, get(async || not_found()));
    let router = services.into_axum_router().merge(http);
    Ok(Routes::from(router.layer(middleware::from_fn_with_state(
        metrics,
        count_and_answer,
    ))))
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

async fn jwks(State(view): State<Arc<View>>) -> impl IntoResponse {
    // Shorter than any propagation bound that makes sense, so that caches do not delay a new key.
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "public, max-age=60"),
    ];
    (headers, view.keys().to_jwks_json())
}

/// Counts gRPC calls, and answers what is neither gRPC nor ours as HTTP does.
async fn count_and_answer(
    State(metrics): State<Arc<Metrics>>,
    request: Request,
    next: Next,
) -> Response {
    let is_grpc = request
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"));
    let path = request.uri().path().to_owned();
    if !is_grpc {
        return if path == JWKS_PATH {
            next.run(request).await
        } else {
            not_found()
        };
    }
    let response = next.run(request).await;
    // A call that fails before its first message tells its code here; the others went through.
    let code = response.headers().get("grpc-status");
    let code = code.map_or(Code::Ok, |value| Code::from_bytes(value.as_bytes()));
    let is_served = code != Code::Unimplemented;
    metrics.count_call(if is_served { &path } else { "other" }, code.into());
    if response.headers().contains_key("grpc-status-details-bin") {
        return response;
    }
    grpc::explained(code).map_or(response, Status::into_http)
}

fn not_found() -> Response {
    (
        StatusCode::NOT_FOUND,
        "this port serves gRPC, and that of an authority /.well-known/jwks.json\n",
    )
        .into_response()
}

/// Health is served, too, though it does not report on itself.
const HEALTH_SERVICE: &str = "grpc.health.v1.Health";
const JWKS_PATH: &str = "/.well-known/jwks.json";
