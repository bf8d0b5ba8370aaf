//! Health and readiness by service: a balancer sends each call where it can be answered.

use std::path::PathBuf;

use lanyard_redis_fixture::Standalone;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{Replicas, Said, Server, eventually, http};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_that_is_cut_off_from_its_store_serves_checks_and_no_writes() {
    let redis = Standalone::start();
    let tap = redis.tap();
    let server = Replicas::on(&tap.url()).start().await;
    let holder = server.primary();
    let token = holder.token(&["chat"]).await;
    let enforcer = server.enforcer();
    Said::ALLOWED
        .by_all(std::slice::from_ref(&enforcer), &token)
        .await;
    becomes(&server, EVERYTHING).await;

    tap.cut();
    becomes(&server, CHECKS_ONLY).await;
    assert_eq!(Said::of(&enforcer, &token).await, Said::ALLOWED);
    server
        .says_in_one_line(&["ERROR", "writes are refused"])
        .await;
    let probe = http::get(server.admin_url(), "/readyz?for=writes").await;
    assert!(probe.body.contains("the store is unavailable"), "{probe:?}");

    tap.mend();
    becomes(&server, EVERYTHING).await;
    holder.token(&["chat"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_whose_clock_is_an_hour_off_serves_checks_and_no_writes() {
    let redis = Standalone::start();
    let replicas = Replicas::on(&redis.url());
    let right = replicas.start().await;
    becomes(&right, EVERYTHING).await;
    let mut off = replicas.command(&[]);
    off.env("LD_PRELOAD", libfaketime()).env("FAKETIME", "+1h");
    off.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let off = Server::run(replicas.data(), off).await;
    becomes(&off, CHECKS_ONLY).await;
    becomes(&right, EVERYTHING).await;
}

#[tokio::test]
async fn a_probe_for_calls_that_there_are_not_is_a_bad_request() {
    let server = Server::start().await;
    becomes(&server, EVERYTHING).await;
    for (query, status) in [
        ("", 200),
        ("?", 200),
        ("?verbose", 200),
        ("?for=checks", 200),
        ("?for=writes", 200),
        ("?for=reads", 400),
        ("?for=", 400),
        ("?for=checks&for=writes", 400),
    ] {
        let probe = http::get(server.admin_url(), &format!("/readyz{query}")).await;
        assert_eq!(probe.status, status, "{query}: {probe:?}");
        let names_both = probe.body.contains("checks") && probe.body.contains("writes");
        assert_eq!(names_both, status == 400, "{query}: {probe:?}");
    }
    let point = Server::enforce(server.data(), &[server.endpoint()], &[]).await;
    point.ready().await;
    for (query, status) in [("?for=checks", 200), ("?for=writes", 400)] {
        let probe = http::get(point.admin_url(), &format!("/readyz{query}")).await;
        assert_eq!(probe.status, status, "{query}: {probe:?}");
    }
}

/// Where the distribution has it: in the directory of its architecture.
fn libfaketime() -> PathBuf {
    let directories = std::fs::read_dir("/usr/lib").expect("libraries");
    let mut found = directories
        .flatten()
        .map(|directory| directory.path().join("faketime/libfaketimeMT.so.1"));
    let found = found.find(|library| library.exists());
    found.expect("the package `libfaketime` is installed")
}

/// What health says of each service, and the probes for checks and for writes.
type Health = ([bool; 5], [u16; 3]);

const EVERYTHING: Health = ([true; 5], [200; 3]);
/// The process itself, `PolicyService` and `TrustService`.
const CHECKS_ONLY: Health = ([true, false, false, true, true], [200, 200, 503]);
const SERVICES: [&str; 5] = [
    "",
    "lanyard.v1.IdentityService",
    "lanyard.v1.AdminService",
    "lanyard.v1.PolicyService",
    "lanyard.v1.TrustService",
];
const PROBES: [&str; 3] = ["/readyz", "/readyz?for=checks", "/readyz?for=writes"];

async fn becomes(server: &Server, expected: Health) {
    let what = format!("health is {expected:?}");
    eventually(&what, async || health(server).await == expected).await;
}

async fn health(server: &Server) -> Health {
    let mut client = HealthClient::new(server.channel());
    let mut serving = [false; 5];
    for (service, serving) in SERVICES.iter().zip(&mut serving) {
        let service = (*service).to_owned();
        let health = client.check(HealthCheckRequest { service }).await;
        let status = health.expect("an answer").into_inner().status;
        *serving = status == i32::from(ServingStatus::Serving);
    }
    let mut probes = [0; 3];
    for (path, status) in PROBES.iter().zip(&mut probes) {
        *status = http::get(server.admin_url(), path).await.status;
    }
    (serving, probes)
}
