//! How old the lists of all partitions are, in few words.

use std::{collections::BTreeMap, time::Duration};

use crate::PartitionId;

/// The age of every partition's list: that of the oldest, and those that are younger by more than
/// [`Ages::NOTABLE`]. While all of the store is in reach these are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ages {
    oldest: Option<Duration>,
    younger: BTreeMap<PartitionId, Duration>,
}

impl Ages {
    /// How much younger than the oldest a list must be to have an age of its own. All logs are read
    /// several times a second, each at its own moment.
    pub const NOTABLE: Duration = Duration::from_secs(1);

    /// From the oldest age, absent if a partition was never confirmed, and the ages of partitions
    /// that are younger.
    #[must_use]
    pub fn new(
        oldest: Option<Duration>,
        younger: impl IntoIterator<Item = (PartitionId, Duration)>,
    ) -> Self {
        Self {
            oldest,
            younger: younger.into_iter().collect(),
        }
    }

    /// From the age of every partition, in the order of their numbers.
    pub(crate) fn of_all(ages: &[Option<Duration>]) -> Self {
        let oldest = ages
            .iter()
            .copied()
            .try_fold(Duration::ZERO, |oldest, age| Some(oldest.max(age?)));
        let is_younger =
            |age: &Duration| oldest.is_none_or(|oldest| age.saturating_add(Self::NOTABLE) < oldest);
        let numbered = (0..).map(PartitionId::new).zip(ages);
        let younger = numbered.filter_map(|(id, age)| Some((id, age.filter(is_younger)?)));
        Self::new(oldest, younger)
    }

    /// The age of the oldest list; absent if one was never confirmed.
    #[must_use]
    pub const fn oldest(&self) -> Option<Duration> {
        self.oldest
    }

    /// The partitions whose lists are notably younger than the oldest, with their ages.
    pub fn younger(&self) -> impl Iterator<Item = (PartitionId, Duration)> + '_ {
        self.younger.iter().map(|(id, age)| (*id, *age))
    }

    /// The age of one partition's list, at most [`Ages::NOTABLE`] more than it is; absent if it was
    /// never confirmed.
    #[must_use]
    pub fn of(&self, partition: PartitionId) -> Option<Duration> {
        self.younger.get(&partition).copied().or(self.oldest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn ages<const N: usize>(ages: [Option<u32>; N]) -> (Option<Duration>, Vec<(u16, Duration)>) {
        let ages = ages.map(|age| age.map(|seconds| SECOND * seconds));
        let ages = Ages::of_all(&ages);
        let younger = ages.younger().map(|(id, age)| (id.as_u16(), age));
        (ages.oldest(), younger.collect())
    }

    #[test]
    fn partitions_of_about_the_same_age_have_no_age_of_their_own() {
        assert_eq!(
            ages([Some(1), Some(2), Some(2)]),
            (Some(2 * SECOND), vec![])
        );
    }

    #[test]
    fn partitions_that_are_notably_younger_have_an_age_of_their_own() {
        let expected = vec![(0, SECOND), (2, 7 * SECOND)];
        assert_eq!(
            ages([Some(1), Some(9), Some(7), Some(8)]),
            (Some(9 * SECOND), expected)
        );
    }

    #[test]
    fn beside_a_partition_that_was_never_confirmed_each_has_an_age_of_its_own() {
        assert_eq!(ages([None, Some(3)]), (None, vec![(1, 3 * SECOND)]));
    }

    #[test]
    fn no_partition_is_made_to_look_younger_than_it_is() {
        let all = [Some(5), None, Some(900), Some(6)].map(|age| age.map(|one| SECOND * one));
        for count in 1..=all.len() {
            let told = Ages::of_all(&all[..count]);
            for (number, age) in (0..).zip(&all[..count]) {
                let told = told.of(PartitionId::new(number));
                assert!(told.is_none_or(|told| age.is_some_and(|age| told >= age)));
                assert!(age.is_none() || told.is_some() || count == 0);
            }
        }
    }
}
