//! How it stands with the revocation list, as metrics.

use std::{fmt, sync::Arc};

use lanyard_enforcer::Enforcer;
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
            "Age of the revocation list; -1 if it was never read",
            age.map(|age| age.as_secs()),
        )?;
        let live = self.0.known().view().map_or(0, |view| view.live_entries());
        page.gauge(
            "live_revocations",
            "Revocations that some living token may be under",
            live,
        )
    }
}
