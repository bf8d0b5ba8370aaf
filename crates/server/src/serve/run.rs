//! From nothing to serving, and back.

use std::{
    io::{self, Write as _},
    sync::Arc,
};

use futures_util::Stream;
use lanyard_enforcer::Enforcer;
use lanyard_store::Store;
use lanyard_token::{SystemClock, Verifier};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time,
};
use tonic::{
    service::Routes,
    transport::{
        Server,
        server::{Connected, TcpIncoming},
    },
};

use super::{
    admin_port::{self, Shown},
    announcement::Announcement,
    args::{LogLevel, ServeArgs},
    error::ServeError,
    home::Home,
    log_gauges::LogGauges,
    metrics::Metrics,
    open::{self, Opened},
    ports::Ports,
    service_port,
    signals::Signals,
    start::start,
    upkeep::Upkeep,
};
use crate::grpc::{self, ServedAuthority};

/// Serves until SIGTERM or SIGINT, and then drains.
pub(crate) async fn run(args: ServeArgs) -> Result<(), ServeError> {
    log_to_stderr(args.log);
    let ports = Ports::bind(&args).await?;
    match open::store(&args).await? {
        Opened::Embedded(store, home) => run_on(store, (&args, &home), ports).await,
        Opened::Redis(store, home) => run_on(store, (&args, &home), ports).await,
    }
}

async fn run_on<S: Store>(
    store: S,
    (args, home): (&ServeArgs, &Home),
    ports: Ports,
) -> Result<(), ServeError> {
    let endpoint = ports.bound()?.local_endpoint();
    let authority = Arc::new(start(store, (args, home), &endpoint).await?);
    serve((args, home), ports, authority).await
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
    ports: Ports,
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
    let mut metrics = Metrics::new();
    let log = LogGauges::new(&mut metrics, authority.store_commits());
    let metrics = Arc::new(metrics);
    let (reporter, health) = grpc::health(&grpc::SERVICES).await;
    let (stop, stopped) = watch::channel(false);
    let routes = service_port::routes(
        &authority,
        (&enforcer, stopped.clone()),
        (health, Arc::clone(&metrics)),
    )?;
    let mut upkeep = Upkeep::start(&authority, enforcer, (reporter, Arc::clone(&metrics), log));

    let shown = Shown {
        metrics,
        readiness: upkeep.readiness(),
    };
    let mut admin = tokio::spawn(axum::serve(ports.admin, admin_port::router(shown)).into_future());
    // Small answers go out at once, rather than wait for the acknowledgement of what went before.
    let incoming = TcpIncoming::from(ports.service).with_nodelay(Some(true));
    let mut server = tokio::spawn(answer(incoming, routes, stopped));
    let mut signals = Signals::new().map_err(ServeError::System)?;
    announce(&Announcement { home, bound });

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

/// Answers calls until it is told to stop, and then those that are in progress.
pub(crate) async fn answer<I>(
    incoming: impl Stream<Item = io::Result<I>>,
    routes: Routes,
    stopped: watch::Receiver<bool>,
) -> Result<(), tonic::transport::Error>
where
    I: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
{
    Server::builder()
        .accept_http1(true)
        .max_concurrent_streams(MAX_STREAMS)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, until(stopped))
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
