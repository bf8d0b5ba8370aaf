//! What the list adds to a check, and what it takes to fill and to trim it.

use std::hint::black_box;

use divan::Bencher;
use lanyard_revocation::{Handle, HandleKind, List, Revocation};
use lanyard_token::{Position, UnixTime};
use uuid::Uuid;

fn main() {
    divan::main();
}

/// All five handles of a token that lives, another one each time.
#[divan::bench(args = SIZES)]
fn a_token_that_lives(bencher: Bencher<'_, '_>, len: u64) {
    let list = list(len);
    let mut next = len;
    bencher.bench_local(move || {
        next += 1;
        let handles = HandleKind::ALL.map(|kind| Handle { kind, id: id(next) });
        list.revoked(black_box(&handles), Position::ZERO)
    });
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn filling_it(len: u64) -> List {
    list(len)
}

/// A trim that drops a thousandth, with its digests.
#[divan::bench(args = SIZES, sample_count = 5)]
fn trimming_it(bencher: Bencher<'_, '_>, len: u64) {
    let full = list(len);
    let copies = || full.clone();
    bencher.with_inputs(copies).bench_local_values(|mut list| {
        list.trim(UnixTime::from_millis(len / 1000));
        list
    });
}

fn list(len: u64) -> List {
    let mut list = List::new();
    for number in 0..len {
        let revocation = Revocation {
            handle: Handle {
                kind: HandleKind::Token,
                id: id(number),
            },
            position: Position::new(number + 1, 0),
            is_final: false,
        };
        list.insert(revocation, UnixTime::from_millis(number));
    }
    list
}

fn id(number: u64) -> Uuid {
    Uuid::from_u64_pair(number, number)
}

const SIZES: [u64; 3] = [0, 1000, 1_000_000];
