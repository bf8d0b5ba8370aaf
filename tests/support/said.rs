//! What somebody says of a token, when not to answer is an answer too.

use lanyard_proto::v1::{Capability, CheckRequest, DecisionReason};
use tonic::Code;

use super::{Caller, eventually, reason};

/// What an authority or an enforcement point says of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It has decided.
    Reason(DecisionReason),
    /// It cannot tell, since its list is not fresh.
    Stale,
    /// It cannot find out who asks, since the store is away.
    Away,
    /// It knows no such credential.
    Stranger,
}

impl Said {
    pub(crate) const ALLOWED: Self = Self::Reason(DecisionReason::Allowed);
    pub(crate) const REVOKED: Self = Self::Reason(DecisionReason::TokenRevoked);

    /// Asks once. Any other refusal is a failure.
    pub(crate) async fn of(asks: &Caller, token: &str) -> Self {
        match asks.check(question(token, None)).await {
            Ok(decision) => Self::Reason(decision.reason()),
            Err(refusal) => match (refusal.code(), reason(&refusal).as_str()) {
                (Code::Unavailable, "REVOCATIONS_STALE") => Self::Stale,
                (Code::Unavailable, "STORE_UNAVAILABLE") => Self::Away,
                (Code::Unauthenticated, "CREDENTIAL_REFUSED") => Self::Stranger,
                _ => panic!("{refusal:?}"),
            },
        }
    }

    /// Waits until this is what everybody says.
    pub(crate) async fn by_all(self, asked: &[Caller], token: &str) {
        for asks in asked {
            let what = format!("{self:?} is what is said of the token");
            eventually(&what, async || Self::of(asks, token).await == self).await;
        }
    }
}

/// A check that waits until the list has reached a position, if one is named.
pub(crate) fn question(token: &str, min_position: Option<&str>) -> CheckRequest {
    CheckRequest {
        token: token.to_owned(),
        capability: Capability::ListChatThreads.into(),
        context: None,
        min_position: min_position.map(str::to_owned),
    }
}
