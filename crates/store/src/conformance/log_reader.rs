//! A follower of one log that takes nothing for granted.

use lanyard_revocation::{Continuity, Cursor, Entry, PartitionId, continuity};

use crate::Store;

/// Reads a log in small reads and applies the rule of continuity to each, as every follower does.
pub(super) struct LogReader {
    partition: PartitionId,
    pub(super) cursor: Option<Cursor>,
}

impl LogReader {
    pub(super) const fn new(partition: PartitionId) -> Self {
        Self {
            partition,
            cursor: None,
        }
    }

    /// Reads on to the end.
    pub(super) async fn read_on(&mut self, store: &impl Store) -> Vec<Entry> {
        let mut entries = Vec::new();
        loop {
            let read = store
                .read_log(self.partition, self.cursor, READ)
                .await
                .unwrap();
            let verdict = continuity(self.cursor.as_ref(), &read);
            assert_eq!(
                verdict,
                Continuity::Continues,
                "the log should go on: {read:?}"
            );
            assert!(
                read.entries.len() <= READ,
                "more entries than were asked for"
            );
            assert!(
                read.complete || !read.entries.is_empty(),
                "a read that gets nowhere"
            );
            self.cursor = read.next_cursor();
            entries.extend_from_slice(&read.entries);
            if read.complete {
                return entries;
            }
        }
    }
}

/// Few, so that most logs take several reads.
const READ: usize = 3;
