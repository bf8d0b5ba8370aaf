//! What goes on in the background: following the log, tidying up, and telling how things stand.

use std::{sync::Arc, time::Duration};

use lanyard_enforcer::Enforcer;
use lanyard_store::Store;
use lanyard_token::SystemClock;
use tokio::{task::JoinSet, time};
use tonic_health::{ServingStatus, server::HealthReporter};

use super::{
    health_task::{Reporter, report_checks, report_writes},
    readiness::{Readiness, Writes},
    replicas,
};
use crate::grpc::{CHECK_SERVICES, POLICY_SERVICE, SERVICES, ServedAuthority};

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
        sweep_interval: Duration,
    ) -> Self {
        let readiness = Arc::new(Readiness::new(Writes::Unchecked));
        let mut upkeep = Self::new(health, readiness, &SERVICES);
        upkeep.spawn(report_checks(upkeep.reporter(), enforcer, &CHECK_SERVICES));
        upkeep.spawn(report_writes(upkeep.reporter(), Arc::clone(authority)));
        upkeep.spawn(tell_log_trouble(Arc::clone(authority), upkeep.readiness()));
        let replicas = upkeep.readiness.replicas();
        upkeep.spawn(replicas::watch(Arc::clone(authority), replicas));
        let follower = Arc::clone(authority);
        upkeep.spawn(async move { follower.follow().await });
        upkeep.spawn(tidy(Arc::clone(authority), sweep_interval));
        upkeep
    }

    /// Tells how things stand with an enforcer, and nothing else yet.
    pub(crate) fn telling(
        enforcer: Arc<Enforcer<SystemClock>>,
        health: HealthReporter,
        services: &'static [&'static str],
    ) -> Self {
        let readiness = Arc::new(Readiness::new(Writes::NotServed));
        let mut upkeep = Self::new(health, readiness, services);
        upkeep.spawn(report_checks(
            upkeep.reporter(),
            enforcer,
            &[POLICY_SERVICE],
        ));
        upkeep
    }

    fn new(
        health: HealthReporter,
        readiness: Arc<Readiness>,
        services: &'static [&'static str],
    ) -> Self {
        Self {
            tasks: JoinSet::new(),
            services,
            health,
            readiness,
        }
    }

    fn reporter(&self) -> Reporter {
        Reporter {
            health: self.health.clone(),
            readiness: self.readiness(),
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
        self.readiness.drain();
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

async fn tidy<S: Store>(authority: Arc<ServedAuthority<S>>, interval: Duration) {
    loop {
        time::sleep(interval).await;
        if let Err(error) = authority.tidy().await {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "tidying up failed and will be tried again");
        }
    }
}

async fn tell_log_trouble<S: Store>(authority: Arc<ServedAuthority<S>>, readiness: Arc<Readiness>) {
    loop {
        readiness.set_log_trouble(authority.log_status().into());
        readiness.clocks().set(authority.retention_status());
        time::sleep(TROUBLE_EVERY).await;
    }
}

const TROUBLE_EVERY: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    fn upkeep() -> Upkeep {
        let readiness = Arc::new(Readiness::new(Writes::Unchecked));
        Upkeep::new(HealthReporter::new(), readiness, &SERVICES)
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
}
