//! What an enforcement point answers.

use std::time::Duration;

use lanyard_policy::{Decision, DenyReason, ScopeSet};
use lanyard_token::{Claims, IdentityId, KeyId, TokenRefusal};

/// Why a decision is as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It is allowed.
    Allowed,
    /// The token is good, and the policy says no.
    Policy(DenyReason),
    /// The token is not good.
    Token(TokenRefusal),
    /// The token was revoked, or something that it stands under was.
    Revoked,
}

impl From<TokenRefusal> for Reason {
    /// A token by a compromised key was revoked with it: to a caller the two are one.
    fn from(refusal: TokenRefusal) -> Self {
        match refusal {
            TokenRefusal::KeyRevoked => Self::Revoked,
            TokenRefusal::Malformed
            | TokenRefusal::KeyUnknown
            | TokenRefusal::SignatureInvalid
            | TokenRefusal::WrongIssuer
            | TokenRefusal::WrongAudience
            | TokenRefusal::NotYetValid
            | TokenRefusal::Expired => Self::Token(refusal),
        }
    }
}

/// What was found out about a token before anybody asked what it may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introspection {
    /// What it says and which key signed it. Absent where the token is not authentic.
    pub claims: Option<(Claims, KeyId)>,
    /// Why it is not active; none if it is.
    pub refusal: Option<Reason>,
    /// How old the list was. Absent where it was never confirmed and the token needed none to be
    /// refused.
    pub list_age: Option<Duration>,
}

/// Whether the token may, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Why. Everything but [`Reason::Allowed`] is a no.
    pub reason: Reason,
    /// The token's scopes that grant it, if it is allowed.
    pub granted_by: Option<ScopeSet>,
    /// The scopes that would have sufficed, if one was missing.
    pub sufficient_scopes: Option<ScopeSet>,
}

impl Verdict {
    /// Whether the token may.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.reason == Reason::Allowed
    }

    pub(crate) const fn refused(reason: Reason) -> Self {
        Self {
            reason,
            granted_by: None,
            sufficient_scopes: None,
        }
    }
}

impl From<Decision> for Verdict {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Allow { granted_by } => Self {
                reason: Reason::Allowed,
                granted_by: Some(granted_by),
                sufficient_scopes: None,
            },
            Decision::Deny {
                reason,
                sufficient_scopes,
            } => Self {
                sufficient_scopes,
                ..Self::refused(Reason::Policy(reason))
            },
        }
    }
}

/// A verdict, about whose token, and from how old a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedDecision {
    /// The verdict.
    pub verdict: Verdict,
    /// Whose token it is. Absent where the token is not authentic.
    pub identity: Option<IdentityId>,
    /// How old the list was. Absent where it was never confirmed and the token needed none to be
    /// refused.
    pub list_age: Option<Duration>,
}
