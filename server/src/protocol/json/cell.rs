//! One value of a table as JSON writes it, where the reader knows the column's type.
//!
//! Looser than a tensor's data, since tables come from pandas and the like: a whole number may be
//! written `3.0`, as a column with gaps has it.

use super::JsonError;
use super::cursor::Cursor;
use super::data::Element;

#[cfg(test)]
mod tests;

/// A value of a table.
pub trait Cell: Sized {
    /// Reads one.
    ///
    /// # Errors
    /// What stands there instead.
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, JsonError>;
}

macro_rules! as_elements {
    ($($type:ty)*) => {$(
        impl Cell for $type {
            #[inline]
            fn read(cursor: &mut Cursor<'_>) -> Result<Self, JsonError> {
                <Self as Element>::read(cursor)
            }
        }
    )*};
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl Cell for $type {
            fn read(cursor: &mut Cursor<'_>) -> Result<Self, JsonError> {
                let number = cursor.number()?;
                if let Ok(whole) = number.text().parse() {
                    return Ok(whole);
                }
                let float = number.to_f64();
                // A cast saturates: the way back shows whether it held.
                let whole = float as Self;
                let limit = 9_007_199_254_740_992.0;
                if float.fract() == 0.0 && float.abs() <= limit && whole as f64 == float {
                    Ok(whole)
                } else {
                    Err(cursor.error("expected a whole number within the range of the column"))
                }
            }
        }
    )*};
}

as_elements!(f32 f64 bool String);
integers!(u8 u16 u32 u64 i8 i16 i32 i64);
