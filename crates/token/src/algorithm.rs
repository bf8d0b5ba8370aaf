//! The two names of the one signature algorithm.

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of Ed25519 in the header of a token and in the JSON Web Key that verifies it.
///
/// Both names mean the same signatures. Each key has one of them for good (RFC 7517, 4.4), and a token
/// with the other one is not a token of that key (RFC 8725, 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum TokenAlgorithm {
    /// The name of RFC 8037, which every library knows.
    #[default]
    #[serde(rename = "EdDSA")]
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
