//! How far it is, on one line of a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time;

use crate::rounds::Stage;
use crate::run::Tally;

/// A line on standard error that is written over and over, if that is a terminal. Elsewhere nothing is
/// written: a log of a benchmark is its report.
#[derive(Debug)]
pub struct Progress {
    stage: Arc<Mutex<String>>,
    writer: Option<JoinHandle<()>>,
}

impl Progress {
    /// Shows what is counted here, from now on.
    #[must_use]
    pub fn show(tally: Tally) -> Self {
        let stage = Arc::<Mutex<String>>::default();
        let shown = Arc::clone(&stage);
        let is_seen = io::stderr().is_terminal();
        Self {
            stage,
            writer: is_seen.then(|| tokio::spawn(write(tally, shown))),
        }
    }

    /// Says what is going on.
    pub fn stage(&self, stage: Stage) {
        self.say(told(stage));
    }

    /// Says it in words.
    pub fn say(&self, words: String) {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.abort();
            // The report begins on an empty line.
            rewrite("");
        }
    }
}

async fn write(tally: Tally, stage: Arc<Mutex<String>>) {
    let mut before = tally.count();
    let mut ticks = time::interval(EVERY);
    loop {
        ticks.tick().await;
        let count = tally.count();
        let stage = stage.lock().unwrap_or_else(PoisonError::into_inner).clone();
        rewrite(&line(
            &stage,
            count,
            count.saturating_sub(before) * A_SECOND,
        ));
        before = count;
    }
}

fn line(stage: &str, count: u64, per_second: u64) -> String {
    format!("{stage}: {per_second} calls/s, {count} so far")
}

fn told(stage: Stage) -> String {
    match stage {
        Stage::WarmUp => "warming up".to_owned(),
        Stage::Target(round) => format!("round {round}"),
        Stage::Floor(round) => format!("round {round}, what it is compared with"),
    }
}

fn rewrite(line: &str) {
    // Whoever is not there to see it misses nothing.
    drop(write!(io::stderr(), "\r\x1b[2K{line}"));
}

/// How many times a second the line is written.
const A_SECOND: u64 = 4;
const EVERY: Duration = Duration::from_millis(1000 / A_SECOND);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_is_going_on_and_how_fast() {
        let stage = told(Stage::Floor(2));
        assert_eq!(
            line(&stage, 12_000, 3_000),
            "round 2, what it is compared with: 3000 calls/s, 12000 so far"
        );
    }

    #[tokio::test]
    async fn where_nobody_watches_nothing_is_written() {
        let progress = Progress::show(Tally::default());
        progress.stage(Stage::WarmUp);
        assert_eq!(progress.writer.is_some(), io::stderr().is_terminal());
    }
}
