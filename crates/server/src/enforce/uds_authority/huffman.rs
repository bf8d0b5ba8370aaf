//! Replaces bytes in a Huffman code (RFC 7541, 5.2 and appendix B) while it is read.

/// The bits of the symbol that is being read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Huffman {
    code: u32,
    bits: u32,
}

impl Huffman {
    /// Reads the next byte of a string, and changes it where it completes a replaced symbol.
    pub(super) fn byte(&mut self, byte: &mut u8) {
        for shift in (0..u8::BITS).rev() {
            self.code = (self.code << 1) | u32::from((*byte >> shift) & 1);
            self.bits += 1;
            if REPLACED.contains(&(self.bits, self.code)) {
                self.code |= 1;
                *byte |= 1 << shift;
            }
            if self.is_complete() {
                *self = Self::default();
            }
        }
    }

    /// The code is canonical: of the codes of one length, those of symbols are the smallest.
    fn is_complete(self) -> bool {
        let of_length = |&&(bits, _): &&(u32, u32)| bits == self.bits;
        let limit = LIMITS.iter().find(of_length);
        limit.is_some_and(|(_, limit)| self.code < *limit) || self.bits >= LONGEST
    }
}

/// The beginnings that are replaced, by their length, all of which have their last bit set then.
/// ` ` (010100) becomes `-` (010110), `%` (010101) becomes `.` (010111): both at the fifth bit. `/` (011000)
/// becomes `3` (011001). No other symbol begins with these bits.
const REPLACED: [(u32, u32); 2] = [(5, 0b01010), (6, 0b01_1000)];

/// The lengths of codes, each with the number that follows the last code of that length.
const LIMITS: [(u32, u32); 20] = [
    (5, 0xa),
    (6, 0x2e),
    (7, 0x7c),
    (8, 0xfe),
    (10, 0x3fd),
    (11, 0x7fd),
    (12, 0xffc),
    (13, 0x1ffe),
    (14, 0x3ffe),
    (15, 0x7fff),
    (19, 0x7_fff3),
    (20, 0xf_ffee),
    (21, 0x1f_ffe9),
    (22, 0x3f_ffec),
    (23, 0x7f_fff5),
    (24, 0xff_fff6),
    (25, 0x1ff_fff0),
    (26, 0x3ff_ffef),
    (27, 0x7ff_fff1),
    (28, 0xfff_ffff),
];
const LONGEST: u32 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(code: &[u8]) -> Vec<u8> {
        let mut code = code.to_vec();
        let mut huffman = Huffman::default();
        for byte in &mut code {
            huffman.byte(byte);
        }
        code
    }

    #[test]
    fn a_path_becomes_an_authority_of_the_same_length() {
        // `%2Ftmp%2Flanyard.sock` and `.2Ftmp.2Flanyard.sock`, encoded by another implementation.
        let before = [
            0x54, 0x58, 0x53, 0x4d, 0x6a, 0x8b, 0x0d, 0x03, 0xab, 0xd0, 0xec, 0x91, 0x74, 0x1c,
            0x9d, 0x7f,
        ];
        let after = [
            0x5c, 0x58, 0x53, 0x4d, 0x6b, 0x8b, 0x0d, 0x03, 0xab, 0xd0, 0xec, 0x91, 0x74, 0x1c,
            0x9d, 0x7f,
        ];
        assert_eq!(rewritten(&before), after);
        // `/tmp/a b.sock` and `3tmp3a-b.sock`.
        let before = [0x61, 0x34, 0xd6, 0xc0, 0xd4, 0x8d, 0x74, 0x1c, 0x9d, 0x7f];
        let after = [0x65, 0x34, 0xd6, 0xc8, 0xd6, 0x8d, 0x74, 0x1c, 0x9d, 0x7f];
        assert_eq!(rewritten(&before), after);
    }

    #[test]
    fn all_256_bytes_are_distinguished_and_three_of_them_are_replaced() {
        // Each byte, followed by a `%`; and the same with the replacements. Encoded by another implementation.
        let mut codes = include_str!("every_byte.hex").lines().map(bytes);
        let before = codes.next().unwrap();
        assert_eq!(rewritten(&before), codes.next().unwrap());
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().chunks_exact(2);
        let digits = digits.map(|pair| str::from_utf8(pair).unwrap());
        digits
            .map(|pair| u8::from_str_radix(pair, 16).unwrap())
            .collect()
    }
}
