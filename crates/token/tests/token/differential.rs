//! The library `jsonwebtoken` as an oracle: what is accepted here, it accepts, and reads alike.
//!
//! The other way round does not hold and is not meant to. Where the two are known to differ, a test
//! says so, which also shows that the oracle does look at what it is given.

use std::fmt::Write as _;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use lanyard_token::{Claims, Clock, SystemClock, UnixTime, VerifiedToken};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use crate::forge::{self, AUDIENCE, ISSUER, encode, key, sign, verify};

#[test]
fn the_oracle_accepts_a_good_token() {
    let token = key().mint(&claims_of(now())).unwrap();
    assert_agreement(&verify(&token, now()).unwrap(), &oracle(&token).unwrap());
}

#[test]
fn the_oracle_refuses_a_changed_token() {
    let token = key().mint(&claims_of(now())).unwrap();
    let changed = token.replace(token.split('.').nth(1).unwrap(), &encode(b"{}"));
    assert!(oracle(&changed).is_err());
    assert!(verify(&changed, now()).is_err());
}

#[test]
fn the_oracle_is_laxer_where_it_is_known_to_be() {
    let with = |name: &str, value: &str| {
        let mut written = Written::of(&claims_of(now()));
        put(&mut written.payload, name, value);
        written
    };
    let headed = |name: &str, value: &str| {
        let mut written = Written::of(&claims_of(now()));
        put(&mut written.header, name, value);
        written
    };
    let later = now().as_secs() + 86_400;
    for (what, written) in [
        ("a fraction of a second", with("exp", &format!("{later}.5"))),
        (
            "expired within its leeway",
            with("exp", &(now().as_secs() - 1).to_string()),
        ),
        ("a year", with("exp", &(later + 365 * 86_400).to_string())),
        ("no pos", with("pos", "null")),
        ("an array", with("aud", &format!("[\"{AUDIENCE}\"]"))),
        ("another type", headed("typ", "\"JWT\"")),
        ("a critical extension", headed("crit", "[\"exp\"]")),
        ("another key", headed("jku", "\"https://attacker.example\"")),
    ] {
        let token = written.signed();
        assert!(oracle(&token).is_ok(), "the oracle now refuses {what}");
        assert!(verify(&token, now()).is_err(), "accepted {what}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_accepted_here_the_oracle_accepts(
        issued_ago in -70..90_000_i64,
        lifetime in select(vec![3_600_u64, 3_660, 86_400, 3_599, 86_401]),
        changes in vec(change(), 0..3),
    ) {
        let now = now();
        let issued_at = now.as_secs().saturating_add_signed(-issued_ago);
        let mut written = Written::of(&claims_of(now));
        put(&mut written.payload, "iat", &issued_at.to_string());
        put(&mut written.payload, "exp", &(issued_at + lifetime).to_string());
        for change in &changes {
            written.apply(change);
        }
        let token = written.signed();
        if let Ok(verified) = verify(&token, now) {
            let seen = oracle(&token);
            prop_assert!(seen.is_ok(), "{seen:?} for {written:?}");
            assert_agreement(&verified, &seen.unwrap());
        }
    }

    #[test]
    fn what_is_minted_the_oracle_accepts(
        ids: [u128; 4], position: (u64, u64), minutes in 60..=1440_u64, scopes in 1..32_u8,
    ) {
        let now = now();
        let claims = minted(now, ids, position, (minutes, scopes));
        let token = key().mint(&claims).unwrap();
        let verified = verify(&token, now).unwrap();
        prop_assert_eq!(verified.claims(), &claims);
        assert_agreement(&verified, &oracle(&token).unwrap());
    }
}

/// A header and a payload, member by member, with values as JSON text.
#[derive(Debug, Clone)]
struct Written {
    header: Vec<(String, String)>,
    payload: Vec<(String, String)>,
}

/// One thing to do to one of the two, at some member of it.
#[derive(Debug, Clone)]
struct Change {
    in_header: bool,
    at: Index,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Remove,
    Double,
    Move(Index),
    Rename(String),
    Replace(String),
    Add(String, String),
}

fn change() -> impl Strategy<Value = Change> {
    let name = || {
        select(vec![
            "nbf",
            "x",
            "exp",
            "kid",
            "crit",
            "iss",
            "",
            "\\u0065xp",
            "Exp",
        ])
    };
    let what = prop_oneof![
        Just(What::Remove),
        Just(What::Double),
        any::<Index>().prop_map(What::Move),
        name().prop_map(|name| What::Rename(name.to_owned())),
        value().prop_map(What::Replace),
        (name(), value()).prop_map(|(name, value)| What::Add(name.to_owned(), value)),
        (select(vec!["x", "nbf", "y"]), value())
            .prop_map(|(name, value)| What::Add(name.to_owned(), value)),
    ];
    // Mostly the payload: what is in the header is a closed set.
    (prop::bool::weighted(0.2), any::<Index>(), what).prop_map(|(in_header, at, what)| Change {
        in_header,
        at,
        what,
    })
}

/// Values that readers of JSON are known to read differently.
fn value() -> impl Strategy<Value = String> {
    let odd = [
        "null",
        "true",
        "0",
        "-0",
        "-1",
        "1.0",
        "1e9",
        "1e400",
        "18446744073709551615",
        "18446744073709551616",
        "\"\"",
        "\"\\ud800\"",
        "\"\\u0041\"",
        "\"1800000000\"",
        "[]",
        "{}",
        "[[[]]]",
        "{\"a\":1,\"a\":2}",
        "[1,]",
        "01",
        "\"chat\"",
        "\"voip chat\"",
        "\"at+jwt\"",
    ];
    let later = (0..200_u64).prop_map(|ahead| (now().as_secs() + ahead).to_string());
    prop_oneof![
        4 => select(odd.to_vec()).prop_map(str::to_owned),
        1 => later,
        1 => any::<String>().prop_map(|text| Value::String(text).to_string()),
        1 => any::<f64>().prop_map(|number| number.to_string()),
    ]
}

impl Written {
    fn of(claims: &Claims) -> Self {
        let token = key().mint(claims).unwrap();
        let members = |segment: &str| {
            let json: Value = serde_json::from_slice(&forge::decode(segment)).unwrap();
            let members = json.as_object().unwrap().iter();
            members
                .map(|(name, value)| (name.clone(), value.to_string()))
                .collect()
        };
        let mut segments = token.split('.');
        Self {
            header: members(segments.next().unwrap()),
            payload: members(segments.next().unwrap()),
        }
    }

    fn apply(&mut self, change: &Change) {
        let members = if change.in_header {
            &mut self.header
        } else {
            &mut self.payload
        };
        if members.is_empty() {
            return;
        }
        let at = change.at.index(members.len());
        match &change.what {
            What::Remove => drop(members.remove(at)),
            What::Double => members.push(members[at].clone()),
            What::Move(to) => {
                let to = to.index(members.len());
                members.swap(at, to);
            }
            What::Rename(name) => members[at].0.clone_from(name),
            What::Replace(value) => members[at].1.clone_from(value),
            What::Add(name, value) => members.insert(at, (name.clone(), value.clone())),
        }
    }

    fn signed(&self) -> String {
        sign(
            written(&self.header).as_bytes(),
            written(&self.payload).as_bytes(),
        )
    }
}

/// Gives a member another value, or adds it.
fn put(members: &mut Vec<(String, String)>, name: &str, value: &str) {
    members.retain(|(other, _)| other != name);
    members.push((name.to_owned(), value.to_owned()));
}

fn written(members: &[(String, String)]) -> String {
    let mut json = String::from("{");
    for (index, (name, value)) in members.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(json, "{comma}\"{name}\":{value}").unwrap();
    }
    json + "}"
}

fn oracle(token: &str) -> Result<Value, jsonwebtoken::errors::Error> {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    validation.leeway = 60;
    let x = encode(key().public_key().as_bytes());
    let key = DecodingKey::from_ed_components(&x).unwrap();
    jsonwebtoken::decode(token, &key, &validation).map(|data| data.claims)
}

fn assert_agreement(verified: &VerifiedToken, seen: &Value) {
    let claims = verified.claims();
    for (name, ours) in [
        ("iss", claims.issuer.to_string()),
        ("aud", claims.audience.to_string()),
        ("sub", claims.subject.to_string()),
        ("jti", claims.token_id.to_string()),
        ("client_id", claims.credential.to_string()),
        ("pos", claims.position.to_string()),
    ] {
        assert_eq!(seen[name], ours, "{name}");
    }
    assert_eq!(seen["iat"], claims.issued_at.as_secs());
    assert_eq!(seen["exp"], claims.expires_at.as_secs());
    let scopes = seen["scope"].as_str().unwrap();
    assert_eq!(lanyard_policy::ScopeSet::parse(scopes), Ok(claims.scopes));
}

/// The oracle reads the clock of the machine, so both have to go by that one.
fn now() -> UnixTime {
    SystemClock.wall().unwrap()
}

fn claims_of(now: UnixTime) -> Claims {
    let issued_at = now.floor_to_secs();
    let lifetime = lanyard_token::Lifetime::MAX.as_duration();
    Claims {
        issued_at,
        expires_at: issued_at.saturating_add(lifetime),
        ..forge::claims()
    }
}

fn minted(
    now: UnixTime,
    ids: [u128; 4],
    position: (u64, u64),
    (minutes, scopes): (u64, u8),
) -> Claims {
    use lanyard_policy::Scope;
    use lanyard_token::{CredentialId, IdentityId, Lifetime, Position, ResourceId, TokenId};

    let [resource, identity, token_id, credential] = ids.map(uuid::Uuid::from_u128);
    let all = [
        "chat",
        "chat.join",
        "chat.join.limited",
        "voip",
        "voip.join",
    ];
    let chosen = all
        .iter()
        .enumerate()
        .filter(|(bit, _)| scopes & (1 << bit) != 0);
    let issued_at = now.floor_to_secs();
    let lifetime = Lifetime::from_minutes(minutes).unwrap().as_duration();
    Claims {
        subject: IdentityId::new(ResourceId::from_uuid(resource), identity),
        issued_at,
        expires_at: issued_at.saturating_add(lifetime),
        token_id: TokenId::from_uuid(token_id),
        scopes: lanyard_policy::ScopeSet::new(
            chosen.map(|(_, name)| name.parse::<Scope>().unwrap()),
        )
        .unwrap(),
        credential: CredentialId::from_uuid(credential),
        position: Position::new(position.0, position.1),
        ..forge::claims()
    }
}
