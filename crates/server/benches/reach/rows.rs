//! What is asked of the wire, and how each is measured.

use std::borrow::Cow;
use std::time::Duration;

use lanyard_load::resident_kib;
use lanyard_redis_fixture::Standalone;
use serde_json::Value;

use super::authorities::authorities;
use super::server::{Home, Server};
use super::{Effort, Line};

/// A row, or a few that are measured together.
pub(super) struct Row {
    /// What it is chosen by.
    pub(super) name: &'static str,
    /// Measures it.
    pub(super) measure: fn(Effort) -> Vec<Line>,
}

pub(super) const ROWS: [Row; 12] = [
    Row {
        name: "check-seen",
        measure: check_seen,
    },
    Row {
        name: "check-new",
        measure: check_new,
    },
    Row {
        name: "batch-100",
        measure: batch_of_many,
    },
    Row {
        name: "batch-1",
        measure: batch_of_one,
    },
    Row {
        name: "stream",
        measure: stream,
    },
    Row {
        name: "issue",
        measure: issue,
    },
    Row {
        name: "redis-issue",
        measure: redis_issue,
    },
    Row {
        name: "revoke",
        measure: revoke,
    },
    Row {
        name: "start",
        measure: start,
    },
    Row {
        name: "memory",
        measure: memory,
    },
    Row {
        name: "watch",
        measure: watch,
    },
    Row {
        name: "authorities",
        measure: authorities,
    },
];

fn check_seen(effort: Effort) -> Vec<Line> {
    let told = beside("check", effort);
    let what = "gRPC Check, token and caller seen before: throughput, times the empty service";
    let p99 = "the same: p99, times that of the empty service";
    vec![
        line((what, "at least 0.90"), "", runs(&told, PER_SECOND)),
        line((p99, "at most 1.25"), "", runs(&told, "/ratio/p99/runs")),
    ]
}

fn check_new(effort: Effort) -> Vec<Line> {
    let what = "gRPC Check, every token new: throughput, times a service that only verifies";
    ratio("check --new-tokens", (what, "at least 0.80"), effort)
}

fn batch_of_many(effort: Effort) -> Vec<Line> {
    let what = "BatchCheck of 100 with 100 tokens: checks a second, times Check";
    ratio("batch --tokens 100", (what, "at least 6"), effort)
}

fn batch_of_one(effort: Effort) -> Vec<Line> {
    let what = "BatchCheck of 100 with one token: checks a second, times Check";
    ratio("batch --tokens 1", (what, "at least 20"), effort)
}

fn stream(effort: Effort) -> Vec<Line> {
    let what = "StreamCheck: checks a second, times Check";
    ratio("stream", (what, "at least 2.5"), effort)
}

fn issue(effort: Effort) -> Vec<Line> {
    let what = "IssueToken, embedded: throughput, times a service that only signs";
    ratio("issue", (what, "at least 0.85"), effort)
}

/// The two stores take turns, as everything does that is compared.
fn redis_issue(effort: Effort) -> Vec<Line> {
    let redis = Standalone::start();
    let (embedded, home) = (Server::start(), Home::new());
    let on_redis = Server::start_on(&home, &["--redis", &redis.url()]);
    let one = Effort {
        rounds: 1,
        ..effort
    };
    let per_second = |server: &Server| {
        let told = server.bench("issue --against none", one);
        number(&told, "/target/per_second/median")
    };
    let ratios = (0..effort.rounds).map(|_| {
        let on_redis = per_second(&on_redis);
        on_redis / per_second(&embedded)
    });
    let what = "IssueToken, Redis with appendfsync always: throughput, times embedded";
    vec![line((what, "at least 0.70"), "", ratios.collect())]
}

fn revoke(effort: Effort) -> Vec<Line> {
    let server = Server::start();
    let one = Effort {
        rounds: 1,
        ..effort
    };
    let command = format!("revoke --admin-endpoint {}", server.admin());
    let told: Vec<_> = (0..effort.rounds)
        .map(|_| server.bench(&command, one))
        .collect();
    let all = |pointer: &str| told.iter().map(|one| number(one, pointer)).collect();
    let shared = "/also/acknowledged revocations for each commit";
    let what = "revoke, embedded, 64 at once: acknowledged for each fsync";
    let rate = "the same: acknowledged a second";
    vec![
        line((what, "at least 20"), "", all(shared)),
        line((rate, "-"), "", all("/target/per_second/median")),
    ]
}

fn start(effort: Effort) -> Vec<Line> {
    let home = Home::new();
    drop(Server::start_on(&home, &[]));
    let times = || 0..effort.rounds * 2;
    let existing = times().map(|_| millis(Server::start_on(&home, &[]).took()));
    let empty = times().map(|_| millis(Server::start().took()));
    let what = "start-up to serving, embedded, with data: from the start of the process to /readyz";
    let first = "the same, the first start on an empty directory";
    vec![
        line((what, "under 150 ms"), " ms", existing.collect()),
        line((first, "under 150 ms"), " ms", empty.collect()),
    ]
}

fn memory(effort: Effort) -> Vec<Line> {
    let servers = (0..effort.rounds).map(|_| Server::start());
    let resident = servers.map(|server| {
        // What a start needs and gives back is not what an idle server holds.
        server.leave_alone(effort.idle);
        resident_mib(&server)
    });
    let resident = resident.collect();
    vec![line(
        ("idle memory, resident", "under 25 MiB"),
        " MiB",
        resident,
    )]
}

/// Each on a server of its own: memory that was once had is not given back.
fn watch(effort: Effort) -> Vec<Line> {
    let told: Vec<_> = (0..effort.rounds)
        .map(|_| {
            let server = Server::start();
            let command = format!(
                "watch --watchers 1000 --rate 100 --duration {}s --rounds 1 --warm-up 0s --pid {}",
                effort.seconds,
                server.pid()
            );
            server.command(&command)
        })
        .collect();
    let all = |pointer: &str| told.iter().map(|one| number(one, pointer)).collect();
    let p99 = |pointer: &str| told.iter().map(|one| number(one, pointer) / 1e3).collect();
    let missed = "1,000 watchers, 100 revocations a second: not heard";
    let heard = "the same: p99 from when the call was due until heard";
    let later = "the same: p99 from its acknowledgement until heard";
    let grown = "the same: memory for each watcher";
    vec![
        line((missed, "0"), "", all("/missed")),
        line((heard, "under 500 ms"), " ms", p99("/since_call_us/p99")),
        line((later, "-"), " ms", p99("/since_acknowledgement_us/p99")),
        line(
            (grown, "under 64 KiB"),
            " KiB",
            all("/memory_kib/per_watcher"),
        ),
    ]
}

/// What a command measures beside what it is compared with by default.
fn beside(command: &str, effort: Effort) -> Value {
    Server::start().bench(command, effort)
}

fn ratio(command: &str, words: (&'static str, &'static str), effort: Effort) -> Vec<Line> {
    let told = beside(command, effort);
    vec![line(words, "", runs(&told, PER_SECOND))]
}

const fn line(
    (what, asked): (&'static str, &'static str),
    unit: &'static str,
    runs: Vec<f64>,
) -> Line {
    Line {
        what: Cow::Borrowed(what),
        asked,
        unit,
        runs,
    }
}

fn runs(told: &Value, pointer: &str) -> Vec<f64> {
    let runs = told.pointer(pointer).and_then(Value::as_array);
    let runs = runs.unwrap_or_else(|| panic!("no {pointer} in {told}"));
    runs.iter().filter_map(Value::as_f64).collect()
}

pub(super) fn number(told: &Value, pointer: &str) -> f64 {
    let number = told.pointer(pointer).and_then(Value::as_f64);
    number.unwrap_or_else(|| panic!("no {pointer} in {told}"))
}

fn resident_mib(server: &Server) -> f64 {
    let kib = resident_kib(server.pid()).expect("the process runs");
    f64::from(u32::try_from(kib).expect("a size")) / 1024.0
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

const PER_SECOND: &str = "/ratio/per_second/runs";
