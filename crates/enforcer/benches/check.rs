//! What a check costs: a token that lives, with nothing revoked and with a million others.
#![expect(clippy::expect_used, reason = "a measurement that cannot go on ends")]

use std::{num::NonZeroU16, sync::Arc};

use divan::Bencher;
use lanyard_enforcer::{CheckedDecision, Enforcer, Question};
use lanyard_policy::{Capability, Context, Scope, ScopeSet};
use lanyard_revocation::{
    Entry, FreshnessBound, Handle, HandleKind, PartitionId, Revocation, View,
};
use lanyard_token::{
    Audience, Claims, Clock as _, CredentialId, IdentityId, Issuer, KeyId, KeySet, KeyState,
    Lifetime, ManualClock, Position, PublishedKey, ResourceId, SigningKey, TokenAlgorithm, TokenId,
    UnixTime, Verifier,
};
use uuid::Uuid;

fn main() {
    divan::main();
}

/// The signature was verified before, as it was for all but the first check of a token.
#[divan::bench(args = REVOKED, sample_size = 4000)]
fn of_a_token_seen_before(bencher: Bencher<'_, '_>, revoked: u64) {
    bench(bencher, &point(revoked));
}

#[divan::bench(args = REVOKED)]
fn of_a_token_never_seen(bencher: Bencher<'_, '_>, revoked: u64) {
    bench(bencher, &point(revoked).remembering(0));
}

type Point = Enforcer<ManualClock>;

fn bench(bencher: Bencher<'_, '_>, point: &Point) {
    let tokens = tokens();
    for token in &tokens {
        assert!(check(point, token).verdict.is_allowed());
    }
    let mut tokens = tokens.iter().cycle();
    bencher.bench_local(|| tokens.next().map(|token| check(point, token)));
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
    let point = Enforcer::new(Arc::new(view), verifier, FreshnessBound::MAX, clock);
    point.remembering(TOKENS * 100)
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

const REVOKED: [u64; 2] = [0, 1_000_000];
const TOKENS: usize = 4000;
const PARTITION: PartitionId = PartitionId::new(0);
const START: UnixTime = UnixTime::from_secs(1_700_000_000);
