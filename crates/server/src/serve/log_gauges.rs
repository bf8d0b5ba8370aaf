//! How it goes with the log, as metrics and for whoever asks whether this process is ready.

use std::{sync::Arc, time::Duration};

use lanyard_authority::{LogFault, LogStatus};
use lanyard_store::Store;
use prometheus_client::metrics::{counter::Counter, gauge::Gauge};
use tokio::time;

use super::{
    metrics::{Metrics, ReasonCounter, show_count},
    upkeep::{LogTrouble, Readiness},
};
use crate::grpc::ServedAuthority;

/// The numbers of a [`LogStatus`], each with what shows it.
#[derive(Debug)]
pub(super) struct LogGauges {
    resyncs: ReasonCounter,
    healed: Counter,
    damaged_reads: Counter,
    unreadable: Gauge,
    lacking: Gauge,
    commits: Option<Counter>,
}

impl LogGauges {
    /// Where a store counts its commits, they are shown, too: revocations divided by them say how
    /// many shared an fsync.
    pub(super) fn new(metrics: &mut Metrics, commits: Option<u64>) -> Self {
        let help = "Times that the store has made changes durable, each of them one fsync";
        Self {
            resyncs: metrics.counter_by_reason(
                "log_resyncs",
                "Times that a whole log was read and compared with what was known",
            ),
            healed: metrics.counter("log_healed", "Lost revocations that were appended again"),
            damaged_reads: metrics.counter(
                "log_damaged_reads",
                "Reads of a log that did not hold as many entries as it should",
            ),
            unreadable: metrics.gauge(
                "log_unreadable",
                "Logs that cannot be followed, because an entry cannot be understood or fits nowhere",
            ),
            lacking: metrics.gauge(
                "log_lacking",
                "Logs that cannot be followed, because entries are missing that nobody here knows",
            ),
            commits: commits.map(|_| metrics.counter("store_commits", help)),
        }
    }

    /// Shows them for as long as it is polled.
    pub(super) async fn show<S: Store>(
        self,
        authority: Arc<ServedAuthority<S>>,
        readiness: Arc<Readiness>,
    ) {
        loop {
            readiness.set_log_trouble(self.show_once(&authority.log_status()));
            self.show_commits(authority.store_commits());
            time::sleep(SHOW_EVERY).await;
        }
    }

    fn show_commits(&self, commits: Option<u64>) {
        if let (Some(shown), Some(commits)) = (&self.commits, commits) {
            show_count(shown, commits);
        }
    }

    fn show_once(&self, status: &LogStatus) -> LogTrouble {
        let LogStatus {
            resyncs,
            healed,
            damaged_reads,
            faults,
        } = status;
        for (reason, count) in resyncs {
            self.resyncs.show(reason, *count);
        }
        show_count(&self.healed, *healed);
        show_count(&self.damaged_reads, *damaged_reads);
        let is_missing = |fault: &&LogFault| matches!(fault, LogFault::Missing(_));
        let lacking = faults.iter().filter(is_missing).count();
        let unreadable = faults.len() - lacking;
        self.lacking.set(i64::try_from(lacking).unwrap_or(i64::MAX));
        self.unreadable
            .set(i64::try_from(unreadable).unwrap_or(i64::MAX));
        match (unreadable, lacking) {
            (0, 0) => LogTrouble::None,
            (0, _) => LogTrouble::Lacking,
            (_, _) => LogTrouble::Unreadable,
        }
    }
}

const SHOW_EVERY: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use lanyard_revocation::PartitionId;

    use super::*;

    #[test]
    fn every_number_is_shown_and_counters_do_not_count_twice() {
        let mut metrics = Metrics::new();
        let gauges = LogGauges::new(&mut metrics, Some(0));
        let missing = |number| LogFault::Missing(PartitionId::new(number));
        let status = LogStatus {
            resyncs: vec![("gap", 3), ("generation", 0)],
            healed: 7,
            damaged_reads: 5,
            faults: vec![missing(1), missing(2)],
        };
        for _ in 0..2 {
            assert_eq!(gauges.show_once(&status), LogTrouble::Lacking);
            gauges.show_commits(Some(4));
        }
        let text = metrics.to_text().unwrap();
        for line in [
            "lanyard_log_resyncs_total{reason=\"gap\"} 3",
            "lanyard_log_resyncs_total{reason=\"generation\"} 0",
            "lanyard_log_healed_total 7",
            "lanyard_log_damaged_reads_total 5",
            "lanyard_log_lacking 2",
            "lanyard_log_unreadable 0",
            "lanyard_store_commits_total 4",
        ] {
            assert!(text.lines().any(|one| one == line), "`{line}` in\n{text}");
        }
    }

    #[test]
    fn commits_are_not_shown_where_the_store_does_not_count_them() {
        let mut metrics = Metrics::new();
        LogGauges::new(&mut metrics, None).show_commits(None);
        assert!(!metrics.to_text().unwrap().contains("commits"));
    }
}
