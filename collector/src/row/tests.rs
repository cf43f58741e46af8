//! What a record weighs.

use super::*;

#[test]
fn a_record_weighs_its_heap() {
    let record = |values: Vec<Values>| Record {
        request_id: "12345".to_owned(),
        time_us: 0,
        latency_us: 0,
        revision: 0,
        rows: 1,
        values,
    };
    let bare = size_of::<Record>() + 5;
    assert_eq!(record(vec![]).bytes(), bare);
    let one = bare + size_of::<Values>();
    assert_eq!(record(vec![Values::F64(vec![0.0; 10])]).bytes(), one + 80);
    assert_eq!(record(vec![Values::Bool(vec![true; 10])]).bytes(), one + 10);
    let texts = vec!["abc".to_owned(), String::new()];
    assert_eq!(record(vec![Values::Text(texts)]).bytes(), one + 2 * size_of::<String>() + 3);
}

#[test]
fn kind_and_length_follow_the_variant() {
    let values = [
        (Values::Bool(vec![true]), Kind::Bool),
        (Values::U8(vec![1]), Kind::U8),
        (Values::U16(vec![1]), Kind::U16),
        (Values::U32(vec![1]), Kind::U32),
        (Values::U64(vec![1]), Kind::U64),
        (Values::I8(vec![1]), Kind::I8),
        (Values::I16(vec![1]), Kind::I16),
        (Values::I32(vec![1]), Kind::I32),
        (Values::I64(vec![1]), Kind::I64),
        (Values::F32(vec![1.0]), Kind::F32),
        (Values::F64(vec![1.0]), Kind::F64),
        (Values::Text(vec![String::new()]), Kind::Text),
    ];
    for (value, kind) in values {
        assert_eq!((value.kind(), value.len(), value.is_empty()), (kind, 1, false));
    }
    assert!(Values::F32(vec![]).is_empty());
}
