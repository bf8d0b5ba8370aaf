//! What the list adds to a check, what it takes to fill and to trim it, and what it holds on to.

use std::hint::black_box;

use divan::Bencher;
use lanyard_revocation::{Handle, HandleKind, List};
use lanyard_token::{Position, UnixTime};
use lanyard_yardstick::list;
use peak_alloc::PeakAlloc;
use uuid::Uuid;

#[global_allocator]
static COUNTED: PeakAlloc = PeakAlloc;

fn main() {
    divan::main();
    println!();
    for len in [10_000, 1_000_000, 10_000_000] {
        println!("{len:>9} revocations: {:.1} bytes each", bytes_each(len));
    }
}

/// All five handles of a token that lives, another one each time.
#[divan::bench(args = [0, 10_000, 1_000_000, 10_000_000])]
fn a_token_that_lives(bencher: Bencher<'_, '_>, len: u64) {
    let list = list(len);
    let mut next = 0;
    bencher.bench_local(move || {
        next += 1;
        let id = Uuid::from_u64_pair(2, next);
        let handles = HandleKind::ALL.map(|kind| Handle { kind, id });
        list.revoked(black_box(&handles), Position::ZERO)
    });
}

#[divan::bench(args = [10_000, 1_000_000], sample_count = 5)]
fn filling_it(len: u64) -> List {
    list(len)
}

/// A trim that drops a thousandth, with its digests.
#[divan::bench(args = [10_000, 1_000_000], sample_count = 5)]
fn trimming_it(bencher: Bencher<'_, '_>, len: u64) {
    let full = list(len);
    let copies = || full.clone();
    bencher.with_inputs(copies).bench_local_values(|mut list| {
        list.trim(UnixTime::from_millis(len / 1000));
        list
    });
}

/// What a list has taken from the allocator, for each of its entries.
#[expect(clippy::cast_precision_loss, reason = "a list is shorter than 2^52")]
fn bytes_each(len: u64) -> f64 {
    let before = COUNTED.current_usage();
    let list = list(len);
    let taken = COUNTED.current_usage() - before;
    drop(list);
    taken as f64 / len as f64
}
