//! One thing is done wrongly at a time, and promise 2 must be seen to break: a simulation that finds
//! nothing has to be one that would have found something. Where it would take a very unlucky day for
//! fifteen minutes to pass, what promise 2 rests on is enough.

use std::ops::Range;

use crate::{
    judge::{Broken, Promise},
    seeds::live_all,
    weakness::Weakness,
};

#[test]
fn a_list_that_counts_from_the_arrival_of_the_answer_is_caught() {
    breaks(Weakness::FreshFromArrival, Promise::Bound);
}

#[test]
fn a_bound_of_sixteen_minutes_is_caught() {
    breaks(Weakness::SixteenMinutes, Promise::Bound);
}

#[test]
fn a_snapshot_that_replaces_is_caught() {
    breaks(Weakness::SnapshotReplaces, Promise::Bound);
}

#[test]
fn freshness_that_outlives_the_list_is_caught() {
    breaks(Weakness::FreshnessOutlivesTheList, Promise::Bound);
}

#[test]
fn a_clock_that_stops_in_suspend_is_caught() {
    breaks(Weakness::ClockStopsInSuspend, Promise::Bound);
}

#[test]
fn an_authority_whose_list_is_always_young_is_caught() {
    breaks(Weakness::AgeIsAlwaysZero, Promise::Bound);
}

#[test]
fn a_point_that_stays_with_a_stale_authority_is_caught() {
    breaks(Weakness::StaysWithStaleAuthorities, Promise::Freshens);
}

#[test]
fn reads_that_are_not_confirmed_are_caught() {
    breaks(Weakness::ReadsAreNotConfirmed, Promise::Complete);
}

#[test]
fn trimming_by_the_wall_clock_is_caught() {
    breaks(Weakness::TrimsByTheWallClock, Promise::IssueAfterRevoke);
}

#[test]
fn trimming_without_a_floor_is_caught() {
    breaks(Weakness::TrimsWithoutAFloor, Promise::Complete);
}

/// Lives through worlds with that weakness until the promise is broken in one.
fn breaks(weakness: Weakness, promise: Promise) {
    let lived = live_all(SEEDS, Some(weakness), &[promise]);
    let Some((seed, Broken { how, .. })) = lived.broken else {
        panic!("{weakness:?} goes unnoticed\n{}", lived.report);
    };
    println!("{weakness:?}: seed {seed}: {how}");
}

/// Far more than any of them takes.
const SEEDS: Range<u64> = 0..5_000;
