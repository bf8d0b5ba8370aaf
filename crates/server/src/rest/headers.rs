//! The headers that every answer has, errors too.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use lanyard_authority::{Entropy as _, EntropyError, SystemEntropy};

use super::versions::SUPPORTED;

/// What makes them.
#[derive(Debug)]
pub(super) struct CommonHeaders {
    /// What tells this process from others.
    vector: String,
    answers: AtomicU64,
}

impl CommonHeaders {
    /// Chance is asked once; the answers are counted from there.
    pub(super) fn new() -> Result<Self, EntropyError> {
        let mut chance = [0; 12];
        SystemEntropy.fill(&mut chance)?;
        Ok(Self {
            vector: BASE64_STANDARD_NO_PAD.encode(chance),
            answers: AtomicU64::new(0),
        })
    }

    /// Puts them into an answer to a request with those headers.
    pub(super) fn put(&self, asked: &HeaderMap, answer: &mut HeaderMap) {
        answer.insert(SUPPORTED_VERSIONS, HeaderValue::from_static(SUPPORTED));
        if let Some(id) = asked.get(&CLIENT_REQUEST_ID).filter(|id| is_echoed(id)) {
            answer.insert(CLIENT_REQUEST_ID, id.clone());
        }
        let number = self.answers.fetch_add(1, Ordering::Relaxed);
        let vector = format!("{}.{number}", self.vector);
        if let Ok(vector) = HeaderValue::from_str(&vector) {
            answer.insert(CORRELATION_VECTOR, vector);
        }
    }
}

/// Nothing comes back that could be long, or that is not text.
fn is_echoed(id: &HeaderValue) -> bool {
    id.len() <= MAX_CLIENT_REQUEST_ID && id.as_bytes().iter().all(u8::is_ascii_graphic)
}

const SUPPORTED_VERSIONS: HeaderName = HeaderName::from_static("api-supported-versions");
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");
const CORRELATION_VECTOR: HeaderName = HeaderName::from_static("ms-cv");
const MAX_CLIENT_REQUEST_ID: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn answer_to(id: &[u8]) -> HeaderMap {
        let (mut asked, mut answer) = (HeaderMap::new(), HeaderMap::new());
        asked.insert(CLIENT_REQUEST_ID, HeaderValue::from_bytes(id).unwrap());
        CommonHeaders::new().unwrap().put(&asked, &mut answer);
        answer
    }

    #[test]
    fn the_clients_own_id_comes_back_if_it_is_short_and_visible_ascii() {
        let longest = "x".repeat(128);
        for good in ["3f0a-1", "a", &longest] {
            assert_eq!(answer_to(good.as_bytes())[CLIENT_REQUEST_ID], good);
        }
        let too_long = "x".repeat(129);
        for bad in [too_long.as_bytes(), b"a b", b"\xff", b"a\tb"] {
            assert_eq!(answer_to(bad).get(CLIENT_REQUEST_ID), None);
        }
    }

    #[test]
    fn no_two_answers_have_the_same_vector() {
        let headers = CommonHeaders::new().unwrap();
        let vector = || {
            let mut answer = HeaderMap::new();
            headers.put(&HeaderMap::new(), &mut answer);
            answer[CORRELATION_VECTOR].clone()
        };
        assert_ne!(vector(), vector());
        assert_ne!(vector(), answer_to(b"a")[CORRELATION_VECTOR]);
    }
}
