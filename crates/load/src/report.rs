//! Everything that a benchmark has to say, for people and for scripts.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde::Serialize;

use crate::recorder::Latency;
use crate::rounds::{Pair, Rounds};
use crate::schedule::{Load, Span};
use crate::summary::{Figure, Ratio, Summary};
use crate::sweep::Step;

/// What was measured, how, and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The command: `check`, `issue`, ...
    pub bench: &'static str,
    /// What is counted: `checks`, `tokens`, `revocations`.
    pub unit: &'static str,
    /// What it is compared with, in words.
    pub against: Option<String>,
    /// How calls were made.
    pub how: How,
    /// What the calls were about, by name.
    pub settings: BTreeMap<&'static str, Setting>,
    /// What else was measured, by name.
    pub also: BTreeMap<&'static str, f64>,
    /// What was measured.
    pub target: Summary,
    /// What it is compared with.
    pub floor: Option<Summary>,
    /// How many times the floor.
    pub ratio: Option<Ratio>,
    /// Latency against load, where a plot was asked for.
    pub loads: Vec<Step>,
    /// What has to be known to read the figures.
    pub notes: Vec<String>,
}

/// How calls were made.
#[derive(Clone, Debug, Serialize)]
pub struct How {
    /// `closed` or `open`.
    #[serde(rename = "loop")]
    pub kind: &'static str,
    /// The rate of an open loop, in calls for each second.
    pub rate_per_second: Option<f64>,
    /// Whether latencies were corrected for coordinated omission.
    pub corrected: bool,
    /// How many connections they came over.
    pub connections: usize,
    /// How many were under way at most.
    pub concurrency: usize,
    /// How many turns each side had.
    pub rounds: usize,
    /// How long each of them took, in seconds, unless it ended with a number of calls.
    pub round_s: Option<f64>,
    /// How many calls each of them had, unless it ended with a time.
    pub round_calls: Option<u64>,
    /// How long both were called before anything counted, in seconds.
    pub warm_up_s: f64,
    /// Where they went.
    pub endpoint: String,
    /// Whether that is on this machine, and shares its cores with the caller.
    pub is_local: bool,
    /// The cores of this machine.
    pub cores: usize,
}

/// A number or a word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Setting {
    /// A number.
    Number(u64),
    /// A word.
    Text(String),
}

impl How {
    /// How these rounds made their calls.
    #[must_use]
    pub fn of(rounds: &Rounds, connections: usize, endpoint: &str) -> Self {
        let (kind, rate_per_second) = match rounds.run.load {
            Load::Closed => ("closed", None),
            Load::Open(rate) => ("open", Some(rate.as_per_second())),
        };
        let (seconds, calls) = match rounds.run.span {
            Span::For(time) => (Some(time.as_secs_f64()), None),
            Span::Calls(calls) => (None, Some(calls)),
        };
        Self {
            kind,
            rate_per_second,
            corrected: rate_per_second.is_none(),
            connections,
            concurrency: rounds.run.concurrency,
            rounds: rounds.rounds,
            round_s: seconds,
            round_calls: calls,
            warm_up_s: rounds.warm_up.as_secs_f64(),
            endpoint: endpoint.to_owned(),
            is_local: is_local(endpoint),
            cores: cores(),
        }
    }
}

impl Report {
    /// Takes the figures of all rounds into the report.
    #[must_use]
    pub fn with(mut self, pairs: &[Pair]) -> Self {
        let floors: Vec<_> = pairs
            .iter()
            .filter_map(|pair| pair.floor.as_ref())
            .collect();
        self.target = Summary::of(pairs.iter().map(|pair| &pair.target));
        self.floor = (!floors.is_empty()).then(|| Summary::of(floors.iter().copied()));
        self.ratio = Ratio::of(pairs);
        self
    }

    /// How many calls failed, on either side.
    #[must_use]
    pub fn failures(&self) -> u64 {
        let floor = self.floor.as_ref().map_or(0, |floor| floor.failures);
        let loads = self.loads.iter().map(|step| step.failed.total());
        self.target.failures + floor + loads.sum::<u64>()
    }

    /// The first of the failures, and what it said.
    #[must_use]
    pub fn first_failure(&self) -> Option<&str> {
        let sides = self.sides().into_iter().map(|side| &side.failed);
        let mut all = sides.chain(self.loads.iter().map(|step| &step.failed));
        all.find_map(|failed| failed.iter().next())
            .map(|(_, failed)| failed.first.as_str())
    }

    /// The report for people.
    #[must_use]
    pub fn people(&self) -> String {
        let mut text = String::new();
        // A string takes whatever is written.
        let _ = self.write(&mut text);
        text.truncate(text.trim_end().len());
        text
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        writeln!(text, "{}\n", self.headline())?;
        self.write_table(text)?;
        for (name, figure) in &self.also {
            writeln!(text, "\n{name}: {figure:.1}")?;
        }
        self.write_failures(text)?;
        for note in &self.notes {
            writeln!(text, "\n{note}")?;
        }
        Ok(())
    }

    fn headline(&self) -> String {
        let How {
            kind,
            rate_per_second,
            corrected,
            connections,
            concurrency,
            rounds,
            round_s: seconds,
            round_calls: calls,
            warm_up_s,
            endpoint,
            is_local,
            cores,
        } = &self.how;
        let rate = rate_per_second.map_or(String::new(), |rate| format!(" at {rate} calls/s"));
        let lasting = seconds.map_or(String::new(), |seconds| format!("{seconds} s"));
        let lasting = calls.map_or(lasting, |calls| counted(calls, "call"));
        let corrected = if *corrected {
            "corrected for coordinated omission"
        } else {
            "counted from when calls were due"
        };
        let place = if *is_local {
            "this machine"
        } else {
            "elsewhere"
        };
        let settings = self.settings.iter();
        let settings: Vec<_> = settings
            .map(|(name, value)| format!(", {name} {value}"))
            .collect();
        let settings = settings.concat();
        format!(
            "{bench}{settings}: {kind} loop{rate}, {calls} under way over {connections}, {rounds} of \
             {lasting} after {warm_up_s} s of warm-up, latencies {corrected}\nthe calls go to {endpoint} \
             ({place}); this machine has {cores}",
            bench = self.bench,
            calls = counted(*concurrency, "call"),
            connections = counted(*connections, "connection"),
            rounds = counted(*rounds, "round"),
            cores = counted(*cores, "core"),
        )
    }

    fn write_table(&self, text: &mut String) -> fmt::Result {
        let floor = self.against.as_deref().unwrap_or_default();
        let rate = format!("{}/s", self.unit);
        self.write_heading(text, floor)?;
        let sides = self.sides();
        let figures: Vec<_> = sides
            .iter()
            .map(|side| count(side.per_second.median))
            .collect();
        let ratio = self.ratio.as_ref();
        let per_second = ratio.map(|ratio| times(&ratio.per_second));
        write_row(text, &rate, &figures, per_second)?;
        let ratios = [
            ratio.map(|ratio| times(&ratio.p50)),
            None,
            ratio.map(|ratio| times(&ratio.p99)),
            None,
            None,
        ];
        let rows = Latency::default().named().into_iter().zip(ratios);
        for (which, ((name, _), ratio)) in rows.enumerate() {
            let figures = sides.iter().map(|side| {
                let named = side.latency_us.named();
                let figure = named.get(which).filter(|_| side.calls > 0);
                figure.map_or("-".to_owned(), |(_, figure)| millis(*figure))
            });
            write_row(text, name, &figures.collect::<Vec<_>>(), ratio)?;
        }
        let calls: Vec<_> = sides.iter().map(|side| side.calls.to_string()).collect();
        write_row(text, "calls", &calls, None)?;
        let failures: Vec<_> = sides.iter().map(|side| side.failures.to_string()).collect();
        write_row(text, "failures", &failures, None)
    }

    fn write_heading(&self, text: &mut String, floor: &str) -> fmt::Result {
        let mut names = vec![self.bench.to_owned()];
        let mut ratio = None;
        if self.floor.is_some() {
            names.push(floor.to_owned());
            ratio = Some("ratio (least..most of the rounds)".to_owned());
        }
        write_row(text, "", &names, ratio)
    }

    fn write_failures(&self, text: &mut String) -> fmt::Result {
        for (side, name) in self.sides().into_iter().zip(["", " of the floor"]) {
            for (code, failed) in side.failed.iter() {
                writeln!(
                    text,
                    "\n{} calls{name} failed with {code}, the first saying: {}",
                    failed.count, failed.first
                )?;
            }
            if side.not_sent > 0 {
                writeln!(
                    text,
                    "\n{} calls{name} were due and never sent, because those before them were not \
                     answered; they count as having waited until the end",
                    side.not_sent
                )?;
            }
        }
        Ok(())
    }

    fn sides(&self) -> Vec<&Summary> {
        let target = std::iter::once(&self.target);
        target.chain(self.floor.as_ref()).collect()
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<usize> for Setting {
    fn from(number: usize) -> Self {
        Self::Number(u64::try_from(number).unwrap_or(u64::MAX))
    }
}

impl From<&str> for Setting {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Whether an endpoint is on this machine, as far as its name tells.
#[must_use]
pub fn is_local(endpoint: &str) -> bool {
    let (_, rest) = endpoint.split_once("://").unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    ["127.", "localhost", "[::1]"]
        .iter()
        .any(|local| host.starts_with(local))
        || endpoint.starts_with("unix:")
}

/// The cores of this machine.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn write_row(
    text: &mut String,
    name: &str,
    figures: &[String],
    ratio: Option<String>,
) -> fmt::Result {
    let mut line = format!("{name:<14}");
    for figure in figures {
        write!(line, "  {figure:>12}")?;
    }
    write!(line, "  {}", ratio.unwrap_or_default())?;
    writeln!(text, "{}", line.trim_end())
}

/// A number of things, by the name of one.
pub fn counted(number: impl TryInto<u64>, of: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    let many = if number == 1 { "" } else { "s" };
    format!("{number} {of}{many}")
}

fn count(figure: f64) -> String {
    format!("{figure:.0}")
}

fn millis(micros: f64) -> String {
    format!("{:.3} ms", micros / 1e3)
}

fn times(figure: &Figure) -> String {
    let Figure {
        median, min, max, ..
    } = figure;
    format!("{median:.2} ({min:.2}..{max:.2})")
}

#[cfg(test)]
mod tests;
