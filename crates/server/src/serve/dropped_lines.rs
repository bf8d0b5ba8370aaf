//! How many lines the log has lost, as a metric.

use std::{fmt, sync::Arc};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use super::metrics::Page;
use crate::terminal::LineQueue;

/// The lines of a log that were not written.
#[derive(Debug)]
pub(crate) struct DroppedLines(pub(crate) Arc<LineQueue>);

impl Collector for DroppedLines {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        Page::of(encoder).counter(
            "log_lines_dropped",
            "Lines of the log that standard error did not take",
            self.0.dropped(),
        )
    }
}
