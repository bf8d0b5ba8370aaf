//! Real Redis servers for tests: started on private ports, killed, paused and restarted at will.
//!
//! * [`Standalone`]: one server, with TLS and users if they are asked for.
//! * [`Replicated`]: a primary and its replicas, watched by three sentinels.
//! * [`Cluster`]: three primaries that share the slots, with replicas if they are asked for.
//!
//! A [`Tap`] before a node notes what it is asked.
//!
//! Each is made of [`Node`]s, and a node is one process with a directory of its own. Whatever is dropped
//! is killed, and its directory removed. Everything blocks and nothing is async, so that it is of use
//! within a runtime and without one; within one, on a runtime of several threads.
//!
//! A server is configured to keep what it acknowledges: an append-only file, flushed before each
//! answer. Lines of further configuration come after that and overrule it.
//!
//! # The engine
//!
//! It is the `redis-server` on the PATH, or the binary that `LANYARD_REDIS_SERVER` names. That can be
//! a `valkey-server` or any other that reads the same configuration, from version 7.0 on.
//!
//! # The way in
//!
//! A test's own questions go through a socket in the node's directory, as a user named `fixture`
//! that may do everything. So they work whatever the ports speak and whoever may log in there.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "this is for tests, and a test whose server does not do as it is told has failed"
)]

mod binary;
mod cluster;
mod node;
mod port;
mod process;
mod replicated;
mod standalone;
mod tap;
mod tls;
mod wait;

pub use redis;

pub use cluster::Cluster;
pub use node::Node;
pub use replicated::Replicated;
pub use standalone::{Standalone, StandaloneBuilder};
pub use tap::{Command, Flight, Tap};
