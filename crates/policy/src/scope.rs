//! Scopes, and the set of them that a token carries.

use std::error::Error;
use std::fmt;
use std::num::NonZeroU8;

use crate::vocabulary::vocabulary;

vocabulary! {
    /// A right that a token can carry. It opens the rows of one of the published tables.
    pub enum Scope, or UnknownScope of "scope" {
        /// Full access to chat.
        Chat = "chat",
        /// Chat without creating, updating and deleting threads.
        ChatJoin = "chat.join",
        /// As [`Scope::ChatJoin`], also without adding and removing participants.
        ChatJoinLimited = "chat.join.limited",
        /// Full access to calling.
        Voip = "voip",
        /// Calling without starting a call outside of Virtual Rooms.
        VoipJoin = "voip.join",
    }
}

impl Scope {
    /// The bit of this scope in a [`ScopeSet`].
    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The scopes of a token: at least one, each at most once.
///
/// There is no empty set, so that no code has to decide what a token without scopes may do, and
/// `Option<ScopeSet>` is a single byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScopeSet(NonZeroU8);

impl ScopeSet {
    /// Collects scopes. One that comes twice counts once.
    ///
    /// # Errors
    ///
    /// [`EmptyScopeSet`] if there is none.
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Result<Self, EmptyScopeSet> {
        let bits = scopes.into_iter().fold(0, |bits, scope| bits | scope.bit());
        Self::from_bits(bits).ok_or(EmptyScopeSet)
    }

    /// Reads the form of a token's `scope` claim: names with single spaces between them.
    ///
    /// The order is free, anything else is strict: a claim that this authority would not have
    /// written is refused rather than interpreted.
    ///
    /// # Errors
    ///
    /// [`ScopeSetError`] says which rule the text breaks first.
    pub fn parse(text: &str) -> Result<Self, ScopeSetError> {
        if text.is_empty() {
            return Err(ScopeSetError::Empty);
        }
        let mut bits = 0;
        for name in text.split(' ') {
            if name.is_empty() {
                return Err(ScopeSetError::Spacing);
            }
            let scope: Scope = name.parse().map_err(ScopeSetError::Unknown)?;
            if bits & scope.bit() != 0 {
                return Err(ScopeSetError::Duplicate(scope));
            }
            bits |= scope.bit();
        }
        Self::from_bits(bits).ok_or(ScopeSetError::Empty)
    }

    /// Whether the scope is in the set.
    #[must_use]
    pub const fn contains(self, scope: Scope) -> bool {
        self.0.get() & scope.bit() != 0
    }

    /// The scopes in canonical order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .into_iter()
            .filter(move |scope| self.contains(*scope))
    }

    /// How many scopes there are, from one to five.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "a set of scopes is never empty"
    )]
    pub const fn len(self) -> usize {
        self.0.get().count_ones() as usize
    }

    /// The scopes that are in both sets, if any is.
    pub(crate) const fn intersection(self, other: Self) -> Option<Self> {
        Self::from_bits(self.0.get() & other.0.get())
    }

    /// The set of this scope and of those in `others`.
    pub(crate) const fn joined(others: Option<Self>, scope: Scope) -> Option<Self> {
        match others {
            Some(others) => Self::from_bits(others.0.get() | scope.bit()),
            None => Self::from_bits(scope.bit()),
        }
    }

    /// The set with these bits, each of which is the bit of a scope.
    const fn from_bits(bits: u8) -> Option<Self> {
        match NonZeroU8::new(bits) {
            Some(bits) => Some(Self(bits)),
            None => None,
        }
    }
}

impl fmt::Display for ScopeSet {
    /// Writes the form that [`ScopeSet::parse`] reads, in canonical order.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { " " };
            write!(f, "{separator}{scope}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// There is no set without scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmptyScopeSet;

impl fmt::Display for EmptyScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("at least one scope is needed")
    }
}

impl Error for EmptyScopeSet {}

/// Why a text is not the `scope` claim of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeSetError {
    /// The text is empty.
    Empty,
    /// There is a space in front, at the end, or beside another one.
    Spacing,
    /// A name is not that of a scope.
    Unknown(UnknownScope),
    /// A scope is named twice.
    Duplicate(Scope),
}

impl fmt::Display for ScopeSetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => EmptyScopeSet.fmt(f),
            Self::Spacing => f.write_str("scopes are separated by exactly one space"),
            Self::Unknown(unknown) => unknown.fmt(f),
            Self::Duplicate(scope) => write!(f, "the scope `{scope}` is named twice"),
        }
    }
}

impl Error for ScopeSetError {}

#[cfg(test)]
mod tests;
