//! What must hold in every world.

use std::ops::Range;

use lanyard_token::PropagationBound;

use crate::{
    judge::Promise,
    report::Report,
    seeds::{live_all, told},
};

#[test]
fn the_promises_hold_whatever_goes_wrong() {
    hold(0..500);
}

#[test]
#[ignore = "takes some minutes"]
fn the_promises_hold_in_many_more_worlds() {
    hold(1_000_000..1_010_000);
}

#[test]
#[ignore = "tells all that happens in the world of LANYARD_SIMULATION_SEED, or else of 0"]
#[expect(
    clippy::disallowed_methods,
    reason = "this is a tool for people, and configures nothing"
)]
fn the_world_of_one_seed_is_told() {
    let seed = std::env::var("LANYARD_SIMULATION_SEED");
    let seed = seed.map_or(0, |seed| seed.parse().expect("a number"));
    println!("{}", told(seed, &Promise::ALL, usize::MAX));
    hold(seed..seed + 1);
}

#[test]
fn the_same_seed_is_the_same_world() {
    let tell = |seed| told(seed, &Promise::ALL, usize::MAX);
    let (first, second) = (tell(7), tell(7));
    assert!(first == second, "one seed, two worlds");
    assert!(first != tell(8), "two seeds, one world");
}

/// Lives through all of these worlds.
fn hold(seeds: Range<u64>) {
    let is_one = seeds.end - seeds.start == 1;
    let lived = live_all(seeds, None, &Promise::ALL);
    let report = lived.report;
    println!("{report}");
    if let Some((seed, broken)) = lived.broken {
        let told = told(seed, &Promise::ALL, LATEST);
        panic!("{told}\nin the world of seed {seed} a promise is broken: {broken}");
    }
    let promised = PropagationBound::MAX.as_duration();
    assert!(report.worst() <= promised, "{report}");
    if !is_one {
        was_eventful(&report);
    }
}

/// A simulation in which nothing happens would hold everything, too.
fn was_eventful(report: &Report) {
    let Report {
        worlds,
        accepted,
        revoked,
        stale,
        issued,
        acknowledged,
        connections,
        switches,
        resumptions,
        snapshots,
        heartbeats,
        restarts,
        halts,
        cuts,
        ..
    } = report;
    let many = [
        accepted,
        revoked,
        stale,
        issued,
        acknowledged,
        connections,
        switches,
        resumptions,
        snapshots,
        heartbeats,
        restarts,
        halts,
        cuts,
    ];
    assert!(
        many.iter().all(|count| *count >= worlds),
        "too little: {report}"
    );
    let some = [
        report.steps,
        report.promotions,
        report.not_issued,
        report.failed,
        report.failed_reads,
        report.healed,
        report.gaps,
    ];
    // Digests are not compared while a second authority is tried, so that few differences are seen.
    assert!(report.divergences > 0, "too little: {report}");
    assert!(
        some.iter().all(|count| *count >= worlds / 10),
        "too little: {report}"
    );
    let nine_minutes = PropagationBound::MAX.as_duration() * 9 / 15;
    assert!(report.worst() > nine_minutes, "nothing was close: {report}");
}

/// How many of the last events are told in full when a promise is broken.
const LATEST: usize = 80;
