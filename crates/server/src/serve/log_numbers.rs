//! How it goes with the log, as metrics.

use std::{fmt, sync::Arc};

use lanyard_authority::{LogStatus, RetentionStatus};
use lanyard_revocation::ClockOffset;
use lanyard_store::{ReplicaShortage, Store};
use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use super::metrics::Page;
use crate::grpc::ServedAuthority;

/// What an authority knows of its log.
pub(super) struct LogNumbers<S>(pub(super) Arc<ServedAuthority<S>>);

impl<S> fmt::Debug for LogNumbers<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogNumbers")
    }
}

impl<S: Store> Collector for LogNumbers<S> {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page::of(encoder);
        write_status(&self.0.log_status(), &mut page)?;
        write_retention(&self.0.retention_status(), &mut page)?;
        write_commits(self.0.store_commits(), &mut page)?;
        write_missing_replicas(self.0.replica_shortage(), &mut page)
    }
}

fn write_missing_replicas(shortage: Option<ReplicaShortage>, page: &mut Page<'_>) -> fmt::Result {
    let missing = shortage.map_or(0, |found| found.required.saturating_sub(found.in_reach));
    page.gauge(
        "replicas_missing",
        "Replicas of Redis that writes wait for and that are not in reach",
        missing.try_into().unwrap_or(usize::MAX),
    )
}

/// Where a store counts its commits, they are shown, too: revocations divided by them say how many
/// shared an fsync.
fn write_commits(commits: Option<u64>, page: &mut Page<'_>) -> fmt::Result {
    let help = "Times that the store has made changes durable, each of them one fsync";
    commits.map_or(Ok(()), |commits| {
        page.counter("store_commits", help, commits)
    })
}

fn write_status(status: &LogStatus, page: &mut Page<'_>) -> fmt::Result {
    let LogStatus {
        resyncs,
        healed,
        damaged_reads,
        repairs_pending,
        faults: _,
    } = status;
    page.counter_by_reason(
        "log_resyncs",
        "Times that a whole log was read and compared with what was known",
        resyncs,
    )?;
    page.counter(
        "log_healed",
        "Lost revocations that were appended again",
        *healed,
    )?;
    page.counter(
        "log_damaged_reads",
        "Reads of a log that did not hold as many entries as it should",
        *damaged_reads,
    )?;
    page.gauge(
        "log_repairs_pending",
        "Logs that are to get back lost revocations once the store takes writes",
        *repairs_pending,
    )?;
    page.gauge(
        "log_unreadable",
        "Logs that cannot be followed, because an entry cannot be understood or fits nowhere",
        status.unreadable(),
    )?;
    page.gauge(
        "log_lacking",
        "Logs that cannot be followed, because entries are missing that nobody here knows",
        status.lacking(),
    )
}

fn write_retention(status: &RetentionStatus, page: &mut Page<'_>) -> fmt::Result {
    let RetentionStatus {
        steps,
        lag,
        store_offset,
        sweeps,
    } = status;
    page.counter(
        "clock_steps",
        "Steps of the wall clock, by more than 30 seconds each",
        *steps,
    )?;
    page.seconds(
        "clock_unvouched",
        "How far the wall clock is ahead of the time that the boot clock vouches for, by which \
         revocations are deleted; -1 if no time is vouched for yet",
        lag.map(|lag| lag.as_secs()),
    )?;
    page.gauge(
        "store_clock_offset_seconds",
        "How far the store's clock is ahead of this machine's; 0 within 30 seconds",
        store_offset.map_or(0, ClockOffset::as_secs),
    )?;
    page.gauge(
        "log_trimming_paused",
        "Whether revocations are kept beyond their retention on account of the clocks",
        i64::from(status.is_paused()),
    )?;
    page.counter(
        "store_sweeps",
        "Times that what is past its time was deleted from the store",
        *sweeps,
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lanyard_authority::LogFault;
    use lanyard_revocation::PartitionId;

    use super::{super::metrics::Metrics, *};

    #[derive(Debug)]
    struct Fixed(LogStatus, Option<u64>);

    impl Collector for Fixed {
        fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
            let mut page = Page::of(encoder);
            write_status(&self.0, &mut page)?;
            write_retention(&retention(), &mut page)?;
            write_commits(self.1, &mut page)?;
            let (in_reach, required) = (1, 3);
            write_missing_replicas(Some(ReplicaShortage { in_reach, required }), &mut page)
        }
    }

    fn retention() -> RetentionStatus {
        RetentionStatus {
            steps: 2,
            lag: Some(Duration::from_hours(25)),
            store_offset: Some(ClockOffset::Behind(Duration::from_mins(1))),
            sweeps: 9,
        }
    }

    fn text(commits: Option<u64>) -> String {
        let missing = |number| LogFault::Missing(PartitionId::new(number));
        let status = LogStatus {
            resyncs: vec![("gap", 3), ("generation", 0)],
            healed: 7,
            damaged_reads: 5,
            repairs_pending: 1,
            faults: vec![
                missing(1),
                LogFault::Contradiction(PartitionId::new(2)),
                missing(3),
            ],
        };
        let metrics = Metrics::new(vec![Box::new(Fixed(status, commits))]);
        metrics.to_text().unwrap()
    }

    #[test]
    fn every_number_is_shown_as_what_it_is() {
        let text = text(Some(4));
        for line in [
            "# TYPE lanyard_log_resyncs counter",
            "lanyard_log_resyncs_total{reason=\"gap\"} 3",
            "lanyard_log_resyncs_total{reason=\"generation\"} 0",
            "lanyard_log_healed_total 7",
            "lanyard_log_damaged_reads_total 5",
            "# TYPE lanyard_log_lacking gauge",
            "lanyard_log_repairs_pending 1",
            "lanyard_log_lacking 2",
            "lanyard_log_unreadable 1",
            "lanyard_store_commits_total 4",
            "lanyard_replicas_missing 2",
            "lanyard_clock_steps_total 2",
            "lanyard_clock_unvouched_seconds 90000",
            "# TYPE lanyard_store_clock_offset_seconds gauge",
            "lanyard_store_clock_offset_seconds -60",
            "lanyard_log_trimming_paused 1",
            "lanyard_store_sweeps_total 9",
        ] {
            assert!(text.lines().any(|one| one == line), "`{line}` in\n{text}");
        }
    }

    #[test]
    fn commits_are_not_shown_where_the_store_does_not_count_them() {
        assert!(!text(None).contains("commits"));
    }
}
