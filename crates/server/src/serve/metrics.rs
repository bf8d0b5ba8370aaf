//! What is counted, in the OpenMetrics text format.

use std::fmt;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

/// Everything that `/metrics` shows.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    calls: Family<CallLabels, Counter>,
    /// How old the revocation list is; -1 if it was never read.
    pub(crate) list_age: Gauge,
    /// How many revocations are live.
    pub(crate) live_revocations: Gauge,
}

/// One kind of call and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    path: String,
    code: i32,
}

/// Why something was counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// A counter for each of some reasons.
#[derive(Clone, Debug)]
pub(crate) struct ReasonCounter(Family<ReasonLabel, Counter>);

impl ReasonCounter {
    /// Shows what was counted elsewhere.
    pub(crate) fn show(&self, reason: &'static str, count: u64) {
        show_count(&self.0.get_or_create(&ReasonLabel { reason }), count);
    }
}

/// Shows what was counted elsewhere. A counter never falls.
pub(crate) fn show_count(counter: &Counter, count: u64) {
    counter.inc_by(count.saturating_sub(counter.get()));
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("lanyard");
        let calls = Family::<CallLabels, Counter>::default();
        registry.register(
            "calls",
            "Calls over gRPC and REST, by what was called and status code",
            calls.clone(),
        );
        let list_age = Gauge::default();
        let help = "Age of the revocation list; -1 if it was never read";
        registry.register_with_unit("revocation_list_age", help, Unit::Seconds, list_age.clone());
        let live_revocations = Gauge::default();
        let help = "Revocations that some living token may be under";
        registry.register("live_revocations", help, live_revocations.clone());
        Self {
            registry,
            calls,
            list_age,
            live_revocations,
        }
    }

    /// Adds a gauge that only one kind of process has. Only while nobody reads them yet.
    pub(crate) fn gauge(&mut self, name: &str, help: &str) -> Gauge {
        let gauge = Gauge::default();
        self.registry.register(name, help, gauge.clone());
        gauge
    }

    /// Adds a counter that only one kind of process has, for whatever reason it counts. Only while
    /// nobody reads them yet.
    pub(crate) fn counter_by_reason(&mut self, name: &str, help: &str) -> ReasonCounter {
        let family = Family::<ReasonLabel, Counter>::default();
        self.registry.register(name, help, family.clone());
        ReasonCounter(family)
    }

    /// Adds a counter that only one kind of process has. Only while nobody reads them yet.
    pub(crate) fn counter(&mut self, name: &str, help: &str) -> Counter {
        let counter = Counter::default();
        self.registry.register(name, help, counter.clone());
        counter
    }

    /// Counts a call. The path is one of those that are served, so that strangers cannot make new
    /// series.
    pub(crate) fn count_call(&self, path: &str, code: i32) {
        self.calls
            .get_or_create(&CallLabels {
                path: path.to_owned(),
                code,
            })
            .inc();
    }

    /// All of it as text.
    pub(crate) fn to_text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
