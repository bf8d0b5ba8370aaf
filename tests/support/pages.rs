//! The published tables as they were transcribed.

pub(crate) const CHAT: &str = include_str!("../../crates/policy/tests/facts/chat-scopes.csv");
pub(crate) const VOIP: &str = include_str!("../../crates/policy/tests/facts/voip-scopes.csv");
pub(crate) const ROLES: &str = include_str!("../../crates/policy/tests/facts/room-roles.csv");

/// Reads comma-separated values: the header, then rows that are as long as it.
pub(crate) fn read(page: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut lines = page.lines().map(fields);
    let header = lines.next().expect("a page has a header");
    let rows: Vec<_> = lines.collect();
    for row in &rows {
        assert_eq!(
            row.len(),
            header.len(),
            "a row is as long as the header: {row:?}"
        );
    }
    (header, rows)
}

/// Splits a line at its commas, except within quotes.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => fields.last_mut().expect("there is a field").push(other),
        }
    }
    fields
}
