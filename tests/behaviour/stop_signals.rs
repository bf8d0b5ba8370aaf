//! SIGTERM, SIGINT and SIGHUP, sent to commands that run on, also as the first process of a container.

use std::fs::{self, File};
use std::io::Read as _;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Data, Server, eventually, http, lanyard};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_waits_for_redis_ends_at_once() {
    for signal in [Signal::TERM, Signal::INT] {
        let (redis, url) = silent("redis");
        let data = Data::new();
        fs::write(data.beside("password"), "secret\n").expect("room");
        let flags = ["--redis", &url, "--redis-response-timeout", "30s"];
        let files = ["--master-key-file", "key", "--bootstrap-file", "first.json"];
        let ports = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
        let arguments = [&["serve"][..], &flags, &files, &ports].concat();
        let process = Process::start(&data, &arguments);
        accepted(redis).await;
        process.send(signal);
        assert_eq!(process.ended().await.code(), Some(0), "{signal:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_drain() {
    let authority = Server::start().await;
    for signal in [Signal::TERM, Signal::INT] {
        for enforces in [false, true] {
            let data = Data::new();
            let bootstrap = authority.data().bootstrap_path();
            let bootstrap = bootstrap.to_str().expect("a path of text");
            let serve = ["serve", "--data", "data"];
            let enforce = ["enforce", "--authority", authority.endpoint()];
            let credential = ["--credential", bootstrap];
            let arguments = if enforces {
                [&enforce[..], &credential].concat()
            } else {
                serve.to_vec()
            };
            let ports = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
            let process = Process::start(&data, &[&arguments[..], &ports].concat());
            process.says("admin on").await;
            process.send(signal);
            assert_eq!(process.ended().await.code(), Some(0), "{signal:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_run_on_end_with_the_code_of_the_signal() {
    let server = Server::start().await;
    server.ready().await;
    let bench = "bench check --against none --warm-up 0s --duration 10m";
    let (black_hole, url) = silent("http");
    let stuck = format!("identity list --endpoint {url}");
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        for (line, code) in [
            ("watch", code),
            ("bench floor --kind empty", 0),
            (bench, code),
            (&stuck, code),
            // Reads its standard input.
            ("token inspect -", code),
        ] {
            let words: Vec<_> = line.split(' ').collect();
            let process = Process::start(server.data(), &words);
            match line {
                "watch" => process.says("started").await,
                "token inspect -" => process.has_handlers().await,
                _ if line == bench => {
                    eventually("the bench has created its identity", async || {
                        !server.primary().list_all().await.is_empty()
                    })
                    .await;
                }
                _ if line == stuck => accepted(black_hole.try_clone().expect("a socket")).await,
                _ => process.says("listening on").await,
            }
            // A connection of the command before may have been accepted.
            process.has_handlers().await;
            process.send(signal);
            let output = process.data.beside("output");
            let ended = process.ended().await;
            let printed = fs::read_to_string(output).unwrap_or_default();
            assert_eq!(ended.code(), Some(code), "{line}: {printed}");
            assert!(server.primary().list_all().await.is_empty(), "{line}");
        }
    }
}

#[tokio::test]
async fn a_hangup_drains_an_enforcer_and_ends_no_authority() {
    let authority = Server::start().await;
    let enforcer = Server::enforce(authority.data(), &[authority.endpoint()], &[]).await;
    for server in [&authority, &enforcer] {
        server.ready().await;
        server.signal(Signal::HUP);
        server.says("SIGHUP").await;
    }
    let drained = enforcer.ended().await;
    assert!(drained.status.success(), "{drained:?}");
    assert_eq!(
        http::get(authority.admin_url(), "/readyz").await.status,
        200
    );
    let exited = authority.stop().await;
    assert!(exited.status.success(), "{exited:?}");
}

/// A command that runs as the first process of a container, if this user may make one.
struct Process {
    started: Child,
    data: Data,
}

impl Process {
    fn start(data: &Data, arguments: &[&str]) -> Self {
        let mut command = if may_unshare() {
            let mut command = Command::new("unshare");
            command.args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
            command.arg(lanyard());
            command
        } else {
            Command::new(lanyard())
        };
        let output = File::create(data.beside("output")).expect("a file");
        command.args(arguments).env_clear();
        command.env("LANYARD_DATA", data.path());
        command.current_dir(data.beside("")).stdin(Stdio::piped());
        command.stderr(output.try_clone().expect("a file"));
        let started = command.stdout(output).spawn().expect("it starts");
        let data = data.clone();
        Self { started, data }
    }

    /// The process of the command itself, once there is one.
    fn pid(&self) -> Option<Pid> {
        let id = self.started.id();
        let children = format!("/proc/{id}/task/{id}/children");
        let pid = if may_unshare() {
            let children = fs::read_to_string(children).ok()?;
            children.split_whitespace().next()?.parse().ok()?
        } else {
            i32::try_from(id).ok()?
        };
        Pid::from_raw(pid)
    }

    fn send(&self, signal: Signal) {
        kill_process(self.pid().expect("a process"), signal).expect("a signal");
    }

    async fn says(&self, text: &str) {
        let what = format!("it prints `{text}`");
        eventually(&what, async || {
            let printed = fs::read_to_string(self.data.beside("output"));
            printed.is_ok_and(|printed| printed.contains(text))
        })
        .await;
    }

    /// Waits until it handles SIGTERM.
    async fn has_handlers(&self) {
        eventually("it handles SIGTERM", async || {
            let Some(pid) = self.pid() else { return false };
            let status = format!("/proc/{}/status", pid.as_raw_nonzero());
            let status = fs::read_to_string(status).unwrap_or_default();
            let mut lines = status.lines();
            let caught = lines.find_map(|line| line.strip_prefix("SigCgt:"));
            let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
            caught.is_some_and(|mask| mask & (1 << 14) != 0)
        })
        .await;
    }

    async fn ended(mut self) -> ExitStatus {
        let mut ended = None;
        let what = "the process has ended";
        eventually(what, async || {
            ended = self.started.try_wait().expect("a process");
            ended.is_some()
        })
        .await;
        let ended: ExitStatus = ended.expect("an exit");
        assert_eq!(ended.signal(), None);
        ended
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended, unless the test has failed.
        let _ = self.started.kill();
        let _ = self.started.wait();
    }
}

/// A server that accepts connections and never answers.
fn silent(scheme: &str) -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    (listener, format!("{scheme}://{address}"))
}

/// Waits for the first bytes of a client, and keeps its connection.
async fn accepted(listener: TcpListener) {
    let accepted = tokio::task::spawn_blocking(move || {
        let (mut connection, _) = listener.accept().expect("a connection");
        connection.read_exact(&mut [0]).expect("a byte");
        // For as long as the test runs.
        std::mem::forget(connection);
    });
    accepted.await.expect("a client");
}

/// Whether this user may start the first process of a container.
fn may_unshare() -> bool {
    static MAY: OnceLock<bool> = OnceLock::new();
    *MAY.get_or_init(|| {
        let mut unshare = Command::new("unshare");
        unshare.args(["--pid", "--fork", "--mount-proc", "true"]);
        let may = unshare.status().is_ok_and(|status| status.success());
        if !may {
            eprintln!("NOT TESTED as the first process of a container: unshare is not permitted");
        }
        may
    })
}
