//! The command line as it is typed.

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser};

use super::*;

#[test]
fn the_command_line_is_consistent() {
    TestCli::command().debug_assert();
}

#[test]
fn every_command_is_understood() {
    for line in [
        "identity create",
        "identity create --custom-id x --scope chat --scope voip --lifetime 90m",
        "identity create --scope chat,voip",
        "identity create --scope chat --lifetime -5m",
        "identity get 8:acs:a_b",
        "identity list --page-size 10 --limit 5",
        "identity delete 8:acs:a_b",
        "token issue 8:acs:a_b --scope chat --lifetime 60",
        "token issue 8:acs:a_b --lifetime -5 --scope chat",
        "token inspect -",
        "token revoke @token.txt",
        "tokens revoke 8:acs:a_b",
        "check - create-chat-thread --exit-code --min-position 1-0",
        "check t CAPABILITY_IN_ROOM_CALL_OPERATION --invited --room-role presenter \
         --operation share-screen --message-sender 8:acs:a_b --web --remote-stream",
        "capabilities @f --invited",
        "subscription create name",
        "subscription list",
        "subscription delete id",
        "resource create name --subscription s --out f",
        "resource get id",
        "resource list",
        "resource delete id",
        "key list",
        "key list r",
        "key rotate primary",
        "key rotate SECONDARY r --out f",
        "service-key create enforcer --out f",
        "service-key list",
        "service-key delete id",
        "signing-key prepare",
        "signing-key activate id",
        "signing-key retire id",
        "signing-key revoke id",
        "signing-key list",
        "log list",
        "log strike 0 1700000000000-0",
        "log give-up-missing 15",
        "credential --role operator",
        "watch",
        "watch --cursor x",
    ] {
        let with_flags = format!("{line} --endpoint http://h:1 --credential f --data d --json");
        assert!(parse(line).is_ok(), "{line}");
        assert!(parse(&with_flags).is_ok(), "{with_flags}");
    }
}

#[test]
fn what_is_incomplete_or_unknown_is_not_understood() {
    for line in [
        "identity",
        "identity create --lifetime 90m",
        "identity create --scope chat --lifetime soon",
        "token issue 8:acs:a_b",
        "check -",
        "check - fly",
        "check - unspecified",
        "check - create-chat-thread --room-role owner",
        "key rotate tertiary",
        "service-key create",
        "credential --role nobody",
        "watch now",
        "enforce",
        "bench issue",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn an_unknown_capability_is_answered_with_those_that_there_are() {
    let error = parse("check - fly")
        .expect_err("no such capability")
        .to_string();
    assert!(
        error.contains("create-chat-thread, update-chat-thread"),
        "{error}"
    );
}

#[test]
fn a_noun_alone_is_answered_with_its_verbs() {
    let error = parse("identity").expect_err("no verb");
    assert_eq!(error.kind(), ErrorKind::MissingSubcommand);
    let said = error.to_string();
    assert!(said.contains("create, get, list, delete"), "{said}");
}

#[test]
fn connection_flags_may_stand_before_the_verb_or_after_it() {
    for line in [
        "identity --data d --json list",
        "identity list --data d --json",
    ] {
        let Ok(ClientCommand::Identity(noun)) = parse(line) else {
            panic!("{line}")
        };
        assert_eq!(noun.connection.data.to_str(), Some("d"));
        assert!(noun.connection.json);
    }
}

#[test]
fn the_data_directory_has_a_default() {
    let Ok(ClientCommand::Identity(noun)) = parse("identity list") else {
        panic!("identity")
    };
    assert_eq!(noun.connection.data.to_str(), Some("./lanyard-data"));
}

#[test]
fn a_parsed_command_does_not_show_its_token() {
    let command = parse("token inspect eyJhbGciOi.J9.c2ln").expect("a command");
    assert!(!format!("{command:?}").contains("eyJhbGciOi"));
}

fn parse(line: &str) -> Result<ClientCommand, clap::Error> {
    let words = std::iter::once("lanyard").chain(line.split_whitespace());
    TestCli::try_parse_from(words).map(|cli| cli.command)
}

#[derive(Debug, Parser)]
struct TestCli {
    #[command(subcommand)]
    command: ClientCommand,
}
