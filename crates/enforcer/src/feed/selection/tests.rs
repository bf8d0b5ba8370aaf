//! Which authority is followed, answer by answer.

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const STALE_AFTER: Duration = Duration::from_secs(4);

struct Most;

impl Chance for Most {
    fn draw(&mut self) -> u32 {
        u32::MAX
    }
}

fn at(second: u64) -> BootTime {
    BootTime::from_duration(Duration::from_secs(second))
}

/// One of two addresses whose authority was found to be 10 seconds behind at second 100.
fn beside_a_stale_one() -> Selection {
    let mut selection = Selection::new(2, STALE_AFTER);
    let change = selection.current_answered(Some(SECOND * 10), at(100));
    assert_eq!(change, Some(Change::Stale));
    selection
}

#[test]
fn beside_a_fresh_authority_no_other_is_tried() {
    let mut selection = Selection::new(3, STALE_AFTER);
    for second in 1..100 {
        let answered = selection.current_answered(Some(STALE_AFTER), at(second));
        assert_eq!((answered, selection.due()), (None, None));
        assert_eq!(selection.try_next(at(second)), None);
    }
}

#[test]
fn an_only_address_is_followed_however_stale_it_is() {
    let mut selection = Selection::new(1, STALE_AFTER);
    selection.current_answered(Some(SECOND * 900), at(1_000));
    assert_eq!(selection.due(), None);
    assert_eq!(selection.try_next(at(2_000)), None);
}

#[test]
fn a_fresher_candidate_takes_the_place_of_a_stale_authority() {
    let mut selection = beside_a_stale_one();
    assert_eq!(selection.try_next(at(100)), Some(1));
    assert_eq!(selection.current(), 0, "kept until the other is better");
    let outcome = selection.candidate_answered(Some(Duration::ZERO), at(101), &mut Most);
    assert_eq!(outcome, Outcome::Switched);
    assert_eq!((selection.current(), selection.candidate()), (1, None));
    assert_eq!(selection.due(), None);
}

#[test]
fn a_candidate_that_is_as_stale_or_has_no_list_is_dropped() {
    for age in [
        Some(SECOND * 10),
        Some(SECOND * 9),
        Some(SECOND * 300),
        None,
    ] {
        let mut selection = beside_a_stale_one();
        selection.try_next(at(100));
        let outcome = selection.candidate_answered(age, at(100), &mut Most);
        assert_eq!(
            (outcome, selection.current()),
            (Outcome::Dropped, 0),
            "{age:?}"
        );
    }
}

#[test]
fn a_candidate_that_is_stale_but_fresher_is_better_than_none() {
    let mut selection = Selection::new(3, STALE_AFTER);
    selection.current_answered(None, at(100));
    selection.try_next(at(100));
    let outcome = selection.candidate_answered(Some(SECOND * 60), at(100), &mut Most);
    assert_eq!((outcome, selection.current()), (Outcome::Switched, 1));
    // And the next one is tried, though not at once.
    assert_eq!(selection.try_next(at(100)), None);
    assert_eq!(selection.try_next(at(101)), Some(2));
}

#[test]
fn where_all_are_equally_stale_each_is_tried_in_turn_ever_less_often() {
    let mut selection = Selection::new(3, STALE_AFTER);
    let (mut tried, mut now) = (Vec::new(), 100);
    selection.current_answered(Some(SECOND * 10), at(now));
    while now < 200 {
        if let Some(address) = selection.try_next(at(now)) {
            tried.push((now - 100, address));
            let age = Some(SECOND * u32::try_from(now - 90).unwrap());
            let outcome = selection.candidate_answered(age, at(now), &mut Most);
            assert_eq!(outcome, Outcome::Dropped);
        }
        selection.current_answered(Some(SECOND * u32::try_from(now - 90).unwrap()), at(now));
        now += 1;
    }
    assert_eq!(selection.current(), 0);
    let expected = [
        (0, 1),
        (1, 2),
        (2, 1),
        (4, 2),
        (8, 1),
        (16, 2),
        (24, 1),
        (32, 2),
    ];
    assert_eq!(tried[..8], expected);
}

#[test]
fn an_authority_that_is_fresh_again_is_kept_and_the_candidate_dropped() {
    let mut selection = beside_a_stale_one();
    selection.try_next(at(100));
    let change = selection.current_answered(Some(Duration::ZERO), at(102));
    assert_eq!(change, Some(Change::Fresh));
    assert_eq!((selection.current(), selection.candidate()), (0, None));
    let late = selection.candidate_answered(Some(Duration::ZERO), at(103), &mut Most);
    assert_eq!((late, selection.current()), (Outcome::Dropped, 0));
}

#[test]
fn a_connection_that_is_lost_is_replaced_by_the_candidate_or_by_the_next_address() {
    let mut selection = beside_a_stale_one();
    selection.try_next(at(100));
    assert_eq!(selection.current_lost(), None);
    assert_eq!((selection.current(), selection.candidate()), (1, None));
    assert_eq!(selection.current_lost(), Some(0));
    assert_eq!(selection.current_lost(), Some(1));
    assert_eq!(selection.due(), None, "nothing is known of the new one");
}

#[test]
fn a_candidate_that_cannot_be_reached_is_followed_by_another_later() {
    let mut selection = beside_a_stale_one();
    selection.try_next(at(100));
    selection.candidate_lost(at(102), &mut Most);
    assert_eq!(selection.try_next(at(102)), None);
    assert_eq!(selection.try_next(at(103)), Some(1));
}
