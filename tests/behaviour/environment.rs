//! Flags and environment variables together: precedence, empty variables, and names in messages.

use std::fs;
use std::process::Command;

use lanyard_redis_fixture::Standalone;

use crate::support::{Data, Server, lanyard};

const FREE_PORTS: [&str; 4] = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_flag_takes_precedence_over_a_variable_that_excludes_it() {
    let redis = Standalone::start();
    let data = Data::new();
    let directory = data.path().display().to_string();
    let url = redis.url();
    let on_redis = [
        "--redis",
        &url,
        "--master-key-file",
        "key",
        "--bootstrap-file",
        "first.json",
    ];
    let in_directory = ["--data", &directory];
    for (typed, variable, value) in [
        (&on_redis[..], "LANYARD_DATA", "elsewhere"),
        (&in_directory[..], "LANYARD_REDIS", &url),
        (&in_directory[..], "LANYARD_REDIS_USER", "nobody"),
    ] {
        let mut command = serve(&data, typed);
        command.env(variable, value);
        let server = Server::run(&data, command).await;
        let place = if typed == on_redis { &url } else { &directory };
        server
            .says(&format!(
                "data {} {place}",
                if typed == on_redis { "on" } else { "in" }
            ))
            .await;
        assert!(server.stop().await.status.success());
        assert!(!data.beside("elsewhere").exists());
    }
}

#[tokio::test]
async fn a_typed_certificate_or_dev_tls_takes_precedence_over_the_other_in_the_environment() {
    let data = Data::new();
    let typed = ["--dev-tls", "--data", data.path().to_str().expect("text")].map(str::to_owned);
    let typed: Vec<_> = typed.iter().map(String::as_str).collect();
    let mut command = serve(&data, &typed);
    command.envs([("LANYARD_TLS_CERT", "c.pem"), ("LANYARD_TLS_KEY", "k.pem")]);
    assert!(
        Server::run(&data, command)
            .await
            .endpoint()
            .starts_with("https")
    );
    let mut command = serve(&data, &["--tls-cert", "c.pem", "--tls-key", "k.pem"]);
    command.env("LANYARD_DEV_TLS", "1");
    let refused = Server::gives_up(command).await;
    assert!(refused.output.contains("`c.pem`"), "{refused:?}");
}

#[tokio::test]
async fn contradictions_are_refused_and_the_message_names_what_was_set_where_it_was_set() {
    let data = Data::new();
    let d = data.path().display().to_string();
    for (typed, variables, parts) in [
        // Both from the environment.
        (
            &[][..],
            &[("LANYARD_DATA", &*d), ("LANYARD_REDIS", "redis://h")][..],
            &["LANYARD_DATA", "LANYARD_REDIS'"][..],
        ),
        (
            &[],
            &[("LANYARD_DATA", &d), ("LANYARD_REDIS_REPLICAS", "1")],
            &["LANYARD_DATA", "LANYARD_REDIS_REPLICAS"],
        ),
        (
            &[],
            &[
                ("LANYARD_TLS_CERT", "c"),
                ("LANYARD_TLS_KEY", "k"),
                ("LANYARD_DEV_TLS", "1"),
            ],
            &["LANYARD_TLS_CERT", "LANYARD_DEV_TLS"],
        ),
        // Both typed.
        (
            &["--data", &d, "--redis", "redis://h"],
            &[],
            &["--data", "--redis <URL>"],
        ),
        (
            &["--data", &d, "--redis-user", "u"],
            &[],
            &["--data", "--redis-user"],
        ),
        (
            &["--data", &d, "--bootstrap-file", "f"],
            &[],
            &["--data", "--bootstrap-file"],
        ),
        // A setting of what is not chosen.
        (
            &[],
            &[("LANYARD_REDIS_USER", "u")],
            &["--redis <URL>", "LANYARD_REDIS_USER"],
        ),
        (
            &["--redis-user", "u"],
            &[("LANYARD_DATA", &d)],
            &["--redis <URL>"],
        ),
        (
            &[],
            &[("LANYARD_TLS_CERT", "c")],
            &["--tls-key", "LANYARD_TLS_CERT"],
        ),
        // Invalid values.
        (
            &[],
            &[("LANYARD_LISTEN", "x")],
            &["'LANYARD_LISTEN': invalid"],
        ),
        (
            &["--listen", "x"],
            &[("LANYARD_LISTEN", "127.0.0.1:0")],
            &["'--listen <ADDRESS>'"],
        ),
        (
            &[],
            &[("LANYARD_REDIS", "http://u:s3cret@h")],
            &["'LANYARD_REDIS'"],
        ),
        (&[], &[("LANYARD_LOG", "loud")], &["'LANYARD_LOG'"]),
    ] {
        let mut command = Command::new(lanyard());
        command
            .arg("serve")
            .args(typed)
            .env_clear()
            .envs(variables.iter().copied());
        command.current_dir(data.beside(""));
        let refused = Server::gives_up(command).await;
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        for part in parts {
            assert!(refused.output.contains(part), "{part}: {}", refused.output);
        }
        assert!(!refused.output.contains("s3cret"), "{}", refused.output);
    }
}

#[tokio::test]
async fn an_error_after_parsing_names_the_variable_that_the_value_came_from() {
    let data = Data::new();
    for (variables, part) in [
        (
            &[("LANYARD_LISTEN", "0.0.0.0:0")][..],
            "LANYARD_LISTEN 0.0.0.0:0",
        ),
        (
            &[("LANYARD_TLS_CERT", "c.pem"), ("LANYARD_TLS_KEY", "k.pem")],
            "with LANYARD_TLS_CERT",
        ),
    ] {
        let mut command = Command::new(lanyard());
        command
            .arg("serve")
            .env_clear()
            .envs(variables.iter().copied());
        command.current_dir(data.beside(""));
        let refused = Server::gives_up(command).await;
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        assert!(refused.output.contains(part), "{}", refused.output);
    }
}

#[tokio::test]
async fn an_empty_variable_counts_as_unset_for_every_flag_of_every_command() {
    let server = Server::start().await;
    let variables = variables();
    assert!(variables.len() > 30, "{variables:?}");
    let blank = |value: &'static str| variables.iter().map(move |name| (name.clone(), value));
    for value in ["", " \n"] {
        let data = Data::new();
        let directory = data.path().display().to_string();
        let mut command = serve(&data, &["--data", &directory]);
        command.envs(blank(value));
        drop(Server::run(&data, command).await);

        let path = server.data().path().display().to_string();
        let bootstrap = server.data().bootstrap_path().display().to_string();
        let enforce = [
            "enforce",
            "--authority",
            server.endpoint(),
            "--credential",
            &bootstrap,
        ];
        let mut command = Command::new(lanyard());
        command
            .args(enforce)
            .args(FREE_PORTS)
            .env_clear()
            .envs(blank(value));
        drop(Server::run(&data, command).await);

        let mut command = Command::new(lanyard());
        command.args(["identity", "list", "--data", &path]);
        let output = command
            .env_clear()
            .envs(blank(value))
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{output:?}");

        let mut command = Command::new(lanyard());
        command.arg("enforce").env_clear().envs(blank(value));
        let refused = Server::gives_up(command).await;
        assert!(refused.output.contains("--authority <URL>"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_typed_data_directory_takes_precedence_over_a_credential_of_the_environment() {
    let (one, other) = (Server::start().await, Server::start().await);
    one.primary().identity().await;
    let listed = |arguments: &[&str]| {
        let mut command = Command::new(lanyard());
        command.args(["identity", "list", "--json"]).args(arguments);
        command
            .env_clear()
            .env("LANYARD_CREDENTIAL", one.data().bootstrap_path());
        let output = command
            .env("LANYARD_ENDPOINT", one.endpoint())
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    assert!(listed(&[]).contains("8:acs:"));
    let data = other.data().path().display().to_string();
    assert!(!listed(&["--data", &data]).contains("8:acs:"));
    let typed = one.data().bootstrap_path().display().to_string();
    let both = ["--data", &data, "--credential", &typed];
    assert!(listed(&both).contains("8:acs:"));
}

fn serve(data: &Data, typed: &[&str]) -> Command {
    fs::create_dir_all(data.beside("")).expect("a directory");
    let mut command = Command::new(lanyard());
    command.arg("serve").args(typed).args(FREE_PORTS);
    command.env_clear().current_dir(data.beside(""));
    command
}

/// All variables that the help of any command names.
fn variables() -> Vec<String> {
    let mut names = Vec::new();
    for command in ["serve", "enforce", "identity"] {
        let help = Command::new(lanyard())
            .args([command, "--help"])
            .env_clear()
            .output();
        let help = String::from_utf8(help.expect("it runs").stdout).expect("text");
        let parts = help.split("[env: ").skip(1);
        names.extend(parts.filter_map(|part| Some(part.split_once('=')?.0.to_owned())));
    }
    names
}
