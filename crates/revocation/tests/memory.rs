//! What a list takes, counted where it is allocated: at most 64 bytes for each entry, at any size
//! from ten thousand on, also while it grows, and nothing once all has expired.
//!
//! It is a binary of its own for the sake of the allocator that counts. Its tests take turns, since
//! whatever is allocated meanwhile is counted, too.
#![expect(
    clippy::cast_precision_loss,
    reason = "the sizes of a test are small numbers"
)]

use std::sync::{Mutex, PoisonError};

use lanyard_revocation::{Handle, HandleKind, List, Revocation};
use lanyard_token::{Position, UnixTime};
use peak_alloc::PeakAlloc;
use uuid::Uuid;

#[global_allocator]
static COUNTED: PeakAlloc = PeakAlloc;

/// Whose turn it is.
static TURN: Mutex<()> = Mutex::new(());

#[test]
fn an_entry_takes_at_most_64_bytes_at_any_size() {
    hold_to_the_bound(&[10_000, 100_000, 200_000]);
}

/// `cargo test --profile dist -p lanyard-revocation --test memory -- --ignored --nocapture`
#[test]
#[ignore = "it takes half a gigabyte"]
fn an_entry_takes_at_most_64_bytes_among_ten_million() {
    hold_to_the_bound(&[
        10_000, 100_000, 524_288, 786_432, 1_000_000, 1_300_000, 2_000_000, 10_000_000,
    ]);
}

#[test]
fn what_has_expired_takes_nothing() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let before = COUNTED.current_usage();
    let mut list = List::new();
    for number in 0..20_000 {
        insert(&mut list, number);
    }
    let full = taken_since(before);
    list.trim(UnixTime::from_millis(18_999));
    let rest = taken_since(before);
    assert_eq!(list.len(), 1000);
    assert!(rest < full / 15, "{rest} of {full} bytes are left");
    list.trim(UnixTime::from_millis(19_999));
    assert!(taken_since(before) < CRUMBS);
}

/// Holds every size up to the last to the bound, and prints those that are named.
fn hold_to_the_bound(sizes: &[usize]) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let before = COUNTED.current_usage();
    let mut list = List::new();
    for size in sizes {
        let mut worst = 0.0_f64;
        while list.len() < *size {
            COUNTED.reset_peak_usage();
            let number = list.len();
            insert(&mut list, number);
            let (len, peak) = (list.len(), COUNTED.peak_usage().saturating_sub(before));
            if len >= SMALL {
                assert!(peak <= BOUND * len, "{len} entries took {peak} bytes");
                worst = worst.max(each(peak, len));
            }
        }
        let taken = each(taken_since(before), *size);
        println!("{size:>9} entries: {taken:.1} bytes each, {worst:.1} at the worst moment since");
    }
}

/// The harness may give something back meanwhile.
fn taken_since(before: usize) -> usize {
    COUNTED.current_usage().saturating_sub(before)
}

fn each(bytes: usize, entries: usize) -> f64 {
    bytes as f64 / entries as f64
}

/// A further revocation, which expires in the millisecond of its number.
fn insert(list: &mut List, number: usize) {
    let number = number as u64;
    let revocation = Revocation {
        handle: Handle {
            kind: HandleKind::Token,
            id: Uuid::from_u64_pair(number, number),
        },
        // The position zero revokes nothing.
        position: Position::new(number + 1, 0),
        is_final: false,
    };
    list.insert(revocation, UnixTime::from_millis(number));
}

/// What an entry may take.
const BOUND: usize = 64;
/// Below this the bound is not promised: what there is once weighs more.
const SMALL: usize = 10_000;
/// What the harness may take meanwhile.
const CRUMBS: usize = 10_000;
