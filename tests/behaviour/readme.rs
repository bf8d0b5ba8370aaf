//! The tour of the README and its section on Redis, run as they are printed.

use std::process::{Command, Stdio};
use std::{env, fs, os::unix};

use lanyard_redis_fixture::Standalone;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_section_on_redis_works() {
    let data = Data::new();
    let bin = data.beside("bin");
    fs::create_dir(&bin).expect("a directory");
    unix::fs::symlink(lanyard(), bin.join("lanyard")).expect("a link");
    let redis = Standalone::start();
    let mut servers = Vec::new();
    let starts = README
        .lines()
        .filter_map(|line| line.strip_prefix("    lanyard serve --redis "));
    for words in starts {
        let words = words.replace("redis://127.0.0.1:6379", &redis.url());
        servers.push(Server::run(&data, serving(&words, &data)).await);
    }
    let [_, other] = &servers[..] else {
        panic!("the section starts two authorities");
    };
    let (_, rest) = README.split_once("```bash\n").expect("a block");
    let (block, rest) = rest.split_once("```").expect("a block ends");
    let block = block.replace("http://127.0.0.1:7410", other.endpoint());
    let script = format!("export PATH=\"$PWD/bin:$PATH\"\n{block}");
    let printed = tokio::task::block_in_place(|| run(&script, &data));
    let shown = rest.lines().filter_map(|line| line.strip_prefix("    "));
    let shown: Vec<_> = shown
        .take(2)
        .filter_map(|line| line.split_once(" list age"))
        .collect();
    assert_eq!(shown.len(), 2, "what it prints is shown");
    for ((expected, _), line) in shown.iter().zip(printed.lines()) {
        assert!(line.starts_with(expected), "{expected} in {printed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_section_on_enforcers_works_after_the_tour() {
    let data = Data::new();
    let release = data.beside("target/release");
    fs::create_dir_all(&release).expect("a directory");
    unix::fs::symlink(lanyard(), release.join("lanyard")).expect("a link");
    unix::fs::symlink(data.path(), data.beside("lanyard-data")).expect("a link");
    let authority = Server::start_on(&data, &[]).await;
    let line = |start: &str| {
        let found = README.lines().find_map(|line| line.strip_prefix(start));
        found.unwrap_or_else(|| panic!("no line begins with `{start}`"))
    };
    let words = line("    lanyard enforce ");
    let words = words.replace("http://127.0.0.1:7400", authority.endpoint());
    let mut command = Command::new(lanyard());
    command.env_clear().current_dir(data.beside(""));
    command.arg("enforce").args(words.split_whitespace());
    Server::on_free_ports(&mut command, &[]);
    let enforcer = Server::run(&data, command).await;
    enforcer.ready().await;
    let check = line("    lanyard check \"$TOKEN\" create-message --endpoint");
    let (_, section) = README
        .split_once("## Checking beside a backend")
        .expect("a section");
    let mut shown = section.lines();
    let shown = shown.find_map(|line| line.strip_prefix("    allowed"));
    let (expected, _) = shown
        .and_then(|line| line.split_once(" list age"))
        .expect("output");
    let address = enforcer.endpoint();
    let check = check.replace("http://127.0.0.1:7401", address);
    let script = format!(
        "{}\nlanyard check \"$TOKEN\" create-message --endpoint{check}",
        tour(&authority)
    );
    let printed = tokio::task::block_in_place(|| run(&script, &data));
    let last = printed.lines().last().expect("output");
    assert!(last.starts_with(&format!("allowed{expected}")), "{last}");
}

/// The command of the README that starts an authority, on free ports.
fn serving(words: &str, data: &Data) -> Command {
    let mut command = Command::new(lanyard());
    command.env_clear().current_dir(data.beside(""));
    command.args(["serve", "--redis"]);
    let ports = ["127.0.0.1:7410", "127.0.0.1:7412"];
    let free = |word| {
        if ports.contains(&word) {
            "127.0.0.1:0"
        } else {
            word
        }
    };
    command.args(words.split_whitespace().map(free));
    for (flag, variable) in [
        ("--listen", "LANYARD_LISTEN"),
        ("--admin-listen", "LANYARD_ADMIN_LISTEN"),
    ] {
        if !words.contains(flag) {
            command.env(variable, "127.0.0.1:0");
        }
    }
    command
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
