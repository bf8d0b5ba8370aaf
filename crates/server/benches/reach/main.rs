//! How far the wire reaches: each figure that is asked of it, measured on the real binary.
//!
//!     cargo bench -p lanyard-server --bench reach [-- [ROW ...] [--quick]]
//!
//! starts servers of its own on free ports and in directories of their own, and prints one table. Words
//! choose rows by the beginnings of their names; `--quick` shortens all. No figure fails it: it shows. A row
//! that cannot be measured, as where no Redis is installed, says why, and the others are measured.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement that cannot go on ends, and says where"
)]

mod authorities;
mod rows;
mod server;

use std::any::Any;
use std::borrow::Cow;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;
use std::{env, panic};

use self::rows::{ROWS, Row};

/// How thoroughly it is measured.
#[derive(Clone, Copy)]
struct Effort {
    rounds: usize,
    seconds: u32,
    /// How long a server is left alone before its idle memory is read.
    idle: Duration,
}

/// One line of the table.
struct Line {
    what: Cow<'static, str>,
    asked: &'static str,
    unit: &'static str,
    runs: Vec<f64>,
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    // Cargo itself says `--bench`.
    let (flags, chosen): (Vec<_>, Vec<_>) = words.iter().partition(|word| word.starts_with('-'));
    let effort = if flags.iter().any(|flag| *flag == "--quick") {
        QUICK
    } else {
        THOROUGH
    };
    say("| what | asked | median | runs |\n|---|---|---|---|");
    let is_chosen = |row: &&Row| {
        chosen.is_empty()
            || chosen
                .iter()
                .any(|word| row.name.starts_with(word.as_str()))
    };
    let mut code = ExitCode::SUCCESS;
    for row in ROWS.iter().filter(is_chosen) {
        // What it has started is dropped on the way, and ends with that.
        match panic::catch_unwind(|| (row.measure)(effort)) {
            Ok(lines) => lines.iter().for_each(|line| say(&line.to_markdown())),
            Err(why) => {
                code = ExitCode::FAILURE;
                say(&format!(
                    "| {} | - | not measured | {} |",
                    row.name,
                    told(&*why)
                ));
            }
        }
    }
    code
}

/// What a panic said, on one line of a table.
fn told(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
    words
        .unwrap_or("for no reason that it tells")
        .replace('\n', " ")
        .replace('|', "/")
}

impl Line {
    fn to_markdown(&self) -> String {
        let Self {
            what,
            asked,
            unit,
            runs,
        } = self;
        let median = lanyard_load::median(runs.iter().copied()).expect("a run");
        let runs: Vec<_> = runs.iter().map(|run| figure(*run)).collect();
        let runs = runs.join(", ");
        format!("| {what} | {asked} | {}{unit} | {runs} |", figure(median))
    }
}

fn figure(number: f64) -> String {
    if number.abs() < 10.0 {
        format!("{number:.2}")
    } else {
        format!("{number:.1}")
    }
}

fn say(line: &str) {
    writeln!(io::stdout(), "{line}").expect("somebody reads");
}

const THOROUGH: Effort = Effort {
    rounds: 5,
    seconds: 5,
    idle: Duration::from_secs(5),
};
const QUICK: Effort = Effort {
    rounds: 2,
    seconds: 1,
    idle: Duration::from_secs(2),
};
