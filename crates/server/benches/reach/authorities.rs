//! What each further authority on one Redis costs: what Redis has to do for it while nobody asks anything of
//! it, and how long it takes until the last of them tells of a revocation at the first.

use std::time::Duration;

use lanyard_redis_fixture::{Node, Standalone};

use super::rows::number;
use super::server::{Home, Server, leave_alone, now};
use super::{Effort, Line};

/// One after the other, so that all else stays the same. Without any is what the asking itself costs.
pub(super) fn authorities(effort: Effort) -> Vec<Line> {
    let mut fleet = Fleet {
        servers: Vec::new(),
        redis: Standalone::start(),
        home: Home::new(),
    };
    let mut lines = Vec::new();
    for count in COUNTS {
        while fleet.servers.len() < count {
            fleet.grow();
        }
        // What they ask as they start is not what they ask ever after.
        leave_alone(effort.idle);
        lines.extend(fleet.idle(effort));
        if let (Some(first), Some(last)) = (fleet.servers.first(), fleet.servers.last()) {
            lines.extend(fleet.revoking(first, last, effort));
        }
    }
    lines
}

/// Those that there are by now, and their one Redis.
struct Fleet {
    servers: Vec<Server>,
    redis: Standalone,
    home: Home,
}

impl Fleet {
    fn grow(&mut self) {
        let flags = ["--redis", &self.redis.url()];
        self.servers.push(Server::start_on(&self.home, &flags));
    }

    fn idle(&self, effort: Effort) -> Vec<Line> {
        let time = Duration::from_secs(effort.seconds.into());
        let rounds: Vec<_> = (0..effort.rounds)
            .map(|_| self.spends(|| leave_alone(time)))
            .collect();
        self.spent("idle", &rounds)
    }

    fn revoking(&self, first: &Server, last: &Server, effort: Effort) -> Vec<Line> {
        let seconds = effort.seconds;
        let command = format!(
            "watch --watchers 1 --rate {RATE} --duration {seconds}s --rounds 1 --warm-up 0s \
             --watch-endpoint {}",
            last.endpoint()
        );
        let mut told = Vec::new();
        let rounds: Vec<_> = (0..effort.rounds)
            .map(|_| self.spends(|| told.push(first.command(&command))))
            .collect();
        let mut lines = self.spent(&format!("{RATE} revocations a second"), &rounds);
        let heard = "from acknowledged until heard at the last of them";
        for (what, pointer) in [
            (format!("{heard}: p50"), "/since_acknowledgement_us/p50"),
            (format!("{heard}: p99"), "/since_acknowledgement_us/p99"),
            ("the revocation itself: p50".to_owned(), "/call_us/p50"),
        ] {
            let runs = told.iter().map(|one| number(one, pointer) / 1e3);
            lines.push(self.line(&what, " ms", runs.collect()));
        }
        lines
    }

    /// What Redis does in a second while something is done.
    fn spends(&self, work: impl FnOnce()) -> Counted {
        let (begun, before) = (now(), Counted::of(&self.redis));
        work();
        let after = Counted::of(&self.redis);
        let seconds = now().since(begun).as_secs_f64();
        let each = |of: fn(&Counted) -> f64| (of(&after) - of(&before)) / seconds;
        Counted {
            scripts: each(|counted| counted.scripts),
            kib: each(|counted| counted.kib),
            millis: each(|counted| counted.millis),
        }
    }

    fn spent(&self, when: &str, rounds: &[Counted]) -> Vec<Line> {
        let line = |what, unit, of: fn(&Counted) -> f64| {
            let what = format!("{when}: {what}");
            self.line(&what, unit, rounds.iter().map(of).collect())
        };
        vec![
            line("scripts that Redis runs in a second", "", |spent| {
                spent.scripts
            }),
            line("to and from Redis in a second", " KiB", |spent| spent.kib),
            line("processor time of Redis in a second", " ms", |spent| {
                spent.millis
            }),
        ]
    }

    fn line(&self, what: &str, unit: &'static str, runs: Vec<f64>) -> Line {
        let count = self.servers.len();
        Line {
            what: format!("authorities on one Redis, {count}: {what}").into(),
            asked: "-",
            unit,
            runs,
        }
    }
}

/// What Redis has counted.
struct Counted {
    scripts: f64,
    kib: f64,
    /// Of processor time.
    millis: f64,
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
        let bytes = number("total_net_input_bytes") + number("total_net_output_bytes");
        let seconds = number("used_cpu_user") + number("used_cpu_sys");
        Self {
            scripts: scripts.expect("a number"),
            kib: bytes / 1024.0,
            millis: seconds * 1e3,
        }
    }
}

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = info.lines().filter_map(|line| line.split_once(':'));
    let found = fields.find(|(field, _)| *field == name);
    found.map(|(_, value)| value)
}

const COUNTS: [usize; 5] = [0, 1, 2, 4, 8];
/// Few enough that none waits for another.
const RATE: u32 = 20;
