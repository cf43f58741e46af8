//! Data lands in the buffer as its shape and datatype say, or is refused.

use super::{Element, read_data};
use crate::protocol::json::JsonError;
use crate::protocol::json::cursor::Cursor;

const DEPTH: u32 = 100;

fn read<T: Element>(text: &str, shape: &[usize]) -> Result<Vec<T>, JsonError> {
    let mut cursor = Cursor::new(text.as_bytes(), DEPTH);
    let data = read_data(&mut cursor, shape)?;
    cursor.finish()?;
    Ok(data)
}

#[test]
fn flat_and_nested_data_are_the_same() {
    let flat = [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0];
    assert_eq!(read::<f32>("[1,2,3, 4,5,6]", &[2, 3]).unwrap(), flat);
    assert_eq!(read::<f32>("[[1,2,3],[4,5,6]]", &[2, 3]).unwrap(), flat);
    assert_eq!(read::<f32>(" [ [[1],[2],[3]] , [[4],[5],[6]] ]", &[2, 3, 1]).unwrap(), flat);
    assert_eq!(read::<f32>("[]", &[0, 3]).unwrap(), [0f32; 0]);
    assert_eq!(read::<f32>("[7]", &[]).unwrap(), [7.0]);
}

#[test]
fn data_must_fill_its_shape_exactly() {
    for (text, shape) in [
        ("[1,2]", &[3][..]),
        ("[1,2,3,4]", &[3]),
        ("[[1,2],[3]]", &[2, 2]),
        ("[[1,2],[3,4,5]]", &[2, 2]),
        ("[[1,2]]", &[2, 2]),
        ("[[1],[2],[3]]", &[2, 1]),
        ("[[1,2],[3,4]]", &[4]),
        ("[[1],2]", &[2, 1]),
        ("[1]", &[usize::MAX, 2]),
        ("[1]", &[1 << 40]),
        ("1", &[1]),
        ("[1", &[1]),
    ] {
        assert!(read::<f32>(text, shape).is_err(), "{text} as {shape:?}");
    }
}

#[test]
fn a_huge_shape_over_a_small_body_allocates_nothing() {
    let error = read::<f64>("[1,2,3]", &[1_000_000_000]).unwrap_err();
    assert!(error.what.contains("fewer elements"));
}

#[test]
fn floats_take_null_nan_and_infinities() {
    let read = read::<f32>("[null, NaN, Infinity, -Infinity, -0.0, 1e-45]", &[6]).unwrap();
    assert!(read[0].is_nan() && read[1].is_nan());
    assert_eq!(read[2..], [f32::INFINITY, f32::NEG_INFINITY, -0.0, 1e-45]);
    assert!(read[4].is_sign_negative());
}

#[test]
fn floats_out_of_range_are_refused() {
    assert!(read::<f32>("[3.5e38]", &[1]).unwrap_err().what.contains("range"));
    assert_eq!(read::<f64>("[3.5e38]", &[1]).unwrap(), [3.5e38]);
    assert!(read::<f64>("[1e999]", &[1]).is_err());
}

#[test]
fn integers_stay_within_their_datatype() {
    assert_eq!(read::<i8>("[-128, 127]", &[2]).unwrap(), [-128, 127]);
    assert_eq!(read::<u64>("[18446744073709551615]", &[1]).unwrap(), [u64::MAX]);
    for text in ["[128]", "[-129]", "[1.5]", "[1e2]", "[null]", "[true]", "[\"1\"]"] {
        assert!(read::<i8>(text, &[1]).is_err(), "{text}");
    }
    assert!(read::<u8>("[-1]", &[1]).is_err());
}

#[test]
fn booleans_and_text_are_read() {
    assert_eq!(read::<bool>("[true,false]", &[2]).unwrap(), [true, false]);
    assert!(read::<bool>("[1]", &[1]).is_err());
    assert_eq!(read::<String>(r#"[["a"],["b\"c"]]"#, &[2, 1]).unwrap(), ["a", "b\"c"]);
    assert!(read::<String>("[1]", &[1]).is_err());
}
