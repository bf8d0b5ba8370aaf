//! Spells out characters that steer a terminal or reorder the text around them.

use std::borrow::Cow;

/// Returns the text with each such character as an escape: `\n`, `\u{1b}`, `\u{202e}`.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_unsafe(letter) {
            escaped.extend(letter.escape_default());
        } else {
            escaped.push(letter);
        }
    }
    Cow::Owned(escaped)
}

/// Returns the JSON with each such character of its strings as an escape of JSON: `\u202e`.
pub(crate) fn escape_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for letter in json.chars() {
        if is_unsafe(letter) {
            let mut units = [0; 2];
            let units = letter.encode_utf16(&mut units).iter();
            escaped.extend(units.map(|unit| format!("\\u{unit:04x}")));
        } else {
            escaped.push(letter);
        }
    }
    escaped
}

/// Returns the text on one line: control characters become spaces, and the others are escaped.
pub(crate) fn one_line(text: &str) -> String {
    let spaced = text.replace(char::is_control, " ");
    escape(&spaced).into_owned()
}

/// Whether a terminal, or a viewer of a log, may act on the character instead of showing it: controls,
/// line and paragraph separators, bidirectional formatting, invisible characters, and tags. The joiners
/// are part of words and emoji.
fn is_unsafe(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_of_any_script_is_unchanged() {
        for text in ["", "abc", "é ß 漢字 עברית عربى", "👩\u{200d}💻", "a\u{301}"]
        {
            assert!(matches!(escape(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn characters_that_steer_a_terminal_are_spelled_out() {
        for (text, escaped) in [
            ("a\nb\r\t\0", r"a\nb\r\t\u{0}"),
            (
                "\u{1b}[2J\u{9b}\u{85}\u{7f}",
                r"\u{1b}[2J\u{9b}\u{85}\u{7f}",
            ),
            ("a\u{202e}b\u{202a}\u{202d}", r"a\u{202e}b\u{202a}\u{202d}"),
            (
                "\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}",
                r"\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}",
            ),
            ("a\u{2028}b\u{2029}", r"a\u{2028}b\u{2029}"),
            (
                "\u{200b}\u{feff}\u{ad}\u{e0041}",
                r"\u{200b}\u{feff}\u{ad}\u{e0041}",
            ),
        ] {
            assert_eq!(escape(text), escaped);
        }
    }

    #[test]
    fn json_has_escapes_of_its_own_and_means_the_same() {
        let text = "é\u{202e}\u{2028}\u{9b}\u{e0041}";
        let json = serde_json::to_string(text).unwrap();
        let escaped = escape_json(&json);
        assert_eq!(escaped, "\"é\\u202e\\u2028\\u009b\\udb40\\udc41\"");
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
    }

    #[test]
    fn a_message_stays_on_one_line() {
        assert_eq!(one_line("a\nb\u{2028}c\u{202e}"), r"a b\u{2028}c\u{202e}");
    }
}
