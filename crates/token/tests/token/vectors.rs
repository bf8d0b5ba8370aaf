//! Replays the files under `tests/vectors`, whose README tells what is in them.

use std::collections::BTreeSet;

use lanyard_policy::ScopeSet;
use lanyard_token::{
    Audience, Claims, CredentialId, IdentityId, Issuer, KeyId, KeySet, KeyState, Position,
    PublicKey, PublishedKey, SigningKey, TokenId, TokenRefusal, UnixTime, VerifiedToken, Verifier,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[test]
fn golden_tokens_are_minted_byte_for_byte() {
    for case in golden() {
        let key = SigningKey::from_seed(case.kid, &seed_of(case.kid), case.alg.parse().unwrap());
        assert_eq!(
            key.mint(&case.claims.parsed()).as_ref(),
            Ok(&case.token),
            "{}",
            case.name
        );
    }
}

#[test]
fn golden_tokens_with_acs_claims_are_minted_byte_for_byte() {
    for case in golden_acs() {
        let key = SigningKey::from_seed(case.kid, &seed_of(case.kid), case.alg.parse().unwrap());
        let token = key.with_acs_claims().mint(&case.claims.parsed());
        assert_eq!(token.as_ref(), Ok(&case.token), "{}", case.name);
    }
}

#[test]
fn golden_tokens_say_what_was_minted() {
    for case in golden().into_iter().chain(golden_acs()) {
        let verified = verify(&case.token, case.now_millis).unwrap();
        assert_eq!(*verified.claims(), case.claims.parsed(), "{}", case.name);
        assert_eq!(verified.key_id(), case.kid, "{}", case.name);
    }
}

#[test]
fn what_others_may_write_is_accepted() {
    let file: Cases<Accepted> = read(include_str!("../vectors/accepted.json"));
    for case in file.cases {
        let verified = verify(&case.token, case.now_millis);
        let claims = verified.as_ref().map(VerifiedToken::claims);
        assert_eq!(claims, Ok(&case.claims.parsed()), "{}", case.name);
    }
}

#[test]
fn bad_tokens_are_refused_for_their_reason() {
    let wrong: Vec<String> = refused()
        .iter()
        .filter_map(|case| {
            let answer = verify(&case.token, case.now_millis)
                .map(drop)
                .map_err(name_of);
            let expected = Err(case.refusal.as_str());
            (answer != expected).then(|| format!("{}: {answer:?}, not {expected:?}", case.name))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_reason_has_vectors_and_each_vector_a_name_of_its_own() {
    let cases = refused();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    let reasons: BTreeSet<&str> = cases.iter().map(|case| case.refusal.as_str()).collect();
    assert_eq!(names.len(), cases.len());
    assert_eq!(reasons.len(), 8);
    assert!(cases.len() > 300);
}

#[derive(Deserialize)]
struct Cases<T> {
    cases: Vec<T>,
}

#[derive(Deserialize)]
struct Golden {
    name: String,
    kid: KeyId,
    alg: String,
    claims: WrittenClaims,
    now_millis: UnixTime,
    token: String,
}

#[derive(Deserialize)]
struct Accepted {
    name: String,
    claims: WrittenClaims,
    now_millis: UnixTime,
    token: String,
}

#[derive(Deserialize)]
struct Refused {
    name: String,
    refusal: String,
    now_millis: UnixTime,
    token: String,
}

#[derive(Deserialize)]
struct WrittenClaims {
    iss: Issuer,
    aud: Audience,
    sub: IdentityId,
    iat: u64,
    exp: u64,
    jti: TokenId,
    scope: String,
    client_id: CredentialId,
    pos: Position,
}

impl WrittenClaims {
    fn parsed(&self) -> Claims {
        Claims {
            issuer: self.iss.clone(),
            audience: self.aud.clone(),
            subject: self.sub,
            issued_at: UnixTime::from_secs(self.iat),
            expires_at: UnixTime::from_secs(self.exp),
            token_id: self.jti,
            scopes: ScopeSet::parse(&self.scope).unwrap(),
            credential: self.client_id,
            position: self.pos,
        }
    }
}

#[derive(Deserialize)]
struct Trusted {
    issuer: Issuer,
    audience: Audience,
    keys: Vec<WrittenKey>,
}

#[derive(Deserialize)]
struct WrittenKey {
    kid: KeyId,
    alg: String,
    state: String,
    seed: String,
    public_key: String,
}

impl WrittenKey {
    fn published(&self) -> PublishedKey {
        let key = PublicKey::new(
            self.kid,
            &bytes(&self.public_key),
            self.alg.parse().unwrap(),
        )
        .unwrap();
        let since = UnixTime::default();
        let state = match self.state.as_str() {
            "prepared" => KeyState::Prepared { since },
            "active" => KeyState::Active { since },
            "retired" => KeyState::Retired { since },
            "revoked" => KeyState::Revoked { since },
            other => panic!("no state: {other}"),
        };
        PublishedKey { key, state }
    }
}

fn golden() -> Vec<Golden> {
    let file: Cases<Golden> = read(include_str!("../vectors/golden.json"));
    file.cases
}

fn golden_acs() -> Vec<Golden> {
    let file: Cases<Golden> = read(include_str!("../vectors/golden_acs.json"));
    file.cases
}

fn refused() -> Vec<Refused> {
    let file: Cases<Refused> = read(include_str!("../vectors/refused.json"));
    file.cases
}

fn verify(token: &str, now: UnixTime) -> Result<VerifiedToken, TokenRefusal> {
    let Trusted {
        issuer,
        audience,
        keys,
    } = read(include_str!("../vectors/keys.json"));
    let keys = KeySet::new(keys.iter().map(WrittenKey::published));
    let verified = Verifier::new(issuer, audience).authenticate(token, &keys)?;
    verified.at(now).map(|()| verified)
}

fn seed_of(kid: KeyId) -> [u8; 32] {
    let trusted: Trusted = read(include_str!("../vectors/keys.json"));
    bytes(&trusted.keys.iter().find(|key| key.kid == kid).unwrap().seed)
}

fn name_of(refusal: TokenRefusal) -> &'static str {
    match refusal {
        TokenRefusal::Malformed => "MALFORMED",
        TokenRefusal::KeyUnknown => "KEY_UNKNOWN",
        TokenRefusal::KeyRevoked => "KEY_REVOKED",
        TokenRefusal::SignatureInvalid => "SIGNATURE_INVALID",
        TokenRefusal::WrongIssuer => "WRONG_ISSUER",
        TokenRefusal::WrongAudience => "WRONG_AUDIENCE",
        TokenRefusal::NotYetValid => "NOT_YET_VALID",
        TokenRefusal::Expired => "EXPIRED",
    }
}

fn read<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap()
}

fn bytes(hex: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * index..2 * index + 2).unwrap(), 16).unwrap();
    }
    bytes
}
