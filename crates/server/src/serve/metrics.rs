//! What is counted, in the OpenMetrics text format.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeLabelSet, EncodeMetric, text::encode},
    metrics::{
        MetricType,
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::ConstGauge,
    },
    registry::{Registry, Unit},
};

/// Everything that `/metrics` shows.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    calls: Family<CallLabels, Counter>,
}

/// Where numbers are written that are kept elsewhere. They are read when somebody asks for them, so
/// that what is shown is never behind what has happened.
pub(crate) struct Page<'a>(DescriptorEncoder<'a>);

/// One kind of call and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    path: String,
    code: i32,
}

/// Why something was counted.
#[derive(Debug, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

impl Metrics {
    /// Calls, and whatever this kind of process has numbers of.
    pub(crate) fn new(sources: Vec<Box<dyn Collector>>) -> Self {
        let mut registry = Registry::with_prefix("lanyard");
        let calls = Family::<CallLabels, Counter>::default();
        registry.register(
            "calls",
            "Calls over gRPC and REST, by what was called and status code",
            calls.clone(),
        );
        for source in sources {
            registry.register_collector(source);
        }
        Self { registry, calls }
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

impl<'a> Page<'a> {
    /// What a collector is handed.
    pub(crate) fn of(encoder: DescriptorEncoder<'a>) -> Self {
        Self(encoder)
    }

    /// A number that rises and falls.
    pub(crate) fn gauge(
        &mut self,
        name: &str,
        help: &str,
        number: impl EncodeGaugeValue,
    ) -> fmt::Result {
        self.write((name, help, None), &ConstGauge::new(number))
    }

    /// A time in whole seconds; -1 if there is none.
    pub(crate) fn seconds(&mut self, name: &str, help: &str, seconds: Option<u64>) -> fmt::Result {
        let seconds = seconds.map_or(-1, |seconds| i64::try_from(seconds).unwrap_or(i64::MAX));
        self.write(
            (name, help, Some(&Unit::Seconds)),
            &ConstGauge::new(seconds),
        )
    }

    /// A number that only rises.
    pub(crate) fn counter(&mut self, name: &str, help: &str, count: u64) -> fmt::Result {
        self.write((name, help, None), &ConstCounter::new(count))
    }

    /// A number that only rises, for each of some reasons.
    pub(crate) fn counter_by_reason(
        &mut self,
        name: &str,
        help: &str,
        counts: &[(&'static str, u64)],
    ) -> fmt::Result {
        let help = sentence(help);
        let mut family = self
            .0
            .encode_descriptor(name, &help, None, MetricType::Counter)?;
        for &(reason, count) in counts {
            let label = ReasonLabel { reason };
            ConstCounter::new(count).encode(family.encode_family(&label)?)?;
        }
        Ok(())
    }

    fn write(
        &mut self,
        (name, help, unit): (&str, &str, Option<&Unit>),
        number: &impl EncodeMetric,
    ) -> fmt::Result {
        let kind = number.metric_type();
        let metric = self
            .0
            .encode_descriptor(name, &sentence(help), unit, kind)?;
        number.encode(metric)
    }
}

/// As the registry writes the help of what is registered with it.
fn sentence(help: &str) -> String {
    format!("{help}.")
}
