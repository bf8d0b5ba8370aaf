//! What a report looks like.

use std::time::Duration;

use lanyard_token::BootTime;
use tonic::Status;

use super::*;
use crate::recorder::Recorder;
use crate::run::{Outcome, Run, Tally};
use crate::schedule::{Rate, Span};

#[test]
fn people_see_both_sides_and_how_they_compare() {
    let told = report(&pairs(Some(200))).people();
    let expected = "\
check, tokens 100: closed loop, 64 calls under way over 2 connections, 2 rounds of 100 calls after \
1.5 s of warm-up, latencies corrected for coordinated omission
the calls go to http://127.0.0.1:7400 (this machine); this machine has 2 cores

                       check         empty  ratio (least..most of the rounds)
checks/s                 100           200  0.50 (0.50..0.50)
p50                 1.000 ms      1.000 ms  1.00 (1.00..1.00)
p90                 1.000 ms      1.000 ms
p99                 1.000 ms      1.000 ms  1.00 (1.00..1.00)
p99.9               1.000 ms      1.000 ms
max                 1.000 ms      1.000 ms
calls                    200           400
failures                   0             0

a note";
    assert_eq!(told, expected);
}

#[test]
fn without_a_floor_there_is_one_column() {
    let told = report(&pairs(None)).people();
    assert!(told.contains("\nchecks/s                 100\n"), "{told}");
    assert!(!told.contains("ratio"), "{told}");
}

#[test]
fn failures_are_told_by_code_and_never_hidden() {
    let mut pairs = pairs(None);
    for pair in &mut pairs {
        let away = Err(Status::unavailable("the store is away").into());
        pair.target.seen.record(at(0), at(1), away);
        pair.target.not_sent = 3;
    }
    let report = report(&pairs);
    assert_eq!(report.failures(), 2);
    let told = report.people();
    let failed = "2 calls failed with Unavailable, the first saying: the store is away";
    assert!(told.contains(failed), "{told}");
    assert!(told.contains("6 calls were due and never sent"), "{told}");
}

#[test]
fn where_nothing_was_answered_there_is_no_latency() {
    let told = report(&[Pair {
        target: outcome(0),
        floor: Some(outcome(100)),
    }]);
    let told = told.people();
    let p50 = told.lines().find(|line| line.starts_with("p50"));
    let p50: Vec<_> = p50.expect("a row").split_whitespace().collect();
    assert_eq!(p50, ["p50", "-", "1.000", "ms"]);
}

#[test]
fn scripts_get_the_same_figures() {
    let json = serde_json::to_value(report(&pairs(Some(200)))).expect("JSON");
    for (pointer, expected) in [
        ("/how/loop", "closed".into()),
        ("/how/corrected", true.into()),
        ("/how/rate_per_second", serde_json::Value::Null),
        ("/how/round_s", serde_json::Value::Null),
        ("/how/round_calls", 100.into()),
        ("/how/warm_up_s", 1.5.into()),
        ("/settings/tokens", 100.into()),
        ("/target/per_second/median", 100.0.into()),
        ("/target/failures", 0.into()),
        ("/floor/calls", 400.into()),
        ("/ratio/per_second/median", 0.5.into()),
    ] {
        let told = json.pointer(pointer).cloned();
        assert_eq!(told, Some::<serde_json::Value>(expected), "{pointer}");
    }
}

#[test]
fn the_rate_of_an_open_loop_is_told_and_nothing_is_corrected() {
    let rate = Rate::per_second(500.0).expect("a rate");
    let mut report = report(&pairs(None));
    report.how = how(Load::Open(rate));
    let told = report.people();
    assert!(told.contains("open loop at 500 calls/s"), "{told}");
    assert!(told.contains("counted from when calls were due"), "{told}");
}

#[test]
fn one_is_told_as_one() {
    assert_eq!(counted(1_u64, "round"), "1 round");
    assert_eq!(counted(2_usize, "round"), "2 rounds");
    assert_eq!(counted(0_u64, "round"), "0 rounds");
}

#[test]
fn an_endpoint_is_on_this_machine_if_its_host_says_so() {
    for (endpoint, local) in [
        ("http://127.0.0.1:7400", true),
        ("http://localhost:7400/", true),
        ("http://[::1]:7400", true),
        ("http://10.0.0.1:7400", false),
        ("https://lanyard.example", false),
    ] {
        assert_eq!(is_local(endpoint), local, "{endpoint}");
    }
}

fn report(pairs: &[Pair]) -> Report {
    let report = Report {
        bench: "check",
        unit: "checks",
        against: Some("empty".to_owned()),
        how: how(Load::Closed),
        settings: BTreeMap::from([("tokens", Setting::Number(100))]),
        also: BTreeMap::new(),
        target: Summary::default(),
        floor: None,
        ratio: None,
        loads: Vec::new(),
        notes: vec!["a note".to_owned()],
    };
    report.with(pairs)
}

fn how(load: Load) -> How {
    let rounds = Rounds {
        run: Run {
            load,
            concurrency: 64,
            span: Span::Calls(100),
            tally: Tally::default(),
        },
        warm_up: Duration::from_millis(1500),
        rounds: 2,
    };
    How {
        cores: 2,
        ..How::of(&rounds, 2, "http://127.0.0.1:7400")
    }
}

fn pairs(floor: Option<u64>) -> Vec<Pair> {
    let pair = || Pair {
        target: outcome(100),
        floor: floor.map(outcome),
    };
    vec![pair(), pair()]
}

/// So many calls of a millisecond each, all in one second.
fn outcome(calls: u64) -> Outcome {
    let mut seen = Recorder::new().expect("room");
    (0..calls).for_each(|_| seen.record(at(0), at(1), Ok(1)));
    Outcome {
        latency: seen.latency(),
        seen,
        took: Duration::from_secs(1),
        not_sent: 0,
    }
}

fn at(millis: u64) -> BootTime {
    BootTime::from_duration(Duration::from_millis(millis))
}
