//! A token on the command line, which should not be there.
//!
//! Whoever holds a token is its identity, and the arguments of a process can be seen by every user of
//! the machine. So a token can also come from standard input or from a file.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::str::FromStr;

use zeroize::Zeroizing;

use super::error::ClientError;
use super::secret::Secret;
use crate::text::without_byte_order_mark;

/// Where to take a token from.
#[derive(Clone, Debug)]
pub(crate) enum TokenArg {
    /// The argument is the token.
    Here(Secret),
    /// `-`: standard input holds it.
    Stdin,
    /// `@FILE`: the file holds it.
    File(PathBuf),
}

impl FromStr for TokenArg {
    // Nothing is refused here: the parser's complaint would repeat the token.
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match (text, text.strip_prefix('@')) {
            ("-", _) => Self::Stdin,
            (_, Some(path)) => Self::File(path.into()),
            _ => Self::Here(Secret::new(text.to_owned())),
        })
    }
}

impl TokenArg {
    /// Reads the token.
    pub(super) fn read(self) -> Result<Secret, ClientError> {
        match self {
            Self::Here(token) => Ok(token),
            Self::Stdin => read_from(io::stdin().lock()).map_err(|source| ClientError::Token {
                from: "standard input".to_owned(),
                source,
            }),
            Self::File(path) => {
                File::open(&path)
                    .and_then(read_from)
                    .map_err(|source| ClientError::Token {
                        from: format!("`{}`", path.display()),
                        source,
                    })
            }
        }
    }
}

/// Reads all there is, without the end of the line that an editor or `echo` left behind. What else
/// may be wrong with it is for the authority to say.
fn read_from(source: impl Read) -> io::Result<Secret> {
    let mut text = Zeroizing::new(String::new());
    source.take(LIMIT).read_to_string(&mut text)?;
    let text = without_byte_order_mark(&text);
    Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Far above any token and above any message that an authority takes, so that the authority refuses
/// what is too long; here it only keeps `- < /dev/zero` from filling the memory.
const LIMIT: u64 = 4 << 20;

/// What the help of a token argument says.
pub(super) const HELP: &str = "The token; `-` reads it from standard input and `@FILE` from a file. \
    Tokens are secrets, and other users of this machine can see the arguments of a command: \
    prefer `-` or `@FILE`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_given_as_it_is_or_read_from_elsewhere() {
        assert!(matches!(parsed("-"), TokenArg::Stdin));
        assert!(matches!(parsed("@a/b.txt"), TokenArg::File(path) if path.ends_with("b.txt")));
        assert!(matches!(parsed("eyJ.e.s"), TokenArg::Here(token) if token.expose() == "eyJ.e.s"));
    }

    #[test]
    fn the_end_of_the_line_is_no_part_of_a_token_and_all_else_is() {
        for (input, token) in [
            ("abc\n", "abc"),
            ("abc\r\n", "abc"),
            ("\u{feff}abc\n", "abc"),
            (" abc ", " abc "),
            ("", ""),
        ] {
            assert_eq!(read_from(input.as_bytes()).expect("text").expose(), token);
        }
    }

    #[test]
    fn an_endless_input_is_cut_off() {
        let token = read_from(io::repeat(b'a')).expect("text");
        assert_eq!(token.expose().len(), 4 << 20);
    }

    #[test]
    fn a_token_argument_does_not_show_the_token() {
        assert_eq!(format!("{:?}", parsed("eyJ.e.s")), "Here(***)");
    }

    fn parsed(text: &str) -> TokenArg {
        let Ok(argument) = text.parse();
        argument
    }
}
