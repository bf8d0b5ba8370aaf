//! Bodies as clients send them, and as they read them.

use lanyard_policy::Scope;
use lanyard_token::{IdentityId, ResourceId};
use uuid::Uuid;

use super::*;
use crate::rest::target::Target;

#[test]
fn an_identity_is_asked_for_with_nothing_at_all_or_with_everything_left_out() {
    for body in [
        "",
        " \r\n",
        "{}",
        r#"{"createTokenWithScopes":null,"expiresInMinutes":null,"customId":null}"#,
        r#"{"createTokenWithScopes":[]}"#,
        r#"{"createTokenWithScopes":[],"expiresInMinutes":60}"#,
        r#"{"other":{"a":[1]}}"#,
    ] {
        let (custom_id, token) = create(body, NEW).unwrap();
        assert!(custom_id.is_none() && token.is_none(), "{body}");
    }
}

#[test]
fn a_token_is_asked_for_with_scopes_and_a_lifetime_in_minutes() {
    let (_, token) = create(
        r#"{"createTokenWithScopes":["chat","voip.join"],"expiresInMinutes":60}"#,
        OLD,
    )
    .unwrap();
    let token = token.unwrap();
    assert!(token.scopes.iter().eq([Scope::Chat, Scope::VoipJoin]));
    assert_eq!(token.lifetime, Lifetime::MIN);
    let token = issue(r#"{"scopes":["chat"]}"#).unwrap();
    assert_eq!(token.lifetime, Lifetime::DEFAULT);
    let token = issue(r#"{"scopes":["chat"],"expiresInMinutes":1440}"#).unwrap();
    assert_eq!(token.lifetime, Lifetime::MAX);
}

#[test]
fn a_lifetime_is_from_60_to_1440_minutes_both_included() {
    for minutes in [i64::MIN, -60, 0, 59, 1441, 65_596, i64::MAX] {
        let body = format!(r#"{{"scopes":["chat"],"expiresInMinutes":{minutes}}}"#);
        let fault = issue(&body).unwrap_err();
        assert!(matches!(fault, Fault::ExpiryOutside(told) if told == minutes));
        let body = format!(r#"{{"expiresInMinutes":{minutes}}}"#);
        assert!(matches!(create(&body, NEW), Err(Fault::ExpiryOutside(_))));
    }
}

#[test]
fn scopes_that_are_missing_empty_or_none_are_told_apart() {
    for body in ["", "{}", r#"{"scopes":null}"#] {
        assert!(matches!(issue(body), Err(Fault::ScopesMissing)), "{body}");
    }
    let empty = issue(r#"{"scopes":[]}"#);
    assert!(matches!(empty, Err(Fault::ScopesEmpty)));
    for scopes in [
        r#"["admin"]"#,
        r#"["Chat"]"#,
        r#"[""]"#,
        r#"["chat","chat","chat","chat","chat","chat"]"#,
    ] {
        let body = format!(r#"{{"scopes":{scopes}}}"#);
        assert!(matches!(issue(&body), Err(Fault::Scopes(_))), "{body}");
    }
}

#[test]
fn a_custom_id_is_taken_where_the_version_has_them_and_refused_where_not() {
    let body = r#"{"customId":"alice"}"#;
    let (custom_id, _) = create(body, NEW).unwrap();
    assert_eq!(String::from(custom_id.unwrap()), "alice");
    assert!(matches!(
        create(body, OLD),
        Err(Fault::CustomIdUnknown("2023-10-01"))
    ));
    let empty = create(r#"{"customId":""}"#, NEW);
    assert!(matches!(empty, Err(Fault::CustomId(_))));
}

#[test]
fn what_is_no_json_and_what_is_other_json_are_told_apart() {
    for body in [
        "{",
        "x",
        "{\"scopes\":[\"chat\"]",
        "{} {}",
        "\u{feff}{}",
        "{'a':1}",
    ] {
        assert!(
            matches!(issue(body), Err(Fault::BodyMalformed { .. })),
            "{body}"
        );
    }
    for body in [
        "[]",
        r#"[["chat"],60]"#,
        "null",
        "7",
        r#"{"scopes":"chat"}"#,
        r#"{"scopes":[7]}"#,
        r#"{"scopes":["chat"],"expiresInMinutes":"60"}"#,
        r#"{"scopes":["chat"],"expiresInMinutes":60.0}"#,
        r#"{"scopes":["chat"],"expiresInMinutes":true}"#,
        r#"{"scopes":["chat"],"scopes":["voip"]}"#,
    ] {
        assert!(
            matches!(issue(body), Err(Fault::BodyMistyped { .. })),
            "{body}"
        );
    }
}

#[test]
fn a_custom_id_and_when_a_token_was_last_issued_are_told_from_the_preview_on() {
    let resource = ResourceId::from_uuid(Uuid::nil());
    let identity = Identity {
        id: IdentityId::new(resource, Uuid::nil()),
        custom_id: Some("alice".to_owned()),
        create_time: UnixTime::from_secs(1),
        last_token_issue_time: Some(UnixTime::from_secs(1_795_317_435)),
    };
    let told = |version| {
        let answer = IdentityAnswer::in_version(identity.clone(), version_named(version));
        serde_json::to_string(&answer).unwrap()
    };
    let id = "8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000";
    assert_eq!(told(OLD), format!(r#"{{"id":"{id}"}}"#));
    let whole = format!(
        r#"{{"id":"{id}","customId":"alice","lastTokenIssuedAt":"2026-11-22T03:17:15+00:00"}}"#
    );
    assert_eq!(told(NEW), whole);
}

#[test]
fn a_time_has_its_offset_in_numbers() {
    assert_eq!(rfc3339(UnixTime::default()), "1970-01-01T00:00:00+00:00");
    let told = rfc3339(UnixTime::from_millis(1_795_317_435_999));
    assert_eq!(told, "2026-11-22T03:17:15+00:00");
    let last = rfc3339(UnixTime::from_secs(u64::MAX));
    assert_eq!(last, "9999-12-31T23:59:59+00:00");
}

type Created = (Option<CustomId>, Option<TokenSpec>);

fn create(body: &str, version: &str) -> Result<Created, Fault> {
    read::<CreateBody>(body.as_bytes())?.parse(version_named(version))
}

fn issue(body: &str) -> Result<TokenSpec, Fault> {
    read::<IssueBody>(body.as_bytes())?.parse()
}

fn version_named(name: &str) -> ApiVersion {
    let uri = format!("/?api-version={name}").parse().unwrap();
    ApiVersion::of(&Target::from(&uri)).unwrap()
}

const OLD: &str = "2023-10-01";
const NEW: &str = "2025-06-30";
