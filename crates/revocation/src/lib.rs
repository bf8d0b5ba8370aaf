//! Taking tokens back: the log of revocations, the list that an enforcement point makes of it, and
//! the proof that the list is fresh enough to be asked.
//!
//! # From revoke to refused
//!
//! Each partition of the store has one append-only log. A [`Position`](lanyard_token::Position) in
//! it is a logical clock: strictly increasing, compared only with positions of the same partition,
//! and compared instead of time. Every token carries the position at which the log ended when the
//! token was issued. A [`Revocation`] at a position kills what was issued under its [`Handle`]
//! before that position, and nothing else.
//!
//! ```text
//!  t0  the caller sends the revoke call
//!  t1  the authority appends an entry at position p; the store makes it durable
//!  t2  the call returns: T, the moment that the promise counts from
//!  t3  the entry arrives at an enforcement point, usually some milliseconds after t1
//!      from here on the point refuses every token under the handle with pos < p
//!  t4  T + 14 minutes: a point that has not heard from the log since T refuses every token
//!  t5  T + 15 minutes: the promise. Nothing covered is accepted anywhere
//!  t6  t1 + 24 hours + leeway: the entry is dropped. All that it covered has expired, and a token
//!      with a position before it is refused from here on, expired or not
//! ```
//!
//! # Who may be wrong, for how long, and why
//!
//! * **Between t0 and t2 nobody is wrong.** The call has not returned; either answer is right.
//! * **Between t2 and t3 a point may accept what is revoked**, because it has not been told. A
//!   caller that cannot have that names the position in its check and waits: [`View::reached`].
//! * **A point that is cut off may go on doing so up to t4, and not beyond.** Its list is complete
//!   as of some moment, and it accepts only while that moment is at most [`FreshnessBound::MAX`]
//!   ago. A point that accepts at t therefore has a list that is complete as of some moment after
//!   t - 14 minutes, on its own clock; an entry that was durable before that moment is in it.
//! * **The minute between t4 and t5 belongs to nobody**: it is for clocks that run at different
//!   rates, and for an authority that had to be elected first.
//! * **Nobody is ever wrong about a token that was issued after the revocation.** It carries p or a
//!   later position, in whatever millisecond it was made, on whatever replica.
//! * **A copy of the list can be behind and never wrong.** It is a map that only grows, so hearing
//!   twice, late or out of order is harmless and merging two copies loses nothing: [`List`].
//! * **At t6 nobody can tell the difference.** The longest token that the entry covers has expired
//!   even for a verifier whose clock is behind by the leeway: [`RETENTION`]. A wall clock that is
//!   stepped afterwards does not bring it back: the position of what was dropped stays as a floor,
//!   below which no token is accepted, and t6 is taken from a [`RetentionClock`].
//!
//! What the point may not do is guess. A [`View`] that was never confirmed, or not lately enough,
//! is [`Stale`], and a stale point refuses.
//!
//! # Adding a backend
//!
//! The log can be kept in anything that can append durably. A backend
//!
//! 1. gives each partition's log a [`LogId`] when it is made, and never the same one twice;
//! 2. numbers the entries without gaps and places each after the one before, by
//!    [`Position::next_at`](lanyard_token::Position::next_at), in the same atomic step that appends;
//! 3. acknowledges an [`Entry`] only when it is as durable as the store promises, and shows it to
//!    no reader before that;
//! 4. answers a read with a [`LogRead`] made of one state of the log, so that [`continuity`] can
//!    tell whether anything was missed. Every reader applies that rule to every read;
//! 5. counts its entries, and says in each read whether there are as many as there should be
//!    ([`LogRead::intact`]): an entry that another hand took out before a reader's cursor is missed
//!    by no number that the reader sees;
//! 6. never steps over an entry that it cannot understand, which might be a revocation: the read
//!    fails, readers go stale, and an operator who strikes the entry knows what that may cost;
//! 7. trims only from the front, only entries that are not [live](Entry::is_live) at the vouched
//!    time that it has recorded ([`RetentionClock`]), stamps no entry before that time, and remembers
//!    the number and the position of the last entry even when none is left, and the position of the
//!    last one that it trimmed ([`LogRead::floor`]);
//! 8. opens a generation where its log may have lost its end, by an entry that revokes nothing
//!    ([`Revocation::of_nothing`]) and lies [`GENERATION_JUMP`] ahead, so that no position is ever
//!    given out twice;
//! 9. appends again what a reader knows and the log lacks, each revocation with the position that
//!    it had, in one atomic step that does nothing if the log has moved on. If the reader knows all
//!    that is missing, or an operator gives it up, the gaps are mended up to there
//!    ([`LogRead::mended_to`]), and only then do readers step over them;
//! 10. calls a read fresh as of the moment at which it was sent, and only once the node that
//!     answered is known to have been the one that appends go to;
//! 11. keeps the partition of stored things where [`partition_of`] has it, with a number of
//!     partitions that never changes.

mod ages;
mod cursor;
mod digest;
mod entry;
mod feed_cursor;
mod freshness;
mod handle;
mod list;
mod log;
mod partition;
mod retention_clock;
mod shard;
mod tail;
#[cfg(test)]
mod testing;
mod view;

pub use ages::Ages;
pub use cursor::{Cursor, InvalidCursor, LogId};
pub use digest::Digest;
pub use entry::{Entry, GENERATION_JUMP, RETENTION, Revocation};
pub use feed_cursor::{FeedCursor, InvalidFeedCursor};
pub use freshness::{Freshness, FreshnessBound, FreshnessBoundError, Stale};
pub use handle::{Handle, HandleKind, handles_of};
pub use list::List;
pub use log::{Break, Continuity, LogRead, continuity};
pub use partition::{PartitionId, partition_of};
pub use retention_clock::{CLOCK_TOLERANCE, ClockOffset, RetentionClock};
pub use tail::Tail;
pub use view::{Coverage, Fingerprint, UnknownPartition, View};
