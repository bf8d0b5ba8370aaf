//! How far the wire reaches: each figure that is asked of it, measured on the real binary.
//!
//!     cargo bench -p lanyard-server --bench reach [-- [ROW ...] [--quick]]
//!
//! starts servers of its own on free ports and in directories of their own, and prints one table. Words
//! choose rows by the beginnings of their names; `--quick` shortens all. No figure fails it: it shows.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement that cannot go on ends, and says where"
)]

mod rows;
mod server;

use std::env;
use std::io::{self, Write as _};

use self::rows::{ROWS, Row};

/// How thoroughly it is measured.
#[derive(Clone, Copy)]
struct Effort {
    rounds: usize,
    seconds: u32,
}

/// One line of the table.
struct Line {
    what: &'static str,
    asked: &'static str,
    unit: &'static str,
    runs: Vec<f64>,
}

fn main() {
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
    for row in ROWS.iter().filter(is_chosen) {
        for line in (row.measure)(effort) {
            say(&line.to_markdown());
        }
    }
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
};
const QUICK: Effort = Effort {
    rounds: 2,
    seconds: 1,
};
