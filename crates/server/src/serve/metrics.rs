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

use crate::refusal_log::REFUSALS;

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

/// The partition that a number is of.
#[derive(Debug, EncodeLabelSet)]
struct PartitionLabel {
    partition: u64,
}

/// What is counted of refusals, whatever kind of process this is.
#[derive(Debug)]
struct RefusalNumbers;

impl Collector for RefusalNumbers {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        Page::of(encoder).counter_by_reason(
            "refusals",
            "Calls and checks in streams that were refused or failed, over gRPC",
            &REFUSALS.counts(),
        )
    }
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
        registry.register_collector(Box::new(RefusalNumbers));
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
        self.write(
            (name, help, Some(&Unit::Seconds)),
            &ConstGauge::new(shown(seconds)),
        )
    }

    /// The same for each partition, in the order of their numbers.
    pub(crate) fn seconds_by_partition(
        &mut self,
        name: &str,
        help: &str,
        seconds: impl Iterator<Item = Option<u64>>,
    ) -> fmt::Result {
        let (help, unit) = (sentence(help), Some(&Unit::Seconds));
        let mut family = self
            .0
            .encode_descriptor(name, &help, unit, MetricType::Gauge)?;
        for (partition, seconds) in (0..).zip(seconds) {
            let label = PartitionLabel { partition };
            ConstGauge::new(shown(seconds)).encode(family.encode_family(&label)?)?;
        }
        Ok(())
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

fn shown(seconds: Option<u64>) -> i64 {
    seconds.map_or(-1, |seconds| i64::try_from(seconds).unwrap_or(i64::MAX))
}

/// As the registry writes the help of what is registered with it.
fn sentence(help: &str) -> String {
    format!("{help}.")
}
