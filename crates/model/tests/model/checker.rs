//! Looking at every state that a model can reach, the nearest first.
//!
//! States are kept whole and compared whole, so that two that merely hash alike are never taken for
//! one, and "nothing was found" means that there is nothing. They are visited in the order of their
//! distance from the start, so that what is found has a shortest trace.

use std::hash::{Hash, Hasher};

/// Something whose states can be enumerated.
pub(crate) trait Model {
    /// Everything that there is at one moment.
    type State: Copy + Eq + Hash;
    /// One thing that can happen.
    type Action: Copy;
    /// What must hold in every state.
    type Promise: Copy;

    /// The state that everything begins in.
    fn start(&self) -> Self::State;

    /// Everything that could happen in any state.
    fn actions(&self) -> Vec<Self::Action>;

    /// What becomes of a state by an action, or nothing if it cannot happen there.
    fn step(&self, state: &Self::State, action: Self::Action) -> Option<Self::State>;

    /// A promise that does not hold in a state.
    fn broken(&self, state: &Self::State) -> Option<Self::Promise>;
}

/// What an exploration has seen.
pub(crate) struct Explored<M: Model> {
    /// How many different states were reached.
    pub(crate) states: usize,
    /// How many steps led to a state, whether or not that was known.
    pub(crate) steps: usize,
    /// How many steps the farthest state is away from the start.
    pub(crate) depth: usize,
    /// The first promise that was found broken, and a shortest way there.
    pub(crate) counterexample: Option<Counterexample<M>>,
}

/// A broken promise, and what happened before.
pub(crate) struct Counterexample<M: Model> {
    /// What does not hold.
    pub(crate) promise: M::Promise,
    /// What happened, and what the state was after it.
    pub(crate) trace: Vec<(M::Action, M::State)>,
}

/// Visits every reachable state, up to the first in which a promise is broken.
pub(crate) fn explore<M: Model>(model: &M) -> Explored<M> {
    let actions = model.actions();
    let mut seen = Seen::new(model.start());
    let mut steps = 0;
    let mut next = 0;
    while next < seen.states.len() {
        let state = seen.states[next];
        if let Some(promise) = model.broken(&state) {
            let trace = seen.trace(next, &actions);
            return seen.explored(steps, Some(Counterexample { promise, trace }));
        }
        for (number, action) in (0..).zip(&actions) {
            if let Some(after) = model.step(&state, *action) {
                steps += 1;
                let from = u32::try_from(next).expect("states are numbered in 32 bits");
                seen.insert(after, Origin { from, by: number });
            }
        }
        next += 1;
    }
    seen.explored(steps, None)
}

/// How a state was reached first.
#[derive(Clone, Copy)]
struct Origin {
    /// The number of the state before.
    from: u32,
    /// The number of the action.
    by: u16,
}

/// Every state that was reached, in the order in which it was, and an index to find it by.
struct Seen<S> {
    states: Vec<S>,
    origins: Vec<Origin>,
    /// Open addressing: the number of a state, or [`VACANT`]. Twice as long as needed or more.
    slots: Vec<u32>,
}

impl<S: Copy + Eq + Hash> Seen<S> {
    fn new(start: S) -> Self {
        let mut seen = Self {
            states: Vec::new(),
            origins: Vec::new(),
            slots: vec![VACANT; 1 << 16],
        };
        seen.insert(start, Origin { from: 0, by: 0 });
        seen
    }

    fn insert(&mut self, state: S, origin: Origin) {
        let slot = self.slot_of(&state);
        if self.slots[slot] != VACANT {
            return;
        }
        self.slots[slot] =
            u32::try_from(self.states.len()).expect("states are numbered in 32 bits");
        self.states.push(state);
        self.origins.push(origin);
        if self.states.len() * 2 > self.slots.len() {
            self.grow();
        }
    }

    /// Where the number of a state is, or where it belongs.
    fn slot_of(&self, state: &S) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(state) & mask;
        while self.slots[slot] != VACANT && self.states[self.slots[slot] as usize] != *state {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        self.slots = vec![VACANT; self.slots.len() * 4];
        for (number, state) in (0..).zip(&self.states) {
            let slot = self.slot_of(state);
            self.slots[slot] = number;
        }
    }

    fn trace<A: Copy>(&self, mut to: usize, actions: &[A]) -> Vec<(A, S)> {
        let mut trace = Vec::new();
        while to != 0 {
            let Origin { from, by } = self.origins[to];
            trace.push((actions[usize::from(by)], self.states[to]));
            to = from as usize;
        }
        trace.reverse();
        trace
    }

    fn explored<M>(&self, steps: usize, counterexample: Option<Counterexample<M>>) -> Explored<M>
    where
        M: Model<State = S>,
    {
        let mut depths: Vec<usize> = Vec::with_capacity(self.states.len());
        for (number, origin) in self.origins.iter().enumerate() {
            let depth = if number == 0 {
                0
            } else {
                depths[origin.from as usize] + 1
            };
            depths.push(depth);
        }
        Explored {
            states: self.states.len(),
            steps,
            depth: depths.last().copied().unwrap_or_default(),
            counterexample,
        }
    }
}

fn hash(state: &impl Hash) -> usize {
    let mut hasher = Mixer(0);
    state.hash(&mut hasher);
    usize::try_from(hasher.finish()).expect("pointers of 64 bits")
}

/// A hash that costs next to nothing. Nobody chooses states to make them collide.
struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(MULTIPLIER);
        mixed ^ (mixed >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u64(u64::from(byte));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(MULTIPLIER);
    }

    fn write_isize(&mut self, discriminant: isize) {
        self.write_u64(discriminant.cast_unsigned() as u64);
    }
}

const VACANT: u32 = u32::MAX;
/// An odd number without a pattern: 2^64 divided by the golden ratio.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    /// Two jugs of three and five litres. The promise is that no jug ever holds four.
    struct Jugs;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Pour {
        Fill(usize),
        Empty(usize),
        Over(usize),
    }

    impl Model for Jugs {
        type State = [u8; 2];
        type Action = Pour;
        type Promise = ();

        fn start(&self) -> [u8; 2] {
            [0, 0]
        }

        fn actions(&self) -> Vec<Pour> {
            (0..2)
                .flat_map(|jug| [Pour::Fill(jug), Pour::Empty(jug), Pour::Over(jug)])
                .collect()
        }

        fn step(&self, state: &[u8; 2], action: Pour) -> Option<[u8; 2]> {
            let mut jugs = *state;
            match action {
                Pour::Fill(jug) => jugs[jug] = SIZES[jug],
                Pour::Empty(jug) => jugs[jug] = 0,
                Pour::Over(jug) => {
                    let poured = jugs[jug].min(SIZES[1 - jug] - jugs[1 - jug]);
                    jugs[jug] -= poured;
                    jugs[1 - jug] += poured;
                }
            }
            Some(jugs)
        }

        fn broken(&self, state: &[u8; 2]) -> Option<()> {
            state.contains(&4).then_some(())
        }
    }

    /// A square of numbers that can only be counted up.
    struct Square(u8);

    impl Model for Square {
        type State = [u8; 2];
        type Action = usize;
        type Promise = ();

        fn start(&self) -> [u8; 2] {
            [0, 0]
        }

        fn actions(&self) -> Vec<usize> {
            vec![0, 1]
        }

        fn step(&self, state: &[u8; 2], side: usize) -> Option<[u8; 2]> {
            let mut after = *state;
            after[side] += 1;
            (after[side] < self.0).then_some(after)
        }

        fn broken(&self, _state: &[u8; 2]) -> Option<()> {
            None
        }
    }

    #[test]
    fn a_counterexample_is_a_shortest_one() {
        let found = explore(&Jugs).counterexample.unwrap();
        let poured: Vec<_> = found.trace.iter().map(|(pour, _)| *pour).collect();
        let shortest = [
            Pour::Fill(1),
            Pour::Over(1),
            Pour::Empty(0),
            Pour::Over(1),
            Pour::Fill(1),
            Pour::Over(1),
        ];
        assert_eq!(poured, shortest);
        assert_eq!(found.trace.last().unwrap().1, [3, 4]);
    }

    #[test]
    fn every_state_is_visited_once() {
        let explored = explore(&Square(200));
        assert_eq!(explored.states, 200 * 200);
        assert_eq!(explored.steps, 2 * 200 * 199);
        assert_eq!(explored.depth, 2 * 199);
        assert!(explored.counterexample.is_none());
    }

    const SIZES: [u8; 2] = [3, 5];
}
