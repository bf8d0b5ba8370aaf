//! What a check costs, of a token seen before and of one never seen, with nothing revoked and with a
//! million others, beside the verification of the signature alone.
#![expect(clippy::expect_used, reason = "a measurement that cannot go on ends")]

use std::sync::Arc;

use lanyard_enforcer::{CheckedDecision, Enforcer, Question};
use lanyard_policy::{Capability, Context};
use lanyard_revocation::FreshnessBound;
use lanyard_token::{BootTime, Clock, ClockError, SystemClock, UnixTime};
use lanyard_yardstick::{Comparison, START, Signed, raw_signing_key, tokens, verifier, view};

fn main() {
    let mut comparison = raw_verification();
    for (name, revoked, (shown, remembered)) in POINTS {
        let point = point(revoked).remembering(remembered);
        let check = move |token: &String| assert!(check(&point, token).verdict.is_allowed());
        comparison = comparison.beside(name, tokens(shown), check);
    }
    println!("{}", comparison.run(ROUNDS));
}

fn raw_verification() -> Comparison<'static> {
    let tokens = tokens(TOKENS);
    let signed = tokens.iter().map(|token| Signed::of(token)).collect();
    let key = raw_signing_key().verifying_key();
    Comparison::with_floor("raw verification", signed, move |one| one.verify(&key))
}

fn check(point: &Enforcer<Clocks>, token: &str) -> CheckedDecision {
    let question = Question {
        capability: Capability::ListChatThreads,
        context: Context::default(),
    };
    let checked = point.check(&point.examine(token), &question);
    checked.expect("the list is fresh")
}

/// A point that has just been told of so many revoked tokens, none of which it is asked about.
fn point(revoked: u64) -> Enforcer<Clocks> {
    let now = Clocks.boot().expect("a clock");
    let view = Arc::new(view(revoked, now));
    Enforcer::new(view, verifier(), FreshnessBound::MAX, Clocks)
}

/// Takes the time to read both clocks of the machine, and shows a date at which the tokens live.
struct Clocks;

impl Clock for Clocks {
    fn wall(&self) -> Result<UnixTime, ClockError> {
        SystemClock.wall().map(|_today| START)
    }

    fn boot(&self) -> Result<BootTime, ClockError> {
        SystemClock.boot()
    }
}

/// Each point by its name, how many are revoked there, how many tokens are shown to it in turn, and how
/// many it remembers. A hundred of them stay in the processor's caches, thousands do not. Those that see
/// a token for the first time put it into a memory that the next ones soon push it out of.
const POINTS: [(&str, u64, (u64, usize)); 6] = [
    ("seen before, one of 100, nothing revoked", 0, (100, ALL)),
    (
        "seen before, one of 100, a million revoked",
        1_000_000,
        (100, ALL),
    ),
    (
        "seen before, one of 4000, nothing revoked",
        0,
        (TOKENS, ALL),
    ),
    (
        "seen before, one of 4000, a million revoked",
        1_000_000,
        (TOKENS, ALL),
    ),
    ("never seen, nothing revoked", 0, (TOKENS, FEW)),
    ("never seen, a million revoked", 1_000_000, (TOKENS, FEW)),
];
const ALL: usize = 100_000;
const FEW: usize = 100;
const TOKENS: u64 = 4000;
const ROUNDS: u32 = 1000;
