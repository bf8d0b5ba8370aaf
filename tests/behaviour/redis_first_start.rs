//! The first start on an empty Redis, by one process, by several, and by ones that die in the middle.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use lanyard_proto::v1::{
    DecisionReason, ListServiceKeysRequest, ListSigningKeysRequest, ListSubscriptionsRequest,
};
use lanyard_redis_fixture::Standalone;
use tokio::task::block_in_place;
use tokio::time::Instant;

use crate::support::{Exited, Replicas, Server, lanyard};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_makes_what_is_needed_and_later_starts_leave_that_alone() {
    let redis = Standalone::start();
    let replicas = Replicas::on(&redis.url());
    let server = replicas.start().await;
    made_once(&server).await;
    let made = fs::read(replicas.data().bootstrap_path()).unwrap();
    assert_eq!(replicas.data().bootstrap()["endpoint"], server.endpoint());
    let token = server.primary().token(&["chat"]).await;
    assert!(server.stop().await.status.success());

    let server = replicas.start().await;
    made_once(&server).await;
    assert_eq!(fs::read(replicas.data().bootstrap_path()).unwrap(), made);
    assert_eq!(
        server.primary().state(&token).await,
        DecisionReason::Allowed
    );
    assert_eq!(
        names_in(&replicas.data().path()),
        ["bootstrap.json", "master.key"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_commands_to_try_work_as_they_are_printed() {
    let redis = Standalone::start();
    let replicas = Replicas::on(&redis.url());
    let server = replicas.start().await;
    // The last of them, and with it the last line.
    server.says("lanyard token revoke").await;
    let printed = server.output();
    let data = format!("data on {}, credentials in ", redis.url());
    assert!(printed.contains(&data), "{printed}");
    let command = |name: &str| {
        let lines = printed
            .lines()
            .filter_map(|line| line.trim().strip_prefix("lanyard "));
        let mut found = lines.filter(|line| line.starts_with(name));
        found
            .next()
            .unwrap_or_else(|| panic!("{name} in {printed}"))
            .to_owned()
    };
    let identity = said(&command("identity create"));
    let token = identity
        .split_whitespace()
        .find(|word| word.starts_with("eyJ"));
    let token = token.unwrap_or_else(|| panic!("{identity}"));
    let check = command("check").replace("TOKEN", token);
    assert!(said(&check).contains("allowed"));
    said(&command("token revoke").replace("TOKEN", token));
    assert!(said(&check).contains("TOKEN_REVOKED"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_that_start_at_once_one_makes_it_and_all_come_up() {
    let redis = Standalone::start();
    for round in ["a", "b", "c"] {
        let flags = ["--redis-namespace", round];
        let replicas = Replicas::with(&redis.url(), &flags);
        let (one, two, three) = tokio::join!(replicas.start(), replicas.start(), replicas.start());
        let mut signers = BTreeSet::new();
        for server in [&one, &two, &three] {
            made_once(server).await;
            let mut admin = server.operator().admin();
            let listed = admin.list_signing_keys(ListSigningKeysRequest {});
            let keys = listed.await.unwrap().into_inner().signing_keys;
            signers.extend(keys.into_iter().map(|key| key.id));
        }
        assert_eq!(signers.len(), 1, "round {round}");
        assert_eq!(
            names_in(&replicas.data().path()),
            ["bootstrap.json", "master.key"],
            "round {round}"
        );
        let token = one.primary().token(&["chat"]).await;
        assert_eq!(two.primary().state(&token).await, DecisionReason::Allowed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_one_that_makes_the_credentials_writes_them() {
    let redis = Standalone::start();
    let replicas = Replicas::on(&redis.url());
    let here = replicas.data().path().join("here.json");
    let there = replicas.data().path().join("there.json");
    let [mine, yours] = [&here, &there].map(|path| ["--bootstrap-file", path.to_str().unwrap()]);
    let both = tokio::join!(replicas.start_with(&mine), replicas.start_with(&yours));
    let files = [here.exists(), there.exists()];
    assert!(files[0] != files[1], "{files:?}");
    let written = if files[0] { here } else { there };
    fs::rename(written, replicas.data().bootstrap_path()).unwrap();
    for server in [&both.0, &both.1] {
        made_once(server).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_one_finishes_what_one_was_killed_in_the_middle_of() {
    let redis = Standalone::start();
    let replicas = block_in_place(|| killed_in_the_middle(&redis));

    let begun = Instant::now();
    let server = replicas.start().await;
    println!("the next one was up after {:?}", begun.elapsed());
    made_once(&server).await;
    let names = names_in(&replicas.data().path());
    assert!(names.contains(&"bootstrap.json".to_owned()));
    let left = names
        .iter()
        .filter(|name| name.starts_with("bootstrap.json."));
    assert_eq!(left.count(), 0, "{names:?}");
    server.primary().token(&["chat"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_place_for_the_credentials_nothing_is_made() {
    let redis = Standalone::start();
    let replicas = Replicas::on(&redis.url());
    let mut command = Command::new(lanyard());
    command.args(["serve", "--redis", &redis.url(), "--master-key-file"]);
    command.arg(replicas.data().master_key_path()).env_clear();
    Server::on_free_ports(&mut command, &[]);
    refused(&Server::gives_up(command).await, "--bootstrap-file");
    assert_eq!(redis.ask::<u64>(&["DBSIZE"]).unwrap(), 0);
    assert_eq!(names_in(&replicas.data().path()), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_place_for_the_master_key_nothing_is_made() {
    let redis = Standalone::start();
    let mut command = Command::new(lanyard());
    command.args(["serve", "--redis", &redis.url()]).env_clear();
    Server::on_free_ports(&mut command, &[]);
    refused(&Server::gives_up(command).await, "--master-key-file");
    assert_eq!(redis.ask::<u64>(&["DBSIZE"]).unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_gone_is_told_by_its_credentials_and_no_other_takes_its_place() {
    let redis = Standalone::start();
    let replicas = Replicas::on(&redis.url());
    assert!(replicas.start().await.stop().await.status.success());
    let credentials = fs::read(replicas.data().bootstrap_path()).unwrap();
    redis.ask::<()>(&["FLUSHALL"]).unwrap();
    refused(&replicas.refuses_to_start(&[]).await, "bootstrap.json");
    assert_eq!(redis.ask::<u64>(&["DBSIZE"]).unwrap(), 0);
    assert_eq!(
        fs::read(replicas.data().bootstrap_path()).unwrap(),
        credentials
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_without_the_master_key_is_refused_and_makes_none() {
    let redis = Standalone::start();
    let replicas = Replicas::on(&redis.url());
    let _server = replicas.start().await;
    let other = replicas.data().beside("other.key");
    let flags = ["--master-key-file", other.to_str().unwrap()];
    let exited = replicas.refuses_to_start(&flags).await;
    refused(&exited, "copy it from where the store is served already");
    assert!(!other.exists());
    // One that is there and is not the store's is refused, too.
    fs::write(&other, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n").unwrap();
    let exited = replicas.refuses_to_start(&flags).await;
    refused(&exited, "does not open under the master key");
}

/// The files of a first start that was killed in its turn, which a key in Redis tells. One that was too
/// quick for that is left alone, and another made elsewhere.
fn killed_in_the_middle(redis: &Standalone) -> Replicas {
    for attempt in 0..ATTEMPTS {
        let namespace = format!("attempt-{attempt}");
        let replicas = Replicas::with(&redis.url(), &["--redis-namespace", &namespace]);
        let turn = format!("{{{namespace}.root}}:first_turn");
        let is_on = || redis.ask::<u64>(&["EXISTS", &turn]).unwrap() > 0;
        let is_over = || replicas.data().bootstrap_path().exists();
        Server::killed_once(replicas.command(&[]), || is_on() || is_over());
        if !is_over() {
            return replicas;
        }
    }
    panic!("each of {ATTEMPTS} came through before it was killed");
}

/// Asserts that the first start was made exactly once, as this server sees it.
async fn made_once(server: &Server) {
    let mut admin = server.operator().admin();
    let subscriptions = admin.list_subscriptions(ListSubscriptionsRequest::default());
    let subscriptions = subscriptions.await.unwrap().into_inner().subscriptions;
    let ids: Vec<_> = subscriptions.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, [server.data().bootstrap_text("subscription_id")]);
    let keys = admin.list_service_keys(ListServiceKeysRequest::default());
    let keys = keys.await.unwrap().into_inner().service_keys;
    assert_eq!(keys.len(), 2, "{keys:?}");
    let identity = server.primary().create(Some("somebody")).await.unwrap();
    assert!(
        identity
            .id
            .contains(&server.data().bootstrap_text("resource_id"))
    );
}

/// Asserts that a start was refused with one line that names this.
fn refused(exited: &Exited, named: &str) {
    assert_eq!(exited.status.code(), Some(1), "{exited:?}");
    let errors = exited
        .output
        .lines()
        .filter(|line| line.starts_with("error: "));
    assert_eq!(errors.count(), 1, "{exited:?}");
    assert!(exited.output.contains(named), "{named} in {exited:?}");
}

/// What a command says, given all of its words.
fn said(words: &str) -> String {
    let mut command = Command::new(lanyard());
    command.args(words.split_whitespace()).env_clear();
    let output = block_in_place(|| command.output()).unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// How often a first start is made in order to kill it.
const ATTEMPTS: usize = 20;
