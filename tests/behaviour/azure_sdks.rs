//! The Azure Communication Identity SDKs, unmodified, against a real server.
//!
//! The suites are in `tests/clients/azure`, a directory for each language. They are told where the
//! server is, as their `run.sh` lists.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Data, Server, lanyard};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_synchronous_and_asynchronous() {
    // In brackets behind it would be what was skipped.
    suite("python", &["\nOK\n"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node() {
    suite("node", &["fail 0", "skipped 0"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn java_synchronous_and_asynchronous() {
    suite("java", &[" 0 tests failed", " 0 tests skipped"]).await;
}

/// Runs the suite of a language, and looks for what it says when nothing was left out.
async fn suite(language: &str, said: &[&str]) {
    let secure = Server::start_with(&["--dev-tls"]).await;
    let plain = Server::start_with(&["--acs-claims"]).await;
    let mut command = Command::new("bash");
    command.arg(format!("{SUITES}/{language}/run.sh"));
    inherit(&mut command);
    command.envs(told(&secure, &plain)).stdin(Stdio::null());
    let ran = tokio::task::block_in_place(|| command.output()).expect("bash runs");
    let output = format!(
        "{}{}",
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr)
    );
    let all = said.iter().all(|said| output.contains(said));
    assert!(ran.status.success() && all, "{}\n{output}", secure.output());
    println!("{output}");
}

/// The tools of a language are where the machine has them; nothing else of the environment counts.
#[expect(
    clippy::disallowed_methods,
    reason = "the suites use the tools of this machine"
)]
fn inherit(command: &mut Command) {
    command.env_clear();
    for variable in ["PATH", "HOME", "JAVA_HOME"] {
        command.envs(std::env::var_os(variable).map(|value| (variable, value)));
    }
}

fn told(secure: &Server, plain: &Server) -> Vec<(&'static str, String)> {
    let data = secure.data();
    let text = |path: &Path| path.display().to_string();
    let string = ["resource", "connection-string"];
    let secondary = [&string[..], &["--slot", "secondary"]].concat();
    let other = text(&data.beside("other.json"));
    cli(data, &["resource", "create", "other", "--out", &other]);
    let of_other = ["--credential", &other];
    let user = ["identity", "create", "--field", "identity.id"];
    let plain_key = &plain.data().bootstrap()["primary"]["secret"];
    vec![
        ("AZURE_ENDPOINT", secure.endpoint().to_owned()),
        ("AZURE_CA", text(&data.dev_ca_path())),
        ("AZURE_CONNECTION_STRING", cli(data, &string)),
        ("AZURE_SECONDARY_CONNECTION_STRING", cli(data, &secondary)),
        (
            "AZURE_OTHER_CONNECTION_STRING",
            cli(data, &[&string, &of_other[..]].concat()),
        ),
        (
            "AZURE_OTHER_USER",
            cli(data, &[&user[..], &of_other].concat()),
        ),
        ("AZURE_PLAIN_ENDPOINT", plain.endpoint().to_owned()),
        (
            "AZURE_PLAIN_KEY",
            plain_key.as_str().expect("a secret").to_owned(),
        ),
        ("LANYARD", text(lanyard())),
        ("LANYARD_DATA", text(&data.path())),
    ]
}

fn cli(data: &Data, words: &[&str]) -> String {
    let mut command = Command::new(lanyard());
    command
        .env_clear()
        .args(words)
        .arg("--data")
        .arg(data.path());
    let ran = command.output().expect("the binary runs");
    assert!(ran.status.success(), "{ran:?}");
    String::from_utf8(ran.stdout)
        .expect("text")
        .trim_end()
        .to_owned()
}

const SUITES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/azure");
