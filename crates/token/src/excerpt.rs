//! Text of a caller as it may appear in an error, a log line or a terminal.

/// The beginning of a text from a caller, at most 100 characters long, with an
/// ellipsis where it was cut. Control characters and those that reorder or break lines are escaped.
///
/// A status travels in HTTP trailers, of which many clients accept 8 KiB, and its text is printed.
#[must_use]
pub fn excerpt(text: &str) -> String {
    let mut characters = text.chars();
    let mut excerpt = String::new();
    for character in characters.by_ref().take(MAX_EXCERPT_CHARS) {
        if is_unprintable(character) {
            excerpt.extend(character.escape_unicode());
        } else {
            excerpt.push(character);
        }
    }
    if characters.next().is_some() {
        excerpt.push('…');
    }
    excerpt
}

fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

/// The length of the longest excerpt, in characters of the original text.
const MAX_EXCERPT_CHARS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_kept_and_a_long_one_is_cut_between_characters() {
        for text in ["", "8:acs:a_b", &"é".repeat(100)] {
            assert_eq!(excerpt(text), text);
        }
        let cut = excerpt(&"é".repeat(101));
        assert_eq!(cut, format!("{}…", "é".repeat(100)));
    }

    #[test]
    fn control_and_bidirectional_characters_are_escaped() {
        let text = "a\nb\u{1b}[2J\0\u{202e}c\u{2028}\u{85}";
        let escaped = r"a\u{a}b\u{1b}[2J\u{0}\u{202e}c\u{2028}\u{85}";
        assert_eq!(excerpt(text), escaped);
    }
}
