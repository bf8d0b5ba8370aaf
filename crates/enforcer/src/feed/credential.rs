//! The credential of an enforcement point, and the bearers that it signs.

use std::{fmt, time::Duration};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use lanyard_token::{CredentialId, UnixTime};
use serde::Serialize;
use tonic::metadata::AsciiMetadataValue;
use zeroize::Zeroizing;

/// A credential of the role enforcer. It can watch and check, and never issue.
#[derive(Clone)]
pub struct FeedCredential {
    id: CredentialId,
    secret: Zeroizing<Vec<u8>>,
}

impl FeedCredential {
    /// The credential of this id, with the bytes of its secret.
    #[must_use]
    pub const fn new(id: CredentialId, secret: Zeroizing<Vec<u8>>) -> Self {
        Self { id, secret }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> CredentialId {
        self.id
    }

    /// The bytes of its secret.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// The metadata value `authorization` of a call that is made now.
    pub(super) fn authorization(&self, now: UnixTime) -> Option<AsciiMetadataValue> {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(self.id.to_string());
        let claims = Claims {
            aud: AUDIENCE,
            iat: now.as_secs(),
            exp: now.saturating_add(LIFETIME).as_secs(),
        };
        let key = EncodingKey::from_secret(&self.secret);
        let bearer = jsonwebtoken::encode(&header, &claims, &key).map(Zeroizing::new);
        let text = Zeroizing::new(format!("Bearer {}", *bearer.ok()?));
        let mut value = AsciiMetadataValue::try_from(text.as_str()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for FeedCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedCredential")
            .field("id", &self.id)
            .field("secret", &"***")
            .finish()
    }
}

#[derive(Serialize)]
struct Claims {
    aud: &'static str,
    iat: u64,
    exp: u64,
}

/// What the authority wants to read there.
const AUDIENCE: &str = "lanyard";
/// It is used at once, so this only has to bridge two clocks that disagree.
const LIFETIME: Duration = Duration::from_mins(5);

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_secret_is_not_shown() {
        let secret = Zeroizing::new(b"0123456789".to_vec());
        let credential = FeedCredential::new(CredentialId::from_uuid(Uuid::nil()), secret);
        let shown = format!("{credential:?}");
        assert!(shown.contains("***") && !shown.contains("48"), "{shown}");
        let value = credential.authorization(UnixTime::from_secs(100)).unwrap();
        assert!(value.is_sensitive());
        assert!(value.to_str().unwrap().starts_with("Bearer eyJ"));
    }
}
