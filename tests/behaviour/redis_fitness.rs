//! What a Redis must be like, who logs in there and how, and what happens when it is not there.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use lanyard_redis_fixture::{Cluster, Replicated, Standalone};
use tokio::time::{Duration, Instant};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::support::{Exited, Replicas, Server, eventually, issue_request, lanyard, reason};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_may_lose_what_was_acknowledged_is_refused_unless_that_is_said() {
    for setting in ["appendfsync everysec", "appendonly no"] {
        let redis = Standalone::builder().config(setting).start();
        let replicas = Replicas::on(&redis.url());
        let exited = replicas.refuses_to_start(&[]).await;
        refused(
            &exited,
            &["appendfsync always", "--redis-durability=relaxed"],
        );
        assert_eq!(redis.ask::<u64>(&["DBSIZE"]).unwrap(), 0);

        let relaxed = ["--redis-durability", "relaxed"];
        let server = replicas.start_with(&relaxed).await;
        server.primary().token(&["chat"]).await;
        server.says("may be lost when Redis crashes\n").await;
        server.says_in_one_line(&["WARN", "revocations too"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_throws_away_what_it_keeps_is_refused() {
    let builder = Standalone::builder().config("maxmemory 100mb");
    let redis = builder.config("maxmemory-policy allkeys-lru").start();
    let exited = Replicas::on(&redis.url()).refuses_to_start(&[]).await;
    refused(&exited, &["allkeys-lru", "noeviction"]);
}

/// The user has what docs/redis.md says that it needs, and not a command more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_with_the_documented_rights_and_a_password_from_a_file_is_enough() {
    let user = format!("user lanyard on >{PASSWORD} {}", documented_rights());
    let builder = Standalone::builder().config("requirepass another");
    let redis = builder.config(&user).start();
    let replicas = Replicas::on(&redis.url());
    let password = replicas.data().beside("password");
    fs::write(&password, format!("{PASSWORD}\n")).unwrap();
    let login = [
        "--redis-user",
        "lanyard",
        "--redis-password-file",
        path(&password),
    ];
    let (one, other) = tokio::join!(replicas.start_with(&login), replicas.start_with(&login));
    everything_works(&one, &other).await;
    for server in [&one, &other] {
        never_told(server);
    }
    let denied: Vec<String> = redis.ask(&["ACL", "LOG"]).unwrap_or_default();
    assert_eq!(denied, [""; 0], "a command was refused");

    fs::write(&password, "wrong").unwrap();
    let exited = replicas.refuses_to_start(&login).await;
    refused(&exited, &["refuses the login"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_rights_are_enough_on_a_cluster() {
    let user = format!("user lanyard on >{PASSWORD} {}", documented_rights());
    let servers = Cluster::start_with(0, &[&user, "user default off"]);
    let replicas = Replicas::on(&servers.url());
    let password = replicas.data().beside("password");
    fs::write(&password, PASSWORD).unwrap();
    let login = [
        "--redis-user",
        "lanyard",
        "--redis-password-file",
        path(&password),
    ];
    let (one, other) = tokio::join!(replicas.start_with(&login), replicas.start_with(&login));
    everything_works(&one, &other).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_replicas_says_how_many_must_have_a_write_and_it_waits_for_them() {
    let servers = Replicated::start(1);
    let unsaid = Replicas::on(&servers.sentinel_url());
    refused(&unsaid.refuses_to_start(&[]).await, &["--redis-replicas"]);
    let replicas = Replicas::with(&servers.sentinel_url(), &["--redis-replicas", "1"]);
    let server = replicas.start().await;
    let caller = server.primary();
    let token = caller.token(&["chat"]).await;
    let replica = servers.node(1);
    replica.kill();
    let refused = caller.revoke(&token).await.unwrap_err();
    assert_eq!(reason(&refused), "STORE_UNAVAILABLE");
    replica.restart();
    eventually("it is revoked once the replica is there", async || {
        caller.revoke(&token).await.is_ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_may_stand_in_the_environment_and_is_told_nobody() {
    let builder = Standalone::builder().config(&format!("requirepass {PASSWORD}"));
    let redis = builder.start();
    let replicas = Replicas::on(&redis.url());
    let mut command = replicas.command_without_url(&["--log", "debug"]);
    command.env("LANYARD_REDIS", redis.url_as("default", PASSWORD));
    let server = Server::run(replicas.data(), command).await;
    server.primary().token(&["chat"]).await;
    never_told(&server);
    let told = format!("data on redis://{},", redis.address());
    server.says(&told).await;

    // Nor when it is wrong, or what it stands in is.
    let url = |password: &str| redis.url_as("default", password);
    for (wrong, named) in [
        (url("s3cret-other"), "refuses the login"),
        (
            url(PASSWORD).replace("redis://", "http://"),
            "must begin with",
        ),
        (url(PASSWORD).replace(':', ";"), "must begin with"),
    ] {
        let mut command = replicas.command_without_url(&[]);
        command.env("LANYARD_REDIS", wrong);
        let exited = Server::gives_up(command).await;
        assert!(!exited.status.success(), "{exited:?}");
        assert!(exited.output.contains(named), "{exited:?}");
        assert!(!exited.output.contains("s3cret"), "{exited:?}");
    }
    let mut help = Command::new(lanyard());
    help.args(["serve", "--help"])
        .env("LANYARD_REDIS", url(PASSWORD));
    let help = tokio::task::block_in_place(|| help.output()).unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(
        help.contains("LANYARD_REDIS") && !help.contains(PASSWORD),
        "{help}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_in_an_argument_is_refused_with_what_helps() {
    let redis = Standalone::start();
    let replicas = Replicas::on(&redis.url_as("default", PASSWORD));
    let exited = replicas.refuses_to_start(&[]).await;
    assert_eq!(exited.status.code(), Some(2), "{exited:?}");
    for remedy in ["--redis-password-file", "LANYARD_REDIS"] {
        assert!(exited.output.contains(remedy), "{exited:?}");
    }
    assert!(!exited.output.contains(PASSWORD), "{exited:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_a_server_is_believed_by_the_authority_that_was_named() {
    let redis = Standalone::builder().tls().start();
    let replicas = Replicas::on(&redis.url());
    let exited = replicas.refuses_to_start(&[]).await;
    refused(&exited, &[&redis.url()]);
    let authority = ["--redis-ca-file", path(redis.authority())];
    let (one, other) = tokio::join!(
        replicas.start_with(&authority),
        replicas.start_with(&authority)
    );
    everything_works(&one, &other).await;

    let none = ["--redis-ca-file", "/nowhere/ca.pem"];
    let exited = replicas.refuses_to_start(&none).await;
    refused(&exited, &["TLS"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_a_redis_that_asks_who_is_calling_is_told() {
    let redis = Standalone::builder()
        .tls()
        .config("tls-auth-clients yes")
        .start();
    let replicas = Replicas::on(&redis.url());
    // The one certificate that the authority has signed does for the other side, too.
    let files = redis.authority().parent().unwrap();
    let (certificate, key) = (files.join("server.pem"), files.join("server.key"));
    let authority = ["--redis-ca-file", path(redis.authority())];
    refused(
        &replicas.refuses_to_start(&authority).await,
        &[&redis.url()],
    );
    let own = [
        "--redis-cert-file",
        path(certificate),
        "--redis-key-file",
        path(key),
    ];
    let server = replicas
        .start_with(&[&authority[..], &own[..]].concat())
        .await;
    server.primary().token(&["chat"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_away_is_told_at_once() {
    let redis = Standalone::start();
    let replicas = Replicas::on(&redis.url());
    redis.pause();
    let begun = Instant::now();
    refused(&replicas.refuses_to_start(&[]).await, &[&redis.url()]);
    println!("paused: refused after {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(10));
    redis.kill();
    let begun = Instant::now();
    refused(&replicas.refuses_to_start(&[]).await, &[&redis.url()]);
    println!("killed: refused after {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_is_away_calls_are_refused_at_once_and_then_served_again() {
    let redis = Standalone::start();
    let patience = ["--redis-response-timeout", "2s"];
    let server = Replicas::with(&redis.url(), &patience).start().await;
    let caller = server.primary();
    let identity = caller.identity().await;
    let token = caller.issue(&identity, &["chat"]).await.token;
    let issue = async || caller.try_issue(issue_request(&identity, &["chat"])).await;

    redis.pause();
    away(issue().await);
    redis.resume();
    eventually("tokens are issued again", async || issue().await.is_ok()).await;

    redis.kill();
    let begun = Instant::now();
    for _ in 0..20 {
        away(issue().await);
    }
    // Half of what they take who wait for an answer.
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    redis.restart();
    eventually("tokens are issued again", async || issue().await.is_ok()).await;
    let revocation = caller.revoke(&token).await.unwrap();
    assert!(!revocation.position.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_error_of_a_start_has_the_words_of_the_server() {
    let servers = Replicated::start(1);
    let url = servers.sentinel_url().replace("mymaster", "nobody");
    let exited = Replicas::on(&url).refuses_to_start(&[]).await;
    let each = servers.sentinels().iter().map(|sentinel| {
        let address = sentinel.address();
        format!("{address}: has no primary named `nobody`")
    });
    let each = each.collect::<Vec<_>>().join("; ");
    refused(&exited, &[&format!("by a majority ({each})")]);

    let exited = Replicas::on(&servers.node(1).url())
        .refuses_to_start(&[])
        .await;
    let replica = format!("{} is a replica of", servers.node(1).address());
    refused(&exited, &[&replica, &servers.node(0).address()]);

    let redis = Standalone::builder().config("maxmemory 1").start();
    let exited = Replicas::on(&redis.url()).refuses_to_start(&[]).await;
    refused(
        &exited,
        &[&format!("{}: OOM command not allowed", redis.address())],
    );

    let redis = Standalone::start();
    let deny = |right| {
        let denied = ["ACL", "SETUSER", "default", right];
        tokio::task::block_in_place(|| redis.ask::<()>(&denied)).unwrap();
    };
    deny("-evalsha");
    let replicas = Replicas::on(&redis.url());
    let exited = replicas.refuses_to_start(&[]).await;
    let address = redis.address();
    refused(&exited, &[&format!("{address}: NOPERM"), "evalsha"]);

    // A store that exists is opened without a script, and its logs cannot be read.
    deny("+evalsha");
    drop(replicas.start().await);
    deny("-evalsha");
    let server = replicas.start().await;
    server
        .says_in_one_line(&["ERROR", &address, "NOPERM", "evalsha"])
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_call_is_logged_with_the_words_of_the_server() {
    let redis = Standalone::start();
    let server = Replicas::on(&redis.url()).start().await;
    let caller = server.primary();
    caller.identity().await;
    let limit = ["CONFIG", "SET", "maxmemory", "1"];
    tokio::task::block_in_place(|| redis.ask::<()>(&limit)).unwrap();
    let failed = caller.create(None).await.unwrap_err();
    assert_eq!(reason(&failed), "STORE_UNAVAILABLE");
    assert!(!failed.message().contains("OOM"), "{failed:?}");
    let address = redis.address();
    server.says_in_one_line(&["ERROR", &address, "OOM"]).await;
}

/// Asserts that a call was refused because Redis is away.
fn away<T: std::fmt::Debug>(answer: Result<T, Status>) {
    let refused = answer.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(reason(&refused), "STORE_UNAVAILABLE");
    assert!(refused.get_details_retry_info().is_some(), "{refused:?}");
}

/// A bit of everything that goes to Redis.
async fn everything_works(one: &Server, other: &Server) {
    let (here, there) = (one.primary(), other.primary());
    let identity = here.create(Some("ada")).await.unwrap().id;
    let token = there.issue(&identity, &["chat"]).await.token;
    here.revoke(&token).await.unwrap();
    there.revoke_all(&identity).await.unwrap();
    here.delete(&identity).await.unwrap();
    assert!(there.list_all().await.is_empty());
    let subscription = one.data().bootstrap_text("subscription_id");
    let resource = other
        .operator()
        .create_resource(&subscription, "another")
        .await;
    drop(resource.unwrap());
}

/// Nobody who looks at the process or at what it prints learns the password.
fn never_told(server: &Server) {
    let words = fs::read(format!("/proc/{}/cmdline", server.pid())).unwrap();
    let words = String::from_utf8_lossy(&words).into_owned();
    assert!(
        words.contains("serve") && !words.contains(PASSWORD),
        "{words}"
    );
    assert!(!server.output().contains(PASSWORD), "{}", server.output());
}

/// Asserts that a start was refused with one line that has all of these words.
fn refused(exited: &Exited, words: &[&str]) {
    assert_eq!(exited.status.code(), Some(1), "{exited:?}");
    let mut errors = exited
        .output
        .lines()
        .filter(|line| line.starts_with("error: "));
    let error = errors.next().unwrap_or_else(|| panic!("{exited:?}"));
    assert_eq!(errors.next(), None, "{exited:?}");
    for word in words {
        assert!(error.contains(word), "{word} in {error}");
    }
}

/// What docs/redis.md has an operator give to the user.
fn documented_rights() -> String {
    let (_, rest) = DOCUMENT.split_once("\n    ACL SETUSER lanyard on").unwrap();
    let (line, _) = rest.split_once('\n').unwrap();
    let rights: Vec<_> = line
        .split_whitespace()
        .filter(|word| !word.starts_with('>'))
        .collect();
    rights.join(" ")
}

fn path(path: impl Into<PathBuf>) -> &'static str {
    // A test's few paths may live as long as it does.
    path.into().into_os_string().into_string().unwrap().leak()
}

const PASSWORD: &str = "s3cret-of-redis";
const DOCUMENT: &str = include_str!("../../docs/redis.md");
