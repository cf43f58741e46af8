//! What is counted, and what is left to the decoder.

use super::{MESSAGES_MAX, defaults, put, too_many};

fn field(number: u64, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, number, content);
    bytes
}

#[test]
fn messages_are_counted_wherever_they_are() {
    let empty = |number: u64, count: usize| field(number, &[]).repeat(count);
    for count in [MESSAGES_MAX - 3, MESSAGES_MAX] {
        let many = count == MESSAGES_MAX;
        assert_eq!(too_many(&field(7, &empty(1, count))), many, "nodes");
        assert_eq!(too_many(&field(7, &field(1, &empty(5, count)))), many, "attributes");
        assert_eq!(too_many(&field(7, &empty(13, count))), many, "values");
        // Deeper by one than a tensor: what it says of another file.
        let tensor = field(5, &empty(13, count - 1));
        assert_eq!(too_many(&field(7, &tensor)), many, "entries of external data");
        assert_eq!(too_many(&field(20, &field(1, &empty(1, count)))), many, "training");
        // A group that the decoder passes over does not hide what follows.
        let group = [&[11, 12][..], &field(7, &empty(1, count))].concat();
        assert_eq!(too_many(&group), many, "after a group");
        // No message: a string of a tensor.
        assert!(!too_many(&field(7, &field(5, &empty(6, count)))));
    }
}

#[test]
fn what_is_no_message_is_left_to_the_decoder() {
    for bytes in [&[][..], &[255; 40], &[58, 200, 1, 0], &[7], b"no model at all"] {
        assert!(!too_many(bytes));
    }
}

#[test]
fn defaults_of_functions_become_nodes() {
    let function = |content: &[u8]| {
        let mut bytes = vec![202, 1, content.len() as u8];
        bytes.extend(content);
        bytes
    };
    let two = [function(&[]), function(&field(11, b"default"))].concat();
    let wanted = field(7, &[field(1, &[]), field(1, &field(5, b"default"))].concat());
    assert_eq!(defaults(&two), Some(wanted));
    assert_eq!(defaults(&function(&field(7, b"node"))), None);
}
