//! Kinds, lengths, and values as bytes.

use super::*;

#[test]
fn kind_and_length_follow_the_variant() {
    let texts = [String::new()];
    let values = [
        (Values::Bool(&[true]), Kind::Bool),
        (Values::U8(&[1]), Kind::U8),
        (Values::U16(&[1]), Kind::U16),
        (Values::U32(&[1]), Kind::U32),
        (Values::U64(&[1]), Kind::U64),
        (Values::I8(&[1]), Kind::I8),
        (Values::I16(&[1]), Kind::I16),
        (Values::I32(&[1]), Kind::I32),
        (Values::I64(&[1]), Kind::I64),
        (Values::F32(&[1.0]), Kind::F32),
        (Values::F64(&[1.0]), Kind::F64),
        (Values::Text(&texts), Kind::Text),
    ];
    for (value, kind) in values {
        assert_eq!((value.kind(), value.len(), value.is_empty()), (kind, 1, false));
    }
    assert!(Values::F32(&[]).is_empty());
}

#[test]
fn names_of_kinds_go_both_ways() {
    for (kind, name) in Kind::ALL {
        assert_eq!((kind.name(), Kind::named(name)), (name, Some(kind)));
    }
    assert_eq!(Kind::named("FLOAT"), None);
}
