//! The rules of the authority, over the embedded store, on a clock that moves when it is told to.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what the tests share fails by a panic, as they do"
)]

mod callers;
mod feed;
mod first_start;
mod following;
mod identities;
mod issuing;
mod revoking;
mod signatures;
mod signing_keys;
mod support;
mod tenancy;
