//! Standard output and standard error that are full, gone, or not read: neither ends nor delays a process.

use std::fs::File;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::support::{Data, Server, eventually, http, lanyard};

#[tokio::test]
async fn log_lines_that_cannot_be_written_are_dropped_and_counted_and_the_server_goes_on() {
    for redirection in [
        // The disk is full.
        "2>/dev/full",
        // The reader is gone.
        "2> >(:)",
        // The reader has stopped: the pipe has a reading end, and it fills.
        "3<> \"$0.fifo\" 2>&3",
    ] {
        let data = Data::new();
        let server = Server::run(&data, redirected(&data, "serve", redirection)).await;
        is_undisturbed(&server, redirection).await;
    }
}

#[tokio::test]
async fn log_lines_that_cannot_be_written_do_not_end_an_enforcer_either() {
    let authority = Server::start().await;
    for redirection in ["2>/dev/full", "2> >(:)", "3<> \"$0.fifo\" 2>&3"] {
        let data = authority.data();
        let mut command = redirected(data, "enforce", redirection);
        command.args(["--authority", authority.endpoint(), "--credential"]);
        command.arg(data.bootstrap_path());
        let enforcer = Server::run(data, command).await;
        is_undisturbed(&enforcer, redirection).await;
    }
}

#[tokio::test]
async fn a_banner_that_cannot_be_written_does_not_end_the_server() {
    for redirection in [">/dev/full", "> >(:)", "3<> \"$0.fifo\" >&3"] {
        let data = Data::new();
        let mut command = redirected(&data, "serve", redirection);
        // Where it listens is in a file, too.
        let exited = {
            let mut process = command.spawn().expect("the binary runs");
            let endpoint = data.path().join("endpoint");
            eventually("it has written its endpoint", async || endpoint.exists()).await;
            let pid = i32::try_from(process.id()).ok();
            let pid = pid.and_then(rustix::process::Pid::from_raw);
            rustix::process::kill_process(pid.expect("a process id"), Signal::TERM)
                .expect("a signal");
            let mut exited = None;
            eventually("it has ended", async || {
                exited = process.try_wait().expect("a process");
                exited.is_some()
            })
            .await;
            exited.expect("an exit")
        };
        assert!(exited.success(), "{redirection}: {exited:?}");
    }
}

#[tokio::test]
async fn a_command_whose_output_is_not_read_ends_quietly_and_a_full_disk_is_an_error() {
    let server = Server::start().await;
    let list = &["identity", "list"][..];
    let error = "error: cannot write to standard output";
    for (command, stdout, code, line) in [
        (list, gone as fn() -> Stdio, 1, ""),
        (list, full, 1, error),
        (&["identity", "list", "--json"], full, 1, error),
        (&["--help"], gone, 0, ""),
        (&["--help"], full, 1, error),
    ] {
        for (stderr, is_read) in [
            (Stdio::piped as fn() -> Stdio, true),
            (gone, false),
            (full, false),
        ] {
            let mut lanyard = Command::new(lanyard());
            lanyard.args(command).env_clear();
            lanyard.env("LANYARD_DATA", server.data().path());
            let process = lanyard.stdout(stdout()).stderr(stderr()).spawn();
            let output = process.expect("the binary runs").wait_with_output();
            let output = output.expect("it ends");
            assert_eq!(output.status.code(), Some(code), "{command:?}: {output:?}");
            let told = String::from_utf8_lossy(&output.stderr);
            let expected = if is_read { line } else { "" };
            assert!(told.starts_with(expected), "{command:?}: {told}");
            assert_eq!(told.is_empty(), expected.is_empty(), "{command:?}: {told}");
        }
    }
}

/// A pipe whose reader is gone.
fn gone() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

/// A file on a disk that is full.
fn full() -> Stdio {
    let full = File::options().write(true).open("/dev/full");
    full.expect("a device").into()
}

/// A server that logs much, with a stream that takes none of it.
fn redirected(data: &Data, command: &str, redirection: &str) -> Command {
    let script = format!("mkfifo -m 600 \"$0.fifo\" 2>/dev/null; exec \"$@\" {redirection}");
    let mut bash = Command::new("bash");
    bash.env_clear().args(["-c", &script]);
    bash.arg(data.beside("stream")).arg(lanyard()).arg(command);
    if command == "serve" {
        bash.arg("--data").arg(data.path());
    }
    Server::on_free_ports(&mut bash, &["--log", "debug"]);
    bash
}

async fn is_undisturbed(server: &Server, what: &str) {
    server.ready().await;
    eventually("lines of the log were dropped", async || {
        // Each connection is worth some lines.
        http::get(server.admin_url(), "/healthz").await;
        drop(server.enforcer().introspect("x").await);
        let metrics = http::get(server.admin_url(), "/metrics").await.body;
        let dropped = metrics.lines().find_map(|line| {
            line.strip_prefix("lanyard_log_lines_dropped_total ")?
                .parse::<u64>()
                .ok()
        });
        dropped.expect("the metric is there") > 0
    })
    .await;
    assert_eq!(
        http::get(server.admin_url(), "/readyz").await.status,
        200,
        "{what}"
    );
    server.terminate();
}
