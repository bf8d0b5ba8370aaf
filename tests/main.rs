//! Lanyard from outside: the real binary, over the wire.
//!
//! Each test starts a server of its own on an empty directory, and shares nothing with any other.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, and says where"
)]

mod support;

/// One module for each behaviour.
mod behaviour {
    mod architecture;
    mod azure_sdks;
    mod bad_tokens;
    mod bench;
    mod callers;
    mod checks;
    mod cli;
    mod crash;
    mod damaged_log;
    mod deadlines;
    mod enforcing;
    mod enforcing_outages;
    mod environment;
    mod errors;
    mod genuine_tokens;
    mod health;
    mod http_connections;
    mod http_methods;
    mod identities;
    mod interop;
    mod issuing;
    mod listing;
    mod log_output;
    mod log_volume;
    mod many_revocations;
    mod media_types;
    mod policy;
    mod ports;
    mod protos;
    mod public_endpoint;
    mod readme;
    mod redis_closed_connections;
    mod redis_damaged;
    mod redis_delay;
    mod redis_failover;
    mod redis_first_start;
    mod redis_fitness;
    mod redis_gone;
    mod redis_issuing;
    mod redis_killed;
    mod redis_late_writes;
    mod redis_lost_shard;
    mod redis_points;
    mod redis_replicas;
    mod redis_rolling;
    mod redis_round_trips;
    mod redis_serving;
    mod rest_and_grpc;
    mod rest_calls;
    mod rest_refusals;
    mod rest_signatures;
    mod revoking;
    mod server;
    mod signing_keys;
    mod silence;
    mod stale_authority;
    mod start_files;
    mod stepped_clocks;
    mod stop_signals;
    mod tls;
    mod watching;
}
