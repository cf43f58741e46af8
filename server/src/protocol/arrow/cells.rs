//! One column of an Arrow stream -> values of the type that its input has.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use model_loader::{Datatype, Shape, Tensor, Values};

use super::type_name;
use crate::error::Error;
use crate::protocol::room::Room;

/// A number as it stands in a column.
#[derive(Clone, Copy, Debug)]
enum Number {
    Signed(i64),
    Unsigned(u64),
    Float(f64),
}

fn refused<T>(why: impl Into<String>) -> Result<T, Error> {
    Err(Error::Request(why.into()))
}

/// All batches of a column, of so many rows together.
///
/// # Errors
/// [`Error::Request`] for a type or a value that the input has not, [`Error::TooMany`].
pub(super) fn read<'b>(
    arrays: impl Iterator<Item = &'b ArrayRef>,
    datatype: Datatype,
    rows: usize,
    room: &mut Room,
) -> Result<Tensor, Error> {
    let mut values = Values::zeros(datatype, 0);
    let mut width = None;
    for array in arrays {
        let (cells, here): (&ArrayRef, _) = match array.data_type() {
            DataType::FixedSizeList(_, width) => {
                let list = array.as_fixed_size_list();
                if list.null_count() > 0 {
                    return refused("a list is null");
                }
                // A slice of a list has the values of its own rows alone.
                (list.values(), Some(usize::try_from(*width).unwrap_or(0)))
            }
            _ => (array, None),
        };
        if width.is_some_and(|width| width != here) {
            return refused("batches of different types");
        }
        width = Some(here);
        if cells.is_empty() {
            continue;
        }
        room.take_elements(cells.len())?;
        append(&mut values, cells)?;
    }
    let width = width.flatten();
    let shape: Shape = std::iter::once(rows).chain(width).collect();
    Ok(Tensor::new(shape, values)?)
}

fn append(values: &mut Values, array: &ArrayRef) -> Result<(), Error> {
    match array.data_type() {
        DataType::Float16 => numbers::<Float16Type>(values, array, |v| Number::Float(v.to_f64())),
        DataType::Float32 => numbers::<Float32Type>(values, array, |v| Number::Float(v.into())),
        DataType::Float64 => numbers::<Float64Type>(values, array, Number::Float),
        DataType::Int8 => numbers::<Int8Type>(values, array, |v| Number::Signed(v.into())),
        DataType::Int16 => numbers::<Int16Type>(values, array, |v| Number::Signed(v.into())),
        DataType::Int32 => numbers::<Int32Type>(values, array, |v| Number::Signed(v.into())),
        DataType::Int64 => numbers::<Int64Type>(values, array, Number::Signed),
        DataType::UInt8 => numbers::<UInt8Type>(values, array, |v| Number::Unsigned(v.into())),
        DataType::UInt16 => numbers::<UInt16Type>(values, array, |v| Number::Unsigned(v.into())),
        DataType::UInt32 => numbers::<UInt32Type>(values, array, |v| Number::Unsigned(v.into())),
        DataType::UInt64 => numbers::<UInt64Type>(values, array, Number::Unsigned),
        DataType::Boolean => booleans(values, array),
        DataType::Utf8 => texts(values, array.as_string::<i32>().iter()),
        DataType::LargeUtf8 => texts(values, array.as_string::<i64>().iter()),
        DataType::Utf8View => texts(values, array.as_string_view().iter()),
        DataType::Binary => bytes(values, array.as_binary::<i32>().iter()),
        DataType::LargeBinary => bytes(values, array.as_binary::<i64>().iter()),
        DataType::BinaryView => bytes(values, array.as_binary_view().iter()),
        DataType::Dictionary(_, _) => dictionary(values, array),
        // Nothing but nulls.
        DataType::Null => (0..array.len()).try_for_each(|row| null(values, row)),
        other => refused(format!("{} is no type of a column here", type_name(other))),
    }
}

fn numbers<T: ArrowPrimitiveType>(
    values: &mut Values,
    array: &ArrayRef,
    number: impl Fn(T::Native) -> Number,
) -> Result<(), Error> {
    for (row, value) in array.as_primitive::<T>().iter().enumerate() {
        match value {
            Some(value) => push(values, number(value), row, array.data_type())?,
            None => null(values, row)?,
        }
    }
    Ok(())
}

fn push(values: &mut Values, number: Number, row: usize, of: &DataType) -> Result<(), Error> {
    macro_rules! whole {
        ($v:ident, $type:ty) => {{
            let held = match number {
                Number::Signed(n) => <$type>::try_from(n).ok(),
                Number::Unsigned(n) => <$type>::try_from(n).ok(),
                Number::Float(n) => {
                    let whole = n as $type;
                    let exact = n.fract() == 0.0 && n.abs() <= 9_007_199_254_740_992.0;
                    (exact && whole as f64 == n).then_some(whole)
                }
            };
            match held {
                Some(whole) => $v.push(whole),
                None => return refused(format!("row {row}: {number:?} is not held by its type")),
            }
        }};
    }
    macro_rules! float {
        ($v:ident, $type:ty) => {
            $v.push(match number {
                Number::Signed(n) => n as $type,
                Number::Unsigned(n) => n as $type,
                Number::Float(n) => n as $type,
            })
        };
    }
    match values {
        Values::Uint8(v) => whole!(v, u8),
        Values::Uint16(v) => whole!(v, u16),
        Values::Uint32(v) => whole!(v, u32),
        Values::Uint64(v) => whole!(v, u64),
        Values::Int8(v) => whole!(v, i8),
        Values::Int16(v) => whole!(v, i16),
        Values::Int32(v) => whole!(v, i32),
        Values::Int64(v) => whole!(v, i64),
        Values::Fp32(v) => float!(v, f32),
        Values::Fp64(v) => float!(v, f64),
        Values::Bool(_) | Values::Bytes(_) => return other_type(values, of),
    }
    Ok(())
}

fn other_type<T>(values: &Values, of: &DataType) -> Result<T, Error> {
    refused(format!("is {}, and the model takes {}", type_name(of), values.datatype()))
}

fn null(values: &mut Values, row: usize) -> Result<(), Error> {
    match values {
        Values::Fp32(v) => v.push(f32::NAN),
        Values::Fp64(v) => v.push(f64::NAN),
        _ => return refused(format!("row {row} is null")),
    }
    Ok(())
}

fn booleans(values: &mut Values, array: &ArrayRef) -> Result<(), Error> {
    let Values::Bool(v) = values else { return other_type(values, array.data_type()) };
    for (row, value) in array.as_boolean().iter().enumerate() {
        match value {
            Some(value) => v.push(value),
            None => return refused(format!("row {row} is null")),
        }
    }
    Ok(())
}

fn texts<'t>(
    values: &mut Values,
    texts: impl Iterator<Item = Option<&'t str>>,
) -> Result<(), Error> {
    let Values::Bytes(v) = values else { return other_type(values, &DataType::Utf8) };
    for (row, text) in texts.enumerate() {
        match text {
            Some(text) => v.push(text.to_owned()),
            None => return refused(format!("row {row} is null")),
        }
    }
    Ok(())
}

fn bytes<'t>(
    values: &mut Values,
    all: impl Iterator<Item = Option<&'t [u8]>>,
) -> Result<(), Error> {
    for (row, bytes) in all.enumerate() {
        let text = bytes.map(std::str::from_utf8).transpose();
        let text = text.map_err(|_| Error::Request(format!("row {row} is not UTF-8")))?;
        texts(values, std::iter::once(text))?;
    }
    Ok(())
}

/// Values that are said once and counted: each row's is looked up, whatever else the batch's
/// dictionary holds.
fn dictionary(values: &mut Values, array: &ArrayRef) -> Result<(), Error> {
    let dictionary = array.as_any_dictionary();
    let said = dictionary.values();
    if matches!(said.data_type(), DataType::Dictionary(_, _)) {
        return refused("a dictionary of dictionaries is no type of a column here");
    }
    if said.is_empty() {
        return (0..array.len()).try_for_each(|row| null(values, row));
    }
    for (row, key) in dictionary.normalized_keys().into_iter().enumerate() {
        if array.is_valid(row) && said.is_valid(key) {
            append(values, &said.slice(key, 1))?;
        } else {
            null(values, row)?;
        }
    }
    Ok(())
}
