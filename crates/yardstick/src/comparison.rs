//! Comparing in turns.

use std::{fmt, hint::black_box, time::Duration};

use lanyard_token::{Clock as _, SystemClock};

/// Several ways of doing something, and how long each takes beside the first.
///
/// They take turns, and each turn is compared with the floor's turn of the same round: whatever else
/// the machine does then strikes both alike, and the median of the ratios does not see it. Two
/// figures that were taken one after the other may differ by what happened in between.
pub struct Comparison<'a> {
    entrants: Vec<Entrant<'a>>,
}

struct Entrant<'a> {
    name: &'a str,
    /// Does it so many times.
    act: Box<dyn FnMut(u32) + 'a>,
    /// How many times it takes to do it to each.
    each_once: u32,
    /// How many times are a turn.
    times: u32,
    nanoseconds: Vec<f64>,
}

impl<'a> Comparison<'a> {
    /// Starts with the floor: what is done to each of these, over and over.
    #[must_use]
    pub fn with_floor<T: 'a, R>(name: &'a str, all: Vec<T>, act: impl FnMut(&T) -> R + 'a) -> Self {
        Self { entrants: vec![] }.beside(name, all, act)
    }

    /// Adds another.
    #[must_use]
    pub fn beside<T: 'a, R>(
        mut self,
        name: &'a str,
        all: Vec<T>,
        mut act: impl FnMut(&T) -> R + 'a,
    ) -> Self {
        let each_once = u32::try_from(all.len()).expect("not that many");
        let mut next = 0;
        let act = move |times| {
            for _ in 0..times {
                let one = all.get(next).expect("something to do it to");
                black_box(act(black_box(one)));
                next = (next + 1) % all.len();
            }
        };
        self.entrants.push(Entrant {
            name,
            act: Box::new(act),
            each_once,
            times: 1,
            nanoseconds: vec![],
        });
        self
    }

    /// Lets them take so many turns each, after they have warmed up.
    #[must_use]
    pub fn run(mut self, rounds: u32) -> Self {
        for entrant in &mut self.entrants {
            entrant.warm_up();
        }
        for round in 0..rounds {
            let mut order: Vec<_> = self.entrants.iter_mut().collect();
            // None is always the one that comes after another.
            if round % 2 == 1 {
                order.reverse();
            }
            let depth = round / 2 % DEPTHS;
            for entrant in order {
                let took = at_depth(depth, &mut || entrant.one_turn()).as_secs_f64() * 1e9;
                entrant.nanoseconds.push(took / f64::from(entrant.times));
            }
        }
        self
    }
}

impl Entrant<'_> {
    /// Finds out how many times are a turn. What is done to one for the first time may take much longer, and
    /// an interruption would end the search too early.
    fn warm_up(&mut self) {
        (self.act)(self.each_once);
        while self.one_turn() < A_TURN || self.one_turn() < A_TURN {
            self.times *= 2;
        }
    }

    fn one_turn(&mut self) -> Duration {
        let begun = SystemClock.boot().expect("a clock");
        (self.act)(self.times);
        SystemClock.boot().expect("a clock").since(begun)
    }
}

/// Does something further down the stack. Where that begins is drawn for each process, and vector code is up
/// to a third slower at some of its addresses than at others. So a run that kept to one would tell of its luck.
fn at_depth<R>(steps: u32, act: &mut dyn FnMut() -> R) -> R {
    let room = black_box([0_u8; 64]);
    let done = match steps.checked_sub(1) {
        None => act(),
        Some(left) => at_depth(left, act),
    };
    // Until here it is in use, so that it is there.
    black_box(room);
    done
}

impl fmt::Display for Comparison<'_> {
    /// One line each: what it takes, and the same as a multiple of the floor.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(floor) = self.entrants.first() else {
            return Ok(());
        };
        for entrant in &self.entrants {
            let pairs = entrant.nanoseconds.iter().zip(&floor.nanoseconds);
            let ratio = median(pairs.map(|(one, floor)| one / floor));
            let took = median(entrant.nanoseconds.iter().copied());
            writeln!(f, "{:<44} {took:>12.1} ns {ratio:>12.4} x", entrant.name)?;
        }
        Ok(())
    }
}

/// The one in the middle, or the mean of the two there; not a number if there is none.
fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let middle = |index: usize| figures.get(index).copied().unwrap_or(f64::NAN);
    let last = figures.len().saturating_sub(1);
    f64::midpoint(middle(last / 2), middle(figures.len() / 2))
}

/// How long a turn takes at least: so short that both of a pair meet the same weather, and so long
/// that neither the clock counts nor what the others have left in the caches.
const A_TURN: Duration = Duration::from_millis(2);
/// At how many depths of the stack they take turns: more than a page of it.
const DEPTHS: u32 = 64;

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn the_median_is_not_moved_by_an_outlier() {
        assert!((median([3.0, 1.0, 900.0].into_iter()) - 3.0).abs() < f64::EPSILON);
        assert!((median([4.0, 1.0, 900.0, 3.0].into_iter()) - 3.5).abs() < f64::EPSILON);
        assert!(median(std::iter::empty()).is_nan());
    }

    #[test]
    fn they_take_turns_and_go_through_all_that_they_have() {
        let done = RefCell::new(String::new());
        let note = |what: &char| {
            done.borrow_mut().push(*what);
            spin_for(A_TURN);
        };
        let compared = Comparison::with_floor("floor", vec!['a', 'b'], note)
            .beside("other", vec!['c'], note)
            .run(3);
        // All that they have and two turns to warm up, and then three rounds.
        assert_eq!(*done.borrow(), concat!("abab", "ccc", "ac", "cb", "ac"));
        assert_eq!(compared.to_string().lines().count(), 2);
    }

    /// Passes the time at work, as what is measured does.
    fn spin_for(duration: Duration) {
        let begun = SystemClock.boot().unwrap();
        while SystemClock.boot().unwrap().since(begun) < duration {}
    }
}
