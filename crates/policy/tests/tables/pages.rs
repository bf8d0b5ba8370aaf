//! The published pages as they were transcribed, and a reader of their format.

pub(crate) const CHAT: &str = include_str!("../facts/chat-scopes.csv");
pub(crate) const VOIP: &str = include_str!("../facts/voip-scopes.csv");
pub(crate) const ROLES: &str = include_str!("../facts/room-roles.csv");

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
    assert!(!quoted, "a quote is not closed: {line}");
    fields
}

#[test]
fn a_comma_within_quotes_does_not_end_a_field() {
    assert_eq!(fields(r#"a,"b, c",,d"#), ["a", "b, c", "", "d"]);
}
