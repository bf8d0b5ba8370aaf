//! Signs whatever it is told to, also what no authority would.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::Signer as _;
use lanyard_policy::ScopeSet;
use lanyard_token::{
    Claims, CredentialId, IdentityId, KeyId, KeySet, KeyState, Lifetime, Position, PublishedKey,
    ResourceId, SigningKey, TokenAlgorithm, TokenId, TokenRefusal, UnixTime, VerifiedToken,
    Verifier,
};
use uuid::Uuid;

pub(crate) const ISSUER: &str = "https://lanyard.example";
pub(crate) const AUDIENCE: &str = "lanyard.example";
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

const SEED: [u8; 32] = [42; 32];

/// The one key that the verifier knows.
pub(crate) fn key() -> SigningKey {
    let id = KeyId::from_uuid(Uuid::from_u128(0x5f6b_d0c5_53d4_4a0b_8f2f_0a2f_9f7d_1c02));
    SigningKey::from_seed(id, &SEED, TokenAlgorithm::EdDsa)
}

pub(crate) fn keys() -> KeySet {
    let state = KeyState::Active { since: NOW };
    KeySet::new([PublishedKey {
        key: key().public_key(),
        state,
    }])
}

pub(crate) fn verifier() -> Verifier {
    Verifier::new(ISSUER.parse().unwrap(), AUDIENCE.parse().unwrap())
}

/// Both parts of verifying, one after the other.
pub(crate) fn verify(token: &str, now: UnixTime) -> Result<VerifiedToken, TokenRefusal> {
    let verified = verifier().authenticate(token, &keys())?;
    verified.at(now).map(|()| verified)
}

pub(crate) fn claims() -> Claims {
    let resource = ResourceId::from_uuid(Uuid::from_u128(1));
    Claims {
        issuer: ISSUER.parse().unwrap(),
        audience: AUDIENCE.parse().unwrap(),
        subject: IdentityId::new(resource, Uuid::from_u128(2)),
        issued_at: NOW,
        expires_at: NOW.saturating_add(Lifetime::MAX.as_duration()),
        token_id: TokenId::from_uuid(Uuid::from_u128(3)),
        scopes: ScopeSet::parse("chat voip").unwrap(),
        credential: CredentialId::from_uuid(Uuid::from_u128(4)),
        position: Position::new(NOW.as_millis(), 5),
    }
}

/// A token that is good at [`NOW`].
pub(crate) fn token() -> String {
    key().mint(&claims()).unwrap()
}

/// Signs a header and a payload of any content with the key that the verifier knows.
pub(crate) fn sign(header: &[u8], payload: &[u8]) -> String {
    let signed = format!("{}.{}", encode(header), encode(payload));
    let signature = ed25519_dalek::SigningKey::from_bytes(&SEED).sign(signed.as_bytes());
    format!("{signed}.{}", encode(&signature.to_bytes()))
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(segment: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(segment).unwrap()
}
