//! What benches have in common, so that two of them mean the same by a token, a list and a ratio.
//!
//! * [`Comparison`] lets several ways of doing something take turns, and tells how much longer each
//!   takes than the first of them, its floor.
//! * [`claims`], [`tokens`], [`signing_key`], [`keys`] and [`verifier`] are one authority; [`Signed`]
//!   is what the raw operation is done to.
//! * [`list`] and [`view`] hold as many revocations as they are told to.
//!
//! A cost without a floor is left to the library of benches, which each bench uses itself.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "this is for benches, and a measurement that cannot go on ends"
)]

mod authority;
mod comparison;
mod revoked;
mod signed;

pub use authority::{START, audience, claims, issuer, keys, signing_key, tokens, verifier};
pub use comparison::Comparison;
pub use revoked::{list, revocation, view};
pub use signed::{Signed, raw_signing_key};
