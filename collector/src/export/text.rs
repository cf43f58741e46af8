//! Values as text: as CSV has them, and as a column does whose types differ.

use std::fmt::{Debug, Display, Write as _};

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_schema::{DataType, TimeUnit};
use jiff::Timestamp;

/// Appends the value of a row, which is not null.
pub(super) type Texts<'a> = Box<dyn Fn(usize, &mut String) + 'a>;

/// How the values of a column are written; `None` for a type that no rows file has.
pub(super) fn texts(array: &dyn Array) -> Option<Texts<'_>> {
    use DataType::{
        Boolean, Float32, Float64, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64, Utf8,
    };
    Some(match array.data_type() {
        Boolean => {
            let values = array.as_boolean();
            Box::new(move |row: usize, to: &mut String| {
                push(to, format_args!("{}", values.value(row)))
            })
        }
        UInt8 => whole::<UInt8Type>(array),
        UInt16 => whole::<UInt16Type>(array),
        UInt32 => whole::<UInt32Type>(array),
        UInt64 => whole::<UInt64Type>(array),
        Int8 => whole::<Int8Type>(array),
        Int16 => whole::<Int16Type>(array),
        Int32 => whole::<Int32Type>(array),
        Int64 => whole::<Int64Type>(array),
        Float32 => float::<Float32Type>(array),
        Float64 => float::<Float64Type>(array),
        Utf8 => {
            let values = array.as_string::<i32>();
            Box::new(move |row: usize, to: &mut String| to.push_str(values.value(row)))
        }
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if zone.as_ref() == "UTC" => {
            let values = array.as_primitive::<TimestampMicrosecondType>();
            Box::new(move |row: usize, to: &mut String| time(values.value(row), to))
        }
        _ => return None,
    })
}

fn whole<T: ArrowPrimitiveType<Native: Display>>(array: &dyn Array) -> Texts<'_> {
    let values = array.as_primitive::<T>();
    Box::new(move |row: usize, to: &mut String| push(to, format_args!("{}", values.value(row))))
}

/// The shortest text that reads as the same number; `Display` would write all digits of 1e300.
fn float<T: ArrowPrimitiveType<Native: Debug>>(array: &dyn Array) -> Texts<'_> {
    let values = array.as_primitive::<T>();
    Box::new(move |row: usize, to: &mut String| push(to, format_args!("{:?}", values.value(row))))
}

/// RFC 3339 with six digits, so that all texts of a column have one form.
fn time(us: i64, to: &mut String) {
    match Timestamp::from_microsecond(us) {
        Ok(at) => push(to, format_args!("{at:.6}")),
        // Of a year that has no text.
        Err(_) => push(to, format_args!("{us}")),
    }
}

fn push(to: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = to.write_fmt(text);
}
