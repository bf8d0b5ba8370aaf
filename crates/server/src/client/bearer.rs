//! Bearers: the short-lived JWTs by which a caller shows that it holds a credential's secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use lanyard_token::UnixTime;
use serde::Serialize;
use zeroize::Zeroizing;

use super::credential_file::Credential;
use super::error::ClientError;
use super::secret::Secret;

/// A signed bearer.
#[derive(Debug)]
pub(super) struct Bearer {
    /// What follows `Bearer ` in the metadata.
    pub(super) token: Secret,
    /// The second from which on it is refused.
    pub(super) expire_time: u64,
}

impl Bearer {
    /// Signs a bearer that is good from `now` on.
    pub(super) fn sign(credential: &Credential, now: UnixTime) -> Result<Self, ClientError> {
        let key = signing_key(credential)?;
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(credential.id.clone());
        let iat = now.as_secs();
        let exp = iat.saturating_add(LIFETIME);
        let token = jsonwebtoken::encode(
            &header,
            &Claims {
                aud: AUDIENCE,
                iat,
                exp,
            },
            &key,
        )
        .map_err(|source| ClientError::Bearer { source })?;
        Ok(Self {
            token: Secret::new(token),
            expire_time: exp,
        })
    }
}

/// The key is the decoded secret. An empty one would make bearers that anybody can make.
fn signing_key(credential: &Credential) -> Result<EncodingKey, ClientError> {
    STANDARD
        .decode(credential.secret.expose())
        .ok()
        .map(Zeroizing::new)
        .filter(|secret| !secret.is_empty())
        .map(|secret| EncodingKey::from_secret(&secret))
        .ok_or_else(|| ClientError::BadSecret {
            id: credential.id.clone(),
        })
}

#[derive(Serialize)]
struct Claims {
    aud: &'static str,
    iat: u64,
    exp: u64,
}

/// The audience that tells a bearer from every other JWT that was signed with the same secret.
const AUDIENCE: &str = "lanyard";

/// The longest that an authority accepts. A bearer is made for every call, so this only has to
/// bridge two clocks that disagree, and to leave time to paste one.
const LIFETIME: u64 = 600;

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation};
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_bearer_says_who_calls_whom_and_for_ten_minutes() {
        let bearer = Bearer::sign(
            &credential("c2VjcmV0IGJ5dGVz"),
            UnixTime::from_secs(1_700_000_000),
        )
        .expect("a bearer");

        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&["lanyard"]);
        validation.validate_exp = false;
        let key = DecodingKey::from_secret(b"secret bytes");
        let data = jsonwebtoken::decode::<Value>(bearer.token.expose(), &key, &validation)
            .expect("a bearer signed with the decoded secret");

        assert_eq!(data.header.alg, Algorithm::HS256);
        assert_eq!(data.header.kid.as_deref(), Some("the-id"));
        let expected = serde_json::json!({
            "aud": "lanyard", "iat": 1_700_000_000_u64, "exp": 1_700_000_600_u64,
        });
        assert_eq!(data.claims, expected);
        assert_eq!(bearer.expire_time, 1_700_000_600);
    }

    #[test]
    fn a_secret_that_is_empty_or_not_base64_signs_nothing() {
        for secret in ["", "not base64", "AQ", "AQ==\n"] {
            let error =
                Bearer::sign(&credential(secret), UnixTime::from_secs(0)).expect_err(secret);
            assert!(matches!(error, ClientError::BadSecret { id } if id == "the-id"));
        }
    }

    fn credential(secret: &str) -> Credential {
        Credential {
            id: "the-id".to_owned(),
            secret: Secret::new(secret.to_owned()),
        }
    }
}
