//! How hard, how long and how often.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use humantime::Duration;
use lanyard_load::{Load, Rate, Rounds, Run, Span, Tally};

/// The flags that every load has.
#[derive(Clone, Debug, Args)]
pub(super) struct LoadArgs {
    /// How many connections the calls come over
    #[arg(long, value_name = "N", default_value = "2", help_heading = HEADING)]
    pub(super) connections: NonZeroUsize,
    /// How many calls are under way at a time
    #[arg(long, value_name = "N", default_value = "64", help_heading = HEADING)]
    pub(super) concurrency: NonZeroUsize,
    /// How long each round takes, of each of the two that are compared
    #[arg(long, value_name = "TIME", default_value = "10s", help_heading = HEADING)]
    duration: Duration,
    /// Make so many calls in each round, however long that takes
    #[arg(long, value_name = "N", conflicts_with = "duration", help_heading = HEADING)]
    count: Option<u64>,
    /// How long both are called before anything counts
    #[arg(long, value_name = "TIME", default_value = "2s", help_heading = HEADING)]
    warm_up: Duration,
    /// How many rounds there are; the median is told
    #[arg(long, value_name = "N", default_value = "5", help_heading = HEADING)]
    rounds: NonZeroUsize,
    /// Open loop: so many calls are due each second, and latencies count from when they were due
    #[arg(long, value_name = "PER_SECOND", value_parser = rate, help_heading = HEADING)]
    pub(super) rate: Option<Rate>,
    /// Also measure at ten loads, up to --rate or to the most that there was, and draw the latencies
    #[arg(long, value_name = "FILE.svg", help_heading = HEADING)]
    pub(super) plot: Option<PathBuf>,
}

impl LoadArgs {
    /// The rounds that these ask for.
    pub(super) fn rounds(&self) -> Rounds {
        let span = match self.count {
            Some(calls) => Span::Calls(calls),
            None => Span::For(self.duration.into()),
        };
        let run = Run {
            load: self.rate.map_or(Load::Closed, Load::Open),
            concurrency: self.concurrency.get(),
            span,
            tally: Tally::default(),
        };
        Rounds {
            run,
            warm_up: self.warm_up.into(),
            rounds: self.rounds.get(),
        }
    }
}

/// Reads a number of calls for each second.
pub(super) fn rate(text: &str) -> Result<Rate, String> {
    let number = text.parse::<f64>().ok();
    number
        .and_then(Rate::per_second)
        .ok_or_else(|| "a number of calls for each second, more than 0".to_owned())
}

/// These flags stand apart in the help.
const HEADING: &str = "Load";
