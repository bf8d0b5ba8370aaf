//! `lanyard bench floor`: the bare service, and how a benchmark runs one.

use std::io::{self, BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use clap::{Args, ValueEnum};
use lanyard_load::floor::{self, Floor, PublicKey};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::{task, time};

use super::BenchError;
use crate::{serve::Signals, terminal::print_detached};

/// The flags of `lanyard bench floor`.
#[derive(Debug, Args)]
pub(super) struct FloorArgs {
    /// What it does for each call
    #[arg(long, value_enum)]
    kind: FloorKind,
    /// Where it answers; port 0 is any free one, and what was bound is printed
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// With --kind verify: the `x` of the JSON Web Key that tokens are verified with
    #[arg(long, value_name = "X", required_if_eq("kind", "verify"))]
    key: Option<String>,
    /// End once standard input does, so that it never outlives who started it
    #[arg(long, hide = true)]
    attended: bool,
}

/// What a bare service does for each call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FloorKind {
    /// Nothing
    Empty,
    /// Sign as many bytes as a token has
    Sign,
    /// Verify the signature of the token
    Verify,
}

/// Serves until the process is ended, or its standard input is if that was asked for.
pub(super) async fn run(args: FloorArgs) -> Result<(), BenchError> {
    let FloorArgs {
        kind,
        listen,
        key,
        attended,
    } = args;
    let mut signals = Signals::new().map_err(BenchError::System)?;
    let floor = match kind {
        FloorKind::Empty => Floor::Empty,
        FloorKind::Sign => Floor::Sign,
        FloorKind::Verify => {
            let key = key.unwrap_or_default();
            let read = PublicKey::from_jwk(&key).ok_or(BenchError::NoKey(key))?;
            Floor::Verify(Box::new(read))
        }
    };
    let refused = |source| BenchError::Listen {
        address: listen,
        source,
    };
    let listener = TcpListener::bind(listen).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    print_detached(&format!("{LISTENING}http://{bound}"));
    tokio::select! {
        ended = floor::serve(listener, floor) => Ok(ended?),
        () = left_alone(), if attended => Ok(()),
        _stop = signals.received() => Ok(()),
    }
}

/// Waits until standard input ends, on a thread that does not keep the process from ending.
async fn left_alone() {
    let (tell, told) = oneshot::channel::<()>();
    thread::spawn(move || {
        // An input that fails is over, too.
        drop(io::stdin().read_to_end(&mut Vec::new()));
        drop(tell);
    });
    drop(told.await);
}

/// A bare service in a process of its own, which ends with this one.
#[derive(Debug)]
pub(super) struct FloorProcess {
    process: Child,
    /// Where it answers.
    pub(super) endpoint: String,
}

impl FloorProcess {
    /// Starts one. A key is what it verifies with.
    pub(super) async fn start(kind: FloorKind, key: Option<&str>) -> Result<Self, BenchError> {
        let started = time::timeout(PATIENCE, Self::spawn(kind, key)).await;
        let started = started.unwrap_or_else(|_late| Err(io::ErrorKind::TimedOut.into()));
        started.map_err(BenchError::Floor)
    }

    /// Dropped on the way, by Ctrl-C or by the clock, it kills what it has started, and with that ends
    /// what the thread waits for.
    async fn spawn(kind: FloorKind, key: Option<&str>) -> io::Result<Self> {
        let kind = kind.to_possible_value();
        let mut command = Command::new(env::current_exe()?);
        command.args(["bench", "floor", "--attended", "--kind"]);
        command.arg(kind.as_ref().map_or("", |kind| kind.get_name()));
        if let Some(key) = key {
            // A key may begin with a dash.
            command.arg(format!("--key={key}"));
        }
        // Its input is a pipe that nobody writes to. It ends when this process does, whatever kills it.
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut floor = Self {
            process: command.spawn()?,
            endpoint: String::new(),
        };
        let said = floor.process.stdout.take();
        let said = said.ok_or(io::ErrorKind::BrokenPipe)?;
        let line = task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(said).read_line(&mut line).map(|_| line)
        });
        let line = line.await.map_err(io::Error::other)??;
        let endpoint = line.trim_end().strip_prefix(LISTENING);
        endpoint
            .ok_or(io::ErrorKind::UnexpectedEof)?
            .clone_into(&mut floor.endpoint);
        Ok(floor)
    }
}

impl Drop for FloorProcess {
    fn drop(&mut self) {
        // One that has ended by itself is what was wanted.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// It has nothing to do but to bind a port.
const PATIENCE: Duration = Duration::from_secs(20);
const LISTENING: &str = "listening on ";
