//! How long to wait before the next attempt.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

/// A source of chance, for spreading what many would otherwise do at once.
pub trait Chance: Send + 'static {
    /// A number, any of them as likely as any other.
    fn draw(&mut self) -> u32;
}

/// The chance that the standard library seeds its hash maps with.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn draw(&mut self) -> u32 {
        let drawn = RandomState::new().hash_one(0_u8).to_be_bytes();
        let [a, b, c, d, ..] = drawn;
        u32::from_be_bytes([a, b, c, d])
    }
}

/// Waiting times that double from [`Backoff::FIRST`] up to [`Backoff::LONGEST`] unless it is made with
/// others, each shortened by chance to somewhere between its half and its whole.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    /// The first waiting time: a connection that broke for no lasting reason is back at once.
    pub const FIRST: Duration = Duration::from_millis(100);
    /// The longest: how much later than possible a point hears of an authority that has returned.
    pub const LONGEST: Duration = Duration::from_secs(4);

    /// Begins with the first.
    #[must_use]
    pub const fn new() -> Self {
        Self::between(Self::FIRST, Self::LONGEST)
    }

    /// Begins with `first`, and waits no longer than `longest`.
    pub(super) const fn between(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            next: first,
        }
    }

    /// Begins again, because it worked.
    pub const fn reset(&mut self) {
        self.next = self.first;
    }

    /// The next waiting time.
    pub fn wait(&mut self, chance: &mut impl Chance) -> Duration {
        let whole = self.next;
        self.next = (whole * 2).min(self.longest);
        let half = whole / 2;
        half + half.mul_f64(f64::from(chance.draw()) / f64::from(u32::MAX))
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always(u32);

    impl Chance for Always {
        fn draw(&mut self) -> u32 {
            self.0
        }
    }

    fn waits(chance: u32) -> Vec<u128> {
        let mut backoff = Backoff::new();
        let mut waits = || backoff.wait(&mut Always(chance)).as_millis();
        (0..8).map(|_| waits()).collect()
    }

    #[test]
    fn it_doubles_up_to_the_longest_and_chance_takes_off_up_to_half() {
        assert_eq!(
            waits(u32::MAX),
            [100, 200, 400, 800, 1600, 3200, 4000, 4000]
        );
        assert_eq!(waits(0), [50, 100, 200, 400, 800, 1600, 2000, 2000]);
    }

    #[test]
    fn after_a_success_it_begins_again() {
        let mut backoff = Backoff::new();
        for _ in 0..5 {
            backoff.wait(&mut Always(0));
        }
        backoff.reset();
        assert_eq!(backoff.wait(&mut Always(u32::MAX)), Backoff::FIRST);
    }

    #[test]
    fn chance_is_not_always_the_same() {
        let mut chance = SystemChance;
        let drawn: std::collections::BTreeSet<u32> = (0..20).map(|_| chance.draw()).collect();
        assert!(drawn.len() > 10, "{drawn:?}");
    }
}
