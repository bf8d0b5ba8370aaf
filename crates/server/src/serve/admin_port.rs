//! `/healthz`, `/readyz` and `/metrics`, on a port of their own.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    middleware::map_request,
    response::IntoResponse,
    routing::get,
};

use super::{host, metrics::Metrics, upkeep::Readiness};

/// What the admin port shows.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) readiness: Arc<Readiness>,
}

pub(crate) fn router(shown: Shown) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(shown)
        .layer(map_request(host::require_valid))
}

async fn readyz(State(shown): State<Shown>) -> (StatusCode, String) {
    if let Some(reason) = shown.readiness.reason_against() {
        return (StatusCode::SERVICE_UNAVAILABLE, reason.to_owned());
    }
    let text = match shown.readiness.replica_shortage() {
        None => "ready\n".to_owned(),
        Some(shortage) => format!("ready; {shortage}\n"),
    };
    (StatusCode::OK, text)
}

async fn metrics(State(shown): State<Shown>) -> impl IntoResponse {
    match shown.metrics.to_text() {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(std::fmt::Error) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
