//! All chance there is: one number decides everything.

use std::{sync::Mutex, time::Duration};

use lanyard_authority::{Entropy, EntropyError};
use lanyard_enforcer::Chance;

/// The generator `SplitMix64`: ten lines that give the same numbers on every machine, for ever, which
/// no dependency promises.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Those of a seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Others, which do not move when these are drawn from more or less often.
    pub(crate) fn apart(&mut self) -> Self {
        Self(self.roll())
    }

    /// A number below another.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    /// A place in a list of so many.
    pub(crate) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).expect("it is below a length")
    }

    /// Whether it happens that happens once in so many times.
    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }

    /// One of these, for what cannot be copied.
    pub(crate) fn pick_one_of<T, const N: usize>(&mut self, from: [T; N]) -> T {
        let index = self.index(N);
        let mut from = from.into_iter();
        from.nth(index).expect("there is one")
    }

    /// A length of time between two, to the microsecond.
    pub(crate) fn between(&mut self, shortest: Duration, longest: Duration) -> Duration {
        let room = longest.saturating_sub(shortest).as_micros();
        let room = u64::try_from(room).expect("some hours at most");
        shortest + Duration::from_micros(self.below(room + 1))
    }

    /// A number of either sign up to so far from zero.
    pub(crate) fn around_zero(&mut self, reach: u32) -> i64 {
        let drawn = self.below(u64::from(reach) * 2 + 1);
        i64::try_from(drawn).expect("a small number") - i64::from(reach)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Chance for Dice {
    fn draw(&mut self) -> u32 {
        u32::try_from(self.below(1 << 32)).expect("it is below 2^32")
    }
}

/// What ids and secrets are made from.
#[derive(Debug)]
pub(crate) struct Ids(Mutex<Dice>);

impl Ids {
    /// Those that come of these dice.
    pub(crate) const fn new(dice: Dice) -> Self {
        Self(Mutex::new(dice))
    }
}

impl Entropy for Ids {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        let mut dice = self.0.lock().map_err(|_| EntropyError)?;
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&dice.roll().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}
