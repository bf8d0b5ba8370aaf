//! The real enforcement points and authorities, in virtual time. The crate's own page says what is in
//! it.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a simulation that cannot go on fails, and says where"
)]

mod agenda;
mod arms;
mod authority_side;
mod clocks;
mod connection;
mod dice;
mod event;
mod faults;
mod feed_side;
mod founding;
mod judge;
mod links;
mod machine;
mod messages;
mod moment;
mod node_log;
mod people;
mod point;
mod process;
mod promises;
mod protocol;
mod report;
mod seeds;
mod shared_store;
mod storage;
mod store_side;
mod tenancy;
mod watch;
mod weakness;
mod wire;
mod world;
