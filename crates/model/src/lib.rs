//! The protocol of revocation as a model, every reachable state of which is looked at.
//!
//! There is no code here that anything could depend on: the model is a test, in `tests/model`.
//! `docs/proof.md` says what it found. It uses the real order of positions, the real list, the real
//! freshness and the real rule of continuity, so that what is checked is that code and not a copy.
//!
//! # What is in it
//!
//! * **One partition of a store of three nodes**: a primary and two replicas. Replication is
//!   asynchronous, entry by entry. A replica can be promoted at any moment, whether the primary has
//!   crashed or is only cut off; a deposed primary goes on answering reads and taking appends until
//!   it hears of it, and then loses what the new one does not have. The clocks of the nodes differ.
//! * **Two replicas of the authority**, which read, confirm, heal, open generations, wait for them,
//!   issue and revoke, on any node that takes itself for the primary. They can be restarted.
//! * **An enforcement point** that pings either of them, and accepts or refuses one token of one
//!   identity, which up to two calls revoke.
//! * **Clocks** that count ticks, of which they may miss some.
//!
//! Messages, pauses and partitions need no parts of their own. What is slow, paused or cut off is a
//! step that does not happen, for as long as it takes; and every order of steps is tried.
//!
//! # What is left out, and why that is no loss
//!
//! * **A second point.** Points change nothing that anyone else can see, so what can go wrong at one
//!   of many can go wrong at the only one.
//! * **A second ping**, where lists are merged. A point that pinged twice has the list of both and
//!   the later of two moments: it accepts nothing that a point with only the later ping would not.
//! * **The time between a question and its answer**, where only one side can change meanwhile. The
//!   answer counts from when the question was sent, so it is at its most dangerous when that is now.
//! * **A crash of a node.** It is a node that nothing is asked of any more: a log on disk, fsynced
//!   before each acknowledgement, survives it. A crash of a point is one that has not pinged.
//! * **Clocks that are fast.** They make ages longer, and lists look older than they are.
//! * **Who of the sentinels, or of a cluster's primaries, names whom.** Two majorities have a member
//!   in common, so it is one register, which only goes forward.
//!
//! # What it does not show
//!
//! * Anything about larger numbers. The bounds are in each test: at most two calls, two promotions,
//!   one restart, one missed tick, three ticks of time.
//! * Long and fine-grained histories with time in them, all at once. Most settings stop the clock and
//!   ask instead whether a list has what was acknowledged before the moment that it vouches for,
//!   from which the bound follows by arithmetic alone. The settings in which time passes check that
//!   arithmetic, ages told across machines and missed ticks included, with at most one promotion.
//! * Trimming, several partitions, the loss of a disk, a restore from a copy, entries that cannot be
//!   understood, and everything about keys. Nor that the clocks of two nodes are less than an hour
//!   apart, which a generation's jump relies on.
