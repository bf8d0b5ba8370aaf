//! Many worlds, on all processors.

use std::{
    num::NonZeroUsize,
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use crate::{
    judge::{Broken, Promise},
    report::Report,
    weakness::Weakness,
    world::live,
};

/// What came of many worlds.
#[derive(Debug, Default)]
pub(crate) struct Lived {
    /// What happened in all of them together.
    pub(crate) report: Report,
    /// The lowest seed in whose world a promise was broken, and how, of those that were lived through.
    pub(crate) broken: Option<(u64, Broken)>,
}

/// Lives through the worlds of these seeds, until one of these promises is broken in one.
pub(crate) fn live_all(
    seeds: Range<u64>,
    weakness: Option<Weakness>,
    promises: &[Promise],
) -> Lived {
    let next = AtomicU64::new(seeds.start);
    let is_over = AtomicBool::new(false);
    let lived = Mutex::new(Lived::default());
    let one_after_the_other = || {
        while !is_over.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let ended = live(seed, weakness, (promises, false));
            is_over.fetch_or(ended.broken.is_some(), Ordering::Relaxed);
            let mut lived = lived.lock().expect("not poisoned");
            lived.take(seed, ended.report, ended.broken);
        }
    };
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        for _ in 0..processors {
            scope.spawn(one_after_the_other);
        }
    });
    lived.into_inner().expect("not poisoned")
}

/// What happens in the world of a seed, up to a broken promise: what makes it what it is, and so many
/// of the last events in full.
pub(crate) fn told(seed: u64, promises: &[Promise], in_full: usize) -> String {
    let ended = live(seed, None, (promises, true));
    let briefly = ended.notes.len().saturating_sub(in_full);
    let notes = (0..).zip(&ended.notes);
    let notes = notes.filter(|(number, note)| *number >= briefly || note.is_telling);
    let notes: Vec<_> = notes.map(|(_, note)| note.text.as_str()).collect();
    let broken = ended.broken.map(|broken| broken.to_string());
    let broken = broken.unwrap_or_else(|| "nothing is broken".to_owned());
    let report = ended.report;
    format!("seed {seed}\n{}\n{report}\n{broken}", notes.join("\n"))
}

impl Lived {
    fn take(&mut self, seed: u64, report: Report, broken: Option<Broken>) {
        self.report.add(report);
        let is_lower = self
            .broken
            .as_ref()
            .is_none_or(|(lowest, _)| seed < *lowest);
        if let Some(broken) = broken.filter(|_| is_lower) {
            self.broken = Some((seed, broken));
        }
    }
}
