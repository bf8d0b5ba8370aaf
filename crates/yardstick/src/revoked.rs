//! Lists of any length, of tokens that nobody shows.

use std::num::NonZeroU16;

use lanyard_revocation::{Entry, Handle, HandleKind, List, PartitionId, Revocation, View};
use lanyard_token::{BootTime, Position, UnixTime};
use uuid::Uuid;

use crate::authority::{START, keys};

/// A list of so many revocations. Each expires in the millisecond of its number.
#[must_use]
pub fn list(len: u64) -> List {
    let mut list = List::new();
    for number in 0..len {
        list.insert(revocation(number), UnixTime::from_millis(number));
    }
    list
}

/// What an enforcement point knows that has heard of so many revocations and of the authority's
/// keys, all of it at this moment.
#[must_use]
pub fn view(revoked: u64, now: BootTime) -> View {
    let view = View::new(NonZeroU16::MIN);
    let entries: Vec<_> = (0..revoked).map(entry).collect();
    view.apply(PARTITION, &entries).expect("the partition");
    let end = Position::new(revoked, 0);
    view.confirm(PARTITION, end, now).expect("the partition");
    view.set_keys(keys());
    view
}

/// The revocation of that number.
#[must_use]
pub fn revocation(number: u64) -> Revocation {
    Revocation {
        handle: Handle {
            kind: HandleKind::Token,
            id: Uuid::from_u64_pair(1, number),
        },
        // The position zero revokes nothing.
        position: Position::new(number + 1, 0),
        is_final: false,
    }
}

fn entry(number: u64) -> Entry {
    let revocation = revocation(number);
    Entry {
        number: number + 1,
        position: revocation.position,
        time: START,
        revocation,
    }
}

const PARTITION: PartitionId = PartitionId::new(0);
