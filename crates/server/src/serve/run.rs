//! From nothing to serving, and back.

use std::{
    io::{self, Write as _},
    sync::Arc,
};

use futures_util::{Stream, TryStreamExt as _};
use lanyard_authority::Error;
use lanyard_enforcer::Enforcer;
use lanyard_store::Store;
use lanyard_token::{SystemClock, Verifier};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::watch,
    task::JoinHandle,
    time,
};
use tonic::transport::{Server, server::Connected};

use super::{
    accept,
    admin_port::{self, Shown},
    announcement::Announcement,
    args::{LogLevel, ServeArgs},
    error::ServeError,
    first_word::FirstWord,
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
    let mut admin = tokio::spawn(axum::serve(ports.admin, admin_port::router(shown)).into_future());
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
        ended = &mut server => return ended.map_err(|error| ServeError::System(error.into()))?
            .map_err(ServeError::Server),
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
) -> JoinHandle<Result<(), tonic::transport::Error>> {
    if let Some(tls) = tls {
        let incoming = Box::pin(tls.connections(listener));
        return tokio::spawn(answer(incoming, port, stopped));
    }
    let incoming = Box::pin(accept::connections(listener));
    tokio::spawn(answer(incoming, port, stopped))
}

/// Answers calls until it is told to stop, and then those that are in progress.
pub(crate) async fn answer<I, D: Door>(
    incoming: impl Stream<Item = io::Result<I>>,
    port: ServicePort<D>,
    stopped: watch::Receiver<bool>,
) -> Result<(), tonic::transport::Error>
where
    I: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
{
    Server::builder()
        .accept_http1(true)
        .max_concurrent_streams(MAX_STREAMS)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .layer(port.front)
        .add_routes(port.services)
        .serve_with_incoming_shutdown(incoming.map_ok(FirstWord::of), until(stopped))
        .await
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is the end, too.
    drop(stopped.wait_for(|stop| *stop).await);
}

/// Says to a person where things are. Nobody may be listening, and that harms nothing.
fn announce(announcement: &Announcement<'_>) {
    drop(io::stdout().write_all(announcement.to_string().as_bytes()));
}

/// How many calls one connection may have in progress.
const MAX_STREAMS: u32 = 1024;
/// How often a silent connection is asked whether it is still there.
const KEEPALIVE: time::Duration = time::Duration::from_secs(30);
