//! Which slot of a Redis Cluster a key lies in.

use std::fmt;

/// One of the 16384 parts that a Redis Cluster divides its keys into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Slot(u16);

impl Slot {
    /// The slot of a key: by its hash tag, the part in braces, if it has one.
    pub(super) fn of(key: &str) -> Self {
        let tag = key
            .split_once('{')
            .and_then(|(_, rest)| rest.split_once('}'))
            .map(|(tag, _)| tag)
            .filter(|tag| !tag.is_empty());
        Self(crc16(tag.unwrap_or(key).as_bytes()) % SLOTS)
    }

    pub(super) const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// CRC-16/XMODEM, as the cluster specification has it.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc: u16, _| {
            let carried = crc & 0x8000 != 0;
            crc << 1 ^ if carried { 0x1021 } else { 0 }
        })
    })
}

const SLOTS: u16 = 16_384;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
    }

    #[test]
    fn the_tag_alone_decides_if_there_is_one() {
        // As `CLUSTER KEYSLOT` answers.
        for (key, slot) in [("foo", 12182), ("{foo}:bar", 12182), ("bar", 5061)] {
            assert_eq!(Slot::of(key).number(), slot, "{key}");
        }
        assert_eq!(Slot::of("{}foo"), Slot(crc16(b"{}foo") % SLOTS));
    }
}
