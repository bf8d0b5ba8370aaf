//! Keeps health and readiness up to date, for load balancers and operators.

use std::{sync::Arc, time::Duration};

use lanyard_authority::Error;
use lanyard_enforcer::Enforcer;
use lanyard_revocation::{Coverage, PartitionId};
use lanyard_store::Store;
use lanyard_token::SystemClock;
use tokio::time;
use tonic_health::{ServingStatus, server::HealthReporter};

use super::readiness::{Readiness, Writes, partitions};
use crate::grpc::{ADMIN_SERVICE, IDENTITY_SERVICE, ServedAuthority};

/// Where it is reported whether a service can answer calls.
#[derive(Clone, Debug)]
pub(super) struct Reporter {
    pub(super) health: HealthReporter,
    pub(super) readiness: Arc<Readiness>,
}

impl Reporter {
    async fn report(&self, service: &str, is_serving: bool) {
        let status = if is_serving {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        self.health.set_service_status(service, status).await;
        // Read last, so that a drain that began meanwhile stays reported.
        if self.readiness.is_draining() {
            let status = ServingStatus::NotServing;
            self.health.set_service_status(service, status).await;
        }
    }
}

/// Reports whether checks can be answered, as health of these services.
pub(super) async fn report_checks(
    reporter: Reporter,
    enforcer: Arc<Enforcer<SystemClock>>,
    services: &'static [&'static str],
) {
    loop {
        // Without the time nothing can be decided.
        let coverage = enforcer.coverage().unwrap_or(Coverage::None);
        let is_serving = coverage != Coverage::None;
        let before = reporter.readiness.set_checks(coverage.clone());
        if coverage != before {
            log_checks(&coverage);
        }
        for service in services {
            reporter.report(service, is_serving).await;
        }
        let wait = if is_serving { CHECK_EVERY } else { LOOK_EVERY };
        time::sleep(wait).await;
    }
}

fn log_checks(coverage: &Coverage) {
    match coverage {
        Coverage::Full => tracing::info!("revocation list is fresh; serving checks"),
        Coverage::Partial(stale) => {
            let stale = partitions(stale);
            tracing::warn!("revocation list is fresh, but not for all resources: {stale}");
        }
        Coverage::None => tracing::error!("revocation list is stale; checks are refused"),
    }
}

/// Reports whether calls that need the store can be answered.
pub(super) async fn report_writes<S: Store>(
    reporter: Reporter,
    authority: Arc<ServedAuthority<S>>,
) {
    let mut partition = PartitionId::new(0);
    loop {
        let store = authority.check_writable(partition).await;
        partition = *store.as_ref().unwrap_or(&partition);
        // The log is repaired through the admin service, and its list may be stale then.
        reporter.report(ADMIN_SERVICE, store.is_ok()).await;
        let issuing = store.and_then(|_| authority.check_issuing());
        reporter.report(IDENTITY_SERVICE, issuing.is_ok()).await;
        let writes = issuing.map_or_else(
            |error| Writes::Refused(chain(&error)),
            |()| Writes::Possible,
        );
        log_writes(&writes, &reporter.readiness.set_writes(writes.clone()));
        time::sleep(CHECK_EVERY).await;
    }
}

/// Logs a change. One reason after another is none: each connection fails in its own words.
fn log_writes(writes: &Writes, before: &Writes) {
    match (writes, before) {
        (Writes::Refused(_), Writes::Refused(_)) => {}
        (Writes::Refused(reason), _) => tracing::error!(reason, "writes are refused"),
        (Writes::Possible, Writes::Refused(_)) => tracing::info!("writes are served again"),
        (Writes::Possible | Writes::Unchecked | Writes::NotServed, _) => {}
    }
}

/// An error with its causes.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

const CHECK_EVERY: Duration = Duration::from_secs(1);
/// A client that waits for this process to be ready is to find out when it is.
const LOOK_EVERY: Duration = Duration::from_millis(50);
