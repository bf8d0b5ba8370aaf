//! The forms of a credential file, and which credential is taken from each.

use super::*;

#[test]
fn a_bootstrap_file_has_a_credential_for_every_purpose() {
    let file = parse(BOOTSTRAP).expect("a bootstrap file");

    assert_eq!(file.endpoint.as_deref(), Some("http://127.0.0.1:7400"));
    assert_eq!(file.subscription_id.as_deref(), Some("s"));
    assert_eq!(file.resource_id.as_deref(), Some("r"));
    assert_eq!(
        chosen(&file, Purpose::Administer),
        ("op", Some(Role::Operator))
    );
    assert_eq!(chosen(&file, Purpose::Issue), ("k1", Some(Role::Primary)));
    assert_eq!(chosen(&file, Purpose::Check), ("en", Some(Role::Enforcer)));
}

#[test]
fn the_file_of_a_resource_can_check_but_not_administer() {
    let file = parse(RESOURCE).expect("the file of a resource");

    assert_eq!(chosen(&file, Purpose::Issue), ("k1", Some(Role::Primary)));
    assert_eq!(chosen(&file, Purpose::Check), ("k1", Some(Role::Primary)));
    let error = file
        .choose(Purpose::Administer)
        .expect_err("it has no operator");
    assert!(
        error
            .to_string()
            .contains("`file.json` has no `operator` credential"),
        "{error}"
    );
}

#[test]
fn a_secondary_key_serves_where_there_is_no_primary() {
    let file = parse(r#"{"secondary": {"id": "k2", "secret": "Ag=="}}"#).expect("a file");

    assert_eq!(chosen(&file, Purpose::Issue), ("k2", Some(Role::Secondary)));
}

#[test]
fn a_single_key_is_taken_for_whatever_it_is_named_for() {
    for (text, role) in [
        (r#"{"id": "k", "secret": "AQ=="}"#, None),
        (
            r#"{"id": "k", "secret": "AQ==", "role": "enforcer"}"#,
            Some(Role::Enforcer),
        ),
        (
            r#"{"id": "k", "secret": "AQ==", "slot": "secondary"}"#,
            Some(Role::Secondary),
        ),
        (
            r#"{"id": "k", "secret": "AQ==", "slot": null, "later": [1]}"#,
            None,
        ),
    ] {
        let file = parse(text).expect(text);
        for purpose in [Purpose::Administer, Purpose::Issue, Purpose::Check] {
            assert_eq!(chosen(&file, purpose), ("k", role), "{text}");
        }
    }
}

#[test]
fn a_role_that_is_asked_for_is_the_one_that_is_taken() {
    let file = parse(BOOTSTRAP).expect("a bootstrap file");
    assert_eq!(
        file.of_role(Role::Secondary)
            .expect("secondary")
            .credential
            .id,
        "k2"
    );
    assert_eq!(file.first().expect("the primary").credential.id, "k1");

    let single = parse(r#"{"id": "k", "secret": "AQ==", "role": "enforcer"}"#).expect("a key");
    assert!(single.of_role(Role::Enforcer).is_ok());
    assert!(single.of_role(Role::Operator).is_err());
    let unmarked = parse(r#"{"id": "k", "secret": "AQ=="}"#).expect("a key");
    assert!(unmarked.of_role(Role::Operator).is_ok());
}

#[test]
fn what_holds_no_credential_is_refused_without_quoting_it() {
    for text in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"endpoint": "http://127.0.0.1:7400"}"#,
        r#"{"id": "k"}"#,
        r#"{"secret": "hunter2"}"#,
        r#"{"id": "k", "secret": 7, "x": "hunter2"}"#,
        r#"{"id": "k", "secret": "hunter2", "role": "hunter2"}"#,
        r#"{"id": "k", "secret": "hunter2", "secret": "hunter2"}"#,
        r#"{"primary": "hunter2"}"#,
        r#"{"id": "k", "secret": "hunter2"} x"#,
    ] {
        let error = parse(text).expect_err(text).to_string();
        assert!(
            error.starts_with("`file.json` is not a credential file"),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_credential_file_does_not_show_its_secrets() {
    let file = parse(BOOTSTRAP).expect("a bootstrap file");
    assert!(!format!("{file:?}").contains("AQ=="));
}

fn parse(text: &str) -> Result<CredentialFile, ClientError> {
    CredentialFile::parse(Path::new("file.json"), text)
}

fn chosen(file: &CredentialFile, purpose: Purpose) -> (&'static str, Option<Role>) {
    let Chosen { role, credential } = file.choose(purpose).expect("a fitting credential");
    let id = ["op", "en", "k1", "k2", "k"]
        .into_iter()
        .find(|id| *id == credential.id);
    (id.expect("a known id"), role)
}

const BOOTSTRAP: &str = r#"{
    "endpoint": "http://127.0.0.1:7400", "subscription_id": "s", "resource_id": "r",
    "operator": {"id": "op", "secret": "AQ=="}, "enforcer": {"id": "en", "secret": "AQ=="},
    "primary": {"id": "k1", "secret": "AQ=="}, "secondary": {"id": "k2", "secret": "AQ=="},
    "connection_string": "endpoint=http://127.0.0.1:7400/;accesskey=AQ=="
}"#;

const RESOURCE: &str = r#"{
    "resource_id": "r",
    "primary": {"id": "k1", "secret": "AQ=="}, "secondary": {"id": "k2", "secret": "AQ=="},
    "connection_string": "endpoint=http://127.0.0.1:7400/;accesskey=AQ=="
}"#;
