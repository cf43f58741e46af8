//! A tensor's `data`, flat or nested, straight into one typed row-major buffer.

use model_loader::{Datatype, Values};

use super::JsonError;
use super::cursor::Cursor;

#[cfg(test)]
mod tests;

/// An element of a tensor as JSON writes it.
pub trait Element: Sized {
    /// Reads one element.
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, JsonError>;
}

/// Reads the whole of `data`: a flat array, or arrays nested exactly as `shape` says.
///
/// # Errors
/// Broken JSON, an element of another type, or another number of elements than `shape` holds.
pub fn read_data<T: Element>(
    cursor: &mut Cursor<'_>,
    shape: &[usize],
) -> Result<Vec<T>, JsonError> {
    let count = shape.iter().try_fold(1usize, |product, size| product.checked_mul(*size));
    // Each element takes two bytes at least ("1,"): a body bounds what its shape may claim.
    let Some(count) = count.filter(|count| *count <= cursor.remaining() / 2 + 1) else {
        return Err(cursor.error("fewer elements than the shape holds"));
    };
    let mut data = Data { values: Vec::with_capacity(count), count, shape };
    let mut probe = cursor.clone();
    let nested = probe.word(b"[") && probe.peek() == Some(b'[');
    if nested {
        data.nested(cursor, 0)?
    } else {
        data.flat(cursor)?
    }
    Ok(data.values)
}

/// Reads the whole of `data` as values of a datatype.
///
/// # Errors
/// As [`read_data`].
pub fn read_values(
    cursor: &mut Cursor<'_>,
    datatype: Datatype,
    shape: &[usize],
) -> Result<Values, JsonError> {
    Ok(match datatype {
        Datatype::Bool => Values::Bool(read_data(cursor, shape)?),
        Datatype::Uint8 => Values::Uint8(read_data(cursor, shape)?),
        Datatype::Uint16 => Values::Uint16(read_data(cursor, shape)?),
        Datatype::Uint32 => Values::Uint32(read_data(cursor, shape)?),
        Datatype::Uint64 => Values::Uint64(read_data(cursor, shape)?),
        Datatype::Int8 => Values::Int8(read_data(cursor, shape)?),
        Datatype::Int16 => Values::Int16(read_data(cursor, shape)?),
        Datatype::Int32 => Values::Int32(read_data(cursor, shape)?),
        Datatype::Int64 => Values::Int64(read_data(cursor, shape)?),
        Datatype::Fp32 => Values::Fp32(read_data(cursor, shape)?),
        Datatype::Fp64 => Values::Fp64(read_data(cursor, shape)?),
        Datatype::Bytes => Values::Bytes(read_data(cursor, shape)?),
    })
}

struct Data<'s, T> {
    values: Vec<T>,
    count: usize,
    shape: &'s [usize],
}

impl<T: Element> Data<'_, T> {
    fn flat(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        cursor.array(|cursor| {
            if self.values.len() == self.count {
                return Err(cursor.error("more elements than the shape holds"));
            }
            self.values.push(T::read(cursor)?);
            Ok(())
        })?;
        if self.values.len() < self.count {
            return Err(cursor.error("fewer elements than the shape holds"));
        }
        Ok(())
    }

    /// Reads one array of dimension `axis`; depth is bounded by the shape's rank.
    fn nested(&mut self, cursor: &mut Cursor<'_>, axis: usize) -> Result<(), JsonError> {
        let size = self.shape.get(axis).copied();
        let size = size.ok_or_else(|| cursor.error("nested deeper than the shape"))?;
        let mut seen = 0;
        cursor.array(|cursor| {
            seen += 1;
            if seen > size {
                return Err(cursor.error("more elements than the shape holds"));
            }
            if axis + 1 == self.shape.len() {
                self.values.push(T::read(cursor)?);
                return Ok(());
            }
            self.nested(cursor, axis + 1)
        })?;
        if seen < size {
            return Err(cursor.error("fewer elements than the shape holds"));
        }
        Ok(())
    }
}

/// Floats: `null` and `NaN` are NaN, a finite literal must stay finite.
macro_rules! float {
    ($type:ty, $convert:ident) => {
        impl Element for $type {
            #[inline]
            fn read(cursor: &mut Cursor<'_>) -> Result<Self, JsonError> {
                match cursor.peek() {
                    Some(b'n' | b'N') if cursor.word(b"null") || cursor.word(b"NaN") => {
                        return Ok(Self::NAN);
                    }
                    Some(b'I') if cursor.word(b"Infinity") => return Ok(Self::INFINITY),
                    Some(b'-') if cursor.word(b"-Infinity") => return Ok(Self::NEG_INFINITY),
                    _ => {}
                }
                let number = cursor.number()?.$convert();
                if number.is_finite() {
                    Ok(number)
                } else {
                    Err(cursor.error("number out of range"))
                }
            }
        }
    };
}

macro_rules! integer {
    ($($type:ty),*) => {$(
        impl Element for $type {
            #[inline]
            fn read(cursor: &mut Cursor<'_>) -> Result<Self, JsonError> {
                let number = cursor.number()?;
                number.text().parse().map_err(|_| {
                    cursor.error("expected an integer within the range of the datatype")
                })
            }
        }
    )*};
}

float!(f32, to_f32);
float!(f64, to_f64);
integer!(u8, u16, u32, u64, i8, i16, i32, i64);

impl Element for bool {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, JsonError> {
        cursor.boolean()
    }
}

impl Element for String {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, JsonError> {
        cursor.string().map(std::borrow::Cow::into_owned)
    }
}
