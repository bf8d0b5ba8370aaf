//! What goes on in the background: following the log, tidying up, and telling how things stand.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use lanyard_authority::LogStatus;
use lanyard_enforcer::Enforcer;
use lanyard_store::Store;
use lanyard_token::SystemClock;
use tokio::{task::JoinSet, time};
use tonic_health::{ServingStatus, server::HealthReporter};

use super::replicas::{self, ReplicaStatus, Shortage};
use crate::grpc::{POLICY_SERVICE, SERVICES, ServedAuthority};

/// Whether this process should be sent calls.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    draining: AtomicBool,
    fresh: AtomicBool,
    log_trouble: RwLock<LogTrouble>,
    replicas: Arc<ReplicaStatus>,
}

/// Why the log may not be followed.
#[derive(Clone, Copy, Debug, Default)]
enum LogTrouble {
    /// For no reason that lies in the log.
    #[default]
    None,
    /// An entry cannot be understood.
    Unreadable,
    /// Entries are missing.
    Lacking,
}

impl From<LogStatus> for LogTrouble {
    fn from(status: LogStatus) -> Self {
        match (status.unreadable(), status.lacking()) {
            (0, 0) => Self::None,
            (0, _) => Self::Lacking,
            (_, _) => Self::Unreadable,
        }
    }
}

impl Readiness {
    /// Why not, if it should not.
    pub(crate) fn reason_against(&self) -> Option<&'static str> {
        if self.draining.load(Ordering::SeqCst) {
            Some("draining\n")
        } else if self.fresh.load(Ordering::SeqCst) {
            None
        } else {
            Some(self.reason_of_staleness())
        }
    }

    /// Why writes wait though checks are answered, if they do.
    pub(crate) fn replica_shortage(&self) -> Option<Shortage> {
        self.replicas.shortage()
    }

    fn set_log_trouble(&self, trouble: LogTrouble) {
        *self
            .log_trouble
            .write()
            .unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    fn reason_of_staleness(&self) -> &'static str {
        match *self
            .log_trouble
            .read()
            .unwrap_or_else(PoisonError::into_inner)
        {
            LogTrouble::None => "the revocation list is stale\n",
            LogTrouble::Unreadable => {
                "the revocation list is stale: an entry of the log cannot be understood; see \
                 `lanyard log list`\n"
            }
            LogTrouble::Lacking => {
                "the revocation list is stale: the log lacks entries; see `lanyard log list`\n"
            }
        }
    }
}

/// The background tasks; they end when this is dropped.
#[derive(Debug)]
pub(crate) struct Upkeep {
    tasks: JoinSet<()>,
    services: &'static [&'static str],
    health: HealthReporter,
    readiness: Arc<Readiness>,
}

impl Upkeep {
    /// Starts those of an authority.
    pub(super) fn start<S: Store>(
        authority: &Arc<ServedAuthority<S>>,
        enforcer: Arc<Enforcer<SystemClock>>,
        health: HealthReporter,
    ) -> Self {
        let mut upkeep = Self::telling(enforcer, health, &SERVICES);
        upkeep.spawn(tell_log_trouble(Arc::clone(authority), upkeep.readiness()));
        let replicas = Arc::clone(&upkeep.readiness.replicas);
        upkeep.spawn(replicas::watch(Arc::clone(authority), replicas));
        let follower = Arc::clone(authority);
        upkeep.spawn(async move { follower.follow().await });
        upkeep.spawn(tidy(Arc::clone(authority)));
        upkeep
    }

    /// Tells how things stand with an enforcer, and nothing else yet.
    pub(crate) fn telling(
        enforcer: Arc<Enforcer<SystemClock>>,
        health: HealthReporter,
        services: &'static [&'static str],
    ) -> Self {
        let readiness = Arc::new(Readiness::default());
        let mut tasks = JoinSet::new();
        let teller = Teller {
            enforcer,
            health: health.clone(),
            readiness: Arc::clone(&readiness),
        };
        tasks.spawn(teller.tell());
        Self {
            tasks,
            services,
            health,
            readiness,
        }
    }

    /// Starts a further task, which must not end by itself.
    pub(crate) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// What the admin port tells.
    pub(crate) fn readiness(&self) -> Arc<Readiness> {
        Arc::clone(&self.readiness)
    }

    /// Waits until one of the tasks has ended. None does by itself, so it has panicked, and what it
    /// kept up is not kept up any more.
    pub(crate) async fn broken(&mut self) {
        if let Some(Err(error)) = self.tasks.join_next().await {
            tracing::error!(%error, "a background task has failed");
        }
    }

    /// Tells everybody that no more calls are wanted. The log is followed on for those in progress.
    pub(crate) async fn begin_drain(&self) {
        self.readiness.draining.store(true, Ordering::SeqCst);
        for service in self.services {
            self.health
                .set_service_status(*service, ServingStatus::NotServing)
                .await;
        }
    }

    /// Ends the tasks.
    pub(crate) async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

async fn tidy<S: Store>(authority: Arc<ServedAuthority<S>>) {
    loop {
        time::sleep(TIDY_EVERY).await;
        if let Err(error) = authority.tidy().await {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "tidying up failed and will be tried again");
        }
    }
}

async fn tell_log_trouble<S: Store>(authority: Arc<ServedAuthority<S>>, readiness: Arc<Readiness>) {
    loop {
        readiness.set_log_trouble(authority.log_status().into());
        time::sleep(TROUBLE_EVERY).await;
    }
}

/// Tells load balancers and operators whether checks can be answered.
struct Teller {
    enforcer: Arc<Enforcer<SystemClock>>,
    health: HealthReporter,
    readiness: Arc<Readiness>,
}

impl Teller {
    async fn tell(self) {
        loop {
            let is_fresh = self.tell_once().await;
            let wait = if is_fresh { TELL_EVERY } else { LOOK_EVERY };
            time::sleep(wait).await;
        }
    }

    async fn tell_once(&self) -> bool {
        let fresh = self.enforcer.fresh().is_ok();
        let was_fresh = self.readiness.fresh.swap(fresh, Ordering::SeqCst);
        if fresh != was_fresh {
            tracing::info!(fresh, "whether checks can be answered has changed");
        }
        let status = if fresh {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        self.health.set_service_status(POLICY_SERVICE, status).await;
        // Looked at last, so that a drain that began meanwhile is not talked over.
        if self.readiness.draining.load(Ordering::SeqCst) {
            self.health
                .set_service_status(POLICY_SERVICE, ServingStatus::NotServing)
                .await;
        }
        fresh
    }
}

const TIDY_EVERY: Duration = Duration::from_mins(1);
const TROUBLE_EVERY: Duration = Duration::from_millis(500);
const TELL_EVERY: Duration = Duration::from_secs(1);
/// Whoever waits for this process to be ready is to be told when it is.
const LOOK_EVERY: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    fn upkeep() -> Upkeep {
        let (tasks, readiness) = (JoinSet::new(), Arc::default());
        Upkeep {
            tasks,
            services: &SERVICES,
            health: HealthReporter::new(),
            readiness,
        }
    }

    #[tokio::test]
    async fn a_task_that_panics_is_noticed_and_one_that_goes_on_is_not() {
        let mut upkeep = upkeep();
        upkeep.tasks.spawn(pending());
        let early = time::timeout(Duration::from_millis(20), upkeep.broken()).await;
        assert!(early.is_err());
        upkeep.tasks.spawn(async { panic!("as a test") });
        upkeep.broken().await;
    }

    #[tokio::test]
    async fn it_is_ready_once_the_list_is_fresh_and_until_it_drains() {
        let upkeep = upkeep();
        let readiness = upkeep.readiness();
        assert_eq!(
            readiness.reason_against(),
            Some("the revocation list is stale\n")
        );
        for trouble in [LogTrouble::Unreadable, LogTrouble::Lacking] {
            readiness.set_log_trouble(trouble);
            let reason = readiness.reason_against().unwrap();
            assert!(reason.contains("`lanyard log list`"), "{reason}");
        }
        readiness.fresh.store(true, Ordering::SeqCst);
        assert_eq!(readiness.reason_against(), None);
        upkeep.begin_drain().await;
        assert_eq!(readiness.reason_against(), Some("draining\n"));
    }
}
