//! Questions to the policy, asked with one scope at a time.

use lanyard_policy::{
    Capability, Context, Decision, DenyReason, InCallOperation, Room, RoomRole, Scope, ScopeSet,
    decide,
};

/// The identity in whose name everything is asked.
pub(crate) const SUBJECT: &str = "8:acs:6a0f_ada";

/// A context in which every precondition and every condition is met.
pub(crate) const FAVOURABLE: Context<'static> = Context {
    room: Some(Room {
        invited: true,
        role: Some(RoomRole::Presenter),
    }),
    message_sender: Some(SUBJECT),
    web_client: true,
    remote_stream: true,
    operation: Some(InCallOperation::ActiveSpeaker),
};

/// Asks with a single scope.
pub(crate) fn ask(scope: Scope, capability: Capability, context: &Context<'_>) -> Decision {
    decide(
        ScopeSet::new([scope]).unwrap(),
        SUBJECT,
        capability,
        context,
    )
}

/// Asks for an operation in a room under each combination of the two conditions: neither, web
/// client, remote stream, both.
pub(crate) fn ask_in_room(
    scope: Scope,
    operation: InCallOperation,
    role: RoomRole,
) -> [Decision; 4] {
    [(false, false), (true, false), (false, true), (true, true)].map(|conditions| {
        let (web_client, remote_stream) = conditions;
        let room = Some(Room {
            invited: true,
            role: Some(role),
        });
        let operation = Some(operation);
        let context = Context {
            room,
            web_client,
            remote_stream,
            operation,
            message_sender: None,
        };
        ask(scope, Capability::InRoomCallOperation, &context)
    })
}

/// The reason of a denial.
pub(crate) fn reason(decision: Decision) -> Option<DenyReason> {
    match decision {
        Decision::Allow { granted_by: _ } => None,
        Decision::Deny {
            reason,
            sufficient_scopes: _,
        } => Some(reason),
    }
}
