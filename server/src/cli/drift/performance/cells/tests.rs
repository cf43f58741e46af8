//! Columns of every kind as numbers and as names.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};

use super::{Name, names, numbers};

fn batch() -> RecordBatch {
    let columns: [(&str, ArrayRef); 5] = [
        ("whole", Arc::new(Int64Array::from(vec![Some(1), None, Some(-3)]))),
        ("float", Arc::new(Float32Array::from(vec![Some(1.0), Some(f32::NAN), Some(-0.0)]))),
        ("truth", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ("text", Arc::new(StringArray::from(vec![Some("1.0"), None, Some("")]))),
        ("time", Arc::new(TimestampMicrosecondArray::from(vec![1, 2, 3]))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

#[test]
fn a_number_has_one_name_whatever_its_type() {
    let of = |column| names(&batch(), &[column]).unwrap();
    let some = |names: [Option<&str>; 3], is_number| {
        names.map(|name| name.map(|text| Name { text: text.to_owned(), is_number })).to_vec()
    };
    assert_eq!(of("whole"), some([Some("1"), None, Some("-3")], true));
    assert_eq!(of("float"), some([Some("1"), None, Some("0")], true));
    assert_eq!(of("truth"), some([Some("1"), None, Some("0")], true));
    assert_eq!(of("text"), some([Some("1.0"), None, Some("")], false));
}

#[test]
fn of_several_columns_the_first_with_a_value_counts() {
    let other: ArrayRef = Arc::new(Int64Array::from(vec![7, 8, 9]));
    let text = batch().column_by_name("text").map(Arc::clone).unwrap();
    let whole = batch().column_by_name("whole").map(Arc::clone).unwrap();
    let columns = [("whole", whole), ("other", other), ("text", text)];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    assert_eq!(numbers(&batch, &["whole", "other"]).unwrap(), [1.0, 8.0, -3.0]);
    assert_eq!(numbers(&batch, &["other", "whole"]).unwrap(), [7.0, 8.0, 9.0]);
    assert_eq!(numbers(&batch, &["absent", "other"]).unwrap(), [7.0, 8.0, 9.0], "not there");
    assert!(numbers(&batch, &["absent", "away"]).unwrap_err().contains("`absent` or `away`"));
    let found = names(&batch, &["text", "other"]).unwrap();
    let found: Vec<_> = found.iter().flatten().map(|of| (of.text.as_str(), of.is_number)).collect();
    assert_eq!(found, [("1.0", false), ("8", true), ("", false)]);
}

#[test]
fn what_is_missing_is_no_number() {
    for column in ["whole", "float", "truth"] {
        let found = numbers(&batch(), &[column]).unwrap();
        assert!(found.len() == 3 && found[0] == 1.0 && found[1].is_nan(), "{column}: {found:?}");
    }
}

#[test]
fn a_column_of_another_kind_is_named() {
    for why in [
        numbers(&batch(), &["text"]).unwrap_err(),
        numbers(&batch(), &["time"]).unwrap_err(),
        names(&batch(), &["time"]).unwrap_err(),
        names(&batch(), &["absent"]).unwrap_err(),
    ] {
        assert!(["`text`", "`time`", "`absent`"].iter().any(|name| why.contains(name)), "{why}");
    }
}
