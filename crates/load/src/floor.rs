//! The floor: what a call costs that does nothing, or one thing only.
//!
//! A bare service answers at the very paths of the contract with messages as long as the real ones. It
//! asks nobody who calls, counts nothing and keeps nothing: a plain `Server::builder().add_service(..)`.
//! What is measured against it is then "times the floor", and not this machine.

use std::hint::black_box;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use lanyard_proto::v1::identity_service_server::IdentityServiceServer;
use lanyard_proto::v1::policy_service_server::PolicyServiceServer;
use lanyard_proto::v1::{AccessToken, CheckResponse, Decision, DecisionReason, IssueTokenResponse};
use prost_types::{Duration, Timestamp};
use tokio::net::TcpListener;
use tonic::Status;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

mod identities;
mod policy;

/// What the bare service does for each call.
#[derive(Clone, Debug)]
pub enum Floor {
    /// Nothing.
    Empty,
    /// Signs as many bytes as a token's signature is over.
    Sign,
    /// Verifies the signature of the token in the request, and nothing else of it.
    Verify(Box<PublicKey>),
}

/// What tokens are verified with.
#[derive(Clone, Debug)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads the `x` of a JSON Web Key.
    #[must_use]
    pub fn from_jwk(x: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(x).ok()?.try_into().ok()?;
        VerifyingKey::from_bytes(&bytes).ok().map(Self)
    }

    fn signed(&self, token: &str) -> bool {
        let parts = token.rsplit_once('.');
        let signature = parts.and_then(|(_, signature)| URL_SAFE_NO_PAD.decode(signature).ok());
        let signature = signature.and_then(|bytes| Signature::from_slice(&bytes).ok());
        parts
            .zip(signature)
            .is_some_and(|((signed, _), signature)| {
                self.0.verify_strict(signed.as_bytes(), &signature).is_ok()
            })
    }
}

/// Answers until the future is dropped.
///
/// # Errors
/// If the server cannot go on.
pub async fn serve(listener: TcpListener, floor: Floor) -> Result<(), tonic::transport::Error> {
    let bare = Arc::new(Bare::new(floor));
    // As the authority does it, so that neither has an advantage.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder()
        .max_concurrent_streams(MAX_STREAMS)
        .add_service(PolicyServiceServer::from_arc(Arc::clone(&bare)))
        .add_service(IdentityServiceServer::from_arc(bare))
        .serve_with_incoming(incoming)
        .await
}

/// The services, and their answers made beforehand.
struct Bare {
    floor: Floor,
    key: SigningKey,
    checked: CheckResponse,
    issued: IssueTokenResponse,
}

impl Bare {
    fn new(floor: Floor) -> Self {
        Self {
            floor,
            key: SigningKey::from_bytes(&SEED),
            checked: checked(),
            issued: issued(),
        }
    }

    fn check(&self, token: &str) -> CheckResponse {
        let mut answer = self.checked.clone();
        if let Floor::Verify(key) = &self.floor
            && !key.signed(token)
        {
            // Seen by whoever measures: a floor that refuses is none.
            answer.decision = Some(Decision::default());
        }
        answer
    }

    fn issue(&self) -> IssueTokenResponse {
        if let Floor::Sign = self.floor {
            let signed = black_box(SIGNED.as_bytes());
            black_box(self.key.sign(signed));
        }
        self.issued.clone()
    }
}

fn not_here() -> Status {
    Status::unimplemented("the bare service answers Check and IssueToken only")
}

/// A decision as it is for a token that may.
fn checked() -> CheckResponse {
    let decision = Decision {
        allowed: true,
        reason: DecisionReason::Allowed.into(),
        identity_id: IDENTITY.to_owned(),
        granted_by: vec!["chat".to_owned()],
        sufficient_scopes: Vec::new(),
        list_age: Some(Duration {
            seconds: 0,
            nanos: 123_456_789,
        }),
    };
    CheckResponse {
        decision: Some(decision),
    }
}

/// A token as it is handed out. Nobody verifies it.
fn issued() -> IssueTokenResponse {
    let token = AccessToken {
        token: format!("{SIGNED}.{}", "A".repeat(SIGNATURE_TEXT_BYTES)),
        token_id: "00000000-0000-4000-8000-000000000000".to_owned(),
        expire_time: Some(Timestamp {
            seconds: 1_800_000_000,
            nanos: 0,
        }),
        scopes: vec!["chat".to_owned()],
    };
    IssueTokenResponse {
        access_token: Some(token),
    }
}

/// As the authority has it.
const MAX_STREAMS: u32 = 1024;
/// Any seed: what is signed here is believed nowhere.
const SEED: [u8; 32] = [7; 32];
/// 64 bytes in base64url.
const SIGNATURE_TEXT_BYTES: usize = 86;
const IDENTITY: &str =
    "8:acs:00000000-0000-4000-8000-000000000000_00000000-0000-4000-8000-000000000000";

/// Header and payload of a token with ids of zeros.
const SIGNED: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6IjAwMDAwMDAwLTAwMDAtNDAwMC04MDAw\
    LTAwMDAwMDAwMDAwMCJ9.eyJpc3MiOiJsYW55YXJkIiwiYXVkIjoibGFueWFyZC1hY2Nlc3MiLCJzdWI\
    iOiI4OmFjczowMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDBfMDAwMDAwMDAtMDAwMC0\
    0MDAwLTgwMDAtMDAwMDAwMDAwMDAwIiwiaWF0IjoxNzkwMDAwMDAwLCJleHAiOjE3OTAwODY0MDAsImp\
    0aSI6IjAwMDAwMDAwLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwMDAwMCIsInNjb3BlIjoiY2hhdCIsImN\
    saWVudF9pZCI6IjAwMDAwMDAwLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwMDAwMCIsInBvcyI6IjE3OTA\
    wMDAwMDAwMDAtMCJ9";

#[cfg(test)]
mod tests;
