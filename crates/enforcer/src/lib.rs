//! One decision about one token: is it good, is it still alive, and may it do that?
//!
//! An [`Enforcer`] decides from what it holds: the published keys and the revocation list of a
//! [`View`](lanyard_revocation::View), which somebody else keeps up to date, and its own clock. It
//! never asks anybody. The order of a check, and why it is that:
//!
//! 1. **Size and shape, key, signature, issuer and audience** (`lanyard_token`): nothing is believed
//!    before it is authentic.
//! 2. **Times**: a token that has expired needs no list to be refused.
//! 3. **Freshness**: a list that may be missing a revocation decides nothing. This is an error,
//!    [`CheckError`], and no answer.
//! 4. **Revocation**: after freshness, so that what was confirmed is what is looked at.
//! 5. **Policy** (`lanyard_policy`): what the scopes and the situation allow.
//!
//! A token that fails 1, 2 or 4 is an answer, too: a decision that says why not.

mod decision;
mod enforcer;

pub use self::{
    decision::{CheckedDecision, Introspection, Reason, Verdict},
    enforcer::{CheckError, Enforcer, Examined, Question},
};
