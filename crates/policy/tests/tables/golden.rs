//! Prints every cell as the policy answers it, and compares that with the golden files.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use lanyard_policy::{Capability, Context, Decision, DenyReason, InCallOperation, RoomRole, Scope};

use crate::ask::{FAVOURABLE, ask, ask_in_room, reason};

#[test]
fn the_scope_tables_are_as_reviewed() {
    let mut text = String::from(
        "# Which scope grants what, in a context that meets every precondition.\n\
         # Y: granted. -: not granted. In the last column, what a context must say besides.\n\n",
    );
    let columns = Scope::ALL.map(|scope| scope.to_string());
    line(&mut text, "capability", &columns, "presupposes");
    for capability in Capability::ALL {
        let cells = Scope::ALL.map(|scope| scope_cell(scope, capability).to_owned());
        line(
            &mut text,
            capability.as_str(),
            &cells,
            presupposed(capability),
        );
    }
    compare("scopes.txt", &text);
}

#[test]
fn the_room_role_table_is_as_reviewed() {
    let mut text = String::from(
        "# What a role allows in a call in a Virtual Room, with the scope voip or voip.join.\n\
         # Y: allowed. -: not allowed. Y*: in the web calling SDK only. Yr: for remote streams \
         only.\n",
    );
    let mut group = "";
    for operation in InCallOperation::ALL {
        if operation.group() != group {
            group = operation.group();
            let columns = RoomRole::ALL.map(|role| role.to_string());
            write!(text, "\n## {group}\n").unwrap();
            line(&mut text, "operation", &columns, "");
        }
        let cells = RoomRole::ALL.map(|role| role_cell(operation, role).to_owned());
        line(&mut text, operation.as_str(), &cells, "");
    }
    compare("room-roles.txt", &text);
}

#[test]
fn the_tables_in_the_documentation_are_those_of_the_policy() {
    let mut text = String::from(DOCUMENTATION);
    let head = Scope::ALL.map(|scope| format!("`{scope}`"));
    markdown(&mut text, "capability", &head, "also required");
    for capability in Capability::ALL {
        let cells = Scope::ALL.map(|scope| in_words(scope_cell(scope, capability)));
        let label = format!("`{capability}`");
        markdown_row(&mut text, &label, &cells, presupposed(capability));
    }
    text.push_str(ROOM_ROLES);
    let head = RoomRole::ALL.map(|role| format!("`{role}`"));
    markdown(&mut text, "operation", &head, "group");
    for operation in InCallOperation::ALL {
        let cells = RoomRole::ALL.map(|role| in_words(role_cell(operation, role)));
        markdown_row(
            &mut text,
            &format!("`{operation}`"),
            &cells,
            operation.group(),
        );
    }
    compare("../../../../docs/scopes.md", &text);
}

const DOCUMENTATION: &str = "\
# Scopes and capabilities

A token carries scopes. A check names a capability, such as `create-message`, and is allowed if one of the token's
scopes grants it. The tables are those that Azure Communication Services publishes; they are generated from the
policy, and a test compares them.

The column \"also required\" names the part of the check's context that the capability depends on: flags of
`lanyard check`, or `CheckContext` in [`policy_service.proto`](../proto/lanyard/v1/policy_service.proto). `own message` compares
`--message-sender` with the token's identity, `invited to the room` is `--invited`, and `by room role` looks up
`--operation` and `--room-role` in the second table.

## Which scope grants which capability

";

const ROOM_ROLES: &str = "
## What a role allows in a call in a room

For `in-room-call-operation`, with the scope `voip` or `voip.join`. `on web`: in the web calling SDK only (`--web`).
`if remote`: for remote streams only (`--remote-stream`).

";

fn in_words(cell: &str) -> String {
    match cell {
        "Y" => "yes",
        "-" => "",
        "Y*" => "on web",
        "Yr" => "if remote",
        other => panic!("no cell is `{other}`"),
    }
    .to_owned()
}

fn markdown(text: &mut String, label: &str, columns: &[String], last: &str) {
    markdown_row(text, label, columns, last);
    writeln!(text, "|{}", "---|".repeat(columns.len() + 2)).unwrap();
}

fn markdown_row(text: &mut String, label: &str, cells: &[String], last: &str) {
    writeln!(text, "| {label} | {} | {last} |", cells.join(" | ")).unwrap();
}

/// The cell of a scope and a capability.
fn scope_cell(scope: Scope, capability: Capability) -> &'static str {
    match reason(ask(scope, capability, &FAVOURABLE)) {
        None => "Y",
        Some(DenyReason::ScopeMissing) => "-",
        Some(other) => panic!("{capability} {scope}: {other:?} in the most favourable context"),
    }
}

/// What a capability presupposes: why the scopes that grant it do not in a context without facts.
fn presupposed(capability: Capability) -> &'static str {
    let mut reasons: Vec<_> = Scope::ALL
        .into_iter()
        .filter(|scope| scope_cell(*scope, capability) == "Y")
        .map(|scope| reason(ask(scope, capability, &Context::default())))
        .collect();
    reasons.dedup();
    match reasons[..] {
        [None] => "",
        [Some(DenyReason::NotOwnMessage)] => "own message",
        [Some(DenyReason::NotInvited)] => "invited to the room",
        [Some(DenyReason::RoleRequired)] => "by room role",
        _ => panic!("{capability}: the scopes differ in what they presuppose: {reasons:?}"),
    }
}

/// The cell of an operation and a role, which must be the same with both scopes of calling.
fn role_cell(operation: InCallOperation, role: RoomRole) -> &'static str {
    let [cell, with_join] = [Scope::Voip, Scope::VoipJoin].map(|scope| {
        match ask_in_room(scope, operation, role).map(Decision::is_allowed) {
            [true, true, true, true] => "Y",
            [false, false, false, false] => "-",
            [false, true, false, true] => "Y*",
            [false, false, true, true] => "Yr",
            other => panic!("{operation} {role}: no cell is like {other:?}"),
        }
    });
    assert_eq!(cell, with_join, "{operation} {role}");
    cell
}

/// Writes a line of a matrix.
fn line(text: &mut String, label: &str, cells: &[String], note: &str) {
    let mut line = format!("{label:<32}");
    for cell in cells {
        write!(line, "{cell:<18}").unwrap();
    }
    line.push_str(note);
    writeln!(text, "{}", line.trim_end()).unwrap();
}

/// Compares with a golden file, or writes it if that is asked for.
#[expect(
    clippy::disallowed_methods,
    reason = "the switch of a test, not configuration"
)]
fn compare(name: &str, actual: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, actual).unwrap();
    }
    let golden = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        golden == actual,
        "the policy does not answer as {} says. If the change is meant, run\n\n    \
         UPDATE_GOLDEN=1 cargo test -p lanyard-policy --test tables\n\n\
         and have the difference reviewed. The answers are now:\n\n{actual}",
        file.display()
    );
}
