//! Load on an authority, and what it costs.
//!
//! A figure on its own says little: it is the machine's as much as the program's. So everything here is
//! measured beside something that does less, in turns on the same machine, and told as a ratio.
//!
//! | file | idea |
//! |---|---|
//! | `schedule` | when the next call is due: after the one before, or whenever the clock says |
//! | `recorder` | latencies as percentiles, and failures apart from them |
//! | `arithmetic` | medians and quotients |
//! | `run` | so many callers under one schedule |
//! | `rounds` | two things in turns, and the median of what the pairs say |
//! | `summary` | the figures of one side, over all rounds |
//! | `progress` | how far it is, for whoever watches |
//! | `report` | all of it, for people and for scripts |
//! | `sweep`, `plot` | latency against load, measured and drawn |
//! | `floor` | bare services that answer with messages of the same size and do nothing else |
//! | `memory` | how much of it a process has |
//! | `workload` | what one call is |
//! | `watching` | many who watch, and when each has heard |
//!
//! # Two kinds of load
//!
//! In a **closed loop** every caller waits for its answer before it asks again. That finds the most that
//! can be had, but a server that stalls is then asked less, and the calls that it would have kept waiting
//! are missing from the percentiles: coordinated omission. They are put back afterwards, at the interval
//! that the callers had on average.
//!
//! In an **open loop** calls are due at a rate, whatever became of those before, and the latency of a call
//! counts from when it was *due*. Nothing has to be put back.

mod arithmetic;
mod failure;
pub mod floor;
mod memory;
mod plot;
mod progress;
mod recorder;
mod report;
mod rounds;
mod run;
mod schedule;
mod summary;
mod sweep;
pub mod watching;
pub mod workload;

pub use arithmetic::{median, quotient};
pub use failure::{Failed, Failure, Failures};
pub use memory::resident_kib;
pub use plot::plot;
pub use progress::Progress;
pub use recorder::{Latency, Recorder};
pub use report::{How, Report, Setting, cores, counted, is_local};
pub use rounds::{Pair, Rounds, Stage};
pub use run::{Outcome, Run, RunError, Tally};
pub use schedule::{Load, Rate, Span, Turns};
pub use summary::{Figure, Ratio, Summary, medians};
pub use sweep::{Step, shares, sweep};
