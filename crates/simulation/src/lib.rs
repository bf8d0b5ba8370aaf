//! The real enforcement points and the real authorities, in virtual time, while everything around them
//! goes wrong.
//!
//! There is no code here that anything could depend on: the simulation is a test, in
//! `tests/simulation`. `docs/proof.md` says what it found. It stands beside the model, in a crate of
//! its own: the model knows two crates and looks at every state of a small world, and this runs most
//! of the code there is, in many long and large ones.
//!
//! A world lives for three quarters of an hour of its own time, which takes some hundredths of a second
//! of ours. One number, the seed, decides everything that happens in it.
//!
//! # What is real
//!
//! * **Enforcement points**: `lanyard-enforcer`, the follower of the feed with its paces and its
//!   waits, the enforcer with its checks in their order and its remembered signatures; beneath it the
//!   view, the list, the digest and the freshness of `lanyard-revocation`.
//! * **Authorities**: `lanyard-authority`, which reads the log, applies the rule of continuity,
//!   compares what it knows and has healed what is lost, hands it on by its feed, issues real tokens
//!   and revokes them.
//! * **What is said between the two**: the messages of the contract.
//!
//! # What is simulated
//!
//! * **Time.** Every machine has a calendar that is wrong and a clock that runs at its own rate, up to
//!   one part in a hundred fast or slow. Now and then a calendar is stepped by up to a day, also that of a
//!   node of the store. Nothing waits for real time.
//! * **The network**: messages that take long, ways that are cut, connections that break, resume and
//!   overtake each other; and what no connection does but a bad proxy might: entries that are lost in
//!   the middle or come twice.
//! * **Machines**: processes that are stopped, machines that are suspended or started anew.
//! * **The store**: a primary and two replicas behind the real seam, with replication that lags,
//!   promotions that lose what was not replicated, deposed primaries that do not know it, generations,
//!   and steps that append again: the rules that the model says are needed. What is not in the log
//!   does not change and is always there.
//! * **The two loops** that the sockets are in, the client's over connections and the server's over
//!   one watch. They keep to the order of the real ones.
//! * **People** who issue, revoke, and issue again at once, and backends that ask after every step.
//!
//! # Where to look
//!
//! | file | idea |
//! |---|---|
//! | `promises`, `arms` | what must hold, and what must be noticed |
//! | `seeds`, `report` | many worlds, and what happened in them |
//! | `world`, `event`, `agenda`, `moment`, `dice` | one world, one thing after the other |
//! | `judge` | what may be answered, in true time |
//! | `faults`, `links`, `machine`, `clocks` | what goes wrong |
//! | `people` | who issues, revokes and asks |
//! | `point`, `feed_side`, `connection`, `watch`, `messages` | points and their connections |
//! | `process`, `authority_side`, `founding` | authorities |
//! | `shared_store`, `wire`, `store_side`, `protocol`, `tenancy` | how they use the store |
//! | `storage`, `node_log` | the store |
//!
//! # What it does not show
//!
//! * What it has not met. Worlds are drawn by chance, and no number of them is all.
//! * Threads: each step is whole. What may happen within a check is for the tests of the view.
//! * Changes of keys, deletions and rotations, and logs that are too long for one read.
