//! Scopes as callers write them, in whatever face of the port.

use lanyard_policy::{EmptyScopeSet, Scope, ScopeSet, UnknownScope};

/// Makes a set of scopes of their names.
pub(crate) fn scope_set(names: &[String]) -> Result<ScopeSet, ScopesError> {
    if names.len() > Scope::ALL.len() {
        return Err(ScopesError::TooMany(names.len()));
    }
    let scopes = names.iter().map(|text| text.parse::<Scope>());
    Ok(ScopeSet::new(scopes.collect::<Result<Vec<_>, _>>()?)?)
}

/// Why scopes are not a set of scopes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScopesError {
    /// More than there are, so that some come twice.
    #[error("must be 1 to 5 scopes, not {0}")]
    TooMany(usize),
    /// One is none.
    #[error(transparent)]
    Unknown(#[from] UnknownScope),
    /// There is none.
    #[error(transparent)]
    Empty(#[from] EmptyScopeSet),
}
