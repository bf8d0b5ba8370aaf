//! The files that a start reads and writes: errors, conveniences, and how editors leave text behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lanyard_redis_fixture::Standalone;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::tls::own_certificate;
use crate::support::{Data, Server, eventually, http, lanyard};

#[tokio::test]
async fn the_endpoint_in_the_credentials_follows_the_scheme_and_nothing_else_changes() {
    let data = Data::new();
    let mut secrets = None;
    for flags in [&[][..], &["--dev-tls"], &[], &["--dev-tls"]] {
        let server = Server::start_on(&data, flags).await;
        let mut bootstrap = data.bootstrap();
        let endpoint = server.endpoint();
        assert_eq!(endpoint.starts_with("https:"), !flags.is_empty());
        assert_eq!(bootstrap["endpoint"], endpoint);
        let secret = bootstrap["primary"]["secret"].as_str().expect("a secret");
        let connection = format!("endpoint={endpoint}/;accesskey={secret}");
        assert_eq!(bootstrap["connection_string"], connection);
        for member in ["endpoint", "connection_string"] {
            bootstrap[member] = Value::Null;
        }
        assert_eq!(secrets.get_or_insert(bootstrap.clone()), &bootstrap);
        assert!(server.stop().await.status.success());
    }
}

#[tokio::test]
async fn a_file_that_only_saves_typing_and_cannot_be_written_is_a_warning() {
    let data = Data::new();
    drop(Server::start_on(&data, &[]).await);
    // In the way of the files that are renamed once they are complete.
    let paths = ["endpoint", "bootstrap.json"].map(|name| data.path().join(name));
    for path in &paths {
        fs::create_dir(path.with_added_extension("new")).expect("a directory");
    }
    let server = Server::start_on(&data, &[]).await;
    for path in &paths {
        let path = path.display().to_string();
        server.says_in_one_line(&["WARN", &path, "directory"]).await;
    }
    assert!(server.stop().await.status.success());
}

#[tokio::test]
async fn a_full_disk_is_told_with_the_file_that_it_was_met_at() {
    if !mounts() {
        eprintln!("NOT TESTED: this user may mount nothing");
        return;
    }
    // Where the first file of the store does not fit, and where its first commit does not.
    for size in ["size=16k", "size=64k"] {
        let data = Data::new();
        let small = data.beside("small");
        fs::create_dir(&small).expect("a directory");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", size, "tmpfs"]).arg(&small);
        assert!(mount.status().expect("mount runs").success());
        let mut serve = Command::new(lanyard());
        serve
            .arg("serve")
            .env_clear()
            .arg("--data")
            .arg(small.join("data"));
        Server::on_free_ports(&mut serve, &[]);
        let refused = Server::gives_up(serve).await;
        let umount = Command::new("umount").arg(&small).status();
        assert!(umount.expect("umount runs").success());
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        for part in ["No space left", &small.display().to_string()] {
            assert!(refused.output.contains(part), "{size}: {}", refused.output);
        }
    }
}

#[tokio::test]
async fn a_ca_file_without_a_certificate_is_refused_by_every_command_with_its_path() {
    let server = Server::start_with(&["--dev-tls"]).await;
    let data = server.data();
    let ca = data.beside("ca.pem");
    let bootstrap = data.bootstrap_path().display().to_string();
    let path = ca.display().to_string();
    for text in ["", "\n"] {
        fs::write(&ca, text).expect("room");
        for arguments in [
            &[
                "identity",
                "list",
                "--ca",
                &path,
                "--credential",
                &bootstrap,
            ][..],
            &[
                "enforce",
                "--authority",
                server.endpoint(),
                "--ca",
                &path,
                "--credential",
                &bootstrap,
            ],
            &[
                "serve",
                "--redis",
                "rediss://127.0.0.1:1",
                "--redis-ca-file",
                &path,
                "--master-key-file",
                "key",
                "--listen",
                "127.0.0.1:0",
                "--admin-listen",
                "127.0.0.1:0",
            ],
        ] {
            let mut command = Command::new(lanyard());
            command
                .args(arguments)
                .env_clear()
                .current_dir(data.beside(""));
            let refused = Server::gives_up(command).await;
            assert_eq!(refused.status.code(), Some(1), "{refused:?}");
            let output = &refused.output;
            assert!(output.contains(&path), "{output}");
            assert!(output.contains("certificate"), "{output}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_order_mark_and_the_line_ends_of_windows_are_accepted_in_every_file() {
    let data = Data::new();
    drop(Server::start_on(&data, &[]).await);
    let (cert, key) = own_certificate(&data, "own");
    let bootstrap = data.bootstrap_path();
    for path in [&data.master_key_path(), &bootstrap, &cert, &key] {
        spoil(path);
    }
    let [certificate, private] = [&cert, &key].map(|path| path.display().to_string());
    let flags = ["--tls-cert", &certificate, "--tls-key", &private];
    let server = Server::start_on(&data, &flags).await;
    let listed = run(&data, &["identity", "list", "--ca", &certificate]);
    assert!(listed.status.success(), "{listed:?}");
    let token = data.beside("token");
    let made = run(
        &data,
        &[
            "identity",
            "create",
            "--scope",
            "chat",
            "--ca",
            &certificate,
            "--field",
            "access_token.token",
        ],
    );
    fs::write(&token, made.stdout).expect("room");
    spoil(&token);
    let token = format!("@{}", token.display());
    let checked = run(
        &data,
        &[
            "check",
            &token,
            "create-message",
            "--exit-code",
            "--ca",
            &certificate,
        ],
    );
    assert!(checked.status.success(), "{checked:?}");
    drop(server);

    let redis = Standalone::start();
    let mut command = Command::new(lanyard());
    command
        .args(["serve", "--master-key-file"])
        .arg(data.master_key_path());
    command
        .args(["--bootstrap-file", "first.json"])
        .current_dir(data.beside(""));
    command
        .env_clear()
        .env("LANYARD_REDIS", format!("\u{feff}{} \r\n", redis.url()));
    Server::on_free_ports(&mut command, &[]);
    drop(Server::run(&data, command).await);
}

#[tokio::test]
async fn an_expired_certificate_replaces_no_valid_one_and_is_counted() {
    let data = Data::new();
    let (cert, key) = own_certificate(&data, "own");
    let [certificate, private] = [&cert, &key].map(|path| path.display().to_string());
    let flags = ["--tls-cert", &certificate, "--tls-key", &private];
    let server = Server::start_on(&data, &flags).await;
    let good = fs::read(&cert).expect("the certificate");
    let trusted = data.beside("trusted.pem");
    fs::write(&trusted, good).expect("room");
    let trusted = trusted.display().to_string();
    for (years, cause) in [([2020, 2021], "expired"), ([2090, 2091], "not valid yet")] {
        write_certificate((&cert, &key), years);
        server.signal(Signal::HUP);
        server
            .says_in_one_line(&["WARN", "stays as it was", &certificate, cause])
            .await;
    }
    let metrics = http::get(server.admin_url(), "/metrics").await.body;
    let counted = "lanyard_tls_certificates_refused_total 2\n";
    assert!(metrics.contains(counted), "{metrics}");
    assert!(
        !server.output().contains("was renewed"),
        "{}",
        server.output()
    );
    let listed = run(&data, &["identity", "list", "--ca", &trusted]);
    assert!(listed.status.success(), "{listed:?}");
    write_certificate((&cert, &key), [2020, 2090]);
    server.signal(Signal::HUP);
    server.says("the certificate was renewed").await;
    let listed = run(&data, &["identity", "list", "--ca", &certificate]);
    assert!(listed.status.success(), "{listed:?}");
}

#[tokio::test]
async fn a_start_with_an_expired_certificate_warns() {
    let data = Data::new();
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| data.beside(name));
    write_certificate((&cert, &key), [2020, 2021]);
    let [certificate, private] = [&cert, &key].map(|path| path.display().to_string());
    let flags = ["--tls-cert", &certificate, "--tls-key", &private];
    let server = Server::start_on(&data, &flags).await;
    server
        .says_in_one_line(&["WARN", &certificate, "expired"])
        .await;
    eventually("it is ready", async || {
        http::get(server.admin_url(), "/readyz").await.status == 200
    })
    .await;
}

/// As an editor may leave a text: with a byte order mark, and other line ends.
fn spoil(path: &Path) {
    let text = fs::read_to_string(path).expect("the file is there");
    let text = text.replace('\n', "\r\n");
    fs::write(path, format!("\u{feff}{text}")).expect("room");
}

fn write_certificate((cert, key): (&PathBuf, &PathBuf), [first, last]: [i32; 2]) {
    let pair = KeyPair::generate().expect("a key");
    let hosts = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut params = CertificateParams::new(hosts).expect("names");
    params.not_before = date_time_ymd(first, 1, 1);
    params.not_after = date_time_ymd(last, 1, 1);
    let made = params.self_signed(&pair).expect("a certificate");
    fs::write(key, pair.serialize_pem()).expect("room");
    fs::write(cert, made.pem()).expect("room");
}

fn run(data: &Data, arguments: &[&str]) -> Output {
    let mut command = Command::new(lanyard());
    command.args(arguments).env_clear();
    command.env("LANYARD_DATA", data.path());
    command.output().expect("the binary runs")
}

/// Whether this user may mount a file system.
fn mounts() -> bool {
    let mut unshare = Command::new("unshare");
    let unshare = unshare.args(["--mount", "true"]).status();
    unshare.is_ok_and(|status| status.success())
}
