//! The JSON Web Key Set at `/.well-known/jwks.json`, with HTTP caching and CORS.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
            ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
        },
    },
    response::{IntoResponse as _, Response},
    routing::get,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use lanyard_revocation::View;
use lanyard_token::PropagationBound;

/// The published key set and the time for which a cache may keep it.
#[derive(Clone, Debug)]
pub(super) struct Jwks {
    view: Arc<View>,
    max_age: Duration,
}

impl Jwks {
    /// Publishes the keys of a view, whose new keys sign no earlier than one propagation bound after
    /// they were published.
    pub(super) fn new(view: Arc<View>, bound: PropagationBound) -> Self {
        let max_age = max_age(bound);
        Self { view, max_age }
    }

    /// Routes the path of the key set.
    pub(super) fn router(self) -> Router {
        let methods = get(key_set).options(preflight).fallback(method_not_allowed);
        Router::new().route(PATH, methods).with_state(self)
    }
}

/// Half of the propagation bound, at most a minute: the other half is for the authority that answers
/// a cache to learn of the key itself.
fn max_age(bound: PropagationBound) -> Duration {
    (bound.as_duration() / 2).min(MAX_AGE)
}

async fn key_set(State(jwks): State<Jwks>, request: HeaderMap) -> Response {
    let body = jwks.view.keys().to_jwks_json();
    let etag = etag(&body);
    let is_unchanged = matches_etag(&request, &etag);
    let cache_control = format!("public, max-age={}", jwks.max_age.as_secs());
    let shared = [
        (CACHE_CONTROL, cache_control),
        (ETAG, etag),
        // The keys are public, so scripts of any origin may read them.
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*".to_owned()),
        (ACCESS_CONTROL_EXPOSE_HEADERS, "ETag".to_owned()),
    ];
    if is_unchanged {
        return (StatusCode::NOT_MODIFIED, shared).into_response();
    }
    (shared, [(CONTENT_TYPE, "application/json")], body).into_response()
}

/// Answers `OPTIONS`, which a browser sends before a request with headers of its own.
async fn preflight() -> Response {
    let headers = [
        (ALLOW, METHODS),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (ACCESS_CONTROL_ALLOW_HEADERS, "*"),
        (ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE_SECONDS),
    ];
    (StatusCode::NO_CONTENT, headers, Body::empty()).into_response()
}

async fn method_not_allowed() -> Response {
    let headers = [(ALLOW, METHODS), (ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    let text = "method not allowed; allowed: GET, HEAD, OPTIONS\n";
    (StatusCode::METHOD_NOT_ALLOWED, headers, text).into_response()
}

/// A strong entity tag: equal for equal bytes at every authority.
fn etag(body: &str) -> String {
    let hash = digest(&SHA256, body.as_bytes());
    format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(hash))
}

/// Whether `If-None-Match` names the entity tag, by the weak comparison of RFC 9110 13.1.2.
fn matches_etag(request: &HeaderMap, etag: &str) -> bool {
    let values = request.get_all(IF_NONE_MATCH).iter();
    values
        .filter_map(|value| HeaderValue::to_str(value).ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag)
}

const PATH: &str = "/.well-known/jwks.json";
const METHODS: &str = "GET, HEAD, OPTIONS";
/// The longest `max-age`, for a propagation bound that would allow more.
const MAX_AGE: Duration = Duration::from_mins(1);
const PREFLIGHT_MAX_AGE_SECONDS: &str = "86400";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cached_key_set_expires_before_a_new_key_can_sign() {
        for (bound, expected) in [(1, 0), (2, 1), (3, 1), (60, 30), (120, 60), (900, 60)] {
            let bound = PropagationBound::from_duration(Duration::from_secs(bound)).unwrap();
            assert_eq!(max_age(bound).as_secs(), expected, "{bound:?}");
        }
    }

    #[test]
    fn if_none_match_is_a_list_of_tags_weak_or_strong_or_a_star() {
        let tag = etag("{}");
        for (value, matches) in [
            (tag.clone(), true),
            (format!("W/{tag}"), true),
            (format!("\"a\", {tag} , \"b\""), true),
            ("*".to_owned(), true),
            (tag.trim_matches('"').to_owned(), false),
            (etag("[]"), false),
            (String::new(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_str(&value).unwrap());
            assert_eq!(matches_etag(&headers, &tag), matches, "{value}");
        }
        assert!(!matches_etag(&HeaderMap::new(), &tag));
    }
}
