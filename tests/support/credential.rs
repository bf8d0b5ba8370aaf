//! Who calls: a credential, and the bearers that prove it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use lanyard_proto::v1::{AccessKey, ServiceKey};
use lanyard_token::{Clock as _, SystemClock};
use serde_json::{Value, json};
use tonic::service::Interceptor;
use tonic::{Request, Status};

/// An id and a secret.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    pub(crate) id: String,
    pub(crate) secret: Vec<u8>,
}

impl Credential {
    /// Takes the secret as it is handed out.
    pub(crate) fn new(id: &str, secret: &str) -> Self {
        let secret = STANDARD.decode(secret).expect("a secret is base64");
        assert!(secret.len() >= 32, "a secret is at least 256 bits");
        Self {
            id: id.to_owned(),
            secret,
        }
    }

    /// The secret as it is handed out.
    pub(crate) fn secret_text(&self) -> String {
        STANDARD.encode(&self.secret)
    }

    /// The claims of a bearer that is good.
    pub(crate) fn claims() -> Value {
        json!({"aud": "lanyard", "iat": now(), "exp": now() + 300})
    }

    /// A bearer that is good.
    pub(crate) fn bearer(&self) -> String {
        self.sign(&Self::claims())
    }

    /// A bearer with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(self.id.clone());
        let key = EncodingKey::from_secret(&self.secret);
        jsonwebtoken::encode(&header, claims, &key).expect("a bearer is signed")
    }
}

impl From<&AccessKey> for Credential {
    fn from(key: &AccessKey) -> Self {
        Self::new(&key.id, &key.secret)
    }
}

impl From<&ServiceKey> for Credential {
    fn from(key: &ServiceKey) -> Self {
        Self::new(&key.id, &key.secret)
    }
}

/// What a call carries as `authorization`.
#[derive(Clone, Debug)]
pub(crate) enum Bearer {
    /// Nothing.
    Absent,
    /// This text.
    Text(String),
    /// A bearer that is signed anew for each call.
    Fresh(Credential),
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let text = match self {
            Self::Absent => return Ok(request),
            Self::Text(text) => text.clone(),
            Self::Fresh(credential) => format!("Bearer {}", credential.bearer()),
        };
        let value = text.parse().expect("the text can be metadata");
        request.metadata_mut().insert("authorization", value);
        Ok(request)
    }
}

/// The second that it is.
pub(crate) fn now() -> u64 {
    SystemClock.wall().expect("a clock").as_secs()
}
