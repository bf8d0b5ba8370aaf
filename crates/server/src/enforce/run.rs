//! From nothing to serving, and back.

use std::{io, path::Path, sync::Arc};

use lanyard_authority::{LoneEnforcer, Secret};
use lanyard_enforcer::{
    Enforcer, Feed, FeedCredential, FeedSettings, FeedSettingsError, FeedStatus, Follower, Known,
    SystemChance,
};
use lanyard_token::{SystemClock, Verifier};
use tokio::{
    net::{TcpListener, UnixListener},
    sync::watch,
    task::JoinHandle,
    time,
};

use super::{
    args::EnforceArgs,
    feed_numbers::FeedNumbers,
    listen::{self, ListenAddress},
};
use crate::{
    client::{ClientError, enforcer_credential, roots},
    grpc::{self, ENFORCER_SERVICES},
    serve::{
        DroppedLines, Hangups, LOG, ListNumbers, Metrics, SIGNALS, ServeError, ServicePort, Shown,
        Signals, Upkeep, admin_router, answer, answer_admin, bind, connections, enforcer_routes,
    },
    terminal::{Log, print_detached},
};

/// Why the enforcement point does not serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnforceError {
    /// The credential file.
    #[error(transparent)]
    Credential(#[from] ClientError),
    /// The addresses of the authority.
    #[error("--authority: {0}")]
    Authority(#[from] FeedSettingsError),
    /// The socket.
    #[error("cannot listen on `{path}`: {source}; choose another with --listen")]
    Socket {
        /// Where.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// What an authority may fail of, too.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Serves until SIGTERM or SIGINT, and then drains.
pub(crate) async fn run(args: EnforceArgs) -> Result<(), EnforceError> {
    let signals = Signals::new().map_err(ServeError::system(SIGNALS))?;
    let hangups = Hangups::new().map_err(ServeError::system(SIGNALS))?;
    let log = Log::to_stderr(args.log.into()).map_err(ServeError::system(LOG))?;
    let credential = enforcer_credential(&args.credential)?;
    let listener = Listener::bind(&args.listen, args.plaintext).await?;
    let admin_listener = bind("--admin-listen", args.admin_listen, true).await?;
    let point = Point::new(&args, &credential)?;
    announce(&listener, &admin_listener).map_err(ServeError::system("read the bound address"))?;
    let process = Process {
        signals,
        hangups,
        log,
    };
    serve(&args, (listener, admin_listener), point, process).await
}

/// The process's part of the system.
struct Process {
    signals: Signals,
    hangups: Hangups,
    log: Log,
}

/// What is bound.
enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, String),
}

impl Listener {
    async fn bind(address: &ListenAddress, plaintext: bool) -> Result<Self, EnforceError> {
        match address {
            ListenAddress::Tcp(address) => {
                Ok(Self::Tcp(bind("--listen", *address, plaintext).await?))
            }
            ListenAddress::Unix(path) => {
                let name = path.display().to_string();
                let bound = listen::bind_unix(Path::new(path));
                let bound = bound.map_err(|source| EnforceError::Socket {
                    path: name.clone(),
                    source,
                })?;
                Ok(Self::Unix(bound, name))
            }
        }
    }

    fn name(&self) -> io::Result<String> {
        match self {
            Self::Tcp(listener) => Ok(format!("http://{}", listener.local_addr()?)),
            Self::Unix(_, name) => Ok(format!("unix:{name}")),
        }
    }

    fn answer(
        self,
        port: ServicePort<LoneEnforcer>,
        stopped: watch::Receiver<bool>,
    ) -> JoinHandle<()> {
        match self {
            Self::Tcp(listener) => {
                let incoming = Box::pin(connections(listener));
                tokio::spawn(answer(incoming, port, stopped))
            }
            Self::Unix(listener, _) => {
                let incoming = Box::pin(listen::connections(listener));
                tokio::spawn(answer(incoming, port, stopped))
            }
        }
    }
}

/// The point itself: who is admitted, what decides, and what keeps it up to date.
struct Point {
    door: Arc<LoneEnforcer>,
    enforcer: Arc<Enforcer<SystemClock>>,
    feed: Feed<SystemClock, SystemChance>,
    status: Arc<FeedStatus>,
}

impl Point {
    fn new(args: &EnforceArgs, credential: &FeedCredential) -> Result<Self, EnforceError> {
        let bound = args.freshness_bound;
        let (known, status) = (Known::nothing(), Arc::<FeedStatus>::default());
        let follower = Follower::new(known.clone(), bound.into(), Arc::clone(&status));
        let beside = args.credential.parent().unwrap_or(Path::new(""));
        let roots = roots(args.ca.as_deref(), &[beside])?;
        let settings = FeedSettings::believing(&roots, &args.authority, credential.clone())?;
        let verifier = Verifier::new(args.issuer.clone(), args.audience.clone());
        let secret = Secret::new(credential.secret().to_vec().into());
        Ok(Self {
            door: Arc::new(LoneEnforcer::new(credential.id(), secret)),
            enforcer: Arc::new(Enforcer::new(known, verifier, bound, SystemClock)),
            feed: Feed::new(settings, follower, SystemClock, SystemChance),
            status,
        })
    }
}

async fn serve(
    args: &EnforceArgs,
    (listener, admin_listener): (Listener, TcpListener),
    point: Point,
    mut process: Process,
) -> Result<(), EnforceError> {
    let Point {
        door,
        enforcer,
        feed,
        status,
    } = point;
    let metrics = Arc::new(Metrics::new(vec![
        Box::new(ListNumbers(Arc::clone(&enforcer))),
        Box::new(FeedNumbers(status)),
        Box::new(DroppedLines(process.log.queue())),
    ]));
    let (reporter, health) = grpc::health(&ENFORCER_SERVICES).await;
    let (stop, stopped) = watch::channel(false);
    let port = enforcer_routes(
        &door,
        (&enforcer, stopped.clone()),
        (health, Arc::clone(&metrics)),
    );
    let port = port.map_err(ServeError::Reflection)?;
    let mut upkeep = Upkeep::telling(enforcer, reporter, &ENFORCER_SERVICES);
    upkeep.spawn(feed.follow());

    let readiness = upkeep.readiness();
    let shown = admin_router(Shown { metrics, readiness });
    let mut admin = tokio::spawn(answer_admin(admin_listener, shown));
    let mut server = listener.answer(port, stopped);
    let outcome = tokio::select! {
        _ = &mut server => Err(ServeError::ServicePort),
        _ = &mut admin => Err(ServeError::AdminPort),
        () = upkeep.broken() => Err(ServeError::Upkeep),
        _stop = process.signals.received() => Ok(()),
        // The credential and the CA are read at the start: what supervises the process starts it anew.
        () = process.hangups.received() => {
            tracing::info!("SIGHUP: draining; files are read at the next start");
            Ok(())
        }
    };
    upkeep.begin_drain().await;
    stop.send_replace(true);
    if !server.is_finished() && time::timeout(args.drain_timeout, server).await.is_err() {
        tracing::warn!("calls were cut off, because they took longer than the drain timeout");
    }
    upkeep.stop().await;
    admin.abort();
    Ok(outcome?)
}

/// Says to a person where things are. Nobody may be listening, and that harms nothing.
fn announce(listener: &Listener, admin: &TcpListener) -> io::Result<()> {
    let (name, admin) = (listener.name()?, admin.local_addr()?);
    let text = format!("listening on {name}\nadmin on http://{admin}\n");
    print_detached(&text);
    Ok(())
}
