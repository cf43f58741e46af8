//! Any Arrow integer or float column as 64-bit floats, missing values told apart.
//!
//! Used by `baseline`, `profile` and `skeg drift performance`, so that both sides of a comparison
//! read numbers alike.
//! Integers beyond 2^53 are rounded, which keeps their order.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, PrimitiveArray};
use arrow_schema::DataType;

#[cfg(test)]
mod tests;

/// Whether [`for_each`] can read columns of this type.
pub(crate) fn is_number(kind: &DataType) -> bool {
    kind.is_integer() || kind.is_floating()
}

/// Whether a column of this type can be counted as numbers: truth values are 0 and 1.
pub(crate) fn is_countable(kind: &DataType) -> bool {
    is_number(kind) || *kind == DataType::Boolean
}

/// Calls `visit` for each value, in order; `None` for a null or a NaN, the two forms of a missing
/// value. Gives false, without a call, when the column holds no numbers.
pub fn for_each(array: &dyn Array, mut visit: impl FnMut(Option<f64>)) -> bool {
    match array.data_type() {
        DataType::Float16 => each::<Float16Type>(array, |v| v.to_f64(), visit),
        DataType::Float32 => each::<Float32Type>(array, f64::from, visit),
        DataType::Float64 => each::<Float64Type>(array, |v| v, visit),
        DataType::Int8 => each::<Int8Type>(array, f64::from, visit),
        DataType::Int16 => each::<Int16Type>(array, f64::from, visit),
        DataType::Int32 => each::<Int32Type>(array, f64::from, visit),
        DataType::Int64 => each::<Int64Type>(array, |v| v as f64, visit),
        DataType::UInt8 => each::<UInt8Type>(array, f64::from, visit),
        DataType::UInt16 => each::<UInt16Type>(array, f64::from, visit),
        DataType::UInt32 => each::<UInt32Type>(array, f64::from, visit),
        DataType::UInt64 => each::<UInt64Type>(array, |v| v as f64, visit),
        DataType::Boolean => {
            let truths = array.as_boolean().iter();
            truths.for_each(|truth| visit(truth.map(|truth| f64::from(u8::from(truth)))));
            true
        }
        _ => false,
    }
}

fn each<T: ArrowPrimitiveType>(
    array: &dyn Array,
    convert: impl Fn(T::Native) -> f64,
    mut visit: impl FnMut(Option<f64>),
) -> bool {
    let array: &PrimitiveArray<T> = array.as_primitive();
    let present = |value: T::Native| Some(convert(value)).filter(|v| !v.is_nan());
    if array.null_count() == 0 {
        array.values().iter().for_each(|value| visit(present(*value)));
    } else {
        array.iter().for_each(|value| visit(value.and_then(present)));
    }
    true
}
