//! One line for each kind of refusal.

use super::*;

#[test]
fn field_violations_are_named_with_their_remedies() {
    let mut details = reason("INVALID_FIELD");
    details.add_bad_request_violation("scopes", "name at least one");
    details.add_bad_request_violation("lifetime", "say whole minutes from 60 to 1440");
    let status = Status::with_error_details(Code::InvalidArgument, "the request is wrong", details);

    let line = "scopes: name at least one; lifetime: say whole minutes from 60 to 1440";
    assert_eq!(explained(&status), line);
}

#[test]
fn a_refused_credential_names_the_server_and_the_file_and_no_command() {
    for (role, named) in [
        (Some(Role::Primary), "the primary access key `k1`"),
        (Some(Role::Operator), "the credential `k1`"),
        (None, "the credential `k1`"),
    ] {
        let line = explain(&refused(None), &Caller { role, ..caller() });
        let expected = format!(
            "{named} of `bootstrap.json` was refused by http://h:1: the endpoint may be another \
             authority, or an enforcer with a credential of its own, or the file may be outdated: \
             check --endpoint URL and --credential FILE"
        );
        assert_eq!(line, expected);
    }
}

#[test]
fn a_file_of_another_endpoint_is_named() {
    let file_endpoint = Some("http://h:2");
    let line = explain(
        &refused(None),
        &Caller {
            file_endpoint,
            ..caller()
        },
    );
    assert!(line.contains("the file is for http://h:2"), "{line}");
}

#[test]
fn a_clock_that_differs_from_the_servers_is_the_cause() {
    for (date, expected) in [
        ("Fri, 15 Jan 2027 08:20:00 GMT", Some("clock is 20m behind")),
        (
            "Fri, 15 Jan 2027 07:40:00 GMT",
            Some("clock is 20m ahead of"),
        ),
        (
            "Fri, 15 Jan 2027 08:01:01 GMT",
            Some("clock is 1m 1s behind"),
        ),
        ("Fri, 15 Jan 2027 08:01:00 GMT", None),
        ("Fri, 15 Jan 2027 07:59:00 GMT", None),
        ("yesterday", None),
    ] {
        let line = explained(&refused(Some(date)));
        match expected {
            Some(expected) => assert!(line.contains(expected), "{line}"),
            None => assert!(!line.contains("clock"), "{line}"),
        }
        assert!(!line.contains("rotate"), "{line}");
    }
}

fn refused(date: Option<&'static str>) -> Status {
    let details = reason("CREDENTIAL_REFUSED");
    let mut status = Status::with_error_details(Code::Unauthenticated, "refused", details);
    if let Some(date) = date {
        let date = date.parse().unwrap();
        status.metadata_mut().insert("date", date);
    }
    status
}

#[test]
fn a_delay_is_told_once_and_rounded_up() {
    for message in ["the store is away", "the store is away; try again"] {
        let mut details = reason("STORE_UNAVAILABLE");
        details.set_retry_info(Some(Duration::from_millis(1001)));
        let status = Status::with_error_details(Code::Unavailable, message, details);

        assert_eq!(explained(&status), "the store is away: try again in 2 s");
    }
}

#[test]
fn the_authority_has_the_word_where_there_is_no_more_to_say() {
    let status = Status::with_error_details(
        Code::NotFound,
        "no identity `8:acs:a_b`",
        reason("NOT_FOUND"),
    );
    assert_eq!(explained(&status), "no identity `8:acs:a_b`");
}

#[test]
fn what_is_not_an_authority_is_told_apart_from_one() {
    for (code, expected) in [
        (Code::Unavailable, "the connection to http://h:1 broke"),
        (Code::DeadlineExceeded, "http://h:1 did not answer in time"),
        (
            Code::Unimplemented,
            "http://h:1 did not answer as an authority does",
        ),
        (
            Code::Unauthenticated,
            "http://h:1 did not answer as an authority does",
        ),
    ] {
        let line = explained(&Status::new(code, ""));
        assert!(line.starts_with(expected), "{line}");
    }
}

#[test]
fn a_refusal_is_one_line_that_cannot_steer_the_terminal() {
    let status =
        Status::with_error_details(Code::NotFound, "a\nb\r\u{1b}[2Jc", reason("NOT_FOUND"));
    assert_eq!(explained(&status), "a b  [2Jc");
}

fn explained(status: &Status) -> String {
    explain(status, &caller())
}

fn caller() -> Caller<'static> {
    Caller {
        endpoint: "http://h:1",
        file: Path::new("bootstrap.json"),
        file_endpoint: Some("http://h:1"),
        credential_id: "k1",
        role: Some(Role::Primary),
        now: Some(UnixTime::from_secs(1_800_000_000)),
    }
}

fn reason(reason: &str) -> ErrorDetails {
    ErrorDetails::with_error_info(reason, "lanyard", [])
}
