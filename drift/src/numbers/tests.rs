//! Every number type reads as the same numbers; nulls and NaN read as missing.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array,
    Int64Array, StringArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};

use super::{for_each, is_countable, is_number};

fn read(array: &ArrayRef) -> Option<Vec<Option<f64>>> {
    let mut values = Vec::new();
    let numeric = for_each(array, |value| values.push(value));
    assert_eq!(numeric, is_number(array.data_type()));
    numeric.then_some(values)
}

#[test]
fn every_number_type_is_read() {
    let arrays: [ArrayRef; 10] = [
        Arc::new(Float32Array::from(vec![Some(1.0), None, Some(3.0)])),
        Arc::new(Float64Array::from(vec![Some(1.0), None, Some(3.0)])),
        Arc::new(Int8Array::from(vec![Some(1), None, Some(3)])),
        Arc::new(Int16Array::from(vec![Some(1), None, Some(3)])),
        Arc::new(Int32Array::from(vec![Some(1), None, Some(3)])),
        Arc::new(Int64Array::from(vec![Some(1), None, Some(3)])),
        Arc::new(UInt8Array::from(vec![Some(1), None, Some(3)])),
        Arc::new(UInt16Array::from(vec![Some(1), None, Some(3)])),
        Arc::new(UInt32Array::from(vec![Some(1), None, Some(3)])),
        Arc::new(UInt64Array::from(vec![Some(1), None, Some(3)])),
    ];
    for array in &arrays {
        let expected = vec![Some(1.0), None, Some(3.0)];
        assert_eq!(read(array), Some(expected), "{}", array.data_type());
    }
}

#[test]
fn half_floats_are_read() {
    let halves = [0x3C00u16, 0x7E00].map(|bits| {
        <arrow_array::types::Float16Type as arrow_array::ArrowPrimitiveType>::Native::from_bits(
            bits,
        )
    });
    let array: ArrayRef = Arc::new(arrow_array::Float16Array::from(halves.to_vec()));
    assert_eq!(read(&array), Some(vec![Some(1.0), None]));
}

#[test]
fn nan_is_missing_and_infinity_is_not() {
    let array: ArrayRef = Arc::new(Float32Array::from(vec![f32::NAN, f32::INFINITY, -0.5]));
    assert_eq!(read(&array), Some(vec![None, Some(f64::INFINITY), Some(-0.5)]));
}

#[test]
fn a_null_slot_is_missing_whatever_lies_under_it() {
    let mut values = Float64Array::builder(2);
    values.append_null();
    values.append_value(2.0);
    let array: ArrayRef = Arc::new(values.finish());
    assert_eq!(read(&array), Some(vec![None, Some(2.0)]));
}

#[test]
fn texts_are_no_numbers() {
    let text: ArrayRef = Arc::new(StringArray::from(vec!["1"]));
    assert_eq!(read(&text), None);
}

#[test]
fn truth_values_can_be_counted_as_numbers() {
    let truth: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]));
    let mut found = Vec::new();
    assert!(for_each(truth.as_ref(), |value| found.push(value)));
    assert_eq!(found, [Some(1.0), None, Some(0.0)]);
    assert!(is_countable(truth.data_type()) && !is_number(truth.data_type()));
}
