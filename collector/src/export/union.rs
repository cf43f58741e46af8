//! Columns of many schemas as those of one: which there are, of which types, and values made so.
//!
//! A name that has one type keeps it. Integers of different types become int64, or uint64 when all
//! are unsigned; integers with floats, floats of different types, and uint64 with signed integers
//! become float64, which holds integers exactly up to 2^53; anything else becomes text.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, StringArray};
use arrow_schema::{DataType, Field, Fields, TimeUnit};

use super::text::texts;

#[cfg(test)]
mod tests;

/// Most columns of an export.
pub(super) const MAX_COLUMNS: usize = 16_384;

/// The columns of some files.
#[derive(Debug, Default)]
pub(super) struct Union {
    /// Name and types, in the order in which they were met.
    columns: Vec<(String, Vec<DataType>)>,
    places: HashMap<String, usize>,
}

// === impl Union ===

impl Union {
    /// Adds those columns of a file that are wanted.
    ///
    /// # Errors
    /// What is wrong with the file: a column twice, or of a type that no rows file has.
    pub(super) fn add(
        &mut self,
        fields: &Fields,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<(), String> {
        let mut seen = HashSet::new();
        for field in fields.iter().filter(|field| wanted(field.name())) {
            let (name, kind) = (field.name(), field.data_type());
            if !seen.insert(name) {
                return Err(format!("column `{name}` is there twice"));
            }
            if !is_known(kind) {
                return Err(format!("column `{name}` is {kind}, which no rows file has"));
            }
            if let Some(place) = self.places.get(name) {
                let types = &mut self.columns[*place].1;
                if !types.contains(kind) {
                    types.push(kind.clone());
                }
            } else if self.columns.len() <= MAX_COLUMNS {
                // One too many is enough to be refused.
                self.places.insert(name.clone(), self.columns.len());
                self.columns.push((name.clone(), vec![kind.clone()]));
            }
        }
        Ok(())
    }

    /// The columns of all: those of `wanted` in its order.
    ///
    /// # Errors
    /// The first of `wanted` that no file has.
    pub(super) fn fields<'a>(&self, wanted: Option<&'a [String]>) -> Result<Vec<Field>, &'a str> {
        let field = |(name, types): &(String, Vec<DataType>)| Field::new(name, common(types), true);
        let Some(wanted) = wanted else {
            return Ok(self.columns.iter().map(field).collect());
        };
        let place = |name: &'a String| self.places.get(name).ok_or(name.as_str());
        wanted.iter().map(|name| place(name).map(|at| field(&self.columns[*at]))).collect()
    }
}

/// The type that holds values of all of these.
pub(super) fn common(types: &[DataType]) -> DataType {
    let all = |is: fn(&DataType) -> bool| types.iter().all(is);
    match types {
        [] => DataType::Utf8,
        [first, others @ ..] if others.iter().all(|other| other == first) => first.clone(),
        _ if all(DataType::is_unsigned_integer) => DataType::UInt64,
        _ if all(|kind| kind.is_integer() && *kind != DataType::UInt64) => DataType::Int64,
        _ if all(|kind| kind.is_integer() || kind.is_floating()) => DataType::Float64,
        _ => DataType::Utf8,
    }
}

/// The column as one of type `to`, as [`common`] gives it; `None` if it is not of such a type.
pub(super) fn widened(column: &ArrayRef, to: &DataType) -> Option<ArrayRef> {
    if column.data_type() == to {
        return Some(Arc::clone(column));
    }
    match to {
        DataType::UInt64 => unsigned(column),
        DataType::Int64 => signed(column),
        DataType::Float64 => float(column),
        DataType::Utf8 => text(column),
        _ => None,
    }
}

fn is_known(kind: &DataType) -> bool {
    use DataType::{Boolean, Float32, Float64, Timestamp, Utf8};
    match kind {
        Boolean | Float32 | Float64 | Utf8 => true,
        Timestamp(TimeUnit::Microsecond, Some(zone)) => zone.as_ref() == "UTC",
        kind => kind.is_integer(),
    }
}

fn unsigned(column: &ArrayRef) -> Option<ArrayRef> {
    Some(match column.data_type() {
        DataType::UInt8 => each::<UInt8Type, UInt64Type>(column, u64::from),
        DataType::UInt16 => each::<UInt16Type, UInt64Type>(column, u64::from),
        DataType::UInt32 => each::<UInt32Type, UInt64Type>(column, u64::from),
        _ => return None,
    })
}

fn signed(column: &ArrayRef) -> Option<ArrayRef> {
    Some(match column.data_type() {
        DataType::UInt8 => each::<UInt8Type, Int64Type>(column, i64::from),
        DataType::UInt16 => each::<UInt16Type, Int64Type>(column, i64::from),
        DataType::UInt32 => each::<UInt32Type, Int64Type>(column, i64::from),
        DataType::Int8 => each::<Int8Type, Int64Type>(column, i64::from),
        DataType::Int16 => each::<Int16Type, Int64Type>(column, i64::from),
        DataType::Int32 => each::<Int32Type, Int64Type>(column, i64::from),
        _ => return None,
    })
}

fn float(column: &ArrayRef) -> Option<ArrayRef> {
    Some(match column.data_type() {
        DataType::UInt8 => each::<UInt8Type, Float64Type>(column, f64::from),
        DataType::UInt16 => each::<UInt16Type, Float64Type>(column, f64::from),
        DataType::UInt32 => each::<UInt32Type, Float64Type>(column, f64::from),
        DataType::UInt64 => each::<UInt64Type, Float64Type>(column, |value| value as f64),
        DataType::Int8 => each::<Int8Type, Float64Type>(column, f64::from),
        DataType::Int16 => each::<Int16Type, Float64Type>(column, f64::from),
        DataType::Int32 => each::<Int32Type, Float64Type>(column, f64::from),
        DataType::Int64 => each::<Int64Type, Float64Type>(column, |value| value as f64),
        DataType::Float32 => each::<Float32Type, Float64Type>(column, f64::from),
        _ => return None,
    })
}

fn each<Had: ArrowPrimitiveType, To: ArrowPrimitiveType>(
    column: &ArrayRef,
    to: impl Fn(Had::Native) -> To::Native,
) -> ArrayRef {
    Arc::new(column.as_primitive::<Had>().unary::<_, To>(to))
}

fn text(column: &ArrayRef) -> Option<ArrayRef> {
    let texts = texts(column)?;
    let (mut made, mut value) = (StringBuilder::new(), String::new());
    for row in 0..column.len() {
        if column.is_null(row) {
            made.append_null();
        } else {
            value.clear();
            texts(row, &mut value);
            made.append_value(&value);
        }
    }
    let made: StringArray = made.finish();
    Some(Arc::new(made))
}
