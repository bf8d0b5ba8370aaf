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
fn a_refused_access_key_may_have_been_rotated() {
    let status = Status::with_error_details(
        Code::Unauthenticated,
        "refused",
        reason("CREDENTIAL_REFUSED"),
    );

    let line = explained(&status);
    assert!(
        line.starts_with("the primary access key `k1` of `bootstrap.json` was refused"),
        "{line}"
    );
    assert!(line.contains("rotated"), "{line}");
    assert!(line.contains("--credential FILE"), "{line}");
    assert!(
        line.contains("`lanyard key rotate primary --out FILE`"),
        "{line}"
    );
}

#[test]
fn another_refused_credential_is_named_with_its_file() {
    let status = Status::with_error_details(
        Code::Unauthenticated,
        "refused",
        reason("CREDENTIAL_REFUSED"),
    );

    let line = explain(
        &status,
        &Caller {
            role: Some(Role::Operator),
            ..caller()
        },
    );
    assert!(
        line.starts_with("the credential `k1` of `bootstrap.json` was refused"),
        "{line}"
    );
    assert!(!line.contains("rotate"), "{line}");
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
        credential_id: "k1",
        role: Some(Role::Primary),
    }
}

fn reason(reason: &str) -> ErrorDetails {
    ErrorDetails::with_error_info(reason, "lanyard", [])
}
