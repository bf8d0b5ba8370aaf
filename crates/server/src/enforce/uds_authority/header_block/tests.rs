//! Header blocks as clients encode them.

use super::*;

/// Reads blocks one after the other, as one connection does.
fn rewritten(blocks: &[&[u8]]) -> Vec<u8> {
    let mut read = Vec::new();
    for block in blocks {
        let mut scanned = HeaderBlock::new();
        let mut block = block.to_vec();
        for byte in &mut block {
            scanned.byte(byte);
        }
        assert!(matches!(scanned.state, State::Field), "{block:?}");
        read.extend(block);
    }
    read
}

fn text(text: &[u8]) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text].concat()
}

#[test]
fn the_value_is_replaced_however_its_name_is_written() {
    let (before, after) = (text(b"%2Ftmp%2Fx y"), text(b".2Ftmp.2Fx-y"));
    let name = text(AUTHORITY);
    let huffman_name = [&[0x80 | 8], HUFFMAN_AUTHORITY].concat();
    // With incremental indexing, without indexing and never indexed; the name by its index or as a string.
    for first in [0x40, 0x00, 0x10] {
        for head in [
            vec![first | 1],
            [&[first], &name[..]].concat(),
            [&[first], &huffman_name[..]].concat(),
        ] {
            let written = rewritten(&[&[&head[..], &before].concat()]);
            assert_eq!(written, [&head[..], &after].concat());
        }
    }
}

#[test]
fn a_value_in_the_huffman_code_is_replaced() {
    // `/tmp/a b.sock` and `3tmp3a-b.sock`.
    let before = [
        0x41, 0x8a, 0x61, 0x34, 0xd6, 0xc0, 0xd4, 0x8d, 0x74, 0x1c, 0x9d, 0x7f,
    ];
    let after = [
        0x41, 0x8a, 0x65, 0x34, 0xd6, 0xc8, 0xd6, 0x8d, 0x74, 0x1c, 0x9d, 0x7f,
    ];
    assert_eq!(rewritten(&[&before]), after);
}

#[test]
fn other_fields_are_kept() {
    let path = [&[0x44], &text(b"/a%20b/c d")[..]].concat();
    let custom = [&[0x40], &text(b"x-path")[..], &text(b"/a%2Fb")].concat();
    let longer = [&[0x00], &text(b":authority2")[..], &text(b"/a%2Fb")].concat();
    let shorter = [&[0x00], &text(b":authorit")[..], &text(b"/a%2Fb")].concat();
    let empty = [&[0x00], &text(b"x")[..], &text(b"")].concat();
    let of_dynamic_table = [&[0x7e], &text(b"/a%2Fb")[..]].concat();
    for field in [path, custom, longer, shorter, empty, of_dynamic_table] {
        assert_eq!(rewritten(&[&field]), field);
    }
}

#[test]
fn the_value_is_found_after_fields_of_every_kind() {
    let long = [b'%'; 300];
    let before = [
        // A size of the dynamic table of 4096, as an integer of three bytes.
        &[0x3f, 0xe1, 0x1f][..],
        // `:method: POST`, and an entry of the dynamic table with an index of two bytes.
        &[0x83, 0xff, 0x00],
        // A value of 300 bytes, whose length takes three.
        &[0x44, 0x7f, 0xad, 0x01],
        &long,
        &[0x41],
        &text(b"%2Fx"),
        // The next one, again.
        &[0xbe],
    ]
    .concat();
    let mut after = before.clone();
    let at = after.len() - 5;
    after[at] = b'.';
    assert_eq!(rewritten(&[&before]), after);
}

#[test]
fn an_integer_without_end_is_read_without_a_panic() {
    let mut scanned = HeaderBlock::new();
    for byte in [0x7f; 1].into_iter().chain([0xff; 64]) {
        scanned.byte(&mut { byte });
    }
    assert!(matches!(scanned.state, State::Integer { .. }));
}
