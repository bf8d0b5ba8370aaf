//! What a good token may do: every cell of the published tables, asked over the wire.

use lanyard_proto::v1::DecisionReason::{
    Allowed, ConditionUnmet, NotInvited, NotOwnMessage, RoleInsufficient, RoleRequired,
    ScopeMissing,
};
use lanyard_proto::v1::{
    Capability, CheckContext, ClientContext, DecisionReason, InCallOperation,
    ListCapabilitiesRequest, RoomContext, RoomRole, StreamContext,
};

use crate::support::{Server, pages};

#[tokio::test]
async fn every_set_of_scopes_may_exactly_what_the_tables_say() {
    let server = Server::start().await;
    let caller = server.primary();
    let identity = caller.identity().await;
    let rows = rows();
    assert_eq!(rows.len(), 21);
    for scopes in scope_sets() {
        let token = caller.issue(&identity, &scopes).await.token;
        for context in [CheckContext::default(), favourable(&identity)] {
            let bare = context == CheckContext::default();
            let questions: Vec<_> = rows
                .iter()
                .map(|row| (row.capability, context.clone()))
                .collect();
            let decisions = caller.check_all(&token, &questions).await;
            for (row, decision) in rows.iter().zip(&decisions) {
                let granting: Vec<&str> = row.granted_to(&scopes);
                let expected = match granting.is_empty() {
                    true => ScopeMissing,
                    false if bare => row.without_context,
                    false => Allowed,
                };
                assert_eq!(decision.reason(), expected, "{scopes:?} {row:?}");
                assert_eq!(decision.allowed, expected == Allowed);
                assert_eq!(decision.identity_id, identity);
                let granted_by = if expected == Allowed {
                    granting
                } else {
                    vec![]
                };
                assert_eq!(decision.granted_by, granted_by, "{scopes:?} {row:?}");
                let all = row.granted_to(&SCOPES);
                let sufficient = if expected == ScopeMissing {
                    all
                } else {
                    vec![]
                };
                assert_eq!(decision.sufficient_scopes, sufficient, "{scopes:?} {row:?}");
                assert!(decision.list_age.is_some());
            }
        }
    }
}

#[tokio::test]
async fn every_room_role_may_exactly_what_the_table_says() {
    let server = Server::start().await;
    let caller = server.primary();
    for scope in ["voip", "voip.join"] {
        let token = caller.token(&[scope]).await;
        let (mut questions, mut expected) = (Vec::new(), Vec::new());
        for (row, operation) in pages::read(pages::ROLES).1.iter().zip(operations()) {
            for (cell, role) in row[2..].iter().zip(ROLES) {
                for (web, remote) in [(false, false), (true, false), (false, true), (true, true)] {
                    let context = in_room(role, operation, web, remote);
                    questions.push((Capability::InRoomCallOperation, context));
                    expected.push(match cell.as_str() {
                        "Y" => Allowed,
                        "Y*" if web => Allowed,
                        "Yr" if remote => Allowed,
                        "Y*" | "Yr" => ConditionUnmet,
                        "N" => RoleInsufficient,
                        other => panic!("no such cell: {other}"),
                    });
                }
            }
        }
        assert_eq!(questions.len(), 33 * 4 * 4);
        let decisions = caller.check_all(&token, &questions).await;
        for ((question, expected), decision) in questions.iter().zip(expected).zip(decisions) {
            assert_eq!(decision.reason(), expected, "{question:?}");
        }
    }
}

#[tokio::test]
async fn an_invitation_that_is_not_told_of_is_none() {
    let server = Server::start().await;
    let token = server.primary().token(&["chat", "voip"]).await;
    for capability in [Capability::JoinRoomCall, Capability::StartRoomCall] {
        for (room, expected) in [
            (None, NotInvited),
            (Some(room(false, 0)), NotInvited),
            (Some(room(false, RoomRole::Presenter.into())), NotInvited),
            (Some(room(true, 0)), Allowed),
        ] {
            let context = CheckContext { room, ..none() };
            decided(&server, &token, (capability, context), expected).await;
        }
    }
}

#[tokio::test]
async fn a_message_is_ones_own_only_if_its_sender_is_the_tokens_identity() {
    let server = Server::start().await;
    let caller = server.primary();
    let identity = caller.identity().await;
    let token = caller.issue(&identity, &["chat"]).await.token;
    let stranger = caller.identity().await;
    let loud = identity.to_uppercase();
    for capability in [Capability::UpdateOwnMessage, Capability::DeleteOwnMessage] {
        for (sender, expected) in [
            (None, NotOwnMessage),
            (Some(""), NotOwnMessage),
            (Some(&*stranger), NotOwnMessage),
            (Some(&*loud), NotOwnMessage),
            (Some(&*identity), Allowed),
        ] {
            let message_sender_id = sender.map(str::to_owned);
            let context = CheckContext {
                message_sender_id,
                ..none()
            };
            decided(&server, &token, (capability, context), expected).await;
        }
    }
}

#[tokio::test]
async fn an_operation_in_a_room_needs_a_role_and_a_name() {
    let server = Server::start().await;
    let token = server.primary().token(&["voip"]).await;
    let named = InCallOperation::ActiveSpeaker.into();
    let presenter = RoomRole::Presenter.into();
    for (room, operation, expected) in [
        (None, 0, RoleRequired),
        (None, named, RoleRequired),
        (Some(room(true, 0)), named, RoleRequired),
        (Some(room(true, presenter)), 0, ConditionUnmet),
        (Some(room(true, presenter)), named, Allowed),
        (Some(room(false, presenter)), named, Allowed),
    ] {
        let context = CheckContext {
            room,
            operation,
            ..none()
        };
        let question = (Capability::InRoomCallOperation, context);
        decided(&server, &token, question, expected).await;
    }
}

#[tokio::test]
async fn a_list_of_capabilities_has_every_row_of_the_tables_in_order() {
    let server = Server::start().await;
    let caller = server.primary();
    let identity = caller.identity().await;
    let token = caller
        .issue(&identity, &["chat.join", "voip.join"])
        .await
        .token;
    for context in [None, Some(favourable(&identity))] {
        let request = ListCapabilitiesRequest {
            token: token.clone(),
            context: context.clone(),
        };
        let listed = caller
            .policy()
            .list_capabilities(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(listed.identity_id, identity);
        assert_eq!(listed.scopes, ["chat.join", "voip.join"]);
        let questions: Vec<_> = rows()
            .iter()
            .map(|row| (row.capability, context.clone().unwrap_or_default()))
            .collect();
        let alone = caller.check_all(&token, &questions).await;
        assert_eq!(listed.decisions.len(), 21);
        for ((row, question), alone) in listed.decisions.iter().zip(&questions).zip(alone) {
            assert_eq!(row.capability(), question.0);
            let together = row.decision.clone().unwrap();
            assert_eq!(together.reason(), alone.reason(), "{question:?}");
            assert_eq!(together.granted_by, alone.granted_by);
        }
    }
}

/// Asserts what one question is answered with.
async fn decided(
    server: &Server,
    token: &str,
    question: (Capability, CheckContext),
    expected: DecisionReason,
) {
    let questions = [question];
    let decisions = server.enforcer().check_all(token, &questions).await;
    assert_eq!(decisions[0].reason(), expected, "{questions:?}");
}

/// A row of the tables of scopes.
#[derive(Debug)]
struct Row {
    capability: Capability,
    /// The scopes whose cell is not `N`.
    granting: Vec<String>,
    /// The answer to a token that has one of them, when nothing is known of the situation.
    without_context: DecisionReason,
}

impl Row {
    /// Those of these scopes that grant it.
    fn granted_to<'a>(&self, scopes: &[&'a str]) -> Vec<&'a str> {
        scopes
            .iter()
            .copied()
            .filter(|scope| self.granting.iter().any(|one| one == scope))
            .collect()
    }
}

/// Both tables, one below the other.
fn rows() -> Vec<Row> {
    let both = [pages::CHAT, pages::VOIP].map(pages::read);
    let rows = both
        .iter()
        .flat_map(|(header, rows)| rows.iter().map(move |row| (header, row)));
    (1..)
        .zip(rows)
        .map(|(number, (header, row))| {
            let cells = header
                .iter()
                .zip(row)
                .skip(1)
                .filter(|(_, cell)| *cell != "N");
            Row {
                capability: Capability::try_from(number).expect("a capability for each row"),
                granting: cells.map(|(scope, _)| scope.clone()).collect(),
                without_context: match row[0].as_str() {
                    label if label.contains("your own message") => NotOwnMessage,
                    label if label.contains("already invited") => NotInvited,
                    _ if row[1] == "by user role" => RoleRequired,
                    _ => Allowed,
                },
            }
        })
        .collect()
}

/// All 31 sets.
fn scope_sets() -> impl Iterator<Item = Vec<&'static str>> {
    (1..32_u8).map(|bits| {
        let chosen = (0..)
            .zip(SCOPES)
            .filter(|(place, _)| bits & (1 << place) != 0);
        chosen.map(|(_, scope)| scope).collect()
    })
}

/// Every operation in the order of the table.
fn operations() -> impl Iterator<Item = InCallOperation> {
    (1..=33).map(|number| InCallOperation::try_from(number).expect("an operation for each row"))
}

/// A situation that meets every precondition.
fn favourable(identity: &str) -> CheckContext {
    let mut context = in_room(
        RoomRole::Presenter,
        InCallOperation::ActiveSpeaker,
        true,
        true,
    );
    context.message_sender_id = Some(identity.to_owned());
    context
}

fn in_room(role: RoomRole, operation: InCallOperation, web: bool, remote: bool) -> CheckContext {
    CheckContext {
        room: Some(RoomContext {
            invited: true,
            role: role.into(),
        }),
        message_sender_id: None,
        client: Some(ClientContext { web }),
        operation: operation.into(),
        stream: Some(StreamContext { remote }),
    }
}

const fn room(invited: bool, role: i32) -> RoomContext {
    RoomContext { invited, role }
}

fn none() -> CheckContext {
    CheckContext::default()
}

/// All scopes in the order of the tables.
const SCOPES: [&str; 5] = [
    "chat",
    "chat.join",
    "chat.join.limited",
    "voip",
    "voip.join",
];

/// All roles in the order of the table.
const ROLES: [RoomRole; 4] = [
    RoomRole::Presenter,
    RoomRole::Collaborator,
    RoomRole::Attendee,
    RoomRole::Consumer,
];
