//! What is done about each way in which a log can differ from what is known of it.

use lanyard_revocation::{Entry, Handle, HandleKind, LogId};
use lanyard_token::UnixTime;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const LOG: LogId = LogId::from_uuid(Uuid::from_u128(1));

fn place(number: u64) -> Position {
    Position::new(number * 10, 0)
}

fn revocation(number: u64) -> Revocation {
    Revocation {
        handle: Handle {
            kind: HandleKind::Token,
            id: Uuid::from_u128(number.into()),
        },
        position: place(number),
        is_final: false,
    }
}

fn entry(number: u64) -> Entry {
    Entry {
        number,
        position: place(number),
        time: UnixTime::default(),
        revocation: revocation(number),
    }
}

fn cursor(number: u64) -> Cursor {
    Cursor {
        log: LOG,
        position: place(number),
        number,
    }
}

/// A read of the whole of a log that should have everything up to `last`.
fn read(numbers: impl IntoIterator<Item = u64>, last: u64) -> LogRead {
    let entries: Vec<_> = numbers.into_iter().map(entry).collect();
    let intact = entries.len() as u64 == last;
    LogRead {
        log: LOG,
        entries,
        end: place(last),
        last_number: last,
        complete: true,
        intact,
        mended_to: 0,
        floor: Position::ZERO,
    }
}

/// What is done about a log by somebody who knows `known`, has read it all up to `read_to`, and has
/// heard of positions up to `beyond`.
fn verdict(found: &LogRead, known: &[u64], (read_to, beyond): (Option<Cursor>, u64)) -> Verdict {
    let known = known.iter().map(|number| revocation(*number));
    let mut scan = Scan::new(known, limits(place(beyond)));
    scan.take(found).unwrap();
    scan.verdict(found.next_cursor().unwrap(), read_to)
}

fn limits(beyond: Position) -> Limits {
    let floor = Position::ZERO;
    Limits { beyond, floor }
}

fn healing(end: u64, lost: &[u64], (beyond, mends): (u64, bool)) -> Verdict {
    Verdict::Heal(Healing {
        as_of: cursor(end),
        lost: lost.iter().map(|number| revocation(*number)).collect(),
        beyond: place(beyond),
        mends,
        floor: Position::ZERO,
    })
}

#[test]
fn a_log_that_has_what_is_known_is_whole() {
    let whole = Verdict::Whole(cursor(3));
    assert_eq!(verdict(&read(1..=3, 3), &[], (None, 0)), whole);
    assert_eq!(verdict(&read(1..=3, 3), &[1, 3], (None, 3)), whole);
}

#[test]
fn what_the_log_has_trimmed_is_not_missing_and_the_higher_floor_is_kept() {
    for (own, of_the_log, lost) in [(0, 2, vec![3]), (9, 2, vec![3]), (0, 3, vec![])] {
        let known = [1, 2, 3].into_iter().map(revocation);
        let limits = Limits {
            beyond: place(5),
            floor: place(own),
        };
        let mut scan = Scan::new(known, limits);
        let found = LogRead {
            intact: true,
            floor: place(of_the_log),
            ..read([4], 4)
        };
        scan.take(&found).unwrap();
        let Verdict::Heal(healing) = scan.verdict(cursor(4), None) else {
            panic!("it ends before a known position");
        };
        assert_eq!(healing.floor, place(own.max(of_the_log)));
        assert!(
            healing
                .lost
                .into_iter()
                .eq(lost.into_iter().map(revocation))
        );
    }
}

#[test]
fn a_lost_end_comes_back_beyond_where_it_was() {
    let found = verdict(&read(1..=3, 3), &[2, 4, 5], (Some(cursor(5)), 5));
    assert_eq!(found, healing(3, &[4, 5], (5, false)));
}

#[test]
fn a_log_that_ends_before_a_known_position_goes_on_beyond_it_though_nothing_is_lost() {
    let found = verdict(&read(1..=3, 3), &[2], (Some(cursor(5)), 5));
    assert_eq!(found, healing(3, &[], (5, false)));
}

#[test]
fn a_gap_is_mended_by_who_has_read_that_log_beyond_it() {
    let damaged = read([1, 3, 5], 5);
    let mended = healing(5, &[2, 4], (5, true));
    assert_eq!(verdict(&damaged, &[2, 4], (Some(cursor(5)), 5)), mended);
    assert_eq!(verdict(&damaged, &[2, 4], (Some(cursor(4)), 5)), mended);
}

#[test]
fn a_gap_beyond_what_was_read_is_not_mended_and_what_is_known_comes_back() {
    let damaged = read([1, 3, 5], 5);
    let found = verdict(&damaged, &[2], (Some(cursor(3)), 3));
    assert_eq!(found, healing(5, &[2], (3, false)));
    assert_eq!(
        verdict(&damaged, &[], (Some(cursor(3)), 3)),
        Verdict::Missing
    );
    assert_eq!(verdict(&damaged, &[], (None, 0)), Verdict::Missing);
}

#[test]
fn who_has_read_another_log_mends_nothing() {
    let other = Cursor {
        log: LogId::from_uuid(Uuid::from_u128(2)),
        ..cursor(9)
    };
    assert_eq!(
        verdict(&read([1, 3], 3), &[], (Some(other), 0)),
        Verdict::Missing
    );
}

#[test]
fn an_end_or_a_beginning_that_was_taken_out_is_a_gap_as_well() {
    for (found, known_to, too_little) in [(read(1..=2, 4), 4, 3), (read(3..=4, 4), 2, 1)] {
        let knows = |number| (Some(cursor(number)), 0);
        assert_eq!(
            verdict(&found, &[], knows(known_to)),
            healing(4, &[], (0, true))
        );
        assert_eq!(verdict(&found, &[], knows(too_little)), Verdict::Missing);
    }
    let emptied = read([], 4);
    assert_eq!(
        verdict(&emptied, &[], (Some(cursor(3)), 0)),
        Verdict::Missing
    );
    let mended = healing(4, &[], (0, true));
    assert_eq!(verdict(&emptied, &[], (Some(cursor(4)), 0)), mended);
}

#[test]
fn a_log_that_is_gone_is_made_anew_by_who_knew_it_and_by_nobody_else() {
    let gone = LogRead {
        log: LogId::from_uuid(Uuid::nil()),
        intact: false,
        ..read([], 0)
    };
    let anew = |lost: &[u64], beyond: u64| match verdict(&gone, lost, (Some(cursor(5)), beyond)) {
        Verdict::Heal(healing) => (healing.lost.len(), healing.beyond, healing.mends),
        other => panic!("should be healed: {other:?}"),
    };
    assert_eq!(anew(&[2, 4], 5), (2, place(5), false));
    assert_eq!(anew(&[], 0), (0, place(0), false));
    assert_eq!(verdict(&gone, &[], (None, 0)), Verdict::Missing);
}

#[test]
fn contradictions_are_mended_by_nobody() {
    let mut found = read(1..=3, 3);
    found.entries[2].position = place(2);
    let knows = (Some(cursor(3)), 0);
    assert_eq!(verdict(&found, &[], knows), Verdict::Contradiction);
}

#[test]
fn a_log_that_becomes_another_under_the_scan_is_begun_again() {
    let mut scan = Scan::new([].into_iter(), limits(Position::ZERO));
    let part = LogRead {
        complete: false,
        intact: true,
        ..read(1..=2, 4)
    };
    scan.take(&part).unwrap();
    scan.cursor = part.next_cursor();
    let other = LogRead {
        log: LogId::from_uuid(Uuid::from_u128(2)),
        ..read(3..=4, 4)
    };
    assert_eq!(scan.take(&other), Err(Moved));
    assert_eq!(scan.take(&read([], 1)), Err(Moved));
}

proptest! {
    /// Nobody confirms a log that lacks something, and nobody mends what they have not read.
    #[test]
    fn what_is_missing_is_never_passed_over(
        kept in prop::collection::vec(any::<bool>(), 1..12),
        read_to in prop::option::of(0_u64..14),
    ) {
        let last = kept.len() as u64;
        let there = (1..).zip(&kept).filter(|(_, kept)| **kept).map(|(number, _)| number);
        let lost: Vec<_> = (1..).zip(&kept).filter(|(_, kept)| !**kept).map(|(one, _)| one).collect();
        let knows_all = lost.last().is_none_or(|last| read_to >= Some(*last));
        let verdict = verdict(&read(there, last), &[], (read_to.map(cursor), 0));
        match verdict {
            Verdict::Whole(_) => prop_assert!(lost.is_empty()),
            Verdict::Heal(healing) => prop_assert!(!lost.is_empty() && knows_all && healing.mends),
            Verdict::Missing => prop_assert!(!lost.is_empty() && !knows_all),
            Verdict::Contradiction => prop_assert!(false),
        }
    }
}
