//! Where clients are told to call, where that is not the address that is listened on.

use std::process::{Command, Output};

use crate::support::tls::own_certificate_for;
use crate::support::{Data, Server, lanyard};

#[tokio::test]
async fn it_is_what_is_written_down_and_stands_in_connection_strings() {
    let server = Server::start_with(&["--public-endpoint", "https://lanyard.example:8443/"]).await;
    let data = server.data();
    assert!(server.endpoint().starts_with("http://127.0.0.1:"));
    assert!(
        server
            .output()
            .contains("clients call https://lanyard.example:8443\n")
    );
    assert_eq!(data.bootstrap_text("endpoint"), PUBLIC);
    let string = data.bootstrap_text("connection_string");
    assert!(string.starts_with("endpoint=https://lanyard.example:8443/;accesskey="));
    assert_eq!(printed_string(data), string);
}

#[tokio::test]
async fn without_one_it_is_where_the_server_listens_on_this_machine() {
    let server = Server::start().await;
    let data = server.data();
    assert!(!server.output().contains("clients call"));
    assert_eq!(data.bootstrap_text("endpoint"), server.endpoint());
    let expected = format!("endpoint={}/;accesskey=", server.endpoint());
    assert!(printed_string(data).starts_with(&expected));
}

#[tokio::test]
async fn one_that_is_said_later_counts_from_then_on_and_the_first_credentials_stay() {
    let server = Server::start().await;
    let data = server.data().clone();
    let mut first = data.bootstrap();
    let server = server.restart(&["--public-endpoint", PUBLIC]).await;
    let mut later = data.bootstrap();
    assert_eq!(later["endpoint"], PUBLIC);
    for member in ["endpoint", "connection_string"] {
        first[member].take();
        later[member].take();
    }
    assert_eq!(later, first);
    let string = printed_string(&data);
    assert!(
        string.starts_with("endpoint=https://lanyard.example:8443/;"),
        "{string}"
    );
    let server = server.restart(&[]).await;
    let expected = format!("endpoint={}/;", server.endpoint());
    assert!(printed_string(&data).starts_with(&expected));
}

/// The control is the first start: the address that it listens on is not in its certificate.
#[tokio::test]
async fn commands_call_the_name_that_the_certificate_is_for() {
    let data = Data::new();
    let (cert, key) = own_certificate_for(&data, "own", &["localhost"]);
    let (cert, key) = (cert.display().to_string(), key.display().to_string());
    let flags = ["--tls-cert", &cert, "--tls-key", &key];
    let server = Server::start_on(&data, &flags).await;
    let listed = ["identity", "list", "--ca", &cert];
    let refused = command(&data, &listed);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(told.contains("certificate"), "{refused:?}");
    let address = server.endpoint().replace("https://", "");
    let named = server.endpoint().replace("127.0.0.1", "localhost");
    let more = ["--listen", &address, "--public-endpoint", &named];
    let _server = server.restart(&[&flags[..], &more].concat()).await;
    let answered = command(&data, &listed);
    assert!(answered.status.success(), "{answered:?}");
}

#[tokio::test]
async fn the_environment_says_it_too() {
    let data = Data::new();
    let mut command = Command::new(lanyard());
    command
        .args(["serve", "--data"])
        .arg(data.path())
        .env_clear();
    command.env("LANYARD_PUBLIC_ENDPOINT", PUBLIC);
    Server::on_free_ports(&mut command, &[]);
    let _server = Server::run(&data, command).await;
    assert_eq!(data.bootstrap_text("endpoint"), PUBLIC);
}

#[tokio::test]
async fn what_is_no_endpoint_is_refused_with_the_flag_and_an_example_and_nothing_is_made() {
    let data = Data::new();
    for text in [
        "lanyard.example",
        "https://lanyard.example/path",
        "https://lanyard.example;accesskey=AAAA",
        "ftp://lanyard.example",
        "",
    ] {
        let refused = Server::refuses_to_start(&data, &["--public-endpoint", text]).await;
        assert!(!refused.status.success(), "{text}");
        for told in ["--public-endpoint", "such as https://lanyard.example:7400"] {
            assert!(refused.output.contains(told), "{}", refused.output);
        }
        assert!(!data.path().exists(), "{text}");
    }
}

#[tokio::test]
async fn a_connection_string_is_made_of_an_endpoint_alone() {
    let server = Server::start().await;
    let words = ["resource", "connection-string", "--endpoint"];
    for text in [
        "lanyard.example",
        "https://lanyard.example/path",
        "https://lanyard.example;accesskey=AAAA",
        "",
    ] {
        let refused = command(server.data(), &[&words[..], &[text]].concat());
        let told = String::from_utf8_lossy(&refused.stderr);
        assert!(
            !refused.status.success() && refused.stdout.is_empty(),
            "{text}"
        );
        assert!(told.contains("with --endpoint"), "{told}");
    }
    let good = [&words[..], &["https://lanyard.example:443/"]].concat();
    let made = command(server.data(), &good);
    let text = String::from_utf8_lossy(&made.stdout);
    assert!(
        text.starts_with("endpoint=https://lanyard.example/;accesskey="),
        "{text}"
    );
}

fn printed_string(data: &Data) -> String {
    let output = command(data, &["resource", "connection-string"]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    text.trim_end().to_owned()
}

fn command(data: &Data, words: &[&str]) -> Output {
    let mut command = Command::new(lanyard());
    command.env_clear().args(words).arg("--data");
    command.arg(data.path()).output().expect("the binary runs")
}

const PUBLIC: &str = "https://lanyard.example:8443";
