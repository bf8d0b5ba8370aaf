//! From nothing to serving, and back.

use std::sync::Arc;

use lanyard_authority::Error;
use lanyard_enforcer::Enforcer;
use lanyard_store::Store;
use lanyard_token::{SystemClock, Verifier};
use prometheus_client::collector::Collector;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time};

use super::{
    accept,
    admin_port::{self, Shown},
    announcement::Announcement,
    args::ServeArgs,
    connection,
    dropped_lines::DroppedLines,
    error::ServeError,
    home::Home,
    list_numbers::ListNumbers,
    log_numbers::LogNumbers,
    metrics::Metrics,
    open::{self, Opened},
    ports::Ports,
    service_port::{self, ServicePort},
    signals::{Hangups, Signals, StopSignal},
    start::start,
    tls::{Chosen, Tls},
    upkeep::Upkeep,
};
use crate::{
    grpc::{self, Door, ServedAuthority},
    rest::Rest,
    terminal::{Log, print_detached},
};

/// Serves until SIGTERM or SIGINT, and then drains. Before that, they end the start.
pub(crate) async fn run(args: ServeArgs) -> Result<(), ServeError> {
    let mut process = Process {
        signals: Signals::new().map_err(ServeError::system(SIGNALS))?,
        hangups: Hangups::new().map_err(ServeError::system(SIGNALS))?,
        log: Log::to_stderr(args.log.into()).map_err(ServeError::system(LOG))?,
    };
    args.rest.ensure_claims_fit(&args.issuer, &args.audience)?;
    let tls = args.tls.chosen(args.redis.is_chosen())?;
    let ports = Ports::bind(&args, tls.is_tls()).await?;
    match process.signals.race(open::store(&args)).await {
        Ok(Ok(Opened::Embedded(store, home))) => {
            Box::pin(run_on(store, (&args, &home), (ports, tls), process)).await
        }
        Ok(Ok(Opened::Redis(store, home))) => {
            Box::pin(run_on(store, (&args, &home), (ports, tls), process)).await
        }
        Ok(Err(error)) => Err(error),
        Err(stop) => {
            stopped_early(stop);
            Ok(())
        }
    }
}

/// The process's part of the system.
struct Process {
    signals: Signals,
    hangups: Hangups,
    log: Log,
}

async fn run_on<S: Store>(
    store: S,
    (args, home): (&ServeArgs, &Home),
    (ports, tls): (Ports, Chosen),
    mut process: Process,
) -> Result<(), ServeError> {
    let tls = tls.ready(home)?;
    let endpoint = ports.bound()?.told(args.public_endpoint.as_ref());
    let starting = start(store, (args, home), &endpoint);
    match process.signals.race(starting).await {
        Ok(started) => {
            let authority = started.map_err(|error| error.at(&home.data))?;
            serve((args, home), (ports, tls), Arc::new(authority), process).await
        }
        Err(stop) => {
            stopped_early(stop);
            Ok(())
        }
    }
}

fn stopped_early(stop: StopSignal) {
    tracing::info!(signal = ?stop, "stopped before the start was complete");
}

async fn serve<S: Store>(
    (args, home): (&ServeArgs, &Home),
    (ports, mut tls): (Ports, Option<Tls>),
    authority: Arc<ServedAuthority<S>>,
    mut process: Process,
) -> Result<(), ServeError> {
    let bound = ports.bound()?;
    let verifier = Verifier::new(args.issuer.clone(), args.audience.clone());
    let enforcer = Arc::new(Enforcer::new(
        authority.view(),
        verifier,
        args.freshness_bound,
        SystemClock,
    ));
    let mut sources: Vec<Box<dyn Collector>> = vec![
        Box::new(ListNumbers(Arc::clone(&enforcer))),
        Box::new(LogNumbers(Arc::clone(&authority))),
        Box::new(DroppedLines(process.log.queue())),
    ];
    if let Some(tls) = &tls {
        sources.push(Box::new(tls.numbers()));
    }
    let metrics = Arc::new(Metrics::new(sources));
    let (reporter, health) = grpc::health(&grpc::SERVICES).await;
    let (stop, stopped) = watch::channel(false);
    let rest = Rest::new(
        Arc::clone(&authority),
        args.rest.settings(args.public_endpoint.as_ref()),
        Arc::clone(&metrics),
    );
    let port = service_port::routes(
        &authority,
        (&enforcer, stopped.clone()),
        (health, Arc::clone(&metrics)),
        (rest.map_err(Error::from)?, args.propagation_bound),
    )?;
    let mut upkeep = Upkeep::start(&authority, enforcer, reporter, args.sweep_interval);
    match tls.as_mut().and_then(|tls| tls.renewal.take()) {
        Some(renewal) => upkeep.spawn(renewal.follow(process.hangups)),
        None => upkeep.spawn(process.hangups.ignore()),
    }

    let shown = Shown {
        metrics,
        readiness: upkeep.readiness(),
    };
    let mut admin = tokio::spawn(connection::answer_admin(
        ports.admin,
        admin_port::router(shown),
    ));
    let mut server = answer_on(ports.service, tls.as_ref(), (port, stopped));
    let dev_ca = tls.as_ref().and_then(|tls| tls.dev_ca.as_deref());
    let announcement = Announcement {
        home,
        bound,
        public: args.public_endpoint.as_ref(),
        dev_ca,
    };
    print_detached(&announcement.to_string());

    let outcome = tokio::select! {
        _ = &mut server => return Err(ServeError::ServicePort),
        _ = &mut admin => Err(ServeError::AdminPort),
        () = upkeep.broken() => Err(ServeError::Upkeep),
        _stop = process.signals.received() => Ok(()),
    };
    tracing::info!("draining");
    upkeep.begin_drain().await;
    stop.send_replace(true);
    if time::timeout(args.drain_timeout, server).await.is_err() {
        tracing::warn!("calls were cut off, because they took longer than the drain timeout");
    }
    upkeep.stop().await;
    admin.abort();
    if let Err(error) = authority.write_issue_times().await {
        tracing::warn!(%error, "when tokens were last issued was not written down");
    }
    outcome
}

/// Answers on a port, with TLS or without. Which it is costs the connections of the other nothing.
fn answer_on<D: Door>(
    listener: TcpListener,
    tls: Option<&Tls>,
    (port, stopped): (ServicePort<D>, watch::Receiver<bool>),
) -> JoinHandle<()> {
    if let Some(tls) = tls {
        let incoming = Box::pin(tls.connections(listener));
        return tokio::spawn(connection::answer(incoming, port, stopped));
    }
    let incoming = Box::pin(accept::connections(listener));
    tokio::spawn(connection::answer(incoming, port, stopped))
}

/// An operation of the system, as errors name it.
pub(crate) const SIGNALS: &str = "install the handlers of signals";
/// Another one.
pub(crate) const LOG: &str = "start the thread of the log";
