//! Finds the header blocks in the frames of a client (RFC 9113, 4.1, 6.2 and 6.10).

use std::mem;

use super::header_block::HeaderBlock;

/// A connection that is read piece by piece.
#[derive(Debug)]
pub(super) struct Frames {
    state: State,
    block: HeaderBlock,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// In the preface, with the rest of it.
    Preface(&'static [u8]),
    /// In the nine bytes before a payload.
    Head(Head),
    /// In a payload.
    Payload(Payload),
    /// Not HTTP/2.
    Other,
}

#[derive(Clone, Copy, Debug, Default)]
struct Head {
    position: u8,
    length: u32,
    kind: u8,
    flags: u8,
}

/// The parts of a payload, in their order, each with the number of bytes that are still to come.
#[derive(Clone, Copy, Debug, Default)]
struct Payload {
    has_pad_length: bool,
    skipped: u32,
    fragment: u32,
    padding: u32,
}

impl Frames {
    pub(super) const fn new() -> Self {
        Self {
            state: State::Preface(PREFACE),
            block: HeaderBlock::new(),
        }
    }

    /// Reads the next bytes of the connection and replaces those of authorities.
    pub(super) fn rewrite(&mut self, mut bytes: &mut [u8]) {
        loop {
            let skipped = self.skip(bytes.len());
            let unread = mem::take(&mut bytes).get_mut(skipped..);
            let Some((byte, rest)) = unread.and_then(<[u8]>::split_first_mut) else {
                return;
            };
            self.byte(byte);
            bytes = rest;
        }
    }

    /// Passes over the bytes that matter to no header, as many as there are.
    fn skip(&mut self, available: usize) -> usize {
        match &mut self.state {
            State::Other => available,
            State::Payload(payload) if !payload.has_pad_length => {
                let available = u32::try_from(available).unwrap_or(u32::MAX);
                let skipped = payload.skipped.min(available);
                payload.skipped -= skipped;
                self.state = self.state.settled();
                usize::try_from(skipped).unwrap_or(usize::MAX)
            }
            State::Payload(_) | State::Preface(_) | State::Head(_) => 0,
        }
    }

    fn byte(&mut self, byte: &mut u8) {
        let next = match self.state {
            State::Other => State::Other,
            State::Preface(rest) => match rest.strip_prefix(&[*byte]) {
                Some([]) => State::Head(Head::default()),
                Some(rest) => State::Preface(rest),
                None => State::Other,
            },
            State::Head(head) => match head.with(*byte) {
                head if head.position < HEAD_BYTES => State::Head(head),
                head => {
                    if head.kind == HEADERS {
                        self.block = HeaderBlock::new();
                    }
                    State::Payload(Payload::of(head))
                }
            },
            State::Payload(payload) => State::Payload(payload.after(byte, &mut self.block)),
        };
        self.state = next.settled();
    }
}

impl State {
    /// After the last byte of a payload comes another frame.
    fn settled(self) -> Self {
        match self {
            Self::Payload(Payload {
                has_pad_length: false,
                skipped: 0,
                fragment: 0,
                padding: 0,
            }) => Self::Head(Head::default()),
            other => other,
        }
    }
}

impl Head {
    fn with(mut self, byte: u8) -> Self {
        match self.position {
            0..=2 => self.length = (self.length << 8) | u32::from(byte),
            3 => self.kind = byte,
            4 => self.flags = byte,
            // The id of the stream.
            _ => {}
        }
        self.position += 1;
        self
    }
}

impl Payload {
    fn of(head: Head) -> Self {
        let has = |flag| head.flags & flag != 0;
        match head.kind {
            HEADERS => {
                let has_pad_length = has(PADDED) && head.length > 0;
                let rest = head.length - u32::from(has_pad_length);
                let skipped = if has(PRIORITY) { PRIORITY_BYTES } else { 0 };
                let skipped = skipped.min(rest);
                Self {
                    has_pad_length,
                    skipped,
                    fragment: rest - skipped,
                    padding: 0,
                }
            }
            CONTINUATION => Self {
                fragment: head.length,
                ..Self::default()
            },
            _ => Self {
                skipped: head.length,
                ..Self::default()
            },
        }
    }

    fn after(mut self, byte: &mut u8, block: &mut HeaderBlock) -> Self {
        if self.has_pad_length {
            self.has_pad_length = false;
            self.padding = u32::from(*byte).min(self.fragment);
            self.fragment -= self.padding;
        } else if self.skipped > 0 {
            self.skipped -= 1;
        } else if self.fragment > 0 {
            self.fragment -= 1;
            block.byte(byte);
        } else {
            self.padding = self.padding.saturating_sub(1);
        }
        self
    }
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEAD_BYTES: u8 = 9;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;
const PRIORITY_BYTES: u32 = 5;

#[cfg(test)]
mod tests;
