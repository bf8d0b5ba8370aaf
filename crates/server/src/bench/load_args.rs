//! How hard, how long and how often.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use clap::Args;
use humantime::Duration;
use lanyard_load::{Load, Rate, Rounds, Run, Span, Tally};

/// The flags that every load has.
#[derive(Clone, Debug, Args)]
pub(super) struct LoadArgs {
    /// How many connections the calls come over, at most 4096; by default 2, or one for each 500 who watch
    #[arg(long, value_name = "N", value_parser = up_to::<4096>, help_heading = HEADING)]
    pub(super) connections: Option<NonZeroUsize>,
    /// How many calls are under way at a time, at most 4096
    #[arg(long, value_name = "N", value_parser = up_to::<4096>, default_value = "64", help_heading = HEADING)]
    concurrency: NonZeroUsize,
    /// How long each round takes, of each of the two that are compared
    #[arg(long, value_name = "TIME", value_parser = lasting, default_value = "10s", help_heading = HEADING)]
    duration: Duration,
    /// Make so many calls in each round, however long that takes
    #[arg(long, value_name = "N", conflicts_with = "duration", help_heading = HEADING)]
    count: Option<NonZeroU64>,
    /// How long both are called before anything counts
    #[arg(long, value_name = "TIME", default_value = "2s", help_heading = HEADING)]
    warm_up: Duration,
    /// How many rounds there are, at most 1000; the median is told
    #[arg(long, value_name = "N", value_parser = up_to::<1000>, default_value = "5", help_heading = HEADING)]
    rounds: NonZeroUsize,
    /// Open loop: so many calls are due each second, and latencies count from when they were due;
    /// `watch` is one in any case, at 100 a second by default
    #[arg(long, value_name = "PER_SECOND", value_parser = rate, help_heading = HEADING)]
    pub(super) rate: Option<Rate>,
    /// Also measure at several loads, up to --rate or to the most that there was, and draw the latencies
    #[arg(long, value_name = "FILE.svg", help_heading = HEADING)]
    pub(super) plot: Option<PathBuf>,
}

impl LoadArgs {
    /// How many connections calls come over.
    pub(super) fn connections(&self) -> NonZeroUsize {
        self.connections.unwrap_or(CONNECTIONS)
    }

    /// The rounds that these ask for.
    pub(super) fn rounds(&self) -> Rounds {
        let span = match self.count {
            Some(calls) => Span::Calls(calls.get()),
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
fn rate(text: &str) -> Result<Rate, String> {
    let number = text.parse::<f64>().ok();
    number
        .and_then(Rate::per_second)
        .ok_or_else(|| "a number of calls for each second, more than 0".to_owned())
}

/// Reads how long a round takes. In no time at all nothing would be measured.
fn lasting(text: &str) -> Result<Duration, String> {
    let time = text
        .parse::<Duration>()
        .map_err(|error| error.to_string())?;
    if time.is_zero() {
        return Err("a time of more than 0, such as 10s".to_owned());
    }
    Ok(time)
}

/// Reads a number of things that memory, or files, are needed for: a caller and a round of each side have
/// a histogram of some 230 KB each, and a connection is a file. What has no bound ends when the machine
/// does.
pub(super) fn up_to<const MOST: usize>(text: &str) -> Result<NonZeroUsize, String> {
    let number = text.parse::<NonZeroUsize>().ok();
    number
        .filter(|number| number.get() <= MOST)
        .ok_or_else(|| format!("a number from 1 to {MOST}"))
}

/// A gigabyte of tokens, give or take.
pub(super) const MOST_TOKENS: usize = 1 << 20;
/// So that not all calls wait for one another's bytes.
const CONNECTIONS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);
/// These flags stand apart in the help.
const HEADING: &str = "Load";
