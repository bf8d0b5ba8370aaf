//! Ids in the order of their making.

use std::sync::atomic::{AtomicU64, Ordering};

use lanyard_token::UnixTime;
use uuid::{Builder, Uuid};

use crate::{Entropy, EntropyError};

/// Makes ids, each above all that were made before it, so that lists are in the order of making.
///
/// They are UUIDs of version 7: the time in milliseconds, then twelve bits that count within it, then
/// chance. What was made elsewhere is compared by the clock there, so two that are made at two
/// authorities within the difference of their clocks are in either order.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    /// The time and the count of the last one.
    last: AtomicU64,
}

impl Ids {
    pub(crate) fn next(&self, entropy: &impl Entropy, now: UnixTime) -> Result<Uuid, EntropyError> {
        let mut chance = [0; 10];
        entropy.fill(&mut chance)?;
        let place = self.next_place(now);
        let [.., high, low] = place.to_be_bytes();
        let [count_high, count_low, ..] = &mut chance;
        (*count_high, *count_low) = (high, low);
        Ok(Builder::from_unix_timestamp_millis(place >> COUNT_BITS, &chance).into_uuid())
    }

    /// A clock that stands still or goes back, or a millisecond that is used up, makes no difference to
    /// the order: the time in the ids then runs ahead until the clock has come there.
    fn next_place(&self, now: UnixTime) -> u64 {
        let begins = now.as_millis() << COUNT_BITS;
        let after = |last: u64| begins.max(last.saturating_add(1));
        let last = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                Some(after(last))
            });
        // The function always gives a number, and so the update never fails.
        last.map_or(begins, after)
    }
}

/// How many bits count within a millisecond. The top four of their two bytes are the version's.
const COUNT_BITS: u32 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    struct SomeChance(u8);

    impl Entropy for SomeChance {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            bytes.fill(self.0);
            Ok(())
        }
    }

    fn next(ids: &Ids, millis: u64, chance: u8) -> Uuid {
        let now = UnixTime::from_millis(millis);
        ids.next(&SomeChance(chance), now).unwrap()
    }

    #[test]
    fn each_is_above_the_one_before_within_a_millisecond_and_beyond_what_one_can_count() {
        let ids = Ids::default();
        let mut last = next(&ids, MILLIS, 0xff);
        // Chance falls, so that it is not what decides.
        for round in 1..10_000_u32 {
            let one = next(&ids, MILLIS, if round % 2 == 0 { 0xff } else { 0 });
            assert!(one > last, "{one} after {last}");
            last = one;
        }
        // Two milliseconds and some were used up.
        let ahead = |millis| MILLIS + millis;
        assert!(next(&ids, ahead(2), 0) > last);
        assert!(last < next(&Ids::default(), ahead(3), 0));
    }

    #[test]
    fn a_clock_that_goes_back_does_not_turn_the_order_round() {
        let ids = Ids::default();
        let before = next(&ids, MILLIS, 0xff);
        assert!(next(&ids, MILLIS - 60_000, 0) > before);
    }

    #[test]
    fn it_is_of_version_7_with_the_time_first_and_chance_last() {
        let id = next(&Ids::default(), MILLIS, 0xaa);
        assert_eq!(id.to_string(), "017f22e2-79b0-7000-aaaa-aaaaaaaaaaaa");
        let ids = Ids::default();
        next(&ids, MILLIS, 0xaa);
        let second = next(&ids, MILLIS, 0x55);
        assert_eq!(second.to_string(), "017f22e2-79b0-7001-9555-555555555555");
    }

    #[test]
    fn two_threads_never_make_the_same() {
        let ids = Ids::default();
        let many = || -> Vec<_> { (0..5_000).map(|_| next(&ids, MILLIS, 0)).collect() };
        let mut made = std::thread::scope(|scope| {
            let other = scope.spawn(many);
            [many(), other.join().unwrap()].concat()
        });
        made.sort_unstable();
        made.dedup();
        assert_eq!(made.len(), 10_000);
    }

    /// That of the example in RFC 9562.
    const MILLIS: u64 = 0x017f_22e2_79b0;
}
