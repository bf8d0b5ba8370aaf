//! A digest by which two copies of a list can be compared without sending either.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::Revocation;

/// A digest of a set of revocations that does not depend on their order.
///
/// It is the sum, modulo 2^128, of the first half of the SHA-256 hash of each: of the handle, the
/// position that counts and whether it is final. So it is kept up to date one revocation at a time,
/// and two lists with the same digest and the same number of entries are the same list.
///
/// It finds what went wrong by itself. It is no proof against somebody who chooses the revocations
/// so that their hashes cancel out, and need not be: handles are drawn at random by the authority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Digest(u128);

impl Digest {
    /// Reads a digest as it was written.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// The digest as it is written.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    pub(crate) fn add(&mut self, revocation: &Revocation) {
        self.0 = self.0.wrapping_add(hash(revocation));
    }

    pub(crate) fn remove(&mut self, revocation: &Revocation) {
        self.0 = self.0.wrapping_sub(hash(revocation));
    }

    /// Adds the digest of a partition. Each is stretched by an odd factor of its own, which loses
    /// nothing, so that an entry in the wrong partition is a difference, too.
    pub(crate) fn add_partition(&mut self, number: u16, digest: Self) {
        let factor = 2 * u128::from(number) + 1;
        self.0 = self.0.wrapping_add(digest.0.wrapping_mul(factor));
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

fn hash(revocation: &Revocation) -> u128 {
    let Revocation {
        handle,
        position,
        is_final,
    } = revocation;
    let whole = Sha256::new()
        .chain_update([handle.kind.code(), u8::from(*is_final)])
        .chain_update(handle.id.as_bytes())
        .chain_update(position.millis().to_be_bytes())
        .chain_update(position.sequence().to_be_bytes())
        .finalize();
    let half = whole.as_slice().first_chunk();
    half.map_or(0, |half| u128::from_be_bytes(*half))
}

#[cfg(test)]
mod tests {
    use lanyard_token::Position;
    use uuid::Uuid;

    use super::*;
    use crate::{Handle, HandleKind};

    fn revocation() -> Revocation {
        Revocation {
            handle: Handle {
                kind: HandleKind::Identity,
                id: Uuid::from_u128(7),
            },
            position: Position::new(3, 4),
            is_final: false,
        }
    }

    fn digest_of(revocation: &Revocation) -> Digest {
        let mut digest = Digest::default();
        digest.add(revocation);
        digest
    }

    #[test]
    fn the_digest_is_the_one_that_others_compute() {
        let mut digest = digest_of(&revocation());
        assert_eq!(digest.to_string(), EXPECTED);
        assert_eq!(Digest::from_bytes(digest.to_bytes()), digest);
        digest.remove(&revocation());
        assert_eq!(digest, Digest::default());
    }

    #[test]
    fn every_part_of_a_revocation_counts() {
        let is = revocation();
        let handle = is.handle;
        let kind = HandleKind::Token;
        let id = Uuid::from_u128(8);
        let others = [
            Revocation {
                is_final: true,
                ..is
            },
            Revocation {
                position: Position::new(4, 3),
                ..is
            },
            Revocation {
                handle: Handle { kind, ..handle },
                ..is
            },
            Revocation {
                handle: Handle { id, ..handle },
                ..is
            },
        ];
        for other in others {
            assert_ne!(digest_of(&other), digest_of(&is), "{other:?}");
        }
    }

    #[test]
    fn the_same_entry_in_another_partition_is_a_difference() {
        let in_partition = |number| {
            let mut whole = Digest::default();
            whole.add_partition(number, digest_of(&revocation()));
            whole
        };
        assert_ne!(in_partition(0), in_partition(1));
        assert_eq!(in_partition(0), digest_of(&revocation()));
    }

    /// Made with another implementation of SHA-256.
    const EXPECTED: &str = "1dc439f99c332e15d1eca204c9aa4f85";
}
