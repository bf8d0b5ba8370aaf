//! Access tokens, from outside of the crate: a table of contents.

/// What only whoever holds a signing key could make.
#[cfg(test)]
mod forge;

/// The files under `tests/vectors`, which verifiers in other languages can replay.
#[cfg(test)]
mod vectors;

/// What anybody can do to a token: change it, cut it off, make it up.
#[cfg(test)]
mod tampering;

/// What is accepted here is accepted by another implementation, too.
#[cfg(test)]
mod differential;

/// Nothing that is sent makes the verifier panic.
#[cfg(test)]
mod arbitrary;
