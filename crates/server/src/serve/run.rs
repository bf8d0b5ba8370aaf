//! From nothing to serving, and back.

use std::{
    io::{self, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{self, Path, PathBuf},
    sync::Arc,
};

use futures_util::Stream;
use lanyard_authority::{Authority, BootstrapError, Entropy as _, Error, Settings, SystemEntropy};
use lanyard_enforcer::Enforcer;
use lanyard_store::{
    Store as _,
    embedded::{EmbeddedStore, OpenError},
};
use lanyard_token::{SystemClock, Verifier};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    signal::unix::{SignalKind, signal},
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
    args::{LogLevel, ServeArgs},
    files::{self, KeyFileError, LostStoreError},
    log_gauges::LogGauges,
    metrics::Metrics,
    service_port,
    upkeep::Upkeep,
};
use crate::grpc::{self, ServedAuthority};

/// Why the authority does not serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// A port beyond this machine without TLS.
    #[error(
        "{flag} {address} is reachable from other machines, and what is served there is not \
         encrypted; listen on 127.0.0.1, or say --plaintext if something in front encrypts"
    )]
    NotLoopback {
        /// The flag that names it.
        flag: &'static str,
        /// Where.
        address: SocketAddr,
    },
    /// A port that cannot be had.
    #[error("cannot listen on {address}: {source}; choose another with {flag}")]
    Listen {
        /// The flag that names it.
        flag: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The store was there and is gone.
    #[error(transparent)]
    LostStore(#[from] LostStoreError),
    /// The master key.
    #[error(transparent)]
    MasterKey(#[from] KeyFileError),
    /// The first start.
    #[error("`{}`: {source}", path.display())]
    Bootstrap {
        /// Where the first credentials go.
        path: PathBuf,
        /// Why not.
        source: BootstrapError,
    },
    /// The authority.
    #[error(transparent)]
    Authority(#[from] Error),
    /// The system.
    #[error("{0}")]
    System(#[source] io::Error),
    /// The reflection service.
    #[error("the descriptors cannot be served: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The server itself.
    #[error("the server has stopped: {0}")]
    Server(#[from] tonic::transport::Error),
    /// The admin port.
    #[error("the admin port is not served any more; the log tells more, start again")]
    AdminPort,
    /// A background task, without which the revocation list goes stale.
    #[error("a background task has failed; the log tells more, start again")]
    Upkeep,
}

/// Serves until SIGTERM or SIGINT, and then drains.
pub(crate) async fn run(args: ServeArgs) -> Result<(), ServeError> {
    log_to_stderr(args.log);
    let listener = bind("--listen", args.listen, args.plaintext).await?;
    let admin_listener = bind("--admin-listen", args.admin_listen, true).await?;
    let bound = Bound {
        service: listener.local_addr().map_err(ServeError::System)?,
        admin: admin_listener.local_addr().map_err(ServeError::System)?,
    };
    let authority = Arc::new(start(&args, &bound.local_endpoint()).await?);
    serve(&args, (listener, admin_listener), (authority, bound)).await
}

/// Logs what happens, for whoever looks after the process.
pub(crate) fn log_to_stderr(level: LogLevel) {
    tracing_subscriber::fmt()
        .with_max_level(tracing::level_filters::LevelFilter::from(level))
        .with_writer(io::stderr)
        .with_ansi(false)
        .init();
}

/// Where this process listens.
struct Bound {
    service: SocketAddr,
    admin: SocketAddr,
}

impl Bound {
    fn endpoint(&self) -> String {
        format!("http://{}", self.service)
    }

    /// Where to call it from this machine: an address that stands for all of them is none to call.
    fn local_endpoint(&self) -> String {
        let mut address = self.service;
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            IpAddr::V4(_) | IpAddr::V6(_) => {}
        }
        format!("http://{address}")
    }
}

/// Opens the store and makes the authority ready, with its list read to the end if it can be.
async fn start(
    args: &ServeArgs,
    endpoint: &str,
) -> Result<ServedAuthority<EmbeddedStore>, ServeError> {
    files::ensure_not_lost(&args.data)?;
    let mut log_id = [0; 16];
    SystemEntropy.fill(&mut log_id).map_err(Error::from)?;
    let log_id = uuid::Builder::from_random_bytes(log_id).into_uuid();
    let store = EmbeddedStore::open(&args.data, SystemClock, log_id)?;
    let key_file = args.master_key_file.clone();
    let key_file = key_file.unwrap_or_else(|| args.data.join(files::MASTER_KEY));
    // The first secret that is sealed is a signing key's, so without one there is none to lose.
    let nothing_is_sealed = store
        .signing_keys()
        .await
        .map_err(Error::from)?
        .keys
        .is_empty();
    let master_key = files::master_key(&key_file, nothing_is_sealed)?;
    let settings = Settings {
        issuer: args.issuer.clone(),
        audience: args.audience.clone(),
        token_algorithm: args.token_alg,
        propagation_bound: args.propagation_bound,
    };
    let authority =
        Authority::open(store, SystemClock, SystemEntropy, (master_key, settings)).await?;
    let path = args.data.join(files::BOOTSTRAP);
    authority
        .first_start(|made| files::save_bootstrap(&path, endpoint, made))
        .await
        .map_err(|source| ServeError::Bootstrap { path, source })?;
    files::save_endpoint(&args.data.join("endpoint"), endpoint).map_err(ServeError::System)?;
    if let Err(error) = authority.catch_up().await {
        // It is followed all the same, and an operator who is to mend it must be let in. Until then
        // nothing is answered that rests on it.
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, "the revocation log could not be read to its end");
    }
    Ok(authority)
}

async fn serve(
    args: &ServeArgs,
    (listener, admin_listener): (TcpListener, TcpListener),
    (authority, bound): (Arc<ServedAuthority<EmbeddedStore>>, Bound),
) -> Result<(), ServeError> {
    let verifier = Verifier::new(args.issuer.clone(), args.audience.clone());
    let enforcer = Arc::new(Enforcer::new(
        authority.view(),
        verifier,
        args.freshness_bound,
        SystemClock,
    ));
    let mut metrics = Metrics::new();
    let log = LogGauges::new(&mut metrics);
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
    let mut admin =
        tokio::spawn(axum::serve(admin_listener, admin_port::router(shown)).into_future());
    // Small answers go out at once, rather than wait for the acknowledgement of what went before.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let mut server = tokio::spawn(answer(incoming, routes, stopped));
    let mut signals = Signals::new().map_err(ServeError::System)?;
    announce(args, &bound);

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

pub(crate) async fn bind(
    flag: &'static str,
    address: SocketAddr,
    may_be_reached: bool,
) -> Result<TcpListener, ServeError> {
    if !address.ip().is_loopback() && !may_be_reached {
        return Err(ServeError::NotLoopback { flag, address });
    }
    let listener = TcpListener::bind(address).await;
    listener.map_err(|source| ServeError::Listen {
        flag,
        address,
        source,
    })
}

/// Says to a person where things are. Nobody may be listening, and that harms nothing.
fn announce(args: &ServeArgs, bound: &Bound) {
    drop(io::stdout().write_all(announcement(args, bound).as_bytes()));
}

fn announcement(args: &ServeArgs, bound: &Bound) -> String {
    let data = args.data.display();
    let data_flag = data_flag(&args.data);
    let Bound { service: _, admin } = bound;
    let endpoint = bound.endpoint();
    let credentials = args.data.join("bootstrap.json");
    let credentials = credentials.display();
    format!(
        "listening on {endpoint}\n\
         admin on http://{admin}\n\
         data in {data}, credentials in {credentials}\n\
         try, in another terminal:\n  \
         lanyard identity create --scope chat --scope voip{data_flag}\n  \
         lanyard check TOKEN create-message{data_flag}\n  \
         lanyard token revoke TOKEN{data_flag}\n"
    )
}

/// What a command needs in order to find this data. The path is absolute, because the other
/// terminal may be elsewhere.
fn data_flag(data: &Path) -> String {
    if data == Path::new("./lanyard-data") {
        return String::new();
    }
    let data = path::absolute(data).unwrap_or_else(|_| data.to_owned());
    format!(" --data {}", quoted(&data.to_string_lossy()))
}

/// The text as one word of a shell, in quotes if it needs them.
fn quoted(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:@%,=".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// SIGTERM and SIGINT.
pub(crate) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self {
            terminate,
            interrupt,
        })
    }

    pub(crate) async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// How many calls one connection may have in progress.
const MAX_STREAMS: u32 = 1024;
/// How often a silent connection is asked whether it is still there.
const KEEPALIVE: time::Duration = time::Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        serve: ServeArgs,
    }

    fn said(data: &[&str]) -> String {
        let flags = Flags::try_parse_from(["lanyard"].iter().chain(data)).unwrap();
        let bound = Bound {
            service: "127.0.0.1:1234".parse().unwrap(),
            admin: "127.0.0.1:5678".parse().unwrap(),
        };
        announcement(&flags.serve, &bound)
    }

    #[test]
    fn it_says_where_things_are_and_three_commands_to_try() {
        let expected = "\
listening on http://127.0.0.1:1234
admin on http://127.0.0.1:5678
data in ./lanyard-data, credentials in ./lanyard-data/bootstrap.json
try, in another terminal:
  lanyard identity create --scope chat --scope voip
  lanyard check TOKEN create-message
  lanyard token revoke TOKEN
";
        assert_eq!(said(&[]), expected);
    }

    #[test]
    fn the_commands_find_data_that_is_elsewhere_from_anywhere() {
        assert!(said(&["--data", "/d"]).contains("  lanyard token revoke TOKEN --data /d\n"));
        let spaced = said(&["--data", "/my data"]);
        assert!(spaced.contains("  lanyard check TOKEN create-message --data '/my data'\n"));
        let here = path::absolute("-d").unwrap();
        let relative = said(&["--data=-d"]);
        assert!(relative.contains(&format!(" --data {}\n", quoted(&here.to_string_lossy()))));
    }

    #[test]
    fn a_word_is_quoted_where_a_shell_would_read_more_into_it() {
        for plain in ["/d", "./a-b_c.d", "/x:y@z%1,2=3+4"] {
            assert_eq!(quoted(plain), plain);
        }
        for (text, word) in [
            ("", "''"),
            ("a b", "'a b'"),
            ("$HOME", "'$HOME'"),
            ("it's", r"'it'\''s'"),
            ("~", "'~'"),
            ("é", "'é'"),
            ("a;b", "'a;b'"),
        ] {
            assert_eq!(quoted(text), word);
        }
    }

    #[tokio::test]
    async fn a_port_beyond_this_machine_is_bound_only_where_that_was_said() {
        let any = "0.0.0.0:0".parse().unwrap();
        let refused = bind("--listen", any, false).await.unwrap_err();
        assert!(matches!(
            &refused,
            ServeError::NotLoopback {
                flag: "--listen",
                ..
            }
        ));
        assert!(refused.to_string().contains("--plaintext"));
        assert!(bind("--listen", any, true).await.is_ok());
        for loopback in ["127.0.0.1:0", "127.9.9.9:0"] {
            assert!(
                bind("--listen", loopback.parse().unwrap(), false)
                    .await
                    .is_ok()
            );
        }
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_named_with_its_flag() {
        let taken = bind("--listen", "127.0.0.1:0".parse().unwrap(), false)
            .await
            .unwrap();
        let refused = bind("--admin-listen", taken.local_addr().unwrap(), true)
            .await
            .unwrap_err();
        assert!(
            refused
                .to_string()
                .ends_with("choose another with --admin-listen")
        );
    }
}
