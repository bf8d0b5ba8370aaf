//! Foreign gRPC clients and JOSE libraries against the real binary.
//!
//! The suites are in `tests/clients/interop`, a directory for each language, which generate their code
//! from `proto/` with the tools of that language. `run.sh` there lists the variables that they are given.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python() {
    // A skipped test would be counted in brackets behind it.
    suite("python", &["\nOK\n"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node() {
    suite("node", &["fail 0", "skipped 0"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn java() {
    suite("java", &[" 0 tests failed", " 0 tests skipped"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn go() {
    // Each package prints one of these; a skipped test would print its own line.
    suite("go", &["\nPASS\n"]).await;
}

/// Runs the suite of a language, and requires the lines that its test runner prints when no test failed
/// and none was skipped.
async fn suite(language: &str, expected: &[&str]) {
    let secure = Server::start_with(&["--dev-tls"]).await;
    let plain = Server::start_with(&["--token-alg", "Ed25519"]).await;
    let socket = secure.data().beside("enforcer.sock");
    let listen = format!("unix:{}", socket.display());
    let flags = ["--listen", listen.as_str()];
    let enforcer = Server::enforce(secure.data(), &[secure.endpoint()], &flags).await;
    enforcer.ready().await;
    let text = |path: &Path| path.display().to_string();
    let mut command = Command::new("bash");
    command
        .arg(format!("{SUITES}/{language}/run.sh"))
        .stdin(Stdio::null());
    keep_tools(&mut command);
    command.envs([
        ("INTEROP_TLS_ENDPOINT", secure.endpoint().to_owned()),
        ("INTEROP_CA", text(&secure.data().dev_ca_path())),
        (
            "INTEROP_TLS_BOOTSTRAP",
            text(&secure.data().bootstrap_path()),
        ),
        ("INTEROP_PLAIN_ENDPOINT", plain.endpoint().to_owned()),
        (
            "INTEROP_PLAIN_BOOTSTRAP",
            text(&plain.data().bootstrap_path()),
        ),
        ("INTEROP_SOCKET", text(&socket)),
    ]);
    let ran = tokio::task::block_in_place(|| command.output()).expect("bash runs");
    let output = [ran.stdout, ran.stderr].concat();
    let output = String::from_utf8_lossy(&output);
    let complete = expected.iter().all(|line| output.contains(line));
    let logs = [&secure, &plain, &enforcer].map(Server::output).concat();
    assert!(ran.status.success() && complete, "{logs}\n{output}");
    println!("{output}");
}

/// Removes all of the environment but the variables by which the tools of a language are found.
#[expect(
    clippy::disallowed_methods,
    reason = "the suites use the tools of this machine"
)]
fn keep_tools(command: &mut Command) {
    command.env_clear();
    for variable in ["PATH", "HOME", "JAVA_HOME"] {
        command.envs(std::env::var_os(variable).map(|value| (variable, value)));
    }
}

const SUITES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/interop");
