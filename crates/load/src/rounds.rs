//! Two things measured in turns, so that whatever else the machine does strikes both alike.

use std::time::Duration;

use crate::run::{Outcome, Run, RunError};
use crate::schedule::Span;
use crate::workload::Workload;

/// How often, and how each time.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// One turn of one side.
    pub run: Run,
    /// How long both are called before anything counts.
    pub warm_up: Duration,
    /// How many turns each has.
    pub rounds: usize,
}

/// One turn of each.
#[derive(Clone, Debug)]
pub struct Pair {
    /// What is measured.
    pub target: Outcome,
    /// What it is compared with.
    pub floor: Option<Outcome>,
}

/// What is going on, for whoever watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing counts yet.
    WarmUp,
    /// A turn of what is measured, by its number, from 1 on.
    Target(usize),
    /// A turn of what it is compared with.
    Floor(usize),
}

impl Rounds {
    /// Measures the target and, in turns with it, the floor.
    ///
    /// # Errors
    /// If nothing can be measured.
    pub async fn compare<T: Workload, F: Workload>(
        &self,
        target: &T,
        floor: Option<&F>,
        mut stage: impl FnMut(Stage),
    ) -> Result<Vec<Pair>, RunError> {
        stage(Stage::WarmUp);
        self.warm_up(target).await?;
        if let Some(floor) = floor {
            self.warm_up(floor).await?;
        }
        let mut pairs = Vec::new();
        for round in 1..=self.rounds {
            let mut before = None;
            // Neither is always the one that comes after the other.
            if round % 2 == 0 {
                before = self.turn(floor, Stage::Floor(round), &mut stage).await?;
            }
            stage(Stage::Target(round));
            let target = self.run.on(target).await?;
            let floor = match before {
                None => self.turn(floor, Stage::Floor(round), &mut stage).await?,
                before => before,
            };
            pairs.push(Pair { target, floor });
        }
        Ok(pairs)
    }

    async fn turn<F: Workload>(
        &self,
        floor: Option<&F>,
        which: Stage,
        stage: &mut impl FnMut(Stage),
    ) -> Result<Option<Outcome>, RunError> {
        let Some(floor) = floor else { return Ok(None) };
        stage(which);
        self.run.on(floor).await.map(Some)
    }

    async fn warm_up<W: Workload>(&self, workload: &W) -> Result<(), RunError> {
        if self.warm_up.is_zero() {
            return Ok(());
        }
        let span = Span::For(self.warm_up);
        let run = Run {
            span,
            ..self.run.clone()
        };
        run.on(workload).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use lanyard_token::BootTime;

    use super::*;
    use crate::failure::Failure;
    use crate::run::Tally;
    use crate::schedule::Load;
    use crate::workload::Call;

    #[tokio::test]
    async fn target_and_floor_take_turns_at_going_first_after_both_were_warmed_up() {
        let mut stages = Vec::new();
        let pairs = rounds(Duration::from_millis(1));
        let pairs = pairs.compare(&Nothing, Some(&Nothing), |stage| stages.push(stage));
        let pairs = pairs.await.expect("a clock");
        let expected = [
            Stage::WarmUp,
            Stage::Target(1),
            Stage::Floor(1),
            Stage::Floor(2),
            Stage::Target(2),
        ];
        assert_eq!(stages, expected);
        assert_eq!(pairs.len(), 2);
        let floors = pairs.iter().filter_map(|pair| pair.floor.as_ref());
        assert_eq!(floors.map(|floor| floor.seen.calls()).sum::<u64>(), 20);
    }

    #[tokio::test]
    async fn without_a_floor_there_is_only_the_target() {
        let pairs = rounds(Duration::ZERO);
        let pairs = pairs.compare(&Nothing, None::<&Nothing>, |_| {}).await;
        let pairs = pairs.expect("a clock");
        assert!(pairs.iter().all(|pair| pair.floor.is_none()));
        assert_eq!(pairs.len(), 2);
    }

    fn rounds(warm_up: Duration) -> Rounds {
        let run = Run {
            load: Load::Closed,
            concurrency: 2,
            span: Span::Calls(10),
            tally: Tally::default(),
        };
        Rounds {
            run,
            warm_up,
            rounds: 2,
        }
    }

    struct Nothing;

    impl Workload for Nothing {
        type Worker = Self;

        fn workers(&self, concurrency: usize) -> Vec<Self> {
            (0..concurrency).map(|_| Self).collect()
        }
    }

    impl Call for Nothing {
        async fn call(&mut self, _due: BootTime) -> Result<u64, Failure> {
            Ok(1)
        }
    }
}
