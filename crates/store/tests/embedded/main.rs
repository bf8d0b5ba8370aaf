//! The embedded backend: the suite that every backend runs, and what only this one can be asked.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what the tests share fails by a panic, as they do"
)]

mod conformance;
mod damage;
mod full_disk;
mod group_commit;
mod healing;
mod killed;
mod lost_commit;
mod opening;
mod snapshots;
mod support;
mod swept;
#[path = "../shared/tenants.rs"]
mod tenants;
