//! The tour of the README, run as it is printed.

use std::process::{Command, Stdio};
use std::{env, fs, os::unix};

use crate::support::{Data, Server, lanyard};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tour_works_and_works_again_on_the_directory_that_it_left() {
    let data = Data::new();
    // The tour finds the binary where cargo puts it, and the authority in the directory it is in.
    let release = data.beside("target/release");
    fs::create_dir_all(&release).expect("a directory");
    unix::fs::symlink(lanyard(), release.join("lanyard")).expect("a link");
    unix::fs::symlink(data.path(), data.beside("lanyard-data")).expect("a link");
    for round in ["the first time", "again"] {
        let server = Server::start_on(&data, &[]).await;
        let printed = tokio::task::block_in_place(|| run(&tour(&server), &data));
        let mut rest = printed.as_str();
        for expected in EXPECTED {
            let found = rest.split_once(expected);
            let (_, after) = found.unwrap_or_else(|| panic!("{round}: {expected}\n\n{printed}"));
            rest = after;
        }
        let exited = server.stop().await;
        assert!(exited.status.success(), "{round}: {exited:?}");
    }
}

/// Every block of shell commands, with the addresses of the server at hand instead of the printed
/// defaults, on which something else may listen here.
fn tour(server: &Server) -> String {
    let blocks = README.split("```sh\n").skip(1).map(|rest| {
        let (block, _) = rest.split_once("```").expect("a block ends");
        block
    });
    let tour = blocks.collect::<String>();
    let tour = tour.replace("http://127.0.0.1:7400", server.endpoint());
    tour.replace("http://127.0.0.1:7402", server.admin_url())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the script uses the tools of this machine"
)]
fn run(script: &str, data: &Data) -> String {
    let mut command = Command::new("bash");
    command
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(data.beside(""));
    command
        .env_clear()
        .env("PATH", env::var("PATH").expect("a path"));
    let output = command.stdin(Stdio::null()).output().expect("bash runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{stderr}\n\n{stdout}");
    stdout
}

/// What the README says that the tour shows, in this order.
const EXPECTED: [&str; 9] = [
    "8:acs:",
    "active:",
    "allowed  ALLOWED  granted by chat  list age",
    "revoked the token",
    "denied  TOKEN_REVOKED  list age",
    "allowed  ALLOWED  granted by chat.join  list age",
    "denied  SCOPE_MISSING  would suffice: chat  list age",
    "\"kty\":\"OKP\"",
    "ready\n",
];

const README: &str = include_str!("../../README.md");
