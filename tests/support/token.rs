//! Taking tokens apart, and making ones that should be refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::Value;

/// The three parts of a token.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) header: String,
    pub(crate) payload: String,
    pub(crate) signature: Vec<u8>,
}

impl Parts {
    /// Takes a token apart.
    pub(crate) fn of(token: &str) -> Self {
        let segments: Vec<_> = token.split('.').map(decode).collect();
        let [header, payload, signature] = segments.try_into().expect("three segments");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Self {
            header: text(header),
            payload: text(payload),
            signature,
        }
    }

    /// What the header says.
    pub(crate) fn header_json(&self) -> Value {
        serde_json::from_str(&self.header).expect("JSON")
    }

    /// What the token claims.
    pub(crate) fn claims(&self) -> Value {
        serde_json::from_str(&self.payload).expect("JSON")
    }

    /// The key that is said to have signed.
    pub(crate) fn kid(&self) -> String {
        self.header_json()["kid"].as_str().expect("kid").to_owned()
    }

    /// Puts a token together.
    pub(crate) fn join(&self) -> String {
        format!("{}.{}", self.signed(), encode(&self.signature))
    }

    fn signed(&self) -> String {
        format!(
            "{}.{}",
            encode(self.header.as_bytes()),
            encode(self.payload.as_bytes())
        )
    }
}

/// A token of these two parts, signed with a key that the authority has never seen.
pub(crate) fn forge(header: &str, payload: &str) -> String {
    sign(header, payload, &SigningKey::from_bytes(&[7; 32]))
}

/// A token of these two parts, signed with this key.
pub(crate) fn sign(header: &str, payload: &str, key: &SigningKey) -> String {
    let (header, payload) = (header.to_owned(), payload.to_owned());
    let mut parts = Parts {
        header,
        payload,
        signature: Vec::new(),
    };
    parts.signature = key.sign(parts.signed().as_bytes()).to_bytes().to_vec();
    parts.join()
}

/// A token of these two parts, signed with a shared secret.
pub(crate) fn hs256(header: &str, payload: impl AsRef<[u8]>, secret: &[u8]) -> String {
    let signed = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_ref()));
    let key = EncodingKey::from_secret(secret);
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256);
    format!("{signed}.{}", signature.expect("a signature"))
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(segment: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD
        .decode(segment)
        .expect("base64url without padding")
}
