//! gRPC, REST and the published keys on one port.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{
        Method, StatusCode,
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
use crate::{
    grpc::{self, Door, ENFORCER_SERVICES, SERVICES, ServedAuthority},
    rest::Rest,
};

/// Everything that the port answers.
pub(super) fn routes<S: Store>(
    authority: &Arc<ServedAuthority<S>>,
    (enforcer, draining): (&Arc<Enforcer<SystemClock>>, watch::Receiver<bool>),
    (health, metrics): (HealthServer<HealthService>, Arc<Metrics>),
    rest: Rest<S>,
) -> Result<Routes, ReflectionError> {
    let services = open_services(health, &SERVICES)?
        .add_service(grpc::identity_service(authority))
        .add_service(grpc::admin_service(authority))
        .add_service(grpc::policy_service(authority, enforcer, draining.clone()))
        .add_service(grpc::trust_service(authority, draining));
    let http = Router::new()
        .route(JWKS_PATH, get(jwks))
        .with_state(authority.view());
    let rest = middleware::from_fn_with_state(Arc::new(rest), beside_rest);
    let routes = behind_door(authority, metrics, (services, http));
    Ok(Routes::from(routes.into_axum_router().layer(rest)))
}

/// What the port of an enforcement point answers.
pub(crate) fn enforcer_routes<D: Door>(
    door: &Arc<D>,
    (enforcer, draining): (&Arc<Enforcer<SystemClock>>, watch::Receiver<bool>),
    (health, metrics): (HealthServer<HealthService>, Arc<Metrics>),
) -> Result<Routes, ReflectionError> {
    let services = open_services(health, &ENFORCER_SERVICES)?
        .add_service(grpc::policy_service(door, enforcer, draining));
    // The keys are the authority's to publish.
    let http = Router::new().route(JWKS_PATH, get(async || not_found()));
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
) -> Routes {
    let callers = middleware::from_fn_with_state(Arc::clone(door), grpc::authenticate::<D>);
    let calls = middleware::from_fn_with_state(metrics, count_and_answer);
    let router = services.into_axum_router().layer(callers).merge(http);
    Routes::from(router.layer(calls))
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
    // A fraction of the propagation bound, unless that was made very short.
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "public, max-age=60"),
    ];
    (headers, view.keys().to_jwks_json())
}

/// Has the REST face answer what is neither gRPC nor a look at the keys.
async fn beside_rest<S: Store>(
    State(rest): State<Arc<Rest<S>>>,
    request: Request,
    next: Next,
) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if is_grpc(&request) || (reads && request.uri().path() == JWKS_PATH) {
        next.run(request).await
    } else {
        rest.answer(request).await
    }
}

fn is_grpc(request: &Request) -> bool {
    request
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

/// Counts gRPC calls, and answers what is neither gRPC nor ours as HTTP does.
async fn count_and_answer(
    State(metrics): State<Arc<Metrics>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    if !is_grpc(&request) {
        return if path == JWKS_PATH {
            next.run(request).await
        } else {
            not_found()
        };
    }
    let is_compressed = request
        .headers()
        .get(ENCODING)
        .is_some_and(|with| with != "identity");
    let response = next.run(request).await;
    // A call that fails before its first message tells so here; the others went through.
    let Some(status) = Status::from_header_map(response.headers()) else {
        metrics.count_call(&path, Code::Ok.into());
        return response;
    };
    if status.code() == Code::Unimplemented {
        metrics.count_call("other", status.code().into());
        return with_status(response, &grpc::unimplemented(is_compressed));
    }
    let told = if path.starts_with(OURS) {
        grpc::told(status)
    } else {
        status
    };
    metrics.count_call(&path, told.code().into());
    with_status(response, &told)
}

/// The response with another status and all of its other headers.
fn with_status(mut response: Response, status: &Status) -> Response {
    // A status that cannot be written is none, and then the one that is there stays.
    drop(status.add_header(response.headers_mut()));
    response
}

fn not_found() -> Response {
    (
        StatusCode::NOT_FOUND,
        "this port serves gRPC, and that of an authority /.well-known/jwks.json\n",
    )
        .into_response()
}

/// How a request says that it is compressed.
const ENCODING: &str = "grpc-encoding";
/// What the paths of this contract's services begin with.
const OURS: &str = "/lanyard.v1.";
/// The largest message to health and reflection, which anybody may send.
const SMALL_MESSAGE_BYTES: usize = 64 * 1024;
/// Health is served, too, though it does not report on itself.
const HEALTH_SERVICE: &str = "grpc.health.v1.Health";
const JWKS_PATH: &str = "/.well-known/jwks.json";
