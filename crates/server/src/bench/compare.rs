//! One thing beside another, in turns, and the report of it.

use std::collections::BTreeMap;

use lanyard_load::workload::Workload;
use lanyard_load::{
    How, Load, Pair, Progress, Rate, Report, Run, Setting, Step, Summary, counted, is_local,
    median, sweep,
};

use super::BenchError;
use super::load_args::LoadArgs;
use super::plot::Plot;

/// What is measured, in the words of the report.
pub(super) struct Subject {
    pub(super) bench: &'static str,
    pub(super) unit: &'static str,
    pub(super) settings: BTreeMap<&'static str, Setting>,
    /// What it is compared with.
    pub(super) against: Option<String>,
}

/// Measures the two in turns, the one of them at an endpoint.
pub(super) async fn compare<T: Workload, F: Workload>(
    subject: Subject,
    (load, endpoint): (&LoadArgs, &str),
    (target, floor): (&T, Option<&F>),
) -> Result<Report, BenchError> {
    let plot = load.plot.as_deref().map(Plot::create).transpose()?;
    let rounds = load.rounds();
    let progress = Progress::show(rounds.run.tally.clone());
    let pairs = rounds.compare(target, floor, |stage| progress.stage(stage));
    let pairs = pairs.await?;
    let loads = match &plot {
        Some(_) => loads((&rounds.run, &pairs), target, &progress).await?,
        None => Vec::new(),
    };
    drop(progress);
    let Subject {
        bench,
        unit,
        settings,
        against,
    } = subject;
    let how = How::of(&rounds, load.connections().get(), endpoint);
    let mut report = Report {
        bench,
        unit,
        notes: notes(&how, against.as_deref()),
        against,
        how,
        settings,
        also: BTreeMap::new(),
        target: Summary::default(),
        floor: None,
        ratio: None,
        loads,
    };
    if let Some(plot) = plot {
        let title = format!(
            "{bench}: {}, at most {} under way, {}",
            counted(report.how.connections, "connection"),
            counted(report.how.concurrency, "call"),
            counted(report.how.cores, "core"),
        );
        report.notes.push(plot.draw(&title, &report.loads)?);
        report.notes.extend(Step::note(&report.loads));
    }
    Ok(report.with(&pairs))
}

/// Measures at tenths of the rate that was asked for, or else of the most that there was.
async fn loads<T: Workload>(
    (run, pairs): (&Run, &[Pair]),
    target: &T,
    progress: &Progress,
) -> Result<Vec<Step>, BenchError> {
    let most = median(pairs.iter().map(|pair| pair.target.calls_per_second()));
    let top = match run.load {
        Load::Open(rate) => Some(rate),
        Load::Closed => most.and_then(Rate::per_second),
    };
    let Some(top) = top else {
        return Ok(Vec::new());
    };
    let begins = |rate: Rate| progress.say(format!("at {:.0} calls/s", rate.as_per_second()));
    Ok(sweep(run, target, top, begins).await?)
}

/// What has to be known to read the ratios.
fn notes(how: &How, against: Option<&str>) -> Vec<String> {
    let is_bare = against.is_some_and(|against| against.starts_with(BARE));
    let mut notes = unoptimized();
    if is_bare && !is_local(&how.endpoint) {
        let note = "The bare service runs on this machine and the authority elsewhere: the ratios \
                    compare two machines and the way between them.";
        notes.push(note.to_owned());
    }
    if is_bare && how.endpoint.starts_with("https:") {
        let note =
            "The authority's connections are encrypted and those of the bare service are not.";
        notes.push(note.to_owned());
    }
    notes
}

/// A note on the figures of a program that is not fully optimized. The bench and the bare service are
/// part of it, and most likely the authority is.
pub(super) fn unoptimized() -> Vec<String> {
    let note =
        "This program is not optimized for figures: build it with `cargo build --profile dist`.";
    let notes = (OPT_LEVEL != "3").then(|| note.to_owned());
    notes.into_iter().collect()
}

/// The optimization level of this program's profile.
const OPT_LEVEL: &str = env!("LANYARD_OPT_LEVEL");

/// What the names of the bare services begin with, so that none is taken for a call of the authority.
pub(super) const BARE: &str = "bare ";
