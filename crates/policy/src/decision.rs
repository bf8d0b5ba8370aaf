//! The decision: scope first, then whatever else the row asks for.

use crate::capability::Capability;
use crate::room::{InCallOperation, RoomRole};
use crate::scope::ScopeSet;
use crate::table::{self, Precondition, RoomCell, Row};

/// What the caller knows about the request besides the token.
///
/// The caller vouches for it: nothing here is proven by the token. The default knows nothing, and
/// what is not known never helps to allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context<'a> {
    /// The Virtual Room that the call is in, if it is in one.
    pub room: Option<Room>,
    /// The identity that sent the message that is to be updated or deleted.
    pub message_sender: Option<&'a str>,
    /// Whether the client is the web calling SDK.
    pub web_client: bool,
    /// Whether the operation is on a remote stream, rather than on the own camera.
    pub remote_stream: bool,
    /// Which operation [`Capability::InRoomCallOperation`] is about.
    pub operation: Option<InCallOperation>,
}

/// How the holder of the token stands to a Virtual Room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Whether the holder is already invited to the room.
    pub invited: bool,
    /// The role of the holder in the room.
    pub role: Option<RoomRole>,
}

/// The answer to "may this token do that?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// Yes.
    Allow {
        /// Those of the token's scopes that grant it, each of them by itself.
        granted_by: ScopeSet,
    },
    /// No, or it could not be told.
    Deny {
        /// Why not: the first rule that was not met.
        reason: DenyReason,
        /// Every scope of which one would have sufficed, as far as scopes go. Present exactly with
        /// [`DenyReason::ScopeMissing`], since in all other cases the token has such a scope and
        /// no further one would have helped.
        sufficient_scopes: Option<ScopeSet>,
    },
}

impl Decision {
    /// Whether the answer is yes.
    #[must_use]
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allow { .. })
    }
}

/// Why the answer is no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DenyReason {
    /// None of the token's scopes grants the capability.
    ScopeMissing,
    /// The role in the room decides, and the context has no room or no role.
    RoleRequired,
    /// The role in the room does not allow the operation.
    RoleInsufficient,
    /// The context does not say that the holder is invited to the room.
    NotInvited,
    /// The context does not say that the holder of the token sent the message.
    NotOwnMessage,
    /// The context does not name the operation, or the role allows it only under a condition
    /// (web calling SDK, remote stream) that the context does not say is met.
    ConditionUnmet,
}

/// Decides whether a token with these scopes, issued to `subject`, may use a capability.
///
/// The scopes are OR-ed: further ones never take anything away. The order of the rules is part of
/// the contract, because the reason names the first that is not met.
pub fn decide(
    scopes: ScopeSet,
    subject: &str,
    capability: Capability,
    context: &Context<'_>,
) -> Decision {
    let row = table::row(capability);
    let Some(granted_by) = row
        .granting
        .and_then(|granting| granting.intersection(scopes))
    else {
        return Decision::Deny {
            reason: DenyReason::ScopeMissing,
            sufficient_scopes: row.granting,
        };
    };
    match conditions(row, subject, context) {
        Ok(()) => Decision::Allow { granted_by },
        Err(reason) => Decision::Deny {
            reason,
            sufficient_scopes: None,
        },
    }
}

/// Whether the context meets what the row asks for besides the scope.
fn conditions(row: Row, subject: &str, context: &Context<'_>) -> Result<(), DenyReason> {
    match row.precondition {
        Precondition::Nothing => {}
        Precondition::OwnMessage => own_message(subject, context)?,
        Precondition::Invitation => invitation(context)?,
    }
    if row.by_role {
        room_role(context)
    } else {
        Ok(())
    }
}

/// "Your own message": the sender is known and is the subject of the token.
fn own_message(subject: &str, context: &Context<'_>) -> Result<(), DenyReason> {
    match context.message_sender {
        // An empty name is what a field that nobody filled in looks like, not somebody's name.
        Some(sender) if !sender.is_empty() && sender == subject => Ok(()),
        _ => Err(DenyReason::NotOwnMessage),
    }
}

/// "When the user is already invited to the Room": there is a room, and it says so.
fn invitation(context: &Context<'_>) -> Result<(), DenyReason> {
    match context.room {
        Some(Room {
            invited: true,
            role: _,
        }) => Ok(()),
        _ => Err(DenyReason::NotInvited),
    }
}

/// "By user role": what the table of room roles says to the role and the operation.
///
/// The page asks for the invitation where a call is started or joined. Within the call it asks for
/// the role alone, and so does this.
fn room_role(context: &Context<'_>) -> Result<(), DenyReason> {
    let Some(role) = context.room.and_then(|room| room.role) else {
        return Err(DenyReason::RoleRequired);
    };
    let Some(operation) = context.operation else {
        return Err(DenyReason::ConditionUnmet);
    };
    match table::room_cell(operation, role) {
        RoomCell::Yes => Ok(()),
        RoomCell::No => Err(DenyReason::RoleInsufficient),
        RoomCell::YesOnWeb if context.web_client => Ok(()),
        RoomCell::YesIfRemote if context.remote_stream => Ok(()),
        RoomCell::YesOnWeb | RoomCell::YesIfRemote => Err(DenyReason::ConditionUnmet),
    }
}

#[cfg(test)]
mod tests;
