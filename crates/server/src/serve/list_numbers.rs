//! How it stands with the revocation list, as metrics.

use std::{fmt, sync::Arc};

use lanyard_enforcer::Enforcer;
use lanyard_revocation::Coverage;
use lanyard_token::SystemClock;
use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use super::metrics::Page;

/// What an enforcer knows of its list.
#[derive(Debug)]
pub(crate) struct ListNumbers(pub(crate) Arc<Enforcer<SystemClock>>);

impl Collector for ListNumbers {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page::of(encoder);
        let age = self.0.list_age().ok().flatten();
        page.seconds(
            "revocation_list_age",
            "Age of the revocation list of the oldest partition; -1 if one was never read",
            age.map(|age| age.as_secs()),
        )?;
        let ages = self.0.list_ages().unwrap_or_default();
        page.seconds_by_partition(
            "partition_list_age",
            "Age of the revocation list of each partition; -1 if it was never read",
            ages.iter().map(|age| age.map(|age| age.as_secs())),
        )?;
        page.gauge(
            "stale_partitions",
            "Partitions whose revocation list is stale: checks for their resources are refused",
            self.stale_partitions(ages.len()),
        )?;
        let live = self.0.known().view().map_or(0, |view| view.live_entries());
        page.gauge(
            "live_revocations",
            "Revocations that some living token may be under",
            live,
        )
    }
}

impl ListNumbers {
    fn stale_partitions(&self, all: usize) -> usize {
        match self.0.coverage() {
            Ok(Coverage::Full) => 0,
            Ok(Coverage::Partial(stale)) => stale.len(),
            Ok(Coverage::None) | Err(_) => all,
        }
    }
}
