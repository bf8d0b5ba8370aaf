//! Cell by cell: what a page says, and what the policy answers.

use lanyard_policy::{Capability, Context, DenyReason, InCallOperation, RoomRole, Scope};

use crate::ask::{FAVOURABLE, ask, ask_in_room, reason};
use crate::pages::{CHAT, ROLES, VOIP, read};

#[test]
fn every_capability_is_a_row_of_a_page_word_for_word_and_in_order() {
    let labels: Vec<String> = [CHAT, VOIP]
        .into_iter()
        .flat_map(|page| read(page).1)
        .map(|row| row[0].clone())
        .collect();
    assert_eq!(labels, Capability::ALL.map(Capability::published));
}

#[test]
fn every_scope_is_a_column_of_a_page_in_order() {
    let columns: Vec<String> = [CHAT, VOIP]
        .into_iter()
        .flat_map(|page| read(page).0.split_off(1))
        .collect();
    assert_eq!(columns, Scope::ALL.map(Scope::as_str));
}

#[test]
fn every_chat_cell_is_answered_as_published() {
    assert_eq!(compare_scopes(CHAT), 15 * 3);
}

#[test]
fn every_calling_cell_is_answered_as_published() {
    assert_eq!(compare_scopes(VOIP), 6 * 2);
}

#[test]
fn a_scope_that_is_no_column_of_a_page_grants_nothing_on_it() {
    for page in [CHAT, VOIP] {
        let (header, rows) = read(page);
        let absent = Scope::ALL
            .into_iter()
            .filter(|scope| !header.iter().any(|column| column == scope.as_str()));
        for scope in absent {
            for row in &rows {
                let decision = ask(scope, capability(&row[0]), &FAVOURABLE);
                assert_eq!(
                    reason(decision),
                    Some(DenyReason::ScopeMissing),
                    "{row:?} {scope}"
                );
            }
        }
    }
}

#[test]
fn every_operation_is_a_row_of_the_page_word_for_word_and_in_order() {
    let (_, rows) = read(ROLES);
    let published = InCallOperation::ALL.map(|operation| {
        [
            operation.group().to_owned(),
            operation.published().to_owned(),
        ]
    });
    let transcribed: Vec<_> = rows
        .iter()
        .map(|row| [row[0].clone(), row[1].clone()])
        .collect();
    assert_eq!(transcribed, published);
}

#[test]
fn every_role_is_a_column_of_the_page_in_order() {
    let (header, _) = read(ROLES);
    assert_eq!(header[2..], RoomRole::ALL.map(|role| format!("{role:?}")));
}

#[test]
fn every_cell_of_a_role_is_answered_as_published() {
    let mut compared = 0;
    for (row, operation) in read(ROLES).1.iter().zip(InCallOperation::ALL) {
        for (cell, role) in row[2..].iter().zip(RoomRole::ALL) {
            for scope in [Scope::Voip, Scope::VoipJoin] {
                let answers = ask_in_room(scope, operation, role).map(reason);
                assert_eq!(answers, reasons_of(cell), "{operation} {role} {scope}");
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 33 * 4);
}

/// Compares every cell of a page of scopes, and says how many there were.
fn compare_scopes(page: &str) -> usize {
    let (header, rows) = read(page);
    let mut compared = 0;
    for row in rows {
        let capability = capability(&row[0]);
        for (column, cell) in header.iter().zip(&row).skip(1) {
            let scope: Scope = column.parse().unwrap();
            let with_everything = reason(ask(scope, capability, &FAVOURABLE));
            let with_nothing = reason(ask(scope, capability, &Context::default()));
            let expected = match cell.as_str() {
                "Y" => (None, precondition(&row[0])),
                "N" => (
                    Some(DenyReason::ScopeMissing),
                    Some(DenyReason::ScopeMissing),
                ),
                "by user role" => (None, Some(DenyReason::RoleRequired)),
                other => panic!("no such cell: {other}"),
            };
            assert_eq!(
                (with_everything, with_nothing),
                expected,
                "{capability} {scope}"
            );
            compared += 1;
        }
    }
    compared
}

/// What the label of a row presupposes, as the reason of the denial when it is not known.
fn precondition(label: &str) -> Option<DenyReason> {
    if label.contains("your own message") {
        Some(DenyReason::NotOwnMessage)
    } else if label.contains("when the user is already invited") {
        Some(DenyReason::NotInvited)
    } else {
        None
    }
}

/// What a cell of the page of roles means without a condition met, in the web client, on a remote
/// stream, and with both.
fn reasons_of(cell: &str) -> [Option<DenyReason>; 4] {
    let unmet = Some(DenyReason::ConditionUnmet);
    match cell {
        "Y" => [None; 4],
        "N" => [Some(DenyReason::RoleInsufficient); 4],
        "Y*" => [unmet, None, unmet, None],
        "Yr" => [unmet, unmet, None, None],
        other => panic!("no such cell: {other}"),
    }
}

/// The capability with this label.
fn capability(label: &str) -> Capability {
    Capability::ALL
        .into_iter()
        .find(|capability| capability.published() == label)
        .expect("every row is a capability")
}
