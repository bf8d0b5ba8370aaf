//! What one entry of the log says, and how long it has to be kept.

use std::time::Duration;

use lanyard_token::{LEEWAY, Lifetime, Position, UnixTime};
use uuid::Uuid;

use crate::{Handle, HandleKind};

/// How long an entry stays in the log and in every list after the server time that it carries.
///
/// It is the longest life a token can have and the leeway between two clocks. A token that an
/// entry covers was issued before the entry, so it expires within the longest life; a verifier
/// whose clock is behind by up to the leeway goes on taking it for alive that much longer.
///
/// [`Entry::is_live`], [`List::trim`](crate::List::trim) and whoever trims a stored log rely on
/// it. Were it shorter than what [`Lifetime::MAX`] and [`LEEWAY`] allow, a revoked token would
/// come back to life for the difference, and all that an attacker had to do would be to wait.
pub const RETENTION: Duration = Lifetime::MAX.as_duration().saturating_add(LEEWAY);

/// How far ahead of everything that is known a new generation begins: of the end of the log, of the
/// latest position that was ever read from it, and of the server's time.
///
/// A tail that was lost may have held later positions than anybody still knows of, and tokens carry
/// them. All of them lie below the new generation, unless the tail had got an hour ahead of the
/// time. It cannot: an authority whose list is more than a minute old issues nothing. Were the jump
/// shorter than clocks differ, a revocation could be given a position that a token already carries,
/// and would spare it.
pub const GENERATION_JUMP: Duration = Duration::from_hours(1);

/// Everything under a handle that was issued before a position is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Revocation {
    /// What is revoked.
    pub handle: Handle,
    /// The position that counts. A revocation that is appended again, because the log had lost it,
    /// keeps the position that it had at first: with a later one it would kill tokens that were
    /// rightly issued in between.
    pub position: Position,
    /// Whether nothing is ever issued under the handle again: a deletion, a rotation, a compromise.
    pub is_final: bool,
}

impl Revocation {
    /// Whether a token under the handle that was issued at `issued_at` is dead by this.
    ///
    /// Strictly before: the token that was issued when the log ended at this very revocation has
    /// been issued after it, and lives. A revocation at [`Position::ZERO`] covers nothing.
    ///
    /// A signing key that is revoked for good covers every token, whatever its position: the holder
    /// of a compromised key writes any position into a token. The key set refuses such tokens too,
    /// but it is read from another part of the store, which may be away while the list is fresh.
    #[must_use]
    pub fn covers(&self, issued_at: Position) -> bool {
        let is_compromised_key = self.handle.kind == HandleKind::SigningKey && self.is_final;
        self.position > issued_at || is_compromised_key && self.position > Position::ZERO
    }

    /// What an entry says that opens a generation: it revokes nothing, under a handle that no token
    /// has, so that a reader which knows nothing of generations may take it in like any other.
    #[must_use]
    pub const fn of_nothing() -> Self {
        Self {
            handle: Handle {
                kind: HandleKind::Token,
                id: Uuid::nil(),
            },
            position: Position::ZERO,
            is_final: false,
        }
    }
}

/// One entry of a partition's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Its number: one more than that of the entry before it, without gaps, for as long as the log
    /// exists. A read says nothing about entries that were lost; the numbers do.
    pub number: u64,
    /// Its own place in the log, which is later than that of every entry before it.
    pub position: Position,
    /// What the server's clock said when it was appended. Retention goes by this and not by the
    /// position, since positions may run ahead of time.
    pub time: UnixTime,
    /// What it says.
    pub revocation: Revocation,
}

impl Entry {
    /// From when on no token that this entry covers can be taken for alive by anyone.
    #[must_use]
    pub fn expires_at(&self) -> UnixTime {
        self.time.saturating_add(RETENTION)
    }

    /// Whether the entry revokes nothing and opens a generation: a node became the primary, or a log
    /// was found to lack something, and it may lack more. Whoever knows the log from before compares
    /// all of it, also where the numbers go on.
    #[must_use]
    pub fn opens_generation(&self) -> bool {
        self.revocation.position == Position::ZERO
    }

    /// Whether the entry still has to be known at `now`.
    #[must_use]
    pub fn is_live(&self, now: UnixTime) -> bool {
        now < self.expires_at()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::HandleKind;

    fn entry_at(time: u64) -> Entry {
        let position = Position::new(time, 0);
        let handle = Handle {
            kind: HandleKind::Identity,
            id: Uuid::from_u128(1),
        };
        Entry {
            number: 1,
            position,
            time: UnixTime::from_millis(time),
            revocation: Revocation {
                handle,
                position,
                is_final: false,
            },
        }
    }

    #[test]
    fn an_entry_is_kept_for_a_day_and_a_minute() {
        assert_eq!(RETENTION, Duration::from_mins(24 * 60 + 1));
    }

    #[test]
    fn an_entry_is_live_until_the_millisecond_at_which_it_expires() {
        let entry = entry_at(1_000);
        let end = 1_000 + 86_460_000;
        assert!(entry.is_live(UnixTime::from_millis(end - 1)));
        assert!(!entry.is_live(UnixTime::from_millis(end)));
    }

    #[test]
    fn an_entry_at_the_end_of_time_does_not_wrap_around() {
        assert!(entry_at(u64::MAX).is_live(UnixTime::from_millis(u64::MAX - 1)));
    }

    #[test]
    fn the_place_in_the_log_has_no_say_in_how_long_an_entry_is_kept() {
        let ahead = Entry {
            position: Position::new(9_000_000_000, 3),
            ..entry_at(1_000)
        };
        assert_eq!(ahead.expires_at(), entry_at(1_000).expires_at());
    }

    #[test]
    fn a_revocation_covers_the_position_before_it_and_not_its_own() {
        let mut revocation = entry_at(5).revocation;
        assert!(revocation.covers(Position::new(4, u64::MAX)));
        assert!(!revocation.covers(Position::new(5, 0)));
        revocation.position = Position::ZERO;
        assert!(!revocation.covers(Position::ZERO));
    }

    proptest! {
        #[test]
        fn an_entry_outlives_every_token_that_it_covers(
            revoked in 86_400_000_u64..1 << 50,
            issued_before in 0_u64..=86_400_000,
            minutes in 60_u64..=1440,
            behind in 0_u64..=60_000,
            verified_after in 0_u64..=90_000_000,
        ) {
            let entry = entry_at(revoked);
            let lifetime = Lifetime::from_minutes(minutes).unwrap().as_duration();
            let expires = UnixTime::from_millis(revoked - issued_before).saturating_add(lifetime);
            let now = revoked + verified_after;
            let verifier_says = UnixTime::from_millis(now - behind);
            let verifies = verifier_says < expires;
            prop_assert!(!verifies || entry.is_live(UnixTime::from_millis(now)));
        }

        #[test]
        fn a_token_issued_by_a_clock_ahead_by_the_leeway_is_outlived_too(
            revoked in 0_u64..1 << 50,
            ahead in 0_u64..=60_000,
            verified_after in 0_u64..=90_000_000,
        ) {
            let entry = entry_at(revoked);
            let issued = UnixTime::from_millis(revoked + ahead);
            let now = UnixTime::from_millis(revoked + verified_after);
            let verifies = now < issued.saturating_add(Lifetime::MAX.as_duration());
            prop_assert!(!verifies || entry.is_live(now));
        }
    }
}
