//! The Redis backend, against real servers that the tests start themselves: the suite that every
//! backend runs, and what only this one can be asked.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what the tests share fails by a panic, as they do"
)]

mod away;
mod clocks;
mod closed_connections;
mod conformance;
mod damage;
mod failover;
mod first_start;
mod fitness;
mod generations;
mod grown;
mod killed;
mod late;
mod round_trips;
mod start_errors;
mod support;
#[path = "../shared/tenants.rs"]
mod tenants;
