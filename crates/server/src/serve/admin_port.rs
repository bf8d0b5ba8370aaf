//! `/healthz`, `/readyz` and `/metrics`, on a port of their own.

use std::sync::Arc;

use axum::{
    Router,
    extract::{RawQuery, State},
    http::{StatusCode, header::CONTENT_TYPE},
    middleware::map_request,
    response::IntoResponse,
    routing::get,
};

use super::{
    host,
    metrics::Metrics,
    readiness::{Probe, Purpose, Readiness, UnknownPurpose},
};

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

async fn readyz(State(shown): State<Shown>, RawQuery(query): RawQuery) -> (StatusCode, String) {
    let purpose = match purpose(query.as_deref().unwrap_or_default()) {
        Ok(purpose) => purpose,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("{error}\n")),
    };
    match shown.readiness.probe(purpose) {
        Probe::Ready(text) => {
            let note = shown.readiness.clocks().text().unwrap_or_default();
            (StatusCode::OK, format!("{text}{note}"))
        }
        Probe::NotReady(reason) => (StatusCode::SERVICE_UNAVAILABLE, reason),
        Probe::NotServed(reason) => (StatusCode::BAD_REQUEST, reason.to_owned()),
    }
}

/// The calls that a probe is about: checks, unless it says otherwise, and once. Other parameters are
/// those of whoever probes.
fn purpose(query: &str) -> Result<Purpose, UnknownPurpose> {
    let parameters = query
        .split('&')
        .map(|one| one.split_once('=').unwrap_or((one, "")));
    let mut named = parameters.filter(|(name, _)| *name == "for");
    match (named.next(), named.next()) {
        (None, _) => Ok(Purpose::Checks),
        (Some((_, value)), None) => value.parse(),
        (Some(_), Some(_)) => Err(UnknownPurpose),
    }
}

async fn metrics(State(shown): State<Shown>) -> impl IntoResponse {
    match shown.metrics.to_text() {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(std::fmt::Error) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_is_about_checks_unless_it_says_otherwise() {
        for (query, expected) in [
            ("", Ok(Purpose::Checks)),
            ("verbose", Ok(Purpose::Checks)),
            ("for=checks", Ok(Purpose::Checks)),
            ("for=writes", Ok(Purpose::Writes)),
            ("verbose&for=writes", Ok(Purpose::Writes)),
            ("for", Err(UnknownPurpose)),
            ("for=", Err(UnknownPurpose)),
            ("for=reads", Err(UnknownPurpose)),
            ("for=checks&for=writes", Err(UnknownPurpose)),
        ] {
            assert_eq!(purpose(query), expected, "{query}");
        }
    }
}
