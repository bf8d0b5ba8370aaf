//! How far a reader of a whole store has come: a place in the log of every partition.

use std::{fmt, num::NonZeroU16, str::FromStr};

use crate::{Cursor, PartitionId};

/// A place in the log of every partition, in the order of their numbers.
///
/// As text it is the partitions' cursors with commas between them. Clients hold that opaquely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedCursor {
    partitions: NonZeroU16,
    places: Box<[Cursor]>,
}

impl FeedCursor {
    /// One of these places, the first being partition 0's. Nothing if there are none, or more than
    /// a store can have partitions.
    #[must_use]
    pub fn new(places: impl IntoIterator<Item = Cursor>) -> Option<Self> {
        let places: Box<[Cursor]> = places.into_iter().collect();
        let partitions = NonZeroU16::new(u16::try_from(places.len()).ok()?)?;
        Some(Self { partitions, places })
    }

    /// How many partitions the store has.
    #[must_use]
    pub const fn partitions(&self) -> NonZeroU16 {
        self.partitions
    }

    /// The place in one partition's log; nothing if the store does not have it.
    #[must_use]
    pub fn place(&self, partition: PartitionId) -> Option<&Cursor> {
        self.places.get(usize::from(partition.as_u16()))
    }

    /// Moves on in one partition, if the store has it.
    pub fn set(&mut self, partition: PartitionId, place: Cursor) {
        if let Some(known) = self.places.get_mut(usize::from(partition.as_u16())) {
            *known = place;
        }
    }

    /// Every partition with the place in its log.
    pub fn iter(&self) -> impl Iterator<Item = (PartitionId, &Cursor)> {
        PartitionId::all(self.partitions).zip(&self.places)
    }
}

impl fmt::Display for FeedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (partition, place) in self.iter() {
            if partition.as_u16() > 0 {
                f.write_str(",")?;
            }
            place.fmt(f)?;
        }
        Ok(())
    }
}

impl FromStr for FeedCursor {
    type Err = InvalidFeedCursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let places: Result<Vec<Cursor>, _> = text.split(',').map(str::parse).collect();
        let places = places.map_err(|_| InvalidFeedCursor)?;
        Self::new(places).ok_or(InvalidFeedCursor)
    }
}

/// The text is not a cursor that any feed has handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a cursor as it was received, unchanged")]
pub struct InvalidFeedCursor;

#[cfg(test)]
mod tests {
    use lanyard_token::Position;
    use proptest::{collection::vec, prelude::*};
    use uuid::Uuid;

    use super::*;
    use crate::LogId;

    fn place(log: u128, number: u64) -> Cursor {
        Cursor {
            log: LogId::from_uuid(Uuid::from_u128(log)),
            position: Position::new(number, 1),
            number,
        }
    }

    #[test]
    fn of_one_partition_it_is_that_one_s_cursor() {
        let cursor = FeedCursor::new([place(1, 2)]).unwrap();
        assert_eq!(cursor.to_string(), place(1, 2).to_string());
    }

    #[test]
    fn it_has_a_place_for_every_partition_and_for_no_other() {
        let mut cursor = FeedCursor::new([place(1, 2), place(3, 4)]).unwrap();
        assert_eq!(cursor.partitions().get(), 2);
        assert_eq!(cursor.place(PartitionId::new(1)), Some(&place(3, 4)));
        assert_eq!(cursor.place(PartitionId::new(2)), None);
        let before = cursor.clone();
        cursor.set(PartitionId::new(2), place(5, 6));
        assert_eq!(cursor, before);
        cursor.set(PartitionId::new(1), place(3, 5));
        assert_eq!(cursor.place(PartitionId::new(1)), Some(&place(3, 5)));
    }

    #[test]
    fn what_is_not_written_as_we_write_it_is_refused() {
        let good = place(1, 2).to_string();
        for text in [
            String::new(),
            ",".to_owned(),
            format!("{good},"),
            format!(",{good}"),
            format!("{good}, {good}"),
            format!("{good};{good}"),
        ] {
            assert_eq!(text.parse::<FeedCursor>(), Err(InvalidFeedCursor), "{text}");
        }
        let too_many = vec![good; 65_536].join(",");
        assert_eq!(too_many.parse::<FeedCursor>(), Err(InvalidFeedCursor));
    }

    proptest! {
        #[test]
        fn every_cursor_reads_back(parts in vec((any::<u128>(), any::<u64>()), 1..40)) {
            let cursor = FeedCursor::new(parts.into_iter().map(|(log, number)| place(log, number)));
            let cursor = cursor.unwrap();
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }
}
