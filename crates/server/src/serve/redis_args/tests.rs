//! The flags for a store on Redis, as they are typed.

use clap::Parser;

use super::{super::redis_servers::shown, *};

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    serve: super::super::ServeArgs,
}

fn parsed(line: &[&str]) -> Result<RedisArgs, clap::Error> {
    let words = ["lanyard"].iter().chain(line);
    Flags::try_parse_from(words).map(|flags| flags.serve.redis)
}

fn options(line: &[&str]) -> RedisOptions {
    parsed(line).unwrap().options().unwrap().unwrap()
}

fn refusal(line: &[&str]) -> String {
    parsed(line).unwrap().options().unwrap_err().to_string()
}

#[test]
fn without_servers_there_is_no_store_on_redis_and_nothing_may_be_said_of_one() {
    assert!(parsed(&[]).unwrap().options().unwrap().is_none());
    for stray in [
        ["--redis-user", "u"],
        ["--redis-password-file", "f"],
        ["--redis-ca-file", "f"],
        ["--redis-replicas", "1"],
        ["--redis-durability", "relaxed"],
        ["--redis-namespace", "n"],
        ["--redis-partitions", "1"],
        ["--redis-response-timeout", "1s"],
        ["--bootstrap-file", "f"],
    ] {
        let refused = parsed(&stray).unwrap_err().to_string();
        assert!(refused.contains("--redis <URL>"), "{stray:?}: {refused}");
    }
}

#[test]
fn a_data_directory_and_redis_exclude_each_other() {
    let refused = parsed(&["--redis", "redis://a", "--data", "d"]).unwrap_err();
    assert_eq!(refused.kind(), clap::error::ErrorKind::ArgumentConflict);
}

#[test]
fn a_password_in_the_argument_is_refused_with_what_helps_and_is_not_repeated() {
    for url in [
        "redis://u:s3cret@a",
        "redis://:s3cret@a",
        "http://u:s3cret@a",
    ] {
        let refused = parsed(&["--redis", url]).unwrap_err().to_string();
        assert!(!refused.contains("s3cret"), "{refused}");
        assert!(refused.contains("--redis <URL>"), "{refused}");
    }
    let refused = parsed(&["--redis", "redis://:s3cret@a"]).unwrap_err();
    let refused = refused.to_string();
    for remedy in ["--redis-password-file", "LANYARD_REDIS"] {
        assert!(refused.contains(remedy), "{refused}");
    }
}

#[test]
fn a_login_is_a_user_and_the_first_line_of_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("password");
    let file = path.to_str().unwrap();
    let line = ["--redis", "redis://bob@a", "--redis-password-file", file];
    fs::write(&path, "s3 cret\nan afterthought\n").unwrap();
    let login = options(&line).login;
    assert_eq!(login.user.as_deref(), Some("bob"));
    let expected = RedisPassword::new(Zeroizing::new("s3 cret".to_owned()));
    assert_eq!(login.password, Some(expected));
    let twice = [&line[..], &["--redis-user", "eve"]].concat();
    assert!(refusal(&twice).contains("--redis-user and --redis both name a user"));

    fs::write(&path, "\n").unwrap();
    assert!(refusal(&line).contains("its first line is empty"));
    fs::remove_file(&path).unwrap();
    let refused = refusal(&line);
    assert!(
        refused.contains(file) && refused.contains("No such file"),
        "{refused}"
    );
}

#[test]
fn what_is_for_tls_or_for_sentinels_is_refused_where_there_are_none() {
    let plain = ["--redis", "redis-cluster://a:1", "--redis-ca-file", "f"];
    assert!(refusal(&plain).ends_with("begin the URL with rediss-cluster://"));
    let lone = ["--redis", "redis://a", "--redis-sentinel-user", "u"];
    assert!(refusal(&lone).ends_with("are for redis-sentinel://"));
    let half = ["--redis", "rediss://a", "--redis-cert-file", "f"];
    assert!(
        parsed(&half)
            .unwrap_err()
            .to_string()
            .contains("--redis-key-file")
    );
}

#[test]
fn the_rest_is_taken_as_it_is_said() {
    let line = [
        "--redis",
        "rediss-sentinel://a,b:2/main/3",
        "--redis-ca-file",
        "ca",
        "--redis-cert-file",
        "cert",
        "--redis-key-file",
        "key",
        "--redis-sentinel-user",
        "watcher",
        "--redis-replicas",
        "2",
        "--redis-durability",
        "relaxed",
        "--redis-partitions",
        "1024",
        "--redis-response-timeout",
        "500ms",
    ];
    let said = options(&line);
    assert_eq!(shown(&said.servers), "rediss-sentinel://a:26379,b:2/main/3");
    let files = ("cert".into(), "key".into());
    assert_eq!(said.tls.client_files, Some(files));
    assert_eq!(said.tls.ca_file, Some("ca".into()));
    assert_eq!(said.sentinel_login.user.as_deref(), Some("watcher"));
    assert_eq!(said.replicas, Some(2));
    assert_eq!(said.durability, RedisDurability::Relaxed);
    assert_eq!(said.partitions.get(), 1024);
    assert_eq!(said.response_timeout, Duration::from_millis(500));
}

#[test]
fn numbers_have_their_limits() {
    let redis = ["--redis", "redis://a"];
    for (flag, value) in [
        ("--redis-partitions", "0"),
        ("--redis-partitions", "1025"),
        ("--redis-response-timeout", "9ms"),
        ("--redis-response-timeout", "31s"),
        ("--redis-replicas", "-1"),
        ("--redis-namespace", "A"),
    ] {
        let line = [&redis[..], &[flag, value]].concat();
        assert!(parsed(&line).is_err(), "{flag} {value}");
    }
}

#[test]
fn servers_are_shown_as_they_were_named_and_without_a_login() {
    for (named, expected) in [
        ("redis://u@a", "redis://a:6379"),
        ("rediss://[::1]:7/4", "rediss://[::1]:7/4"),
        ("redis-sentinel://a/m", "redis-sentinel://a:26379/m"),
        ("redis-cluster://a:1,b:2", "redis-cluster://a:1,b:2"),
    ] {
        assert_eq!(shown(&options(&["--redis", named]).servers), expected);
    }
}
