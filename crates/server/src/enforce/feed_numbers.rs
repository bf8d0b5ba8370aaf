//! How the following goes, as metrics.

use std::{fmt, sync::Arc};

use lanyard_enforcer::FeedStatus;
use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use crate::serve::Page;

/// The numbers of a [`FeedStatus`].
#[derive(Debug)]
pub(super) struct FeedNumbers(pub(super) Arc<FeedStatus>);

/// One number, and how it is shown.
struct Shown {
    name: &'static str,
    help: &'static str,
    read: fn(&FeedStatus) -> u64,
}

impl Collector for FeedNumbers {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page::of(encoder);
        SHOWN
            .iter()
            .try_for_each(|shown| page.gauge(shown.name, shown.help, (shown.read)(&self.0)))
    }
}

static SHOWN: [Shown; 9] = [
    Shown {
        name: "feed_connected",
        help: "1 while an authority answers, else 0",
        read: |status| u64::from(status.is_connected()),
    },
    Shown {
        name: "feed_connections",
        help: "Connections to an authority so far",
        read: FeedStatus::connections,
    },
    Shown {
        name: "feed_snapshots",
        help: "Times that the whole list was read",
        read: FeedStatus::snapshots,
    },
    Shown {
        name: "feed_entries",
        help: "Entries of the log so far, snapshots aside",
        read: FeedStatus::entries,
    },
    Shown {
        name: "feed_not_understood",
        help: "Messages so far that were not understood; the list grows old over each",
        read: FeedStatus::not_understood,
    },
    Shown {
        name: "feed_gaps",
        help: "Times that something had been missed",
        read: FeedStatus::gaps,
    },
    Shown {
        name: "feed_divergences",
        help: "Times that the list was not what the authority's is",
        read: FeedStatus::divergences,
    },
    Shown {
        name: "feed_stale_authorities",
        help: "Times that the authority that is followed became stale itself",
        read: FeedStatus::stale_authorities,
    },
    Shown {
        name: "feed_switches",
        help: "Times that a stale authority was left for a fresher one",
        read: FeedStatus::switches,
    },
];
