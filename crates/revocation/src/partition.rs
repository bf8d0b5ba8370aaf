//! Which partition of the store a resource lives in.

use std::{
    fmt,
    num::{NonZeroU16, NonZeroU64},
};

use lanyard_token::ResourceId;

/// One partition of a store, numbered from zero.
///
/// A store has a fixed number of them from the day it is made. Each has a log of its own, and
/// positions are only ever compared with positions of the same partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionId(u16);

impl PartitionId {
    /// The partition of that number.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// The number of the partition.
    #[must_use]
    pub const fn as_u16(self) -> u16 {
        self.0
    }

    /// Every partition of a store that has so many.
    pub fn all(partitions: NonZeroU16) -> impl Iterator<Item = Self> {
        (0..partitions.get()).map(Self)
    }
}

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The partition of a resource and of everything beneath it, in a store that has so many.
///
/// It is FNV-1a (64 bits) over the sixteen bytes of the resource's id, modulo the number of
/// partitions. Stored data lies where this says, and an enforcement point looks for a token's
/// revocations where this says: if the two ever differed, the point would look in the wrong list
/// and accept what is revoked. So the function never changes, and the vectors below hold it.
#[must_use]
pub fn partition_of(resource: ResourceId, partitions: NonZeroU16) -> PartitionId {
    let hash = fnv_1a(resource.as_uuid().as_bytes());
    let number = hash % NonZeroU64::from(partitions);
    // The remainder is below a `u16`, so the conversion always succeeds.
    PartitionId(u16::try_from(number).unwrap_or_default())
}

fn fnv_1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(OFFSET_BASIS, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(PRIME)
    })
}

/// The constants of 64-bit FNV-1a, as published.
const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use uuid::Uuid;

    use super::*;

    fn partitions(count: u16) -> NonZeroU16 {
        NonZeroU16::new(count).unwrap()
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv_1a(b""), OFFSET_BASIS);
        assert_eq!(fnv_1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn resources_stay_where_stored_data_has_them() {
        let counts = [1, 2, 16, 17, 65_535].map(partitions);
        let vectors = [
            ("00000000-0000-0000-0000-000000000000", [0, 1, 5, 1, 27_966]),
            ("ffffffff-ffff-ffff-ffff-ffffffffffff", [0, 1, 5, 2, 10_593]),
            ("00112233-4455-6677-8899-aabbccddeeff", [0, 1, 5, 2, 41_278]),
            ("6f1c1a2e-93d4-4e0b-8a53-1d2f7c9b0e64", [0, 0, 6, 3, 49_728]),
        ];
        for (text, expected) in vectors {
            let resource = ResourceId::from_uuid(Uuid::try_parse(text).unwrap());
            let found = counts.map(|count| partition_of(resource, count).as_u16());
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn resources_spread_over_every_partition_evenly() {
        let mut counts = BTreeMap::new();
        for number in 0..16_000_u128 {
            let id =
                Uuid::from_u128(number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
            let partition = partition_of(ResourceId::from_uuid(id), partitions(16));
            *counts.entry(partition).or_insert(0_u32) += 1;
        }
        assert!(counts.keys().copied().eq(PartitionId::all(partitions(16))));
        assert!(
            counts.values().all(|count| (800..1_200).contains(count)),
            "{counts:?}"
        );
    }
}
