//! TLS on the service port: with a certificate that is given, and with one that is made here.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use lanyard_proto::v1::Capability;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_rustls::rustls::ProtocolVersion;

use crate::support::tls::{TlsClient, own_certificate, plain};
use crate::support::{DEADLINE, Data, Server, eventually, http, lanyard};

#[tokio::test]
async fn grpc_and_http_of_both_versions_share_the_port() {
    let server = Server::start_with(&["--dev-tls"]).await;
    let token = server.primary().token(&["chat"]).await;
    let enforcer = server.enforcer();
    let decision = enforcer.decide(&token, Capability::CreateMessage).await;
    assert!(decision.allowed, "{decision:?}");
    let mut client = TlsClient::of(server.data());
    for version in [ProtocolVersion::TLSv1_2, ProtocolVersion::TLSv1_3] {
        client.version = version;
        for (alpn, chosen) in [
            (&["h2", "http/1.1"][..], Some("h2")),
            (&["http/1.1"], Some("http/1.1")),
            (&[], None),
        ] {
            client.alpn = alpn;
            let stream = client.connect(&server).await.expect("a handshake");
            let spoken = stream.get_ref().1;
            assert_eq!(spoken.protocol_version(), Some(version));
            assert_eq!(spoken.alpn_protocol(), chosen.map(str::as_bytes));
            let answer = if chosen == Some("h2") {
                http::get_h2_over(stream, server.endpoint(), JWKS).await
            } else {
                http::get_over(stream, "localhost", JWKS).await
            };
            assert_eq!(answer.status, 200, "{answer:?}");
            assert!(answer.body.contains("\"OKP\""), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn each_name_of_this_machine_is_believed_and_no_other() {
    let server = Server::start_with(&["--dev-tls"]).await;
    let mut client = TlsClient::of(server.data());
    for name in ["localhost", "default.localhost", "127.0.0.1", "::1"] {
        client.name = name;
        client.connect(&server).await.expect(name);
    }
    for name in ["lanyard.example", "127.0.0.2"] {
        client.name = name;
        client.connect(&server).await.expect_err(name);
    }
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_authority_has_no_connection() {
    let server = Server::start_with(&["--dev-tls"]).await;
    let refused = TlsClient::believing_nobody().connect(&server).await;
    let told = refused.expect_err("nobody vouches for it").to_string();
    assert!(told.contains("UnknownIssuer"), "{told}");
    // The authority of another data directory is another authority.
    let other = Server::start_with(&["--dev-tls"]).await;
    let refused = TlsClient::of(other.data()).connect(&server).await;
    refused.expect_err("another vouches for another");
    TlsClient::of(server.data())
        .connect(&server)
        .await
        .expect("the control");
}

#[tokio::test]
async fn plain_text_is_not_answered_and_the_port_lives_on() {
    let server = Server::start_with(&["--dev-tls"]).await;
    for text in [
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut connection = plain(&server).await;
        connection.write_all(text.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        let read = timeout(DEADLINE, connection.read_to_end(&mut answer)).await;
        // An alert may come before the end, and what was not read may reset the connection.
        drop(read.expect("the connection ends in time"));
        let text = String::from_utf8_lossy(&answer);
        assert!(!text.contains("HTTP"), "{text}");
    }
    assert_eq!(jwks(&server).await, 200);
}

#[tokio::test]
async fn clients_that_connect_and_say_nothing_do_not_hold_up_others() {
    let server = Server::start_with(&["--dev-tls"]).await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(plain(&server).await);
    }
    // Some begin, and stop in the middle.
    for connection in silent.iter_mut().take(100) {
        connection
            .write_all(&[22, 3, 1, 2, 0, 1])
            .await
            .expect("sent");
    }
    assert_eq!(jwks(&server).await, 200);
    let token = server.primary().token(&["chat"]).await;
    assert!(!token.is_empty());
    // They are not kept for ever, either.
    let mut first = silent.swap_remove(0);
    let ended = timeout(DEADLINE, first.read(&mut [0; 64])).await;
    drop(ended.expect("its time is over at some time"));
    assert_eq!(jwks(&server).await, 200);
}

#[tokio::test]
async fn a_server_that_was_out_of_descriptors_serves_again_when_it_has_some() {
    let server = Server::once_out_of_descriptors(&["--dev-tls"]).await;
    assert_eq!(jwks(&server).await, 200);
}

#[tokio::test]
async fn a_second_start_uses_the_same_authority_and_its_keys_are_private() {
    let server = Server::start_with(&["--dev-tls"]).await;
    let data = server.data().clone();
    let ca = fs::read(data.dev_ca_path()).expect("an authority");
    let tls = data.path().join("tls");
    let file = fs::metadata(tls.join("server.key")).expect("a key");
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    assert!(
        !tls.join("ca.key").exists(),
        "the key of the CA is not kept"
    );
    let client = TlsClient::of(&data);
    let server = server.restart(&["--dev-tls"]).await;
    client.connect(&server).await.expect("it is still trusted");
    assert_eq!(fs::read(data.dev_ca_path()).expect("an authority"), ca);
}

#[tokio::test]
async fn a_ca_of_the_earlier_form_is_replaced_and_the_log_says_so() {
    let server = Server::start_with(&["--dev-tls"]).await;
    let data = server.data().clone();
    let before = TlsClient::of(&data);
    let ca_key = data.path().join("tls/ca.key");
    fs::write(&ca_key, "a key").expect("a file");
    let server = server.restart(&["--dev-tls"]).await;
    server
        .says_in_one_line(&["replaced the certificates of --dev-tls", "ca.pem"])
        .await;
    assert!(!ca_key.exists());
    TlsClient::of(&data)
        .connect(&server)
        .await
        .expect("the new CA is trusted");
    let refused = before.connect(&server).await;
    refused.expect_err("the CA from before signs nothing any more");
}

#[tokio::test]
async fn what_is_written_and_said_about_the_endpoint_is_https() {
    let server = Server::start_with(&["--dev-tls"]).await;
    let data = server.data();
    assert!(server.endpoint().starts_with("https://127.0.0.1:"));
    assert_eq!(data.bootstrap_text("endpoint"), server.endpoint());
    let expected = format!("endpoint={}/;accesskey=", server.endpoint());
    assert!(
        data.bootstrap_text("connection_string")
            .starts_with(&expected)
    );
    let ca = data.dev_ca_path().display().to_string();
    for told in [
        format!("curl --cacert {ca}"),
        format!("REQUESTS_CA_BUNDLE={ca} SSL_CERT_FILE={ca}"),
        format!("NODE_EXTRA_CA_CERTS={ca}"),
        format!("keytool -importcert -noprompt -alias lanyard-dev -file {ca}"),
    ] {
        server.says(&told).await;
    }
}

#[tokio::test]
async fn the_commands_find_the_authority_that_was_made_here() {
    let server = Server::start_with(&["--dev-tls"]).await;
    let data = server.data();
    let made = cli(
        data,
        &[
            "identity",
            "create",
            "--scope",
            "chat",
            "--field",
            "access_token.token",
        ],
    );
    let token = said(&made);
    let checked = cli(data, &["check", &token, "create-message"]);
    assert!(said(&checked).starts_with("allowed"), "{checked:?}");
    // So they do from the file of the credentials, if the directory is not said.
    let bootstrap = data.bootstrap_path().display().to_string();
    let named = [
        "check",
        &token,
        "create-message",
        "--credential",
        &bootstrap,
    ];
    let elsewhere = lanyard_command(&named);
    assert!(said(&elsewhere).starts_with("allowed"), "{elsewhere:?}");
}

#[tokio::test]
async fn a_command_that_trusts_nobody_says_what_to_do() {
    let server = Server::start_with(&["--dev-tls"]).await;
    let data = server.data();
    let (other, _) = own_certificate(data, "other");
    let other = other.display().to_string();
    let refused = cli(data, &["identity", "list", "--ca", &other]);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success());
    assert!(
        told.contains("nobody who is trusted has signed its certificate"),
        "{told}"
    );
    assert!(told.contains("--ca"), "{told}");
    // An https endpoint that is served without TLS is told apart from a wrong certificate.
    let bare = Server::start().await;
    let endpoint = bare.endpoint().replace("http://", "https://");
    let refused = cli(data, &["identity", "list", "--endpoint", &endpoint]);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(
        told.contains("what answers there does not speak it"),
        "{told}"
    );
}

#[tokio::test]
async fn a_connection_string_is_made_of_the_key_that_is_asked_for() {
    let server = Server::start_with(&["--dev-tls"]).await;
    let data = server.data();
    let key = |role: &str| {
        data.bootstrap()[role]["secret"]
            .as_str()
            .expect("a secret")
            .to_owned()
    };
    let verb = ["resource", "connection-string"];
    let with = |more: &[&str]| said(&cli(data, &[&verb[..], more].concat()));
    let expected = format!(
        "endpoint={}/;accesskey={}",
        server.endpoint(),
        key("primary")
    );
    assert_eq!(with(&[]), expected);
    assert_eq!(expected, data.bootstrap_text("connection_string"));
    let secondary = with(&[
        "--slot",
        "secondary",
        "--endpoint",
        "https://default.localhost:1/",
    ]);
    let expected = format!(
        "endpoint=https://default.localhost:1/;accesskey={}",
        key("secondary")
    );
    assert_eq!(secondary, expected);
}

#[tokio::test]
async fn an_enforcement_point_follows_over_tls() {
    let authority = Server::start_with(&["--dev-tls"]).await;
    let point = Server::enforce(authority.data(), &[authority.endpoint()], &[]).await;
    point.ready().await;
    let holder = authority.primary();
    let token = holder.token(&["chat"]).await;
    assert!(allowed(&point, &token).await);
    holder.revoke(&token).await.expect("revoked");
    eventually("the point has heard", async || {
        !allowed(&point, &token).await
    })
    .await;
}

#[tokio::test]
async fn an_enforcement_point_does_not_follow_whom_it_does_not_believe() {
    let authority = Server::start_with(&["--dev-tls"]).await;
    let (other, _) = own_certificate(authority.data(), "other");
    let flags = ["--ca", other.to_str().expect("a path")];
    let point = Server::enforce(authority.data(), &[authority.endpoint()], &flags).await;
    point.says("could not connect to the authority").await;
    assert_eq!(http::get(point.admin_url(), "/readyz").await.status, 503);
}

#[tokio::test]
async fn beyond_this_machine_tls_is_enough_and_nothing_is_not() {
    let data = Data::new();
    let everywhere = ["--listen", "0.0.0.0:0"];
    let refused = Server::refuses_to_start(&data, &everywhere).await;
    assert!(refused.output.contains("--tls-cert"), "{}", refused.output);
    let (cert, key) = own_certificate(&data, "own");
    let (cert, key) = (cert.display().to_string(), key.display().to_string());
    let given = [
        "--tls-cert",
        &cert,
        "--tls-key",
        &key,
        "--listen",
        "0.0.0.0:0",
    ];
    let server = Server::start_on(&data, &given).await;
    assert!(server.output().contains("listening on https://0.0.0.0:"));
    let listed = cli(&data, &["identity", "list", "--ca", &cert]);
    assert!(listed.status.success(), "{listed:?}");
}

#[tokio::test]
async fn a_renewed_certificate_is_served_without_a_start_and_what_was_open_stays_open() {
    let data = Data::new();
    let (cert, key) = own_certificate(&data, "own");
    let text = |path: &Path| path.display().to_string();
    let flags = ["--tls-cert", &text(&cert), "--tls-key", &text(&key)];
    let server = Server::start_on(&data, &flags).await;
    let before = TlsClient::believing(&cert);
    let open = before.connect(&server).await.expect("a handshake");
    let (renewed, its_key) = own_certificate(&data, "renewed");
    fs::rename(&renewed, &cert).expect("moved");
    fs::rename(&its_key, &key).expect("moved");
    let after = TlsClient::believing(&cert);
    eventually("the new certificate is served", async || {
        after.connect(&server).await.is_ok()
    })
    .await;
    before
        .connect(&server)
        .await
        .expect_err("the old one is not");
    let answer = http::get_h2_over(open, server.endpoint(), JWKS).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn a_start_with_files_that_do_not_fit_is_refused_and_makes_nothing() {
    let data = Data::new();
    let (cert, key) = own_certificate(&data, "own");
    let (_, other) = own_certificate(&data, "other");
    let text = |path: &Path| path.display().to_string();
    let missing = text(&data.beside("missing.pem"));
    let (cert, key, other) = (text(&cert), text(&key), text(&other));
    for (flags, told) in [
        (
            vec!["--tls-cert", &cert, "--tls-key", &other],
            "is not that of the certificate",
        ),
        (
            vec!["--tls-cert", &missing, "--tls-key", &key],
            "name a PEM file with --tls-cert",
        ),
        (
            vec!["--tls-cert", &cert, "--tls-key", &cert],
            "holds no private key",
        ),
        (vec!["--tls-cert", &cert], "--tls-key <FILE>"),
        (
            vec!["--tls-cert", &cert, "--tls-key", &key, "--dev-tls"],
            "cannot be used with",
        ),
    ] {
        let refused = Server::refuses_to_start(&data, &flags).await;
        assert!(!refused.status.success());
        assert!(refused.output.contains(told), "{}", refused.output);
        assert_eq!(refused.output.lines().count(), 1, "{}", refused.output);
        assert!(
            !data.path().exists(),
            "nothing is made for a start that is refused"
        );
    }
}

#[tokio::test]
async fn a_certificate_is_not_made_where_there_is_no_data_directory() {
    let mut command = Command::new(lanyard());
    command
        .env_clear()
        .args(["serve", "--redis", "redis://127.0.0.1:1", "--dev-tls"]);
    let refused = Server::gives_up(command).await;
    assert!(refused.output.contains("--tls-cert"), "{}", refused.output);
}

async fn jwks(server: &Server) -> u16 {
    let stream = TlsClient::of(server.data()).connect(server).await;
    let stream = stream.expect("a handshake");
    http::get_h2_over(stream, server.endpoint(), JWKS)
        .await
        .status
}

async fn allowed(point: &Server, token: &str) -> bool {
    let decided = point
        .enforcer()
        .decide(token, Capability::CreateMessage)
        .await;
    decided.allowed
}

fn cli(data: &Data, words: &[&str]) -> Output {
    let directory = data.path().display().to_string();
    lanyard_command(&[words, &["--data", &directory]].concat())
}

fn lanyard_command(words: &[&str]) -> Output {
    let mut command = Command::new(lanyard());
    command
        .env_clear()
        .args(words)
        .output()
        .expect("the binary runs")
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout.clone()).expect("text");
    text.trim_end().to_owned()
}

const JWKS: &str = "/.well-known/jwks.json";
