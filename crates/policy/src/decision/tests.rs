//! Every rule of a decision, met and not met, and the order in which they are asked.

use super::*;
use crate::scope::Scope;

const ADA: &str = "8:acs:6a0f_ada";

fn scopes(text: &str) -> ScopeSet {
    ScopeSet::parse(text).unwrap()
}

fn deny(reason: DenyReason) -> Decision {
    Decision::Deny {
        reason,
        sufficient_scopes: None,
    }
}

/// A context in a room, to which the holder is invited.
fn in_room(role: Option<RoomRole>, operation: Option<InCallOperation>) -> Context<'static> {
    Context {
        room: Some(Room {
            invited: true,
            role,
        }),
        operation,
        ..Context::default()
    }
}

#[test]
fn a_grant_names_the_scopes_that_gave_it_and_no_others() {
    let context = Context::default();
    let held = scopes("chat chat.join.limited voip");
    assert_eq!(
        decide(held, ADA, Capability::CreateMessage, &context),
        Decision::Allow {
            granted_by: scopes("chat chat.join.limited")
        }
    );
    assert_eq!(
        decide(held, ADA, Capability::AddChatParticipant, &context),
        Decision::Allow {
            granted_by: scopes("chat")
        }
    );
}

#[test]
fn a_missing_scope_is_answered_with_all_that_would_have_sufficed() {
    let cases = [
        (Capability::CreateChatThread, "chat"),
        (Capability::RemoveChatParticipant, "chat chat.join"),
        (Capability::GetMessage, "chat chat.join chat.join.limited"),
        (Capability::StartCall, "voip"),
        (Capability::JoinCall, "voip voip.join"),
        (Capability::InRoomCallOperation, "voip voip.join"),
    ];
    for (capability, sufficient) in cases {
        let other = if sufficient.contains("chat") {
            Scope::Voip
        } else {
            Scope::Chat
        };
        let held = ScopeSet::new([other]).unwrap();
        assert_eq!(
            decide(held, ADA, capability, &Context::default()),
            Decision::Deny {
                reason: DenyReason::ScopeMissing,
                sufficient_scopes: Some(scopes(sufficient)),
            }
        );
    }
}

#[test]
fn a_missing_scope_is_named_before_anything_else_that_is_missing() {
    for capability in [
        Capability::UpdateOwnMessage,
        Capability::DeleteOwnMessage,
        Capability::StartRoomCall,
        Capability::JoinRoomCall,
        Capability::InRoomCallOperation,
    ] {
        let other = if capability < Capability::StartCall {
            "voip voip.join"
        } else {
            "chat"
        };
        let decision = decide(scopes(other), ADA, capability, &Context::default());
        assert!(
            matches!(
                decision,
                Decision::Deny {
                    reason: DenyReason::ScopeMissing,
                    sufficient_scopes: Some(_)
                }
            ),
            "{capability}: {decision:?}"
        );
    }
}

#[test]
fn only_the_sender_may_update_or_delete_a_message() {
    for capability in [Capability::UpdateOwnMessage, Capability::DeleteOwnMessage] {
        for held in [Scope::Chat, Scope::ChatJoin, Scope::ChatJoinLimited] {
            let held = ScopeSet::new([held]).unwrap();
            let sent_by = |message_sender| {
                let context = Context {
                    message_sender,
                    ..Context::default()
                };
                decide(held, ADA, capability, &context)
            };
            assert_eq!(sent_by(Some(ADA)), Decision::Allow { granted_by: held });
            let others = [
                "",
                "8:acs:6a0f_bob",
                "8:acs:6a0f_ad",
                "8:acs:6a0f_ada ",
                "8:ACS:6A0F_ADA",
            ];
            for other in others {
                assert_eq!(
                    sent_by(Some(other)),
                    deny(DenyReason::NotOwnMessage),
                    "{other:?}"
                );
            }
            assert_eq!(sent_by(None), deny(DenyReason::NotOwnMessage));
        }
    }
}

#[test]
fn nobody_is_the_sender_of_a_message_that_names_none() {
    let context = Context {
        message_sender: Some(""),
        ..Context::default()
    };
    let decision = decide(scopes("chat"), "", Capability::UpdateOwnMessage, &context);
    assert_eq!(decision, deny(DenyReason::NotOwnMessage));
}

#[test]
fn reading_and_sending_messages_asks_for_no_sender() {
    for capability in [Capability::CreateMessage, Capability::GetMessage] {
        let context = Context {
            message_sender: Some("8:acs:6a0f_bob"),
            ..Context::default()
        };
        assert!(decide(scopes("chat"), ADA, capability, &context).is_allowed());
    }
}

#[test]
fn a_call_in_a_room_is_for_those_who_are_invited() {
    for capability in [Capability::StartRoomCall, Capability::JoinRoomCall] {
        for held in ["voip", "voip.join"] {
            let with = |room| {
                let context = Context {
                    room,
                    ..Context::default()
                };
                decide(scopes(held), ADA, capability, &context)
            };
            let role = Some(RoomRole::Presenter);
            let allow = Decision::Allow {
                granted_by: scopes(held),
            };
            assert_eq!(
                with(Some(Room {
                    invited: true,
                    role: None
                })),
                allow
            );
            assert_eq!(
                with(Some(Room {
                    invited: true,
                    role
                })),
                allow
            );
            assert_eq!(
                with(Some(Room {
                    invited: false,
                    role
                })),
                deny(DenyReason::NotInvited)
            );
            assert_eq!(with(None), deny(DenyReason::NotInvited));
        }
    }
}

#[test]
fn an_operation_in_a_room_asks_for_the_role_first() {
    let ask = |context: &Context<'_>| {
        decide(
            scopes("voip"),
            ADA,
            Capability::InRoomCallOperation,
            context,
        )
    };
    let operation = Some(InCallOperation::ActiveSpeaker);
    let outside = Context {
        operation,
        ..Context::default()
    };
    assert_eq!(ask(&Context::default()), deny(DenyReason::RoleRequired));
    assert_eq!(ask(&outside), deny(DenyReason::RoleRequired));
    assert_eq!(ask(&in_room(None, None)), deny(DenyReason::RoleRequired));
    assert_eq!(
        ask(&in_room(None, operation)),
        deny(DenyReason::RoleRequired)
    );
    assert!(ask(&in_room(Some(RoomRole::Consumer), operation)).is_allowed());
}

#[test]
fn an_operation_in_a_room_that_is_not_named_is_denied_to_every_role() {
    for role in RoomRole::ALL {
        let context = in_room(Some(role), None);
        let decision = decide(
            scopes("voip"),
            ADA,
            Capability::InRoomCallOperation,
            &context,
        );
        assert_eq!(decision, deny(DenyReason::ConditionUnmet));
    }
}

#[test]
fn an_operation_in_a_room_asks_for_the_role_and_not_for_the_invitation() {
    let context = Context {
        room: Some(Room {
            invited: false,
            role: Some(RoomRole::Presenter),
        }),
        operation: Some(InCallOperation::RemoveParticipant),
        ..Context::default()
    };
    let decision = decide(
        scopes("voip"),
        ADA,
        Capability::InRoomCallOperation,
        &context,
    );
    assert_eq!(
        decision,
        Decision::Allow {
            granted_by: scopes("voip")
        }
    );
}

#[test]
fn a_role_that_does_not_allow_is_not_helped_by_a_condition() {
    let context = Context {
        web_client: true,
        remote_stream: true,
        ..in_room(Some(RoomRole::Attendee), Some(InCallOperation::ShareScreen))
    };
    let decision = decide(
        scopes("voip"),
        ADA,
        Capability::InRoomCallOperation,
        &context,
    );
    assert_eq!(decision, deny(DenyReason::RoleInsufficient));
}

#[test]
fn a_condition_is_met_by_what_it_names_and_by_nothing_else() {
    let cases = [
        // role, operation, is it the web client that helps?
        (RoomRole::Presenter, InCallOperation::ShareScreen, true),
        (RoomRole::Consumer, InCallOperation::SetSpeaker, true),
        (
            RoomRole::Consumer,
            InCallOperation::SetVideoScalingMode,
            false,
        ),
        (
            RoomRole::Consumer,
            InCallOperation::RenderVideoInMultiplePlaces,
            false,
        ),
    ];
    for (role, operation, web_helps) in cases {
        for (web_client, remote_stream) in
            [(false, false), (true, false), (false, true), (true, true)]
        {
            let context = Context {
                web_client,
                remote_stream,
                ..in_room(Some(role), Some(operation))
            };
            let met = if web_helps { web_client } else { remote_stream };
            let expected = if met {
                Decision::Allow {
                    granted_by: scopes("voip.join"),
                }
            } else {
                deny(DenyReason::ConditionUnmet)
            };
            let held = scopes("voip.join chat");
            let decision = decide(held, ADA, Capability::InRoomCallOperation, &context);
            assert_eq!(decision, expected, "{role} {operation} {context:?}");
        }
    }
}

#[test]
fn an_operation_outside_of_rooms_asks_for_no_role() {
    for held in ["voip", "voip.join"] {
        let decision = decide(
            scopes(held),
            ADA,
            Capability::InCallOperation,
            &Context::default(),
        );
        assert_eq!(
            decision,
            Decision::Allow {
                granted_by: scopes(held)
            }
        );
    }
}

#[test]
fn a_decision_is_allowed_only_if_it_allows() {
    assert!(
        Decision::Allow {
            granted_by: scopes("chat")
        }
        .is_allowed()
    );
    assert!(!deny(DenyReason::RoleRequired).is_allowed());
}
