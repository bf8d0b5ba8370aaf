//! The two names of the one signature algorithm.

use std::fmt::{self, Display};
use std::str::FromStr;

/// What the header of a token calls Ed25519. Both mean the same, and a verifier accepts both.
///
/// The name is a property of the key that signs. Nothing is ever chosen by the name in a token: it
/// is compared with these two, and that is all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TokenAlgorithm {
    /// The name of RFC 8037, which every library knows.
    #[default]
    EdDsa,
    /// The fully specified name of RFC 9864.
    Ed25519,
}

impl TokenAlgorithm {
    /// The name as it is written in a header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Ed25519 => "Ed25519",
        }
    }
}

impl Display for TokenAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TokenAlgorithm {
    type Err = UnknownTokenAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnknownTokenAlgorithm> {
        [Self::EdDsa, Self::Ed25519]
            .into_iter()
            .find(|algorithm| algorithm.as_str() == text)
            .ok_or(UnknownTokenAlgorithm)
    }
}

/// A name that is not one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be `EdDSA` or `Ed25519`")]
pub struct UnknownTokenAlgorithm;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_two_names_and_no_other() {
        assert_eq!("EdDSA".parse(), Ok(TokenAlgorithm::EdDsa));
        assert_eq!("Ed25519".parse(), Ok(TokenAlgorithm::Ed25519));
        for name in [
            "", "none", "None", "eddsa", "EDDSA", "EdDSA ", "ed25519", "Ed448", "HS256",
        ] {
            assert_eq!(
                name.parse::<TokenAlgorithm>(),
                Err(UnknownTokenAlgorithm),
                "{name:?}"
            );
        }
    }
}
