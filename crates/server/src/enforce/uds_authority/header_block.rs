//! Finds the value of `:authority` in a header block (RFC 7541, 6) and replaces bytes in it.

use super::{REPLACED, huffman::Huffman};

/// A header block that is read byte by byte.
#[derive(Debug)]
pub(super) struct HeaderBlock {
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Before the first byte of a field.
    Field,
    /// In an integer that did not fit its first byte.
    Integer {
        value: u32,
        shift: u32,
        purpose: Purpose,
    },
    /// Before the length of a string.
    Length(Text),
    /// In a string.
    Text {
        left: u32,
        text: Text,
        coding: Coding,
    },
}

/// The meaning of an integer.
#[derive(Clone, Copy, Debug)]
enum Purpose {
    /// The index of a whole field, or the size of the dynamic table: a field follows.
    Whole,
    /// The index of a name, or 0 if the name follows as a string.
    Name,
    /// The length of a string.
    Length { text: Text, is_huffman: bool },
}

/// The meaning of a string.
#[derive(Clone, Copy, Debug)]
enum Text {
    /// A name, with the rest of `:authority` that must follow if it is that.
    Name { expected: Option<&'static [u8]> },
    /// A value.
    Value { of_authority: bool },
}

#[derive(Clone, Copy, Debug)]
enum Coding {
    Plain,
    Huffman(Huffman),
}

impl HeaderBlock {
    pub(super) const fn new() -> Self {
        Self {
            state: State::Field,
        }
    }

    /// Reads the next byte of the block, and replaces it if need be.
    pub(super) fn byte(&mut self, byte: &mut u8) {
        self.state = match self.state {
            State::Field => Self::field(*byte),
            State::Integer {
                value,
                shift,
                purpose,
            } => {
                // What does not fit is refused by the decoder after this one.
                let part = u32::from(*byte & 0x7f).checked_shl(shift);
                let value = value.saturating_add(part.unwrap_or(u32::MAX));
                if *byte & 0x80 == 0 {
                    Self::after(value, purpose)
                } else {
                    let shift = shift.saturating_add(7);
                    State::Integer {
                        value,
                        shift,
                        purpose,
                    }
                }
            }
            State::Length(text) => {
                let is_huffman = *byte & 0x80 != 0;
                Self::integer(*byte, 0x7f, Purpose::Length { text, is_huffman })
            }
            State::Text { left, text, coding } => Self::text(byte, left, (text, coding)),
        };
    }

    /// The first byte of a field: its kind, and the beginning of an index.
    fn field(byte: u8) -> State {
        if byte & 0x80 != 0 {
            Self::integer(byte, 0x7f, Purpose::Whole)
        } else if byte & 0x40 != 0 {
            Self::integer(byte, 0x3f, Purpose::Name)
        } else if byte & 0x20 != 0 {
            Self::integer(byte, 0x1f, Purpose::Whole)
        } else {
            Self::integer(byte, 0x0f, Purpose::Name)
        }
    }

    fn integer(byte: u8, mask: u8, purpose: Purpose) -> State {
        let value = u32::from(byte & mask);
        if byte & mask == mask {
            State::Integer {
                value,
                shift: 0,
                purpose,
            }
        } else {
            Self::after(value, purpose)
        }
    }

    fn after(value: u32, purpose: Purpose) -> State {
        match purpose {
            Purpose::Whole => State::Field,
            Purpose::Name if value == 0 => State::Length(Text::Name { expected: None }),
            Purpose::Name => State::Length(Text::Value {
                of_authority: value == AUTHORITY_INDEX,
            }),
            Purpose::Length { text, is_huffman } => {
                let (name, coding) = if is_huffman {
                    (HUFFMAN_AUTHORITY, Coding::Huffman(Huffman::default()))
                } else {
                    (AUTHORITY, Coding::Plain)
                };
                let text = match text {
                    Text::Name { .. } => Text::Name {
                        expected: Some(name),
                    },
                    value @ Text::Value { .. } => value,
                };
                Self::in_text(value, (text, coding))
            }
        }
    }

    fn in_text(left: u32, (text, coding): (Text, Coding)) -> State {
        match text {
            _ if left > 0 => State::Text { left, text, coding },
            Text::Name { expected } => State::Length(Text::Value {
                of_authority: expected == Some(b""),
            }),
            Text::Value { .. } => State::Field,
        }
    }

    fn text(byte: &mut u8, left: u32, (mut text, mut coding): (Text, Coding)) -> State {
        match &mut text {
            Text::Name { expected } => {
                *expected = expected.and_then(|rest| rest.strip_prefix(&[*byte]));
            }
            Text::Value { of_authority: true } => match &mut coding {
                Coding::Huffman(huffman) => huffman.byte(byte),
                Coding::Plain => {
                    let replaced = REPLACED.iter().find(|(from, _)| from == byte);
                    *byte = replaced.map_or(*byte, |(_, to)| *to);
                }
            },
            Text::Value {
                of_authority: false,
            } => {}
        }
        Self::in_text(left - 1, (text, coding))
    }
}

const AUTHORITY: &[u8] = b":authority";
/// The same in the Huffman code.
const HUFFMAN_AUTHORITY: &[u8] = &[0xb8, 0x3b, 0x53, 0x39, 0xec, 0x32, 0x7d, 0x7f];
/// Its index in the static table.
const AUTHORITY_INDEX: u32 = 1;

#[cfg(test)]
mod tests;
