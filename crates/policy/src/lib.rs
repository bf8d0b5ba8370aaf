//! What a token may do: scopes, capabilities, room roles, and the decision between them.
//!
//! This crate is three published tables and one pure function over them, [`decide`]. It reads no
//! clock, keeps no state, allocates nothing and depends on nothing, so that the same question has
//! the same answer in every process that asks it.
//!
//! # The tables
//!
//! - **Chat**: 15 capabilities, and what each of `chat`, `chat.join` and `chat.join.limited` grants.
//! - **Calling**: 6 capabilities, and what each of `voip` and `voip.join` grants. The operations
//!   within a call in a Virtual Room are "by user role", which leads to the third table.
//! - **Room roles**: 33 operations within a call, and what each [`RoomRole`] allows. `Y*` is "in
//!   the web calling SDK only", `Yr` is "for remote streams only".
//!
//! `table.rs` holds them in the shape of the published pages. `tests/golden/` prints every cell as
//! [`decide`] answers it: a change of policy is a change of these files, and is reviewed there.
//! `tests/facts/` holds the pages as they were transcribed, and every answer is compared with them.
//!
//! # The order of a decision
//!
//! 1. **Scope.** The scopes of a token are OR-ed. If none of them grants the capability, the answer
//!    is [`DenyReason::ScopeMissing`], with the scopes that would have sufficed.
//! 2. **What the row presupposes.**
//!    - "Your own message": the sender of the message must be the subject of the token, else
//!      [`DenyReason::NotOwnMessage`].
//!    - "Already invited to the Room": the context must have a room that says so, else
//!      [`DenyReason::NotInvited`].
//!    - "By user role", in this order: the role must be known, else [`DenyReason::RoleRequired`];
//!      the operation must be named, else [`DenyReason::ConditionUnmet`]; the role must allow it,
//!      else [`DenyReason::RoleInsufficient`]; and the condition of the cell, if it has one, must
//!      be met, else [`DenyReason::ConditionUnmet`].
//!
//! What the context does not say is taken for a no: "could not tell" is a denial. Only a missing
//! scope names sufficient scopes, because after the first step no scope would have helped.
//!
//! ```
//! use lanyard_policy::{
//!     Capability, Context, Decision, DenyReason, InCallOperation, Room, RoomRole, Scope, ScopeSet,
//!     decide,
//! };
//!
//! let ada = "8:acs:ada";
//! let scopes = ScopeSet::parse("chat.join voip")?;
//!
//! // Joining a chat is not enough to create a thread. The answer says what would have been.
//! assert_eq!(
//!     decide(scopes, ada, Capability::CreateChatThread, &Context::default()),
//!     Decision::Deny {
//!         reason: DenyReason::ScopeMissing,
//!         sufficient_scopes: Some(ScopeSet::new([Scope::Chat])?),
//!     },
//! );
//!
//! // Sharing the screen in a room is up to the role, and works in the web calling SDK only.
//! let attendee = Context {
//!     room: Some(Room { invited: true, role: Some(RoomRole::Attendee) }),
//!     operation: Some(InCallOperation::ShareScreen),
//!     web_client: true,
//!     ..Context::default()
//! };
//! let presenter = Context {
//!     room: Some(Room { invited: true, role: Some(RoomRole::Presenter) }),
//!     ..attendee
//! };
//! assert!(!decide(scopes, ada, Capability::InRoomCallOperation, &attendee).is_allowed());
//! assert_eq!(
//!     decide(scopes, ada, Capability::InRoomCallOperation, &presenter),
//!     Decision::Allow { granted_by: ScopeSet::new([Scope::Voip])? },
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod capability;
mod decision;
mod room;
mod scope;
mod table;
mod vocabulary;

pub use capability::{Capability, UnknownCapability};
pub use decision::{Context, Decision, DenyReason, Room, decide};
pub use room::{InCallOperation, RoomRole, UnknownInCallOperation, UnknownRoomRole};
pub use scope::{EmptyScopeSet, Scope, ScopeSet, ScopeSetError, UnknownScope};
