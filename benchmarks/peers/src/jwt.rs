//! Jsonwebtoken: the usual reader of JWTs, told to be as strict as it can be.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use lanyard_token::{Claims, Clock as _, Lifetime, SystemClock};
use lanyard_yardstick::{audience, claims, issuer, signing_key};
use serde::Deserialize;

/// The reader, with the key of the tokens.
#[derive(Debug)]
pub struct Jwt {
    key: DecodingKey,
    validation: Validation,
}

impl Jwt {
    /// Whether the token is authentic, for us and alive.
    #[must_use]
    pub fn accepts(&self, token: &str) -> bool {
        decode::<Read>(token, &self.key, &self.validation).is_ok()
    }
}

impl Default for Jwt {
    fn default() -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer().as_str()]);
        validation.set_audience(&[audience().as_str()]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.leeway = 0;
        Self {
            key: DecodingKey::from_ed_der(signing_key().public_key().as_bytes()),
            validation,
        }
    }
}

/// A token that was issued just now, as its reader looks at the clock of the machine.
#[must_use]
pub fn token(number: u64) -> String {
    let now = SystemClock.wall().expect("a clock").floor_to_secs();
    let claims = Claims {
        issued_at: now,
        expires_at: now.saturating_add(Lifetime::MAX.as_duration()),
        ..claims(number)
    };
    signing_key().mint(&claims).expect("sound claims")
}

/// All that a token says, so that both readers read as much.
#[derive(Deserialize)]
#[expect(dead_code, reason = "what is read is not looked at")]
struct Read {
    iss: String,
    aud: String,
    sub: String,
    iat: u64,
    exp: u64,
    jti: String,
    scope: String,
    client_id: String,
    pos: String,
}
