//! The number of the last acknowledged commit, outside of the pages that the database protects itself.
//!
//! After an unclean stop the library opens the older of its two roots, without an error, if the
//! newer one fails its checksum: a commit that a power failure cut short looks the same as one that
//! was damaged after it was acknowledged. This record makes the difference. A commit is recorded
//! after its fsync and before its acknowledgement, so that a database that ends before the recorded
//! commit has lost it, and one that ends with it or with the next is whole.
//!
//! The record is in the first page of the database file, behind the header of 320 bytes: the library
//! reserves the page and never writes the rest of it. A copy of the file is therefore complete by
//! itself, and the next commit's fsync makes the record durable, too.

use std::{fs::File, io, os::unix::fs::FileExt as _};

/// Why the record does not fit the database that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitRecordError {
    /// The database ends before the last acknowledged commit.
    #[error("it ends with commit {found}, but commit {acknowledged} was acknowledged")]
    LostCommits {
        /// The last commit in the database.
        found: u64,
        /// The last acknowledged commit.
        acknowledged: u64,
    },
    /// Neither copy of the record is valid.
    #[error("the record of its last acknowledged commit is unreadable")]
    Unreadable,
}

/// The record in an open file.
#[derive(Debug)]
pub(super) struct CommitRecord(File);

impl CommitRecord {
    /// The record in a file. It must share the file description with the database, since locks
    /// belong to the description.
    pub(super) const fn new(file: File) -> Self {
        Self(file)
    }

    /// Compares the record with the number of the last commit in the database, and replaces it if it
    /// is missing, older, or damaged in one copy.
    ///
    /// # Errors
    /// The outer error is one of the file, the inner one that of the comparison.
    pub(super) fn check(&self, found: u64) -> io::Result<Result<(), CommitRecordError>> {
        let mut bytes = [0; LEN];
        self.0.read_exact_at(&mut bytes, OFFSET)?;
        let acknowledged = match decode(&bytes) {
            Decoded::Intact(number) if number == found => return Ok(Ok(())),
            Decoded::Intact(number) => number,
            Decoded::OneCopy(number) => {
                tracing::warn!(
                    "one copy of the record of the last commit was damaged; check the disk"
                );
                number
            }
            // A store of a version without this record, which counts no commits either.
            Decoded::Absent if found == 0 => 0,
            Decoded::Absent | Decoded::Damaged => return Ok(Err(CommitRecordError::Unreadable)),
        };
        if found < acknowledged {
            return Ok(Err(CommitRecordError::LostCommits {
                found,
                acknowledged,
            }));
        }
        self.write(found)?;
        self.sync()?;
        Ok(Ok(()))
    }

    /// Records a commit. From here on the record survives the end of the process; [`Self::sync`], or
    /// the next commit, makes it survive that of the machine.
    pub(super) fn write(&self, number: u64) -> io::Result<()> {
        self.0.write_all_at(&encode(number), OFFSET)
    }

    /// Makes the record durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// The result of reading the two copies.
#[derive(Debug, PartialEq, Eq)]
enum Decoded {
    Intact(u64),
    OneCopy(u64),
    Absent,
    Damaged,
}

fn decode(bytes: &[u8; LEN]) -> Decoded {
    let (first, second) = bytes.split_at(STRIDE);
    match (decode_copy(first), decode_copy(second)) {
        (Some(first), Some(second)) if first == second => Decoded::Intact(first),
        (Some(number), None) | (None, Some(number)) => Decoded::OneCopy(number),
        (None, None) if bytes.iter().all(|byte| *byte == 0) => Decoded::Absent,
        _ => Decoded::Damaged,
    }
}

/// The number in one copy, if the copy is valid.
fn decode_copy(bytes: &[u8]) -> Option<u64> {
    let (magic, rest) = bytes.split_first_chunk()?;
    let (number, rest) = rest.split_first_chunk()?;
    let (inverse, _) = rest.split_first_chunk()?;
    let number = u64::from_le_bytes(*number);
    (*magic == MAGIC && u64::from_le_bytes(*inverse) == !number).then_some(number)
}

fn encode(number: u64) -> [u8; LEN] {
    let copy = MAGIC
        .into_iter()
        .chain(number.to_le_bytes())
        .chain((!number).to_le_bytes());
    let padded = copy.chain([0; STRIDE - COPY]);
    let mut bytes = [0; LEN];
    for (to, from) in bytes.iter_mut().zip(padded.cycle()) {
        *to = from;
    }
    bytes
}

/// Behind the header, in the first page, within one sector.
const OFFSET: u64 = 1024;
/// The length of a copy: the magic bytes, the number, and its complement as a checksum.
const COPY: usize = 24;
/// From the begin of one copy to that of the next.
const STRIDE: usize = 64;
const LEN: usize = 2 * STRIDE;
const MAGIC: [u8; 8] = *b"lanyard\x01";

#[cfg(test)]
mod tests {
    use super::*;

    fn record(bytes: &[u8]) -> CommitRecord {
        let file = tempfile::tempfile().unwrap();
        file.set_len(4096).unwrap();
        file.write_all_at(bytes, OFFSET).unwrap();
        CommitRecord::new(file)
    }

    #[test]
    fn a_store_that_ends_before_the_recorded_commit_has_lost_it() {
        let record = record(&encode(7));
        for (found, expected) in [
            (8, Ok(())),
            // The comparison has recorded the eighth.
            (8, Ok(())),
            (
                7,
                Err(CommitRecordError::LostCommits {
                    found: 7,
                    acknowledged: 8,
                }),
            ),
            (
                0,
                Err(CommitRecordError::LostCommits {
                    found: 0,
                    acknowledged: 8,
                }),
            ),
            (8, Ok(())),
        ] {
            assert_eq!(record.check(found).unwrap(), expected, "{found}");
        }
    }

    #[test]
    fn only_a_store_without_counted_commits_may_lack_the_record() {
        assert_eq!(
            record(&[]).check(1).unwrap(),
            Err(CommitRecordError::Unreadable)
        );
        let old = record(&[]);
        assert_eq!(old.check(0).unwrap(), Ok(()));
        assert_eq!(old.check(1).unwrap(), Ok(()));
        assert_eq!(
            old.check(0).unwrap(),
            Err(CommitRecordError::LostCommits {
                found: 0,
                acknowledged: 1
            })
        );
    }

    #[test]
    fn every_single_flipped_bit_leaves_one_valid_copy_which_is_repaired() {
        for bit in 0..LEN * 8 {
            let mut bytes = encode(0x0102_0304_0506_0708);
            bytes[bit / 8] ^= 1 << (bit % 8);
            let record = record(&bytes);
            assert_eq!(record.check(0x0102_0304_0506_0708).unwrap(), Ok(()));
            assert!(
                record.check(0x0102_0304_0506_0707).unwrap().is_err(),
                "{bit}"
            );
        }
    }

    #[test]
    fn two_damaged_copies_are_refused() {
        let mut bytes = encode(7);
        bytes[9] ^= 1;
        bytes[STRIDE] ^= 1;
        for found in [0, 7] {
            let checked = record(&bytes).check(found).unwrap();
            assert_eq!(checked, Err(CommitRecordError::Unreadable));
        }
        // Two valid copies that contradict each other are no record either.
        let mut bytes = encode(7);
        bytes[STRIDE..].copy_from_slice(&encode(8)[STRIDE..]);
        assert_eq!(decode(&bytes), Decoded::Damaged);
    }
}
