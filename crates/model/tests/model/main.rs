//! The model, and what was found by looking at all of it. The crate's own page says what is in it.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a model that cannot go on fails, and says where"
)]

mod action;
mod arms;
mod authority;
mod checker;
mod engine;
mod holding;
mod list;
mod log;
mod place;
mod point;
mod promises;
mod setting;
mod verdict;
mod world;
