//! The server as a process: how it starts, what it writes, and how it ends.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use lanyard_proto::v1::{
    Capability, CheckRequest, CreateServiceKeyRequest, DecisionReason, ServiceKeyRole,
    StreamCheckRequest,
};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tonic::Code;

use crate::support::{Bearer, Data, Exited, Server, eventually, http, lanyard, reason};

#[tokio::test]
async fn sigterm_lets_a_call_in_progress_finish_and_lets_no_new_one_in() {
    let server = Server::start().await;
    let caller = server.enforcer();
    let token = server.primary().token(&["chat"]).await;
    let (questions, mut answers) = caller.stream().await;
    ask(&questions, 1, &token).await;
    assert_eq!(answers.message().await.unwrap().unwrap().id, 1);
    // This one waits for what never comes, and is in progress when the server drains.
    ask_from(&questions, 2, (&token, Some("9999999999999-0"))).await;
    ask(&questions, 3, &token).await;
    assert_eq!(answers.message().await.unwrap().unwrap().id, 3);

    server.terminate();
    let address = server
        .endpoint()
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    eventually("new connections are refused", async || {
        TcpStream::connect(&address).await.is_err()
    })
    .await;
    let last = answers.message().await.unwrap().unwrap();
    assert_eq!(last.id, 2, "what was in progress is answered");
    let end = answers.message().await.unwrap_err();
    assert_eq!(
        (end.code(), reason(&end).as_str()),
        (Code::Unavailable, "DRAINING")
    );
    let exited = server.ended().await;
    assert!(exited.status.success(), "{exited:?}");
}

#[tokio::test]
async fn a_silent_stream_does_not_hold_up_the_drain() {
    let server = Server::start_with(&["--drain-timeout", "60s"]).await;
    let (_questions, mut answers) = server.enforcer().stream().await;
    let before = Instant::now();
    server.terminate();
    let end = answers.message().await.unwrap_err();
    assert_eq!(
        (end.code(), reason(&end).as_str()),
        (Code::Unavailable, "DRAINING")
    );
    let exited = server.ended().await;
    assert!(exited.status.success(), "{exited:?}");
    assert!(
        before.elapsed() < Duration::from_secs(30),
        "{:?}",
        before.elapsed()
    );
}

#[tokio::test]
async fn a_call_that_never_ends_is_cut_off_at_the_drain_timeout() {
    let server = Server::start_with(&["--drain-timeout", "1s"]).await;
    let bearer = server.data().credential("enforcer").bearer();
    let path = "/lanyard.v1.PolicyService/Check";
    let _call = http::begin_call(server.endpoint(), path, &bearer).await;
    let before = Instant::now();
    let exited = server.stop().await;
    assert!(exited.status.success(), "{exited:?}");
    let took = before.elapsed();
    let range = Duration::from_millis(900)..Duration::from_secs(8);
    assert!(range.contains(&took), "{took:?}");
}

#[tokio::test]
async fn beyond_this_machine_it_serves_only_when_told_that_nothing_encrypts() {
    let data = Data::new();
    let exited = Server::refuses_to_start(&data, &["--listen", "0.0.0.0:0"]).await;
    refused(&exited, "--plaintext");
    assert!(!data.bootstrap_path().exists(), "nothing was made");
    let server = Server::start_on(&data, &["--listen", "0.0.0.0:0", "--plaintext"]).await;
    assert!(
        server.endpoint().starts_with("http://0.0.0.0:"),
        "{}",
        server.endpoint()
    );
}

#[tokio::test]
async fn without_a_command_it_serves_with_what_the_environment_says() {
    let data = Data::new();
    let server = Server::start_by_environment(&data).await;
    assert!(data.bootstrap_path().exists());
    let caller = server.primary();
    assert_eq!(
        caller.state(&caller.token(&["chat"]).await).await,
        DecisionReason::Allowed
    );
}

#[tokio::test]
async fn a_flag_out_of_bounds_is_refused_with_its_name() {
    let data = Data::new();
    let cases = [
        ["--propagation-bound", "0s"],
        ["--propagation-bound", "16m"],
        ["--freshness-bound", "0s"],
        ["--freshness-bound", "15m"],
        ["--token-alg", "HS256"],
        ["--issuer", "a?b"],
        ["--audience", ""],
        ["--listen", "nowhere"],
        ["--drain-timeout", "soon"],
    ];
    for flags in cases {
        let exited = Server::refuses_to_start(&data, &flags).await;
        assert!(!exited.status.success(), "{flags:?}: {exited:?}");
        assert!(exited.output.contains(flags[0]), "{flags:?}: {exited:?}");
    }
    assert!(!data.bootstrap_path().exists(), "nothing was made");
}

#[tokio::test]
async fn a_second_process_on_the_same_data_is_refused_and_harms_nothing() {
    let server = Server::start().await;
    let exited = Server::refuses_to_start(server.data(), &[]).await;
    refused(&exited, "another process");
    let caller = server.primary();
    assert_eq!(
        caller.state(&caller.token(&["chat"]).await).await,
        DecisionReason::Allowed
    );
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_its_flag() {
    let server = Server::start().await;
    let taken = server.endpoint().strip_prefix("http://").unwrap();
    let exited = Server::refuses_to_start(&Data::new(), &["--listen", taken]).await;
    refused(&exited, "--listen");
    assert!(exited.output.contains(taken), "{exited:?}");
}

#[tokio::test]
async fn a_master_key_that_is_lost_damaged_or_another_is_told_and_nothing_is_made_anew() {
    let server = Server::start().await;
    let data = server.data().clone();
    let token = server.primary().token(&["chat"]).await;
    server.stop().await;
    let path = data.path().join("master.key");
    let key = std::fs::read_to_string(&path).unwrap();
    let other = Server::start().await;
    let another = std::fs::read_to_string(other.data().path().join("master.key")).unwrap();
    drop(other);

    for damaged in [
        "",
        "garbage\n",
        &key[..key.len() / 2],
        &format!("{key}{key}"),
        &another,
    ] {
        std::fs::write(&path, damaged).unwrap();
        let exited = Server::refuses_to_start(&data, &[]).await;
        refused(&exited, "master");
        assert!(!exited.output.contains(key.trim()) && !exited.output.contains(another.trim()));
    }
    std::fs::remove_file(&path).unwrap();
    refused(&Server::refuses_to_start(&data, &[]).await, "master.key");
    assert!(!path.exists(), "no other key is made for the same store");

    std::fs::write(&path, &key).unwrap();
    let server = Server::start_on(&data, &[]).await;
    assert_eq!(
        server.primary().state(&token).await,
        DecisionReason::Allowed
    );
}

#[tokio::test]
async fn a_store_that_is_no_store_is_told() {
    let data = Data::new();
    drop(Server::start_on(&data, &[]).await);
    let files = std::fs::read_dir(data.path())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let store = files
        .max_by_key(|path| path.metadata().unwrap().len())
        .unwrap();
    std::fs::write(&store, b"not a store").unwrap();
    let exited = Server::refuses_to_start(&data, &[]).await;
    let name = store.file_name().unwrap().to_str().unwrap();
    refused(&exited, name);
}

#[tokio::test]
async fn the_first_credentials_cannot_be_read_by_others_and_later_starts_leave_them_alone() {
    let server = Server::start().await;
    let data = server.data().clone();
    for name in ["bootstrap.json", "master.key"] {
        let mode = std::fs::metadata(data.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let bootstrap = data.bootstrap();
    let members: BTreeSet<&str> = bootstrap
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let expected = [
        "connection_string",
        "endpoint",
        "enforcer",
        "operator",
        "primary",
        "resource_id",
        "secondary",
        "subscription_id",
    ];
    assert_eq!(members, BTreeSet::from(expected));
    assert_eq!(bootstrap["endpoint"], server.endpoint());
    let secret = bootstrap["primary"]["secret"].as_str().unwrap();
    let connection = format!("endpoint={}/;accesskey={secret}", server.endpoint());
    assert_eq!(bootstrap["connection_string"], connection);

    let server = server.restart(&[]).await;
    let after = data.bootstrap();
    for member in members.difference(&BTreeSet::from(["connection_string", "endpoint"])) {
        assert_eq!(after[member], bootstrap[member], "{member}");
    }
    assert_eq!(
        server
            .operator()
            .admin()
            .list_signing_keys(lanyard_proto::v1::ListSigningKeysRequest {},)
            .await
            .unwrap()
            .into_inner()
            .signing_keys
            .len(),
        1
    );

    // Whoever keeps the credentials elsewhere does not get new ones.
    server.stop().await;
    std::fs::remove_file(data.bootstrap_path()).unwrap();
    let server = Server::start_on(&data, &[]).await;
    assert!(!data.bootstrap_path().exists());
    drop(server);
}

#[tokio::test]
async fn a_restart_keeps_what_was_given_and_what_was_taken_back() {
    let server = Server::start().await;
    let caller = server.primary();
    let ada = caller.create(Some("ada")).await.unwrap();
    let kept = caller.issue(&ada.id, &["chat"]).await.token;
    let revoked = caller.issue(&ada.id, &["chat"]).await.token;
    caller.revoke(&revoked).await.unwrap();
    let request = CreateServiceKeyRequest {
        role: ServiceKeyRole::Enforcer.into(),
    };
    let made = server
        .operator()
        .admin()
        .create_service_key(request)
        .await
        .unwrap()
        .into_inner();
    let watcher = (&made.service_key.unwrap()).into();

    let server = server.restart(&[]).await;
    let (caller, enforcer) = (server.primary(), server.caller(&watcher));
    assert_eq!(caller.create(Some("ada")).await.unwrap().id, ada.id);
    assert_eq!(enforcer.state(&kept).await, DecisionReason::Allowed);
    assert_eq!(enforcer.state(&revoked).await, DecisionReason::TokenRevoked);
    let later = caller.issue(&ada.id, &["chat"]).await.token;
    assert_eq!(enforcer.state(&later).await, DecisionReason::Allowed);
}

#[tokio::test]
async fn no_secret_is_ever_printed() {
    let server = Server::start_with(&["--log", "debug"]).await;
    let caller = server.primary();
    let token = caller.token(&["chat"]).await;
    caller.revoke(&token).await.unwrap();
    caller.state(&token).await;
    caller.revoke("garbage").await.unwrap_err();
    let operator = server.operator();
    let subscription = server.data().bootstrap_text("subscription_id");
    let made = operator
        .create_resource(&subscription, "another")
        .await
        .unwrap();
    let mut wrong = server.data().credential("operator");
    wrong.secret[0] ^= 1;
    let bearer = format!("Bearer {}", wrong.bearer());
    let refusal = server
        .caller_with(Bearer::Text(bearer.clone()))
        .create(None)
        .await
        .unwrap_err();
    assert_eq!(reason(&refusal), "CREDENTIAL_REFUSED");

    let data = server.data().clone();
    let mut secrets = vec![token, bearer];
    secrets.extend(made.access_keys.iter().map(|key| key.secret.clone()));
    for role in ["operator", "enforcer", "primary", "secondary"] {
        secrets.push(data.credential(role).secret_text());
    }
    let master = std::fs::read_to_string(data.path().join("master.key")).unwrap();
    secrets.push(master.trim().to_owned());
    let exited = server.stop().await;
    assert!(
        exited.output.lines().count() > 5,
        "it has printed something: {exited:?}"
    );
    for secret in secrets {
        for part in secret.split('.').filter(|part| part.len() > 20) {
            assert!(
                !exited.output.contains(part),
                "`{part}` in:\n{}",
                exited.output
            );
        }
    }
}

#[tokio::test]
async fn it_says_where_it_listens_where_the_data_is_and_what_to_try() {
    let server = Server::start().await;
    let data = server.data().path().display().to_string();
    eventually("it has said all of it", async || {
        let said = server.output();
        let commands = said
            .lines()
            .filter(|line| line.trim_start().starts_with("lanyard "))
            .count();
        said.contains(server.endpoint()) && said.contains(&data) && commands == 3
    })
    .await;
}

#[tokio::test]
async fn the_commands_that_it_prints_work_as_they_are_printed() {
    let server = Server::start().await;
    let printed = || -> Vec<String> {
        let said = server.output();
        let lines = said.lines().map(str::trim);
        lines
            .filter(|line| line.starts_with("lanyard "))
            .map(str::to_owned)
            .collect()
    };
    eventually("it has said all three", async || printed().len() == 3).await;
    let commands = printed();
    let elsewhere = server.data().beside("");

    let made = shell(&commands[0], &elsewhere);
    let token = made.split_whitespace().find(|word| word.starts_with("eyJ"));
    let token = token.unwrap_or_else(|| panic!("no token in {made}"));
    let checked = shell(&commands[1].replace("TOKEN", token), &elsewhere);
    assert!(checked.starts_with("allowed  ALLOWED"), "{checked}");
    let revoked = shell(&commands[2].replace("TOKEN", token), &elsewhere);
    assert!(revoked.starts_with("revoked the token"), "{revoked}");
    let checked = shell(&commands[1].replace("TOKEN", token), &elsewhere);
    assert!(checked.starts_with("denied  TOKEN_REVOKED"), "{checked}");
}

/// What a line prints that is typed into a shell which is in this directory.
fn shell(line: &str, directory: &Path) -> String {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", line]).current_dir(directory);
    command
        .env_clear()
        .env("PATH", lanyard().parent().expect("a directory"));
    let output = command.stdin(Stdio::null()).output().expect("a shell");
    assert!(output.status.success(), "{line}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[tokio::test]
async fn a_store_that_is_gone_is_told_and_no_other_takes_its_place() {
    let server = Server::start().await;
    let data = server.data().clone();
    let token = server.primary().token(&["chat"]).await;
    server.stop().await;
    let (store, aside) = (data.path().join("store.redb"), data.beside("store"));
    let credentials = std::fs::read(data.bootstrap_path()).unwrap();
    std::fs::rename(&store, &aside).unwrap();
    refused(&Server::refuses_to_start(&data, &[]).await, "store.redb");
    assert_eq!(std::fs::read(data.bootstrap_path()).unwrap(), credentials);

    // The master key alone tells as much, to whoever keeps the credentials elsewhere.
    std::fs::remove_file(data.bootstrap_path()).unwrap();
    refused(&Server::refuses_to_start(&data, &[]).await, "store.redb");
    assert!(!store.exists() && !data.bootstrap_path().exists());

    std::fs::write(data.bootstrap_path(), credentials).unwrap();
    std::fs::rename(&aside, &store).unwrap();
    let server = Server::start_on(&data, &[]).await;
    assert_eq!(
        server.primary().state(&token).await,
        DecisionReason::Allowed
    );
}

/// Asserts that a start was refused with one line that names this.
fn refused(exited: &Exited, named: &str) {
    assert_eq!(exited.status.code(), Some(1), "{exited:?}");
    let errors: Vec<&str> = exited
        .output
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(errors.len(), 1, "{exited:?}");
    assert!(errors[0].contains(named), "{named} in {errors:?}");
    assert!(!exited.output.contains("panicked"), "{exited:?}");
}

/// Opens a stream of checks, which goes on for as long as the sender is kept.
async fn ask(questions: &mpsc::Sender<StreamCheckRequest>, id: u64, token: &str) {
    ask_from(questions, id, (token, None)).await;
}

async fn ask_from(
    questions: &mpsc::Sender<StreamCheckRequest>,
    id: u64,
    (token, min_position): (&str, Option<&str>),
) {
    let (token, capability) = (token.to_owned(), Capability::GetMessage.into());
    let check = CheckRequest {
        token,
        capability,
        context: None,
        min_position: min_position.map(str::to_owned),
    };
    questions
        .send(StreamCheckRequest {
            id,
            check: Some(check),
        })
        .await
        .unwrap();
}
