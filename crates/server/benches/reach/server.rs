//! A server of one's own: the real binary, on free ports, in a directory that goes with it.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use lanyard_token::{BootTime, Clock as _, SystemClock};
use serde_json::Value;
use tempfile::TempDir;

use super::Effort;

/// A directory, for as long as somebody holds it.
#[derive(Clone)]
pub(super) struct Home(Arc<TempDir>);

/// A process that is killed when it is dropped, also by whatever went wrong meanwhile.
struct Process(Child);

/// A server that answers.
pub(super) struct Server {
    process: Process,
    admin: String,
    endpoint: String,
    took: Duration,
    bootstrap: &'static str,
    // After the process, so that nothing writes there any more.
    home: Home,
}

impl Home {
    pub(super) fn new() -> Self {
        Self(Arc::new(
            tempfile::tempdir().expect("a temporary directory"),
        ))
    }

    fn path(&self, name: &str) -> String {
        let path = self.0.path().join(name);
        path.to_str().expect("a path of text").to_owned()
    }
}

impl Server {
    /// Starts one on an empty directory.
    pub(super) fn start() -> Self {
        Self::start_on(&Home::new(), &[])
    }

    /// Starts one on a directory that may have been used before, with further flags, and waits until it
    /// is ready.
    pub(super) fn start_on(home: &Home, flags: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lanyard"));
        let listen = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
        command.arg("serve").env_clear().args(listen).args(flags);
        let bootstrap = if flags.is_empty() {
            command.args(["--data", &home.path("data")]);
            "data/bootstrap.json"
        } else {
            let (file, key) = (home.path("bootstrap.json"), home.path("master.key"));
            command.args(["--bootstrap-file", &file, "--master-key-file", &key]);
            "bootstrap.json"
        };
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let begun = now();
        let mut process = Process(command.spawn().expect("the binary runs"));
        let lines = lines(process.0.stdout.take().expect("a pipe"));
        let mut server = Self {
            endpoint: after("listening on ", &lines),
            admin: after("admin on ", &lines),
            process,
            took: Duration::ZERO,
            bootstrap,
            home: home.clone(),
        };
        eventually(A_START, "the server is not ready", || {
            server.is_ready().then_some(())
        });
        server.took = now().since(begun);
        server
    }

    /// From the start of its process until it was ready.
    pub(super) const fn took(&self) -> Duration {
        self.took
    }

    pub(super) fn admin(&self) -> &str {
        &self.admin
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// Lets it be for a time.
    pub(super) fn leave_alone(&self, time: Duration) {
        leave_alone(time);
        assert!(self.is_ready(), "the server is no longer ready");
    }

    /// Runs a benchmark under the default load.
    pub(super) fn bench(&self, line: &str, effort: Effort) -> Value {
        let Effort {
            rounds, seconds, ..
        } = effort;
        self.command(&format!("{line} --rounds {rounds} --duration {seconds}s"))
    }

    /// Runs a benchmark as its flags say.
    pub(super) fn command(&self, line: &str) -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lanyard"));
        command.arg("bench").env_clear().args(line.split(' '));
        let credential = self.home.path(self.bootstrap);
        command.args([
            "--json",
            "--endpoint",
            &self.endpoint,
            "--credential",
            &credential,
        ]);
        let (status, told, said) = output(command, line);
        assert!(status.success(), "{line}: {}", said.trim_end());
        serde_json::from_str(&told).expect("JSON")
    }

    fn is_ready(&self) -> bool {
        let host = self.admin.trim_start_matches("http://");
        let asked = TcpStream::connect(host).and_then(|mut stream| {
            stream.set_read_timeout(Some(A_START))?;
            let request =
                format!("GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes())?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        });
        asked.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended by itself is what was wanted.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Does nothing for a time: what runs is to be idle for so long.
pub(super) fn leave_alone(time: Duration) {
    let begun = now();
    while let Some(left) = time
        .checked_sub(now().since(begun))
        .filter(|left| !left.is_zero())
    {
        thread::park_timeout(left);
    }
}

/// Runs a command to its end, but not for ever.
fn output(mut command: Command, line: &str) -> (ExitStatus, String, String) {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut process = Process(command.spawn().expect("the binary runs"));
    let told = text(process.0.stdout.take().expect("a pipe"));
    let said = text(process.0.stderr.take().expect("a pipe"));
    let status = eventually(A_COMMAND, line, || {
        process.0.try_wait().expect("a process of ours")
    });
    let read = |pipe: thread::JoinHandle<String>| pipe.join().expect("a reader");
    (status, read(told), read(said))
}

/// All that comes out of a pipe, read while the process runs: a full pipe would stop it.
fn text(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).expect("text");
        text
    })
}

/// The lines that come out of a pipe, for as long as somebody takes them.
fn lines(pipe: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (says, said) = mpsc::channel();
    thread::spawn(move || {
        let lines = BufReader::new(pipe).lines();
        // Nobody takes them any more: they are read all the same, or the server would stand still.
        lines
            .map_while(Result::ok)
            .for_each(|line| drop(says.send(line)));
    });
    said
}

/// What is looked for, as soon as it is there.
fn eventually<T>(within: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(now().since(begun) < within, "{what}: waited for {within:?}");
        thread::park_timeout(LOOK_EVERY);
    }
}

/// The word that follows this text at the beginning of the next line that has it.
fn after(text: &str, lines: &mpsc::Receiver<String>) -> String {
    while let Ok(line) = lines.recv_timeout(A_START) {
        if let Some(rest) = line.strip_prefix(text) {
            return rest.trim_end().to_owned();
        }
    }
    panic!("the server did not say `{text}`")
}

pub(super) fn now() -> BootTime {
    SystemClock.boot().expect("a clock")
}

/// How long a start may take until it is one that failed.
const A_START: Duration = Duration::from_mins(1);
/// The longest command takes less than half of this.
const A_COMMAND: Duration = Duration::from_mins(20);
/// Short beside what a start takes.
const LOOK_EVERY: Duration = Duration::from_millis(1);
