//! What callers may call things.

use std::{fmt, str::FromStr};

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Too short or too long.
    #[error("must have 1 to {max} characters, not {given}")]
    Length {
        /// How many are allowed.
        max: usize,
        /// How many there are.
        given: usize,
    },
    /// Not a DNS label.
    #[error("must be a DNS label: 1 to 63 of a-z, 0-9 and `-`, neither first nor last a `-`")]
    NotALabel,
}

/// A caller's own name for an identity: 1 to 256 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomId(String);

/// A name for people: 1 to 128 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(String);

/// The name of a resource: a DNS label, so that it can stand in a host name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceName(String);

impl FromStr for CustomId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        of_length(text, MAX_CUSTOM_ID).map(Self)
    }
}

impl FromStr for DisplayName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        of_length(text, MAX_DISPLAY_NAME).map(Self)
    }
}

impl FromStr for ResourceName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        let is_label = (1..=MAX_LABEL).contains(&text.len())
            && text.bytes().all(allowed)
            && !text.starts_with('-')
            && !text.ends_with('-');
        is_label
            .then(|| Self(text.to_owned()))
            .ok_or(NameError::NotALabel)
    }
}

impl From<CustomId> for String {
    fn from(name: CustomId) -> Self {
        name.0
    }
}

impl From<DisplayName> for String {
    fn from(name: DisplayName) -> Self {
        name.0
    }
}

impl From<ResourceName> for String {
    fn from(name: ResourceName) -> Self {
        name.0
    }
}

impl ResourceName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn of_length(text: &str, max: usize) -> Result<String, NameError> {
    let given = text.chars().count();
    if (1..=max).contains(&given) {
        Ok(text.to_owned())
    } else {
        Err(NameError::Length { max, given })
    }
}

const MAX_CUSTOM_ID: usize = 256;
const MAX_DISPLAY_NAME: usize = 128;
const MAX_LABEL: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_custom_id_has_1_to_256_characters_whatever_their_bytes() {
        for good in ["a".to_owned(), "é".repeat(256), "🦀".repeat(256)] {
            assert!(good.parse::<CustomId>().is_ok());
        }
        for (bad, given) in [(String::new(), 0), ("é".repeat(257), 257)] {
            assert_eq!(
                bad.parse::<CustomId>(),
                Err(NameError::Length { max: 256, given })
            );
        }
    }

    #[test]
    fn a_display_name_has_1_to_128_characters() {
        assert!("x".repeat(128).parse::<DisplayName>().is_ok());
        assert!("x".repeat(129).parse::<DisplayName>().is_err());
        assert!("".parse::<DisplayName>().is_err());
    }

    #[test]
    fn a_resource_name_is_a_dns_label() {
        for good in ["a", "0", "a-b", &"x".repeat(63)] {
            assert!(good.parse::<ResourceName>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a.b", "a_b", "ä", &"x".repeat(64)] {
            assert_eq!(
                bad.parse::<ResourceName>(),
                Err(NameError::NotALabel),
                "{bad}"
            );
        }
    }
}
