//! From nothing to serving, and back.

use std::{
    io::{self, Write as _},
    sync::Arc,
};

use lanyard_authority::Error;
use lanyard_enforcer::Enforcer;
use lanyard_store::Store;
use lanyard_token::{SystemClock, Verifier};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time};

use super::{
    accept,
    admin_port::{self, Shown},
    announcement::Announcement,
    args::{LogLevel, ServeArgs},
    connection,
    error::ServeError,
    home::Home,
    list_numbers::ListNumbers,
    log_numbers::LogNumbers,
    metrics::Metrics,
    open::{self, Opened},
    ports::Ports,
    service_port::{self, ServicePort},
    signals::Signals,
    start::start,
    tls::{Chosen, Tls},
    upkeep::Upkeep,
};
use crate::{
    grpc::{self, Door, ServedAuthority},
    rest::Rest,
};

/// Serves until SIGTERM or SIGINT, and then drains.
pub(crate) async fn run(args: ServeArgs) -> Result<(), ServeError> {
    log_to_stderr(args.log);
    args.rest.ensure_claims_fit(&args.issuer, &args.audience)?;
    let tls = args.tls.chosen(args.redis.is_chosen())?;
    let ports = Ports::bind(&args, tls.is_tls()).await?;
    match open::store(&args).await? {
        Opened::Embedded(store, home) => run_on(store, (&args, &home), (ports, tls)).await,
        Opened::Redis(store, home) => run_on(store, (&args, &home), (ports, tls)).await,
    }
}

async fn run_on<S: Store>(
    store: S,
    (args, home): (&ServeArgs, &Home),
    (ports, tls): (Ports, Chosen),
) -> Result<(), ServeError> {
    let tls = tls.ready(home)?;
    let endpoint = ports.bound()?.told(args.public_endpoint.as_ref());
    let authority = Arc::new(start(store, (args, home), &endpoint).await?);
    serve((args, home), (ports, tls), authority).await
}

/// Logs what happens, for whoever looks after the process.
pub(crate) fn log_to_stderr(level: LogLevel) {
    tracing_subscriber::fmt()
        .with_max_level(tracing::level_filters::LevelFilter::from(level))
        .with_writer(io::stderr)
        .with_ansi(false)
        .init();
}

async fn serve<S: Store>(
    (args, home): (&ServeArgs, &Home),
    (ports, mut tls): (Ports, Option<Tls>),
    authority: Arc<ServedAuthority<S>>,
) -> Result<(), ServeError> {
    let bound = ports.bound()?;
    let verifier = Verifier::new(args.issuer.clone(), args.audience.clone());
    let enforcer = Arc::new(Enforcer::new(
        authority.view(),
        verifier,
        args.freshness_bound,
        SystemClock,
    ));
    let metrics = Arc::new(Metrics::new(vec![
        Box::new(ListNumbers(Arc::clone(&enforcer))),
        Box::new(LogNumbers(Arc::clone(&authority))),
    ]));
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
    let mut upkeep = Upkeep::start(&authority, enforcer, reporter);
    if let Some(renewal) = tls.as_mut().and_then(|tls| tls.renewal.take()) {
        upkeep.spawn(renewal.follow());
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
    let mut signals = Signals::new().map_err(ServeError::System)?;
    let dev_ca = tls.as_ref().and_then(|tls| tls.dev_ca.as_deref());
    announce(&Announcement {
        home,
        bound,
        public: args.public_endpoint.as_ref(),
        dev_ca,
    });

    let outcome = tokio::select! {
        _ = &mut server => return Err(ServeError::ServicePort),
        _ = &mut admin => Err(ServeError::AdminPort),
        () = upkeep.broken() => Err(ServeError::Upkeep),
        () = signals.received() => Ok(()),
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

/// Says to a person where things are. Nobody may be listening, and that harms nothing.
fn announce(announcement: &Announcement<'_>) {
    drop(io::stdout().write_all(announcement.to_string().as_bytes()));
}
