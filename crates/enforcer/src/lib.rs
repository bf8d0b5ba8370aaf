//! Enforcement points: one decision about one token. Is it good, is it still alive, and may it do
//! that?
//!
//! An [`Enforcer`] decides from what it knows: the published keys and the revocation list of a
//! [`View`](lanyard_revocation::View), and its own clock. It never asks anybody. What it knows is
//! kept up to date by somebody else: by the authority itself in the authority's own process, and
//! everywhere else by a [`Feed`], which follows an authority over gRPC.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use lanyard_enforcer::*;
//! # use lanyard_revocation::FreshnessBound;
//! # use lanyard_token::{SystemClock, Verifier};
//! # async fn example(credential: FeedCredential) -> Result<(), Box<dyn std::error::Error>> {
//! let bound = FreshnessBound::MAX;
//! let known = Known::nothing();
//! let follower = Follower::new(known.clone(), bound.into(), Arc::default());
//! let settings = FeedSettings::new(["http://127.0.0.1:7400"], credential)?;
//! tokio::spawn(Feed::new(settings, follower, SystemClock, SystemChance).follow());
//!
//! let verifier = Verifier::new("lanyard".parse()?, "lanyard-access".parse()?);
//! let enforcer = Enforcer::new(known, verifier, bound, SystemClock);
//! # let (token, capability, context) = ("", lanyard_policy::Capability::ALL[0], Default::default());
//! let token = enforcer.examine(token);
//! let decision = enforcer.check(&token, &Question { capability, context })?;
//! # let _ = decision.verdict.is_allowed();
//! # Ok(())
//! # }
//! ```
//!
//! `examples/chat_backend.rs` protects a whole gRPC service with it.
//!
//! # The order of a check, and why it is that
//!
//! 1. **Size and shape, key, signature, issuer and audience** (`lanyard_token`): nothing is believed
//!    before it is authentic. A signature that was verified before is remembered, with the whole
//!    token; nothing else of an answer is.
//! 2. **Times**: a token that has expired needs no list to be refused.
//! 3. **Freshness** of the list of the token's own partition: a list that may be missing a revocation
//!    decides nothing. This is an error, [`CheckError`], and no answer. A key that is not known falls
//!    under it, too: it may be the keys that are out of date, and then all lists must be fresh.
//! 4. **Keys and revocations**: after freshness, so that what was confirmed is what is looked at.
//! 5. **Policy** (`lanyard_policy`): what the scopes and the situation allow.
//!
//! A token that fails 1, 2 or 4 is an answer, too: a decision that says why not.
//!
//! # When the authority is away
//!
//! Checks go on until the list is older than the bound, and then every one is refused until the
//! feed is heard again. Where the authority lacks a part of its store, the lists of the partitions
//! there grow old, and only checks of tokens of their resources are refused. An enforcer that was just started knows nothing and refuses; so does one
//! that was paused or suspended for longer than the bound, from the moment that it wakes up. What
//! is known is only ever added to: no snapshot, no other authority and no message takes a
//! revocation back.
//!
//! An authority may itself be cut off from its store. Where the [`Feed`] has several addresses, it
//! tries the next one beside such an authority and keeps the fresher of the two ([`Selection`]).
//!
//! A backend with long calls asks for a [`TokenWatch`], which tells it when the token dies that it
//! is serving, so that a call ends in the middle, too.

mod cache;
mod decision;
mod enforcer;
mod feed;
mod known;
mod many;
mod token_watch;

pub use self::{
    decision::{CheckedDecision, Introspection, Reason, Verdict},
    enforcer::{CheckError, Enforcer, Examined, Look, Question},
    feed::{
        Answered, Backoff, Break, Chance, Change, Feed, FeedCredential, FeedSettings,
        FeedSettingsError, FeedStatus, Follower, NotUnderstood, Outcome, Pace, Role, Roots,
        Selection, SystemChance, at_url,
    },
    known::Known,
    token_watch::{TokenEvent, TokenWatch},
};
