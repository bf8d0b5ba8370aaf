//! A server of one's own: the real binary, on free ports, in a directory that goes with it.

use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use lanyard_token::{BootTime, Clock as _, SystemClock};
use serde_json::Value;
use tempfile::TempDir;

use super::Effort;

/// A directory, for as long as somebody holds it.
#[derive(Clone)]
pub(super) struct Home(Arc<TempDir>);

/// A server that answers. It is killed when it is dropped.
pub(super) struct Server {
    process: Child,
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
        let mut process = command.spawn().expect("the binary runs");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe"));
        let mut server = Self {
            endpoint: after("listening on ", &mut lines),
            admin: after("admin on ", &mut lines),
            process,
            took: Duration::ZERO,
            bootstrap,
            home: home.clone(),
        };
        while !server.is_ready() {
            std::thread::park_timeout(LOOK_EVERY);
        }
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

    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Runs a benchmark under the default load.
    pub(super) fn bench(&self, line: &str, effort: Effort) -> Value {
        let Effort { rounds, seconds } = effort;
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
        let ended = command.output().expect("the binary runs");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{line}: {said}");
        serde_json::from_slice(&ended.stdout).expect("JSON")
    }

    fn is_ready(&self) -> bool {
        let host = self.admin.trim_start_matches("http://");
        let asked = TcpStream::connect(host).and_then(|mut stream| {
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

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended by itself is what was wanted.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The word that follows this text at the beginning of the next line that has it.
fn after(text: &str, lines: &mut impl std::io::BufRead) -> String {
    let mut line = String::new();
    while lines
        .read_line(&mut line)
        .expect("the server says where it is")
        > 0
    {
        if let Some(rest) = line.strip_prefix(text) {
            return rest.trim_end().to_owned();
        }
        line.clear();
    }
    panic!("the server did not say `{text}`")
}

fn now() -> BootTime {
    SystemClock.boot().expect("a clock")
}

/// Short beside what a start takes.
const LOOK_EVERY: Duration = Duration::from_millis(1);
