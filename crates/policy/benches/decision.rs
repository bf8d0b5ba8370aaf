//! What one decision takes, of each kind that there is.
#![expect(clippy::expect_used, reason = "a measurement that cannot go on ends")]

use std::{fmt, hint::black_box};

use divan::Bencher;
use lanyard_policy::{
    Capability, Context, InCallOperation, Room, RoomRole, Scope, ScopeSet, decide,
};

fn main() {
    divan::main();
}

#[divan::bench(args = cases())]
fn decision(bencher: Bencher<'_, '_>, case: &Case) {
    bencher.bench_local(|| {
        let Case {
            scopes,
            capability,
            context,
            ..
        } = black_box(case);
        decide(*scopes, SUBJECT, *capability, context)
    });
}

/// A question, named by what there is to be decided.
struct Case {
    name: &'static str,
    scopes: ScopeSet,
    capability: Capability,
    context: Context<'static>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

fn cases() -> [Case; 6] {
    let nothing = Context::default();
    let own = Context {
        message_sender: Some(SUBJECT),
        ..nothing
    };
    let presenter = in_a_room(RoomRole::Presenter);
    let consumer = in_a_room(RoomRole::Consumer);
    let case = |name, scope, capability, context| Case {
        name,
        scopes: ScopeSet::new([scope]).expect("a scope"),
        capability,
        context,
    };
    [
        case(
            "allowed by the scope",
            Scope::Chat,
            Capability::CreateMessage,
            nothing,
        ),
        case(
            "denied by the scope",
            Scope::ChatJoin,
            Capability::CreateChatThread,
            nothing,
        ),
        case(
            "an own message",
            Scope::ChatJoin,
            Capability::UpdateOwnMessage,
            own,
        ),
        case(
            "an invitation",
            Scope::VoipJoin,
            Capability::JoinRoomCall,
            presenter,
        ),
        case(
            "allowed by the role",
            Scope::Voip,
            Capability::InRoomCallOperation,
            presenter,
        ),
        case(
            "denied by the role",
            Scope::Voip,
            Capability::InRoomCallOperation,
            consumer,
        ),
    ]
}

/// Sharing the screen from a browser, in a room.
fn in_a_room(role: RoomRole) -> Context<'static> {
    Context {
        room: Some(Room {
            invited: true,
            role: Some(role),
        }),
        operation: Some(InCallOperation::ShareScreen),
        web_client: true,
        ..Context::default()
    }
}

const SUBJECT: &str =
    "8:acs:00000000-0000-0000-0000-000000000001_00000000-0000-0000-0000-000000000002";
