//! The rule of continuity: each way in which a log can break, and the ways in which it does not.

use lanyard_token::UnixTime;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{Handle, HandleKind, Revocation};

const LOG: LogId = LogId::from_uuid(Uuid::from_u128(1));
const OTHER: LogId = LogId::from_uuid(Uuid::from_u128(2));

/// Where the entry of a number is: well apart, so that there is room between two of them.
fn place(number: u64) -> Position {
    Position::new(number * 10, 0)
}

fn entry(number: u64) -> Entry {
    let position = place(number);
    let handle = Handle {
        kind: HandleKind::Token,
        id: Uuid::from_u128(u128::from(number)),
    };
    Entry {
        number,
        position,
        time: UnixTime::from_millis(number * 10),
        revocation: Revocation {
            handle,
            position,
            is_final: false,
        },
    }
}

fn cursor(number: u64) -> Cursor {
    Cursor {
        log: LOG,
        position: place(number),
        number,
    }
}

/// A complete read that found these entries, in a log that ends at `last`.
fn read(numbers: impl IntoIterator<Item = u64>, last: u64) -> LogRead {
    LogRead {
        log: LOG,
        entries: numbers.into_iter().map(entry).collect(),
        end: place(last),
        last_number: last,
        complete: true,
        intact: true,
        mended_to: 0,
        floor: Position::ZERO,
    }
}

fn broken(reason: Break) -> Continuity {
    Continuity::StartOver(reason)
}

#[test]
fn a_read_that_goes_on_where_the_cursor_is_continues() {
    assert_eq!(
        continuity(Some(&cursor(4)), &read(5..=7, 7)),
        Continuity::Continues
    );
}

#[test]
fn a_read_that_finds_nothing_new_continues() {
    assert_eq!(
        continuity(Some(&cursor(7)), &read([], 7)),
        Continuity::Continues
    );
    assert_eq!(
        continuity(Some(&cursor(0)), &read([], 0)),
        Continuity::Continues
    );
}

#[test]
fn a_first_read_takes_the_log_from_whatever_is_left_of_it() {
    for found in [read([], 0), read([], 7), read(1..=7, 7), read(5..=7, 7)] {
        assert_eq!(continuity(None, &found), Continuity::Continues);
    }
}

#[test]
fn a_read_in_parts_continues_from_part_to_part() {
    let part = LogRead {
        complete: false,
        ..read(5..=6, 9)
    };
    assert_eq!(continuity(Some(&cursor(4)), &part), Continuity::Continues);
    assert_eq!(part.next_cursor(), Some(cursor(6)));
    assert_eq!(
        continuity(part.next_cursor().as_ref(), &read(7..=9, 9)),
        Continuity::Continues
    );
    let nothing_yet = LogRead {
        complete: false,
        ..read([], 9)
    };
    assert_eq!(
        continuity(Some(&cursor(6)), &nothing_yet),
        Continuity::Continues
    );
    assert_eq!(nothing_yet.next_cursor(), None);
}

#[test]
fn the_next_read_goes_on_from_the_end_of_a_complete_one() {
    assert_eq!(read(5..=7, 7).next_cursor(), Some(cursor(7)));
    assert_eq!(read([], 7).next_cursor(), Some(cursor(7)));
    assert_eq!(read([], 0).next_cursor(), Some(cursor(0)));
}

#[test]
fn another_log_starts_over_even_if_everything_else_fits() {
    let found = LogRead {
        log: OTHER,
        ..read(5..=7, 7)
    };
    assert_eq!(
        continuity(Some(&cursor(4)), &found),
        broken(Break::OtherLog)
    );
    assert_eq!(continuity(None, &found), Continuity::Continues);
}

#[test]
fn a_log_that_ends_before_what_was_read_starts_over() {
    assert_eq!(
        continuity(Some(&cursor(7)), &read([], 6)),
        broken(Break::EndsBefore)
    );
    assert_eq!(
        continuity(Some(&cursor(7)), &read([], 0)),
        broken(Break::EndsBefore)
    );
    let shorter = LogRead {
        last_number: 7,
        ..read([], 6)
    };
    assert_eq!(
        continuity(Some(&cursor(7)), &shorter),
        broken(Break::EndsBefore)
    );
    let fewer = LogRead {
        last_number: 6,
        ..read([], 7)
    };
    assert_eq!(
        continuity(Some(&cursor(7)), &fewer),
        broken(Break::EndsBefore)
    );
}

#[test]
fn entries_that_were_trimmed_before_they_were_read_are_a_gap() {
    assert_eq!(
        continuity(Some(&cursor(4)), &read(6..=7, 7)),
        broken(Break::Gap)
    );
    assert_eq!(
        continuity(Some(&cursor(4)), &read([], 7)),
        broken(Break::Gap)
    );
}

#[test]
fn entries_missing_at_the_end_of_a_complete_read_are_a_gap() {
    assert_eq!(
        continuity(Some(&cursor(4)), &read(5..=6, 7)),
        broken(Break::Gap)
    );
    assert_eq!(continuity(None, &read(5..=6, 7)), broken(Break::Gap));
}

#[test]
fn an_entry_missing_in_the_middle_is_a_gap_even_for_a_first_read() {
    assert_eq!(
        continuity(Some(&cursor(4)), &read([5, 7], 7)),
        broken(Break::Gap)
    );
    assert_eq!(continuity(None, &read([5, 7], 7)), broken(Break::Gap));
}

#[test]
fn an_entry_that_comes_twice_is_a_gap() {
    assert_eq!(
        continuity(Some(&cursor(4)), &read([4, 5], 5)),
        broken(Break::Gap)
    );
    assert_eq!(
        continuity(Some(&cursor(4)), &read([5, 5], 5)),
        broken(Break::Gap)
    );
}

/// The new primary had only got as far as 7 when the old one, read up to 9, died. Its numbers go on
/// from 8, an hour ahead, and overtake the cursor's.
#[test]
fn a_new_primary_that_lost_the_tail_is_noticed_however_far_it_has_come() {
    let ahead = |number| Entry {
        position: Position::new(3_600_000 + number, 0),
        ..entry(number)
    };
    for last in 8..=12 {
        let entries = (8..=last).map(ahead).collect::<Vec<_>>();
        let end = ahead(last).position;
        let found = LogRead {
            entries,
            end,
            last_number: last,
            ..read([], 0)
        };
        let reason = if last < 9 {
            Break::EndsBefore
        } else {
            Break::Gap
        };
        assert_eq!(
            continuity(Some(&cursor(9)), &found),
            broken(reason),
            "{last}"
        );
    }
}

#[test]
fn entries_out_of_the_order_of_their_positions_are_a_contradiction() {
    let mut found = read(5..=7, 7);
    found.entries[1].position = place(5);
    assert_eq!(
        continuity(Some(&cursor(4)), &found),
        broken(Break::Contradiction)
    );
    let mut before = read([5], 5);
    before.entries[0].position = place(4);
    assert_eq!(
        continuity(Some(&cursor(4)), &before),
        broken(Break::Contradiction)
    );
}

#[test]
fn entries_beyond_the_end_of_the_log_are_a_contradiction() {
    let beyond = LogRead {
        complete: false,
        ..read(5..=7, 6)
    };
    assert_eq!(
        continuity(Some(&cursor(4)), &beyond),
        broken(Break::Contradiction)
    );
    let elsewhere = LogRead {
        end: Position::new(71, 0),
        ..read(5..=7, 7)
    };
    assert_eq!(
        continuity(Some(&cursor(4)), &elsewhere),
        broken(Break::Contradiction)
    );
}

#[test]
fn the_last_number_there_is_has_no_successor() {
    let cursor = Cursor {
        log: LOG,
        position: Position::ZERO,
        number: u64::MAX,
    };
    let wrapped = Entry {
        number: 0,
        ..entry(1)
    };
    let found = LogRead {
        entries: vec![wrapped],
        last_number: u64::MAX,
        ..read([], 1)
    };
    assert_eq!(continuity(Some(&cursor), &found), broken(Break::Gap));
}

#[test]
fn a_log_that_does_not_hold_what_it_should_never_continues() {
    let damaged = LogRead {
        intact: false,
        ..read(5..=7, 7)
    };
    for cursor in [Some(cursor(4)), Some(cursor(7)), None] {
        assert_eq!(
            continuity(cursor.as_ref(), &damaged),
            broken(Break::Damaged)
        );
    }
}

#[test]
fn a_log_that_is_gone_continues_for_nobody() {
    let absent = LogRead {
        log: LogId::from_uuid(Uuid::nil()),
        intact: false,
        ..read([], 0)
    };
    assert_eq!(continuity(None, &absent), broken(Break::Damaged));
    assert_eq!(
        continuity(Some(&cursor(4)), &absent),
        broken(Break::OtherLog)
    );
}

fn mended(numbers: impl IntoIterator<Item = u64>, last: u64, mended_to: u64) -> LogRead {
    LogRead {
        mended_to,
        ..read(numbers, last)
    }
}

#[test]
fn a_mended_gap_is_stepped_over_and_the_next_one_is_not() {
    let found = |mended_to| mended([5, 8, 9], 9, mended_to);
    assert_eq!(
        continuity(Some(&cursor(4)), &found(7)),
        Continuity::Continues
    );
    assert_eq!(continuity(None, &found(7)), Continuity::Continues);
    assert_eq!(continuity(None, &found(6)), broken(Break::Gap));
    let next = mended([5, 8, 10], 10, 7);
    assert_eq!(continuity(None, &next), broken(Break::Gap));
}

#[test]
fn an_end_that_is_mended_is_where_the_next_read_goes_on() {
    let found = mended([5], 7, 7);
    assert_eq!(continuity(Some(&cursor(4)), &found), Continuity::Continues);
    assert_eq!(found.next_cursor(), Some(cursor(7)));
    assert_eq!(
        continuity(Some(&cursor(5)), &mended([8], 8, 7)),
        Continuity::Continues
    );
    let not_yet = mended([5], 7, 6);
    assert_eq!(continuity(None, &not_yet), broken(Break::Gap));
}

#[test]
fn no_mending_explains_a_number_that_comes_again() {
    let back = mended([8, 9, 10], 10, 10);
    assert_eq!(continuity(Some(&cursor(9)), &back), broken(Break::Gap));
}

proptest! {
    /// However much is missing, a reader goes on exactly if every number that it misses is mended.
    #[test]
    fn a_gap_is_tolerated_exactly_up_to_where_it_is_mended(
        seen in 0_u64..10,
        kept in prop::collection::vec(any::<bool>(), 1..20),
        mended_to in 0_u64..32,
    ) {
        let numbers = (seen + 1..).zip(&kept);
        let last = seen + kept.len() as u64;
        let there = numbers.clone().filter(|(_, kept)| **kept).map(|(number, _)| number);
        let found = mended(there, last, mended_to);
        let missing = numbers.filter(|(_, kept)| !**kept).map(|(number, _)| number);
        let expected = if missing.max().is_none_or(|missing| missing <= mended_to) {
            Continuity::Continues
        } else {
            broken(Break::Gap)
        };
        prop_assert_eq!(continuity(Some(&cursor(seen)), &found), expected);
    }

    /// Whatever is taken out of a read, at its start, in its middle or at its end, is missed.
    #[test]
    fn no_entry_can_go_missing_unnoticed(
        seen in 0_u64..20,
        new in 1_u64..20,
        missing in any::<prop::sample::Index>(),
    ) {
        let last = seen + new;
        let mut found = read(seen + 1..=last, last);
        prop_assert_eq!(continuity(Some(&cursor(seen)), &found), Continuity::Continues);
        found.entries.remove(missing.index(found.entries.len()));
        prop_assert_eq!(continuity(Some(&cursor(seen)), &found), broken(Break::Gap));
    }
}
