//! `lanyard bench`: that its figures are there and its failures are told, and that nothing is left of it.
//! What the figures are is no matter here: the machine does other things meanwhile.

use std::fs;
use std::process::{Child, Command, Output, Stdio};

use lanyard_redis_fixture::Standalone;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use uuid::Uuid;

use crate::support::{Replicas, Server, eventually, http, lanyard};

#[tokio::test(flavor = "multi_thread")]
async fn each_bench_tells_its_figures_and_leaves_nothing_behind() {
    let server = Server::start().await;
    server.ready().await;
    for (bench, unit, against) in BENCHES {
        let told = json(&server, bench);
        let name = bench.split(' ').next().expect("a name");
        assert_eq!(
            (&told["bench"], &told["unit"]),
            (&name.into(), &unit.into())
        );
        assert_eq!(
            told["against"],
            against.map_or(Value::Null, Value::from),
            "{bench}"
        );
        assert_eq!(
            told["target"]["calls"], 400,
            "two rounds of {bench}: {told}"
        );
        assert_eq!(told["target"]["failures"], 0, "{told}");
        assert_eq!(told["how"]["loop"], "closed");
        assert_eq!(told["how"]["corrected"], true);
        assert_eq!(told["how"]["is_local"], true);
        for figure in ["/target/per_second/median", "/target/latency_us/p99"] {
            let figure = told.pointer(figure).and_then(Value::as_f64);
            assert!(figure.is_some_and(|figure| figure > 0.0), "{bench}: {told}");
        }
        assert_eq!(
            against.is_some(),
            told["ratio"]["per_second"]["median"].is_f64()
        );
        assert_eq!(against.is_some(), told["floor"]["calls"] == 400, "{told}");
        is_gone(&server).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_gets_as_many_checks_done_as_it_has() {
    let server = Server::start().await;
    server.ready().await;
    let told = json(&server, "batch --batch 30 --tokens 1 --against none");
    assert_eq!(told["target"]["calls"], 400);
    assert_eq!(told["target"]["done"], 12_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_loop_counts_from_when_calls_were_due_and_corrects_nothing() {
    let server = Server::start().await;
    server.ready().await;
    for bench in ["check --against none", "stream --against none"] {
        let told = json(&server, &format!("{bench} --rate 300"));
        assert_eq!(told["how"]["loop"], "open");
        assert_eq!(told["how"]["rate_per_second"], 300.0);
        assert_eq!(told["how"]["corrected"], false);
        assert_eq!(
            told["target"]["latency_us"],
            told["target"]["uncorrected_us"]
        );
        assert_eq!(told["target"]["calls"], 400, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_on_a_page_and_scripts_can_have_one_field() {
    let server = Server::start().await;
    server.ready().await;
    let page = bench(&server, "check");
    let page = page.wait_with_output().expect("the bench ends");
    let page = succeeded(page);
    for part in [
        "check",
        "bare empty",
        "ratio",
        "checks/s",
        "p99.9",
        "this machine",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let field = bench(&server, "check --against none --field target.calls");
    let field = field.wait_with_output().expect("the bench ends");
    assert_eq!(succeeded(field), "400\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plot_is_drawn_of_ten_loads_up_to_the_rate() {
    let server = Server::start().await;
    server.ready().await;
    let file = server.data().beside("plot.svg");
    let path = file.to_str().expect("a path of text");
    let told = json(
        &server,
        &format!("check --against none --rate 1000 --plot {path}"),
    );
    let loads = told["loads"].as_array().expect("loads");
    let rates: Vec<_> = loads
        .iter()
        .map(|step| step["rate_per_second"].as_f64().expect("a rate"))
        .collect();
    let tenths: Vec<_> = (1..=10).map(|tenth| f64::from(tenth) * 100.0).collect();
    assert_eq!(rates, tenths);
    let plot = fs::read_to_string(&file).expect("a plot");
    assert!(
        plot.starts_with("<svg ") && plot.ends_with("</svg>\n"),
        "{plot}"
    );
    assert_eq!(
        plot.matches("<circle").count(),
        40,
        "four percentiles of ten loads"
    );

    let nowhere = bench(&server, "check --plot /nonexistent/plot.svg");
    let ended = nowhere.wait_with_output().expect("the bench ends");
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let line = String::from_utf8(ended.stderr).expect("text");
    assert!(line.contains("--plot"), "{line}");
    is_gone(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_fail_are_told_by_their_code_and_fail_the_command() {
    let server = Server::start().await;
    server.ready().await;
    // More checks than the authority takes in one call.
    let ended = bench(&server, "batch --batch 1001 --against none --json");
    let ended = ended.wait_with_output().expect("the bench ends");
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let told: Value = serde_json::from_slice(&ended.stdout).expect("JSON");
    assert_eq!(told["target"]["calls"], 0, "{told}");
    assert_eq!(told["target"]["failures"], 400, "{told}");
    assert_eq!(
        told["target"]["failed"]["InvalidArgument"]["count"], 400,
        "{told}"
    );
    let line = String::from_utf8(ended.stderr).expect("text");
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(line.starts_with("error: 400 calls failed"), "{line}");
    is_gone(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_before_anything_is_made() {
    let server = Server::start().await;
    server.ready().await;
    for (line, code, says) in [
        ("batch --batch 10 --tokens 11", 1, "--tokens"),
        ("check --rate 0", 2, "--rate"),
        ("check --count 0", 2, "--count"),
        ("check --duration 0s", 2, "--duration"),
        ("check --concurrency 100000", 2, "4096"),
        ("check --connections 100000", 2, "4096"),
        ("check --rounds 1000000000", 2, "1000"),
        ("check --tokens 1000000000", 2, "1048576"),
        ("batch --batch 1000000000", 2, "10000"),
        ("watch --rate 1000 --duration 1h", 1, "--watchers"),
        ("check --rounds 0", 2, "--rounds"),
        ("check --against sign", 2, "--against"),
        ("floor --kind verify", 2, "--key"),
        ("floor --kind verify --key AA", 1, "Ed25519"),
        ("fly", 2, "lanyard bench"),
    ] {
        let mut command = command(&server);
        command.args(line.split(' '));
        let ended = command.output().expect("the binary runs");
        assert_eq!(ended.status.code(), Some(code), "{line}: {ended:?}");
        let said = String::from_utf8(ended.stderr).expect("text");
        assert_eq!(said.lines().count(), 1, "{line}: {said}");
        assert!(said.contains(says), "{line}: {said}");
    }
    is_gone(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_bench_says_so_and_deletes_what_it_made() {
    let server = Server::start().await;
    server.ready().await;
    let bench = endless(&server).await;
    signal(&bench, Signal::INT);
    let ended = bench.wait_with_output().expect("the bench ends");
    assert_eq!(ended.status.code(), Some(130), "{ended:?}");
    assert!(ended.stdout.is_empty(), "{ended:?}");
    let line = String::from_utf8(ended.stderr).expect("text");
    assert!(line.starts_with("error: interrupted"), "{line}");
    is_gone(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bare_service_ends_with_the_bench_even_if_that_is_killed() {
    let server = Server::start().await;
    server.ready().await;
    let mut bench = endless(&server).await;
    assert!(!left_over(&server).is_empty(), "it runs beside the bench");
    bench.kill().expect("a process");
    bench.wait().expect("a process");
    eventually("the bare service is gone", async || {
        left_over(&server).is_empty()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_watcher_hears_of_every_revocation() {
    let server = Server::start().await;
    server.ready().await;
    let pid = server.pid().to_string();
    let line = format!(
        "watch --watchers 30 --connections 2 --rate 50 --count 20 --pid {pid} \
         --rounds 2 --warm-up 100ms"
    );
    let watch = start(&server, &format!("{line} --json"));
    let told = succeeded(watch.wait_with_output().expect("the bench ends"));
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["revocations"], 40, "{told}");
    assert_eq!(told["heard"], 1200, "{told}");
    assert_eq!(
        (&told["missed"], &told["failures"]),
        (&0.into(), &0.into()),
        "{told}"
    );
    for figure in ["/since_call_us/p99", "/memory_kib/watched"] {
        let figure = told.pointer(figure).and_then(Value::as_f64);
        assert!(figure.is_some_and(|figure| figure > 0.0), "{told}");
    }
    is_gone(&server).await;
}

/// Each round ends its watches in the middle of what they are sent. A client that resets so many streams of
/// one connection gives it up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_rounds_of_watches_share_one_connection() {
    let server = Server::start().await;
    server.ready().await;
    let line = "watch --watchers 300 --connections 1 --rate 200 --count 10 --rounds 12 --warm-up 0s --json";
    let told = succeeded(
        start(&server, line)
            .wait_with_output()
            .expect("the bench ends"),
    );
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(
        (&told["missed"], &told["failures"]),
        (&0.into(), &0.into()),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_revoked_at_one_replica_is_heard_by_those_who_watch_another() {
    let redis = Standalone::start();
    let replicas = Replicas::on(&redis.url());
    let (one, other) = tokio::join!(replicas.start(), replicas.start());
    let line = |there: &str| {
        format!(
            "watch --watchers 3 --rate 50 --count 20 --rounds 1 --warm-up 0s --json \
             --endpoint {} --watch-endpoint {there}",
            one.endpoint()
        )
    };
    let watch = start(&one, &line(other.endpoint()));
    let told = succeeded(watch.wait_with_output().expect("the bench ends"));
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["endpoint"], one.endpoint());
    assert_eq!(told["watch_endpoint"], other.endpoint());
    assert_eq!((&told["heard"], &told["missed"]), (&60.into(), &0.into()));
    // The control: nobody can watch where nobody is.
    let there = other.endpoint().to_owned();
    other.kill();
    let ended = start(&one, &line(&there)).wait_with_output();
    let ended = ended.expect("the bench ends");
    assert_eq!(ended.status.code(), Some(1));
    let line = String::from_utf8(ended.stderr).expect("text");
    assert!(line.contains(&there), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn revocations_are_told_for_each_commit_where_the_admin_port_is_known() {
    let server = Server::start().await;
    server.ready().await;
    let admin = server.admin_url();
    let told = json(
        &server,
        &format!("revoke --tokens 50 --admin-endpoint {admin}"),
    );
    let shared = told["also"]["acknowledged revocations for each commit"].as_f64();
    // What else the authority commits meanwhile counts as well.
    assert!(
        shared.is_some_and(|shared| (0.9..=400.0).contains(&shared)),
        "{told}"
    );

    let elsewhere = bench(
        &server,
        &format!("revoke --admin-endpoint {}", server.endpoint()),
    );
    let ended = elsewhere.wait_with_output().expect("the bench ends");
    let line = String::from_utf8(ended.stderr).expect("text");
    assert!(line.contains("--admin-endpoint"), "{line}");
    assert_eq!(ended.status.code(), Some(1));
    is_gone(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bench_knows_every_flag_of_the_load() {
    let server = Server::start().await;
    server.ready().await;
    for bench in ["issue", "check", "batch", "stream", "revoke", "watch"] {
        let mut command = command(&server);
        command.args([bench, "--help"]);
        let help = succeeded(command.output().expect("the binary runs"));
        for flag in FLAGS {
            let known = help.split_whitespace().any(|word| word == flag);
            assert!(known, "{flag} of {bench}: {help}");
        }
    }
    let file = server.data().beside("heard.svg");
    let path = file.to_str().expect("a path of text");
    let watch = format!(
        "watch --watchers 5 --rate 200 --count 10 --rounds 1 --warm-up 0s --concurrency 2 --plot {path}"
    );
    let told = start(&server, &format!("{watch} --json"));
    let told = succeeded(told.wait_with_output().expect("the bench ends"));
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let loads = told["loads"].as_array().expect("loads").iter();
    let rates: Vec<_> = loads.map(|step| step["rate_per_second"].as_f64()).collect();
    assert_eq!(rates, [50.0, 100.0, 150.0, 200.0].map(Some));
    let plot = fs::read_to_string(&file).expect("a plot");
    assert_eq!(plot.matches("<circle").count(), 16, "{plot}");
    is_gone(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bench_that_lost_its_authority_says_what_it_left_behind() {
    let server = Server::start().await;
    server.ready().await;
    let bench = endless(&server).await;
    server.kill();
    signal(&bench, Signal::INT);
    let ended = bench.wait_with_output();
    let line = String::from_utf8(ended.expect("the bench ends").stderr).expect("text");
    // Before that it says what ended it: Ctrl-C, unless it met the lost authority first.
    assert!(line.contains("; and the identity `"), "{line}");
    assert!(line.contains("is left behind"), "{line}");
    assert!(line.contains("lanyard identity delete"), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_measured_before_the_authority_died_is_told_all_the_same() {
    let server = Server::start().await;
    server.ready().await;
    let line = "check --duration 6s --rounds 1 --warm-up 0s --json";
    let bench = start(&server, line);
    eventually("checks are asked", async || {
        http::get(server.admin_url(), "/metrics")
            .await
            .body
            .contains("PolicyService/Check")
    })
    .await;
    server.kill();
    let ended = bench.wait_with_output().expect("the bench ends");
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let told: Value = serde_json::from_slice(&ended.stdout).expect("JSON");
    let failed = told["target"]["failures"].as_u64();
    assert!(failed.is_some_and(|failed| failed > 0), "{told}");
    assert_eq!(told["floor"]["failures"], 0, "{told}");
    let line = String::from_utf8(ended.stderr).expect("text");
    assert!(line.contains(" calls failed, the first saying: "), "{line}");
    assert!(line.contains("is left behind"), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_are_asked_at_an_enforcement_point_if_that_is_named() {
    let authority = Server::start().await;
    authority.ready().await;
    let point = Server::enforce(authority.data(), &[authority.endpoint()], &[]).await;
    point.ready().await;
    let at = point.endpoint();
    for bench in ["check", "batch", "stream"] {
        let told = json(&authority, &format!("{bench} --check-endpoint {at}"));
        assert_eq!(told["how"]["endpoint"], at, "{told}");
        assert_eq!(told["target"]["calls"], 400, "{told}");
        assert_eq!(told["floor"]["calls"], 400, "{told}");
        assert_eq!(identities(&authority).await, 0);
    }
    // It is the point that is asked: without it there is nobody.
    let at = at.to_owned();
    point.kill();
    let ended = bench(&authority, &format!("check --check-endpoint {at}"));
    let ended = ended.wait_with_output().expect("the bench ends");
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let line = String::from_utf8(ended.stderr).expect("text");
    assert!(line.contains(&at), "{line}");
    is_gone(&authority).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_open_files_are_refused_with_what_helps() {
    let server = Server::start().await;
    server.ready().await;
    for (connections, code) in [("2", 0), ("100", 1)] {
        let mut command = Command::new("sh");
        command
            .args(["-c", "ulimit -n 64 && exec \"$@\"", "sh"])
            .arg(lanyard())
            .args("bench check --against none --count 10 --rounds 1 --warm-up 0s".split(' '))
            .args(["--connections", connections])
            .env("LANYARD_DATA", server.data().path())
            .stdin(Stdio::null());
        let ended = command.output().expect("a shell");
        assert_eq!(ended.status.code(), Some(code), "{ended:?}");
        let line = String::from_utf8(ended.stderr).expect("text");
        assert_eq!(code == 1, line.contains("ulimit -n"), "{line}");
    }
    is_gone(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_watch_is_told_to_name_another_credential() {
    let server = Server::start().await;
    server.ready().await;
    let bootstrap = server.data().bootstrap();
    let file = server.data().beside("primary.json");
    fs::write(&file, bootstrap["primary"].to_string()).expect("room");
    let path = file.to_str().expect("a path of text");
    let line = format!("watch --watchers 3 --count 3 --rounds 1 --credential {path}");
    let ended = start(&server, &line).wait_with_output();
    let line = String::from_utf8(ended.expect("the bench ends").stderr).expect("text");
    assert!(line.contains("for enforcers"), "{line}");
    assert!(line.contains("--credential"), "{line}");
    assert!(!line.contains("--watchers"), "{line}");
    is_gone(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_member_of_the_json_is_explained() {
    const EXPLAINED: &str = include_str!("../../docs/bench.md");
    let server = Server::start().await;
    server.ready().await;
    let file = server.data().beside("explained.svg");
    let path = file.to_str().expect("a path of text");
    let check = json(&server, &format!("check --plot {path} --rate 2000"));
    let pid = server.pid();
    let watch = start(
        &server,
        &format!("watch --watchers 2 --count 2 --rounds 1 --json --pid {pid} --plot {path}"),
    );
    let watch = succeeded(watch.wait_with_output().expect("the bench ends"));
    let watch = serde_json::from_str(&watch).expect("JSON");
    let mut names = Vec::new();
    for told in [&check, &watch] {
        members(told, &mut names);
    }
    assert!(names.contains(&"uncorrected_us".to_owned()), "{names:?}");
    for name in names {
        assert!(EXPLAINED.contains(&format!("`{name}`")), "{name}");
    }
}

/// The names of all members, at whatever depth, but of those that are named by what was measured.
fn members(json: &Value, names: &mut Vec<String>) {
    match json {
        Value::Object(object) => {
            for (name, value) in object {
                names.push(name.clone());
                if !["settings", "also", "failed"].contains(&name.as_str()) {
                    members(value, names);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| members(item, names)),
        _ => {}
    }
}

/// What each of them is to know.
const FLAGS: [&str; 9] = [
    "--concurrency",
    "--connections",
    "--duration",
    "--count",
    "--warm-up",
    "--rounds",
    "--rate",
    "--json",
    "--plot",
];

/// What is measured, in what unit, and what it is compared with unless something else is said.
const BENCHES: [(&str, &str, Option<&str>); 7] = [
    ("issue", "tokens", Some("bare sign")),
    ("check", "checks", Some("bare empty")),
    (
        "check --new-tokens --tokens 50",
        "checks",
        Some("bare verify"),
    ),
    ("check --against none", "checks", None),
    ("batch", "checks", Some("check")),
    ("stream", "checks", Some("check")),
    ("revoke --tokens 50", "revocations", None),
];

/// Two rounds of two hundred calls each.
const FEW: &str = "--count 200 --rounds 2 --warm-up 0s --concurrency 8";

fn json(server: &Server, line: &str) -> Value {
    let ended = bench(server, &format!("{line} --json"));
    let told = succeeded(ended.wait_with_output().expect("the bench ends"));
    serde_json::from_str(&told).expect("JSON")
}

fn bench(server: &Server, line: &str) -> Child {
    start(server, &format!("{line} {FEW}"))
}

fn start(server: &Server, line: &str) -> Child {
    let mut command = command(server);
    command.args(line.split(' '));
    command.spawn().expect("the binary runs")
}

/// The data directory is named by the environment, which what the bench starts has from it.
fn command(server: &Server) -> Command {
    let mut command = Command::new(lanyard());
    command
        .arg("bench")
        .env_clear()
        .env("LANYARD_DATA", server.data().path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// One that goes on until it is stopped, in the middle of its calls.
async fn endless(server: &Server) -> Child {
    let bench = start(server, "check --duration 1h --rounds 1 --warm-up 0s");
    eventually("the bare service runs", async || {
        left_over(server).len() > 1
    })
    .await;
    let made = server.primary().list_all().await;
    let [made] = made.as_slice() else {
        panic!("it has made one: {made:?}")
    };
    let random = made.custom_id().strip_prefix("lanyard-bench-");
    assert!(
        random.is_some_and(|random| random.parse::<Uuid>().is_ok()),
        "{made:?}"
    );
    bench
}

fn succeeded(ended: Output) -> String {
    assert!(ended.status.success(), "{ended:?}");
    assert!(ended.stderr.is_empty(), "{ended:?}");
    String::from_utf8(ended.stdout).expect("text")
}

fn signal(process: &Child, signal: Signal) {
    let pid = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process id"), signal).expect("a signal");
}

/// Waits until no process and no identity is left of any bench of this server.
async fn is_gone(server: &Server) {
    eventually("no process is left", async || left_over(server).is_empty()).await;
    assert_eq!(identities(server).await, 0);
}

async fn identities(server: &Server) -> usize {
    server.primary().list_all().await.len()
}

/// The processes that know the data directory by their environment: benches, and what they started.
fn left_over(server: &Server) -> Vec<String> {
    let said = format!("LANYARD_DATA={}", server.data().path().display());
    let processes = fs::read_dir("/proc").expect("processes").flatten();
    let knows = |process: &fs::DirEntry| {
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        let mut variables = environment.split(|byte| *byte == 0);
        variables.any(|variable| variable == said.as_bytes())
    };
    let knowing = processes.filter(knows);
    knowing
        .map(|process| process.file_name().to_string_lossy().into_owned())
        .collect()
}
