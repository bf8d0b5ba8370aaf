//! How the following goes, as metrics.

use std::{sync::Arc, time::Duration};

use lanyard_enforcer::FeedStatus;
use prometheus_client::metrics::gauge::Gauge;
use tokio::time;

use crate::serve::Metrics;

/// The numbers of a [`FeedStatus`], each with the gauge that shows it.
#[derive(Debug)]
pub(super) struct FeedGauges {
    status: Arc<FeedStatus>,
    gauges: Vec<(Gauge, &'static Shown)>,
}

/// One number, and how it is shown.
#[derive(Debug)]
struct Shown {
    name: &'static str,
    help: &'static str,
    read: fn(&FeedStatus) -> u64,
}

impl FeedGauges {
    pub(super) fn new(metrics: &mut Metrics, status: Arc<FeedStatus>) -> Self {
        let all = SHOWN.iter();
        let gauges = all.map(|shown| (metrics.gauge(shown.name, shown.help), shown));
        Self {
            status,
            gauges: gauges.collect(),
        }
    }

    /// Shows them for as long as it is polled.
    pub(super) async fn show(self) {
        loop {
            for (gauge, shown) in &self.gauges {
                let number = (shown.read)(&self.status);
                gauge.set(i64::try_from(number).unwrap_or(i64::MAX));
            }
            time::sleep(SHOW_EVERY).await;
        }
    }
}

static SHOWN: [Shown; 7] = [
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
];

const SHOW_EVERY: Duration = Duration::from_millis(500);
