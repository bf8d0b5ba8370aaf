//! Connections of clients, read in pieces of every size.

use super::*;

fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [length[1], length[2], length[3], kind, flags, 0, 0, 0, 1];
    [&head[..], payload].concat()
}

/// A header block: `:method: POST`, and an authority in plain text.
fn block(authority: &[u8]) -> Vec<u8> {
    let length = u8::try_from(authority.len()).unwrap();
    [&[0x83, 0x41, length], authority].concat()
}

/// Everything that a client may send, with the authority in each kind of frame that may carry it.
fn connection(authority: &[u8]) -> Vec<u8> {
    let block = block(authority);
    let (first, rest) = block.split_at(5);
    let padded = [&[4][..], &block, b"%/%/"].concat();
    let with_priority = [&b"%/%/%"[..], &block].concat();
    let with_both = [&[2][..], b"%/%/%", &block, b"%/"].concat();
    [
        PREFACE.to_vec(),
        frame(SETTINGS, 0, &[0, 3, 0, 0, 0, 0x25]),
        frame(HEADERS, END_HEADERS, &block),
        frame(DATA, 0, b"A%2F/ DATA"),
        frame(DATA, 0, b""),
        frame(HEADERS, END_HEADERS | PADDED, &padded),
        frame(HEADERS, END_HEADERS | PRIORITY, &with_priority),
        frame(HEADERS, END_HEADERS | PADDED | PRIORITY, &with_both),
        frame(HEADERS, 0, first),
        frame(CONTINUATION, 0, b""),
        frame(CONTINUATION, END_HEADERS, rest),
        frame(DATA, PADDED, b"\x02A%2F%/"),
        // Trailers.
        frame(
            HEADERS,
            END_HEADERS,
            &[0x00, 0x01, b'x', 0x03, b'%', b'2', b'F'],
        ),
    ]
    .concat()
}

fn rewritten(bytes: &[u8], piece: usize) -> Vec<u8> {
    let mut frames = Frames::new();
    let mut bytes = bytes.to_vec();
    bytes
        .chunks_mut(piece)
        .for_each(|piece| frames.rewrite(piece));
    bytes
}

#[test]
fn authorities_are_replaced_and_everything_else_is_kept_in_pieces_of_every_size() {
    let before = connection(b"%2Frun%2Flanyard.sock");
    let after = connection(b".2Frun.2Flanyard.sock");
    for piece in 1..=before.len() {
        assert_eq!(rewritten(&before, piece), after, "{piece}");
    }
}

#[test]
fn a_connection_that_is_not_http_2_is_kept() {
    for text in [
        &b"GET /%2F HTTP/1.1\r\nHost: %2Frun\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n/%2F",
        b"",
    ] {
        for piece in [1, 7, 100] {
            assert_eq!(rewritten(text, piece), text);
        }
    }
}

#[test]
fn frames_whose_parts_exceed_their_length_are_read_without_a_panic() {
    let bytes = [
        PREFACE.to_vec(),
        frame(HEADERS, PADDED | PRIORITY, &[]),
        frame(HEADERS, PADDED, &[200, 0x41, 0x01]),
        frame(HEADERS, PRIORITY, &[1, 2]),
        frame(HEADERS, END_HEADERS, &block(b"/x")),
    ]
    .concat();
    let after = rewritten(&bytes, 3);
    // The frames are still separated by their lengths.
    assert!(after.ends_with(&block(b"3x")), "{after:?}");
}

const DATA: u8 = 0;
const SETTINGS: u8 = 4;
const END_HEADERS: u8 = 4;
