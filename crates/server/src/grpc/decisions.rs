//! Responses of the policy service, from the domain to the wire.

use lanyard_enforcer::{CheckedDecision, Introspection, Reason, Verdict};
use lanyard_policy::{Capability, DenyReason};
use lanyard_proto::v1;
use lanyard_token::{Claims, KeyId, TokenRefusal};

use super::responses::{scope_names, timestamp};

pub(super) fn decision(checked: CheckedDecision) -> v1::Decision {
    let CheckedDecision {
        verdict,
        identity,
        list_age,
    } = checked;
    let Verdict {
        reason,
        granted_by,
        sufficient_scopes,
    } = verdict;
    v1::Decision {
        allowed: verdict.is_allowed(),
        reason: self::reason(reason).into(),
        identity_id: identity.map(|id| id.to_string()).unwrap_or_default(),
        granted_by: granted_by.map(scope_names).unwrap_or_default(),
        sufficient_scopes: sufficient_scopes.map(scope_names).unwrap_or_default(),
        list_age: list_age.map(duration),
    }
}

/// The capabilities of the tables, each with the decision about it.
pub(super) fn capabilities(
    introspection: Introspection,
    decisions: impl IntoIterator<Item = CheckedDecision>,
) -> v1::ListCapabilitiesResponse {
    let Introspection {
        claims,
        refusal,
        list_age: _,
    } = introspection;
    let claims = claims.map(|(claims, _)| claims);
    let good = claims.as_ref().filter(|_| refusal.is_none());
    let rows = (1..)
        .zip(decisions)
        .map(|(number, checked)| v1::CapabilityDecision {
            capability: number,
            decision: Some(decision(checked)),
        });
    v1::ListCapabilitiesResponse {
        identity_id: claims
            .as_ref()
            .map(|claims| claims.subject.to_string())
            .unwrap_or_default(),
        scopes: good
            .map(|claims| scope_names(claims.scopes))
            .unwrap_or_default(),
        decisions: rows.take(Capability::ALL.len()).collect(),
    }
}

pub(super) fn introspection(found: Introspection) -> v1::IntrospectResponse {
    let Introspection {
        claims,
        refusal,
        list_age,
    } = found;
    v1::IntrospectResponse {
        active: refusal.is_none(),
        claims: claims.map(token_claims),
        reason: reason(refusal.unwrap_or(Reason::Allowed)).into(),
        list_age: list_age.map(duration),
    }
}

fn token_claims((claims, key): (Claims, KeyId)) -> v1::TokenClaims {
    let Claims {
        issuer,
        audience,
        subject,
        issued_at,
        expires_at,
        token_id,
        scopes,
        credential,
        position,
    } = claims;
    v1::TokenClaims {
        issuer: issuer.to_string(),
        audience: audience.to_string(),
        identity_id: subject.to_string(),
        issue_time: Some(timestamp(issued_at)),
        expire_time: Some(timestamp(expires_at)),
        token_id: token_id.to_string(),
        scopes: scope_names(scopes),
        credential_id: credential.to_string(),
        position: position.to_string(),
        key_id: key.to_string(),
    }
}

fn reason(reason: Reason) -> v1::DecisionReason {
    match reason {
        Reason::Allowed => v1::DecisionReason::Allowed,
        Reason::Policy(DenyReason::ScopeMissing) => v1::DecisionReason::ScopeMissing,
        Reason::Policy(DenyReason::RoleRequired) => v1::DecisionReason::RoleRequired,
        Reason::Policy(DenyReason::RoleInsufficient) => v1::DecisionReason::RoleInsufficient,
        Reason::Policy(DenyReason::NotInvited) => v1::DecisionReason::NotInvited,
        Reason::Policy(DenyReason::NotOwnMessage) => v1::DecisionReason::NotOwnMessage,
        Reason::Policy(DenyReason::ConditionUnmet) => v1::DecisionReason::ConditionUnmet,
        Reason::Token(TokenRefusal::Malformed) => v1::DecisionReason::TokenMalformed,
        Reason::Token(TokenRefusal::KeyUnknown) => v1::DecisionReason::TokenKeyUnknown,
        Reason::Token(TokenRefusal::SignatureInvalid) => v1::DecisionReason::TokenSignatureInvalid,
        Reason::Token(TokenRefusal::Expired) => v1::DecisionReason::TokenExpired,
        Reason::Token(TokenRefusal::NotYetValid) => v1::DecisionReason::TokenNotYetValid,
        Reason::Token(TokenRefusal::WrongIssuer) => v1::DecisionReason::TokenWrongIssuer,
        Reason::Token(TokenRefusal::WrongAudience) => v1::DecisionReason::TokenWrongAudience,
        Reason::Token(TokenRefusal::KeyRevoked) | Reason::Revoked => {
            v1::DecisionReason::TokenRevoked
        }
    }
}

pub(super) fn duration(duration: std::time::Duration) -> prost_types::Duration {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    let nanos = i32::try_from(duration.subsec_nanos()).unwrap_or_default();
    prost_types::Duration { seconds, nanos }
}
