//! What a check costs: a token that lives, with nothing revoked and with a million others.
#![expect(
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement that cannot go on ends, and its numbers are small"
)]

use std::{hint::black_box, num::NonZeroU16, sync::Arc};

use lanyard_enforcer::{CheckedDecision, Enforcer, Question};
use lanyard_policy::{Capability, Context, Scope, ScopeSet};
use lanyard_revocation::{
    Entry, FreshnessBound, Handle, HandleKind, PartitionId, Revocation, View,
};
use lanyard_token::{
    Audience, Claims, Clock as _, CredentialId, IdentityId, Issuer, KeyId, KeySet, KeyState,
    Lifetime, ManualClock, Position, PublishedKey, ResourceId, SigningKey, SystemClock,
    TokenAlgorithm, TokenId, UnixTime, Verifier,
};
use uuid::Uuid;

fn main() {
    println!("a token seen before, whose signature is not verified again:");
    compare(&[0, REVOKED].map(|revoked| point(revoked).remembering(TOKENS * 100)));
    println!("a token never seen:");
    compare(&[0, REVOKED].map(|revoked| point(revoked).remembering(0)));
}

type Point = Enforcer<ManualClock>;

/// Lets the two take turns, and compares each round with the one beside it: what else the machine
/// does meanwhile then strikes both alike.
fn compare(points: &[Point; 2]) {
    let tokens = tokens();
    let rounds = (0..=ROUNDS).map(|_| points.each_ref().map(|point| round(point, &tokens)));
    // The first one is to warm up.
    let rounds: Vec<_> = rounds.skip(1).collect();
    let [none, many] = [0, 1].map(|which| median(rounds.iter().map(|round| round[which])));
    let ratio = median(rounds.iter().map(|[none, many]| many / none));
    println!("  {none:.2} us with nothing revoked, {many:.2} us with {REVOKED}; ratio {ratio:.2}");
}

/// How long one check takes, in microseconds.
fn round(point: &Point, tokens: &[String]) -> f64 {
    let begun = SystemClock.boot().expect("a clock");
    for token in tokens {
        let checked = black_box(check(point, token));
        assert!(checked.verdict.is_allowed());
    }
    let took = SystemClock.boot().expect("a clock").since(begun);
    took.as_secs_f64() * 1e6 / tokens.len() as f64
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn check(point: &Point, token: &str) -> CheckedDecision {
    let question = Question {
        capability: Capability::ListChatThreads,
        context: Context::default(),
    };
    let checked = point.check(&point.examine(token), &question);
    checked.expect("the list is fresh")
}

/// A point that is told of so many revoked tokens.
fn point(revoked: u64) -> Point {
    let view = View::new(NonZeroU16::MIN);
    let entries: Vec<_> = (0..revoked).map(entry).collect();
    view.apply(PARTITION, &entries).expect("the partition");
    let clock = ManualClock::new(START);
    let now = clock.boot().expect("a clock");
    view.confirm(PARTITION, Position::ZERO, now)
        .expect("the partition");
    view.set_keys(KeySet::new([PublishedKey {
        key: key().public_key(),
        state: KeyState::Active { since: START },
    }]));
    let verifier = Verifier::new(issuer(), audience());
    Enforcer::new(Arc::new(view), verifier, FreshnessBound::MAX, clock)
}

fn entry(number: u64) -> Entry {
    let position = Position::new(number + 1, 0);
    let handle = Handle {
        kind: HandleKind::Token,
        id: Uuid::from_u64_pair(1, number),
    };
    Entry {
        number: number + 1,
        position,
        time: START,
        revocation: Revocation {
            handle,
            position,
            is_final: false,
        },
    }
}

/// Tokens that live, each of an identity of its own.
fn tokens() -> Vec<String> {
    let key = key();
    let numbers = 0..TOKENS as u64;
    let tokens = numbers.map(|number| key.mint(&claims(number)).expect("a token"));
    tokens.collect()
}

fn claims(number: u64) -> Claims {
    let resource = ResourceId::from_uuid(Uuid::from_u128(1));
    Claims {
        issuer: issuer(),
        audience: audience(),
        subject: IdentityId::new(resource, Uuid::from_u64_pair(2, number)),
        issued_at: START,
        expires_at: START.saturating_add(Lifetime::MAX.as_duration()),
        token_id: TokenId::from_uuid(Uuid::from_u64_pair(3, number)),
        scopes: ScopeSet::new([Scope::Chat]).expect("a scope"),
        credential: CredentialId::from_uuid(Uuid::from_u128(4)),
        position: Position::ZERO,
    }
}

fn key() -> SigningKey {
    let id = KeyId::from_uuid(Uuid::from_u128(5));
    SigningKey::from_seed(id, &[7; 32], TokenAlgorithm::EdDsa)
}

fn issuer() -> Issuer {
    "lanyard".parse().expect("an issuer")
}

fn audience() -> Audience {
    "lanyard".parse().expect("an audience")
}

const REVOKED: u64 = 1_000_000;
const ROUNDS: usize = 100;
const TOKENS: usize = 4000;
const PARTITION: PartitionId = PartitionId::new(0);
const START: UnixTime = UnixTime::from_secs(1_700_000_000);
