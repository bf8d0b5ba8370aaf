//! What each further authority on one Redis costs: what Redis has to do for it while nobody asks anything of
//! it, and how long it takes until the last of them tells of a revocation at the first.

use std::time::Duration;

use lanyard_redis_fixture::{Node, Standalone};
use serde_json::Value;

use super::rows::number;
use super::server::{Home, Server, leave_alone};
use super::{Effort, Line};

/// One after the other, so that all else stays the same. Without any is what the asking itself costs.
pub(super) fn authorities(effort: Effort) -> Vec<Line> {
    let (redis, home) = (Standalone::start(), Home::new());
    let mut servers = Vec::new();
    let mut lines = Vec::new();
    for count in COUNTS {
        while servers.len() < count {
            servers.push(Server::start_on(&home, &["--redis", &redis.url()]));
        }
        // What they ask as they start is not what they ask ever after.
        leave_alone(effort.idle);
        lines.extend(idle(&redis, count, effort));
        if let (Some(first), Some(last)) = (servers.first(), servers.last()) {
            lines.extend(delay(first, last, (count, effort)));
        }
    }
    lines
}

fn idle(redis: &Node, count: usize, effort: Effort) -> Vec<Line> {
    let rounds: Vec<_> = (0..effort.rounds)
        .map(|_| Spent::while_idle(redis, effort))
        .collect();
    let all = |of: fn(&Spent) -> f64| rounds.iter().map(of).collect();
    let line = |what, unit, runs| line(what, count, (unit, runs));
    vec![
        line(
            "idle: scripts that Redis runs in a second",
            "",
            all(|spent| spent.scripts),
        ),
        line(
            "idle: to and from Redis in a second",
            " KiB",
            all(|spent| spent.kib),
        ),
        line(
            "idle: processor time of Redis in a second",
            " ms",
            all(|spent| spent.millis),
        ),
    ]
}

fn delay(first: &Server, last: &Server, (count, effort): (usize, Effort)) -> Vec<Line> {
    let seconds = effort.seconds;
    let command = format!(
        "watch --watchers 1 --rate {RATE} --duration {seconds}s --rounds 1 --warm-up 0s \
         --watch-endpoint {}",
        last.endpoint()
    );
    let told: Vec<_> = (0..effort.rounds)
        .map(|_| first.command(&command))
        .collect();
    let all = |pointer: &str| told.iter().map(|one| millis(one, pointer)).collect();
    let line = |what, runs| line(what, count, (" ms", runs));
    vec![
        line(
            "from acknowledged until heard at the last of them: p50",
            all("/since_acknowledgement_us/p50"),
        ),
        line("the same: p99", all("/since_acknowledgement_us/p99")),
        line("the revocation itself: p50", all("/call_us/p50")),
    ]
}

/// What Redis did in a second.
struct Spent {
    scripts: f64,
    kib: f64,
    millis: f64,
}

impl Spent {
    fn while_idle(redis: &Node, effort: Effort) -> Self {
        let seconds = f64::from(effort.seconds);
        let before = Counted::of(redis);
        leave_alone(Duration::from_secs(effort.seconds.into()));
        let after = Counted::of(redis);
        Self {
            scripts: (after.scripts - before.scripts) / seconds,
            kib: (after.bytes - before.bytes) / 1024.0 / seconds,
            millis: (after.seconds - before.seconds) * 1e3 / seconds,
        }
    }
}

/// What Redis has counted since it was started.
struct Counted {
    scripts: f64,
    bytes: f64,
    /// Of processor time.
    seconds: f64,
}

impl Counted {
    fn of(redis: &Node) -> Self {
        let info: String = redis.ask(&["INFO", "everything"]).expect("an answer");
        let number = |name| -> f64 {
            let value = field(&info, name).unwrap_or_else(|| panic!("no {name} in {info}"));
            value.parse().expect("a number")
        };
        // `calls=7,usec=...`, once there was one.
        let calls = field(&info, "cmdstat_evalsha")
            .map_or("calls=0", |stat| stat.split(',').next().unwrap_or_default());
        let scripts = calls.trim_start_matches("calls=").parse();
        Self {
            scripts: scripts.expect("a number"),
            bytes: number("total_net_input_bytes") + number("total_net_output_bytes"),
            seconds: number("used_cpu_user") + number("used_cpu_sys"),
        }
    }
}

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = info.lines().filter_map(|line| line.split_once(':'));
    fields
        .find(|(field, _)| *field == name)
        .map(|(_, value)| value)
}

fn millis(told: &Value, pointer: &str) -> f64 {
    number(told, pointer) / 1e3
}

fn line(what: &str, count: usize, (unit, runs): (&'static str, Vec<f64>)) -> Line {
    let many = if count == 1 {
        "authority"
    } else {
        "authorities"
    };
    Line {
        what: format!("{count} {many} on one Redis, {what}").into(),
        asked: "-",
        unit,
        runs,
    }
}

const COUNTS: [usize; 5] = [0, 1, 2, 4, 8];
/// Revocations a second: few enough that none waits for another.
const RATE: u32 = 20;
