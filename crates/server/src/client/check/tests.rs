//! How decisions are told, and what they are to the exit code.

use prost_types::Duration;

use super::*;

#[test]
fn an_allowed_decision_names_the_scopes_that_granted_it() {
    let decision = Decision {
        granted_by: vec!["chat".to_owned(), "chat.join".to_owned()],
        ..decision(true, DecisionReason::Allowed)
    };

    assert_eq!(
        sentence(&decision),
        "allowed  ALLOWED  granted by chat, chat.join  list age 1.500s"
    );
    let expected = concat!(
        r#"{"allowed":true,"reason":"ALLOWED","identity_id":"8:acs:a_b","#,
        r#""granted_by":["chat","chat.join"],"sufficient_scopes":[],"list_age":"1.500s"}"#,
    );
    assert_eq!(json(&shown(decision)), expected);
}

#[test]
fn a_denied_decision_names_the_scopes_that_would_suffice() {
    let decision = Decision {
        sufficient_scopes: vec!["chat".to_owned()],
        ..decision(false, DecisionReason::ScopeMissing)
    };

    let line = "denied  SCOPE_MISSING  would suffice: chat  list age 1.500s";
    assert_eq!(sentence(&decision), line);
    assert!(json(&shown(decision)).starts_with(r#"{"allowed":false,"reason":"SCOPE_MISSING""#));
}

#[test]
fn a_decision_about_a_bad_token_says_why_and_no_more() {
    let decision = Decision {
        allowed: false,
        reason: DecisionReason::TokenExpired.into(),
        ..Decision::default()
    };

    assert_eq!(sentence(&decision), "denied  TOKEN_EXPIRED");
}

#[test]
fn only_a_denial_that_was_asked_for_is_told_by_the_exit_code() {
    let allowed = decision(true, DecisionReason::Allowed);
    let denied = decision(false, DecisionReason::TokenRevoked);

    assert_eq!(outcome(&allowed, true), Outcome::Done);
    assert_eq!(outcome(&allowed, false), Outcome::Done);
    assert_eq!(outcome(&denied, true), Outcome::Denied);
    assert_eq!(outcome(&denied, false), Outcome::Done);
}

#[test]
fn the_overview_has_a_line_for_each_capability() {
    let response = ListCapabilitiesResponse {
        identity_id: "8:acs:a_b".to_owned(),
        scopes: vec!["chat.join".to_owned()],
        decisions: vec![
            line(
                Capability::CreateChatThread,
                decision(false, DecisionReason::ScopeMissing),
            ),
            line(
                Capability::StartCall,
                decision(true, DecisionReason::Allowed),
            ),
        ],
    };
    let expected = "\
identity id:  8:acs:a_b
scopes:       chat.join

CAPABILITY          DECISION  REASON         SCOPES
create-chat-thread  denied    SCOPE_MISSING  -
start-call          allowed   ALLOWED        -";

    assert_eq!(overview(&response), expected);
    let record = listed(response).expect("complete");
    assert!(json(&record).contains(r#"{"capability":"START_CALL","decision":{"allowed":true"#));
}

#[test]
fn an_answer_without_a_decision_is_an_error() {
    let line = CapabilityDecision {
        capability: 1,
        decision: None,
    };
    assert!(matches!(
        listed_one(line),
        Err(ClientError::Incomplete("decision"))
    ));
}

fn decision(allowed: bool, reason: DecisionReason) -> Decision {
    Decision {
        allowed,
        reason: reason.into(),
        identity_id: "8:acs:a_b".to_owned(),
        granted_by: Vec::new(),
        sufficient_scopes: Vec::new(),
        list_age: Some(Duration {
            seconds: 1,
            nanos: 500_000_001,
        }),
    }
}

fn line(capability: Capability, decision: Decision) -> CapabilityDecision {
    CapabilityDecision {
        capability: capability.into(),
        decision: Some(decision),
    }
}

fn json(record: &Record) -> String {
    serde_json::to_string(record).expect("a record is JSON")
}
