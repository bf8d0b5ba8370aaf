//! A second, naive reading of the pages, compared with the policy for every set of scopes, every
//! capability and every context.

use lanyard_policy::{
    Capability, Context, Decision, DenyReason, InCallOperation, Room, RoomRole, Scope, ScopeSet,
    decide,
};

use crate::ask::{FAVOURABLE, SUBJECT, ask};
use crate::pages::{CHAT, ROLES, VOIP, read};

#[test]
fn a_set_of_scopes_allows_exactly_what_one_of_its_scopes_allows_alone() {
    for context in contexts() {
        for capability in Capability::ALL {
            let alone: Vec<Scope> = Scope::ALL
                .into_iter()
                .filter(|scope| ask(*scope, capability, &context).is_allowed())
                .collect();
            for scopes in scope_sets() {
                let granting = alone
                    .iter()
                    .copied()
                    .filter(|scope| scopes.contains(*scope));
                let granted_by = match decide(scopes, SUBJECT, capability, &context) {
                    Decision::Allow { granted_by } => Some(granted_by),
                    Decision::Deny {
                        reason: _,
                        sufficient_scopes: _,
                    } => None,
                };
                assert_eq!(
                    granted_by,
                    ScopeSet::new(granting).ok(),
                    "{scopes} {capability}"
                );
            }
        }
    }
}

#[test]
fn every_decision_is_the_one_that_a_plain_reading_of_the_pages_gives() {
    let contexts = contexts();
    for (index, capability) in Capability::ALL.into_iter().enumerate() {
        let reading = Reading::of(index);
        for context in &contexts {
            let precondition = reading.precondition(context);
            for scopes in scope_sets() {
                let decision = decide(scopes, SUBJECT, capability, context);
                let expected = reading.decide(scopes, precondition);
                assert_eq!(decision, expected, "{scopes} {capability} {context:?}");
            }
        }
    }
}

#[test]
fn a_scope_is_called_sufficient_only_if_it_is_and_none_is_left_out() {
    for capability in Capability::ALL {
        for scopes in scope_sets() {
            let decision = decide(scopes, SUBJECT, capability, &FAVOURABLE);
            let Decision::Deny {
                reason,
                sufficient_scopes,
            } = decision
            else {
                continue;
            };
            assert_eq!(reason, DenyReason::ScopeMissing);
            let sufficient = Scope::ALL
                .into_iter()
                .filter(|scope| ask(*scope, capability, &FAVOURABLE).is_allowed());
            assert_eq!(sufficient_scopes, ScopeSet::new(sufficient).ok());
        }
    }
}

/// A row of the pages of scopes, with the page of roles for where it leads there.
struct Reading {
    label: String,
    cells: Vec<(Scope, String)>,
    roles: Vec<Vec<String>>,
}

impl Reading {
    /// Reads a row, counted over both pages.
    fn of(index: usize) -> Self {
        let (page, index) = if index < 15 {
            (CHAT, index)
        } else {
            (VOIP, index - 15)
        };
        let (header, rows) = read(page);
        let row = rows[index].clone();
        let columns = header[1..].iter().map(|column| column.parse().unwrap());
        Self {
            label: row[0].clone(),
            cells: columns.zip(row[1..].iter().cloned()).collect(),
            roles: read(ROLES).1,
        }
    }

    /// The decision for a set of scopes, when it is known what the context does not meet.
    fn decide(&self, scopes: ScopeSet, precondition: Option<DenyReason>) -> Decision {
        let granting = || {
            self.cells
                .iter()
                .filter(|(_, cell)| cell != "N")
                .map(|(scope, _)| *scope)
        };
        match (
            ScopeSet::new(granting().filter(|scope| scopes.contains(*scope))),
            precondition,
        ) {
            (Err(_), _) => Decision::Deny {
                reason: DenyReason::ScopeMissing,
                sufficient_scopes: ScopeSet::new(granting()).ok(),
            },
            (Ok(_), Some(reason)) => Decision::Deny {
                reason,
                sufficient_scopes: None,
            },
            (Ok(granted_by), None) => Decision::Allow { granted_by },
        }
    }

    /// The first thing that the row presupposes and the context does not meet.
    fn precondition(&self, context: &Context<'_>) -> Option<DenyReason> {
        let own = context.message_sender == Some(SUBJECT);
        let invited = context.room.is_some_and(|room| room.invited);
        if self.label.contains("your own") && !own {
            Some(DenyReason::NotOwnMessage)
        } else if self.label.contains("already invited") && !invited {
            Some(DenyReason::NotInvited)
        } else if self.cells.iter().any(|(_, cell)| cell == "by user role") {
            self.role(context)
        } else {
            None
        }
    }

    /// What the page of roles denies.
    fn role(&self, context: &Context<'_>) -> Option<DenyReason> {
        let Some(role) = context.room.and_then(|room| room.role) else {
            return Some(DenyReason::RoleRequired);
        };
        let Some(operation) = context.operation else {
            return Some(DenyReason::ConditionUnmet);
        };
        let row = self
            .roles
            .iter()
            .find(|row| row[1] == operation.published())
            .unwrap();
        match row[2 + role as usize].as_str() {
            "N" => Some(DenyReason::RoleInsufficient),
            "Y*" if !context.web_client => Some(DenyReason::ConditionUnmet),
            "Yr" if !context.remote_stream => Some(DenyReason::ConditionUnmet),
            _ => None,
        }
    }
}

/// All 31 sets of scopes.
fn scope_sets() -> impl Iterator<Item = ScopeSet> {
    (1..32_u8).map(|bits| {
        let chosen = (0..)
            .zip(Scope::ALL)
            .filter(|(place, _)| bits & (1 << place) != 0);
        ScopeSet::new(chosen.map(|(_, scope)| scope)).unwrap()
    })
}

/// Every context: with each room, sender, client, stream and operation.
fn contexts() -> Vec<Context<'static>> {
    let mut contexts = Vec::new();
    for room in rooms() {
        for message_sender in [None, Some(""), Some(SUBJECT), Some("8:acs:6a0f_bob")] {
            for (web_client, remote_stream) in
                [(false, false), (true, false), (false, true), (true, true)]
            {
                let operations = InCallOperation::ALL.into_iter().map(Some).chain([None]);
                contexts.extend(operations.map(|operation| Context {
                    room,
                    message_sender,
                    web_client,
                    remote_stream,
                    operation,
                }));
            }
        }
    }
    contexts
}

/// No room, and rooms with and without an invitation and with each role or none.
fn rooms() -> Vec<Option<Room>> {
    let mut rooms = vec![None];
    for invited in [false, true] {
        let roles = RoomRole::ALL.into_iter().map(Some).chain([None]);
        rooms.extend(roles.map(|role| Some(Room { invited, role })));
    }
    rooms
}
