//! One value of a matrix of any numeric type, and the same value in another type, or none.
//!
//! Called by `matrix`. A number of an integer type becomes only what holds it exactly. One of a
//! floating-point type becomes the nearest FP32, as reading an FP32 tensor makes it, or a whole
//! number that is exactly it.

use crate::{Datatype, Values};

/// A value, wide enough for every numeric type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    /// Of an integer type, or a boolean.
    Whole(i128),
    /// Of a floating-point type.
    Real(f64),
}

/// The first of some numbers that the wanted type does not hold.
#[derive(Debug, PartialEq)]
pub(super) struct Unheld {
    /// Its place among them.
    pub(super) index: usize,
    pub(super) number: Number,
}

/// `count` numbers as values of a type; strings hold none.
pub(super) fn values(
    numbers: impl Iterator<Item = Number>,
    count: usize,
    datatype: Datatype,
) -> Result<Values, Unheld> {
    Ok(match datatype {
        Datatype::Bool => Values::Bool(gather(numbers, count, Number::boolean)?),
        Datatype::Uint8 => Values::Uint8(gather(numbers, count, Number::integer)?),
        Datatype::Uint16 => Values::Uint16(gather(numbers, count, Number::integer)?),
        Datatype::Uint32 => Values::Uint32(gather(numbers, count, Number::integer)?),
        Datatype::Uint64 => Values::Uint64(gather(numbers, count, Number::integer)?),
        Datatype::Int8 => Values::Int8(gather(numbers, count, Number::integer)?),
        Datatype::Int16 => Values::Int16(gather(numbers, count, Number::integer)?),
        Datatype::Int32 => Values::Int32(gather(numbers, count, Number::integer)?),
        Datatype::Int64 => Values::Int64(gather(numbers, count, Number::integer)?),
        Datatype::Fp32 => Values::Fp32(gather(numbers, count, Number::single)?),
        Datatype::Fp64 => Values::Fp64(gather(numbers, count, Number::double)?),
        Datatype::Bytes => Values::Bytes(gather(numbers, count, |_| None)?),
    })
}

fn gather<T>(
    numbers: impl Iterator<Item = Number>,
    count: usize,
    convert: impl Fn(Number) -> Option<T>,
) -> Result<Vec<T>, Unheld> {
    let mut values = Vec::with_capacity(count);
    for (index, number) in numbers.enumerate() {
        values.push(convert(number).ok_or(Unheld { index, number })?);
    }
    Ok(values)
}

// === impl Number ===

impl Number {
    /// The value at `index`, which is there; a string is no number.
    pub(super) fn read(values: &Values, index: usize) -> Number {
        match values {
            Values::Bool(values) => Number::Whole(values[index].into()),
            Values::Uint8(values) => Number::Whole(values[index].into()),
            Values::Uint16(values) => Number::Whole(values[index].into()),
            Values::Uint32(values) => Number::Whole(values[index].into()),
            Values::Uint64(values) => Number::Whole(values[index].into()),
            Values::Int8(values) => Number::Whole(values[index].into()),
            Values::Int16(values) => Number::Whole(values[index].into()),
            Values::Int32(values) => Number::Whole(values[index].into()),
            Values::Int64(values) => Number::Whole(values[index].into()),
            Values::Fp32(values) => Number::Real(values[index].into()),
            Values::Fp64(values) => Number::Real(values[index]),
            Values::Bytes(_) => Number::Real(f64::NAN),
        }
    }

    fn boolean(self) -> Option<bool> {
        match self.integer::<u8>()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn integer<T: TryFrom<i128>>(self) -> Option<T> {
        let whole = match self {
            Number::Whole(whole) => whole,
            Number::Real(real) => {
                // Saturates, and is 0 for NaN: neither is equal to what it was made of, but for
                // 2^127, which no type holds.
                let whole = real as i128;
                (whole as f64 == real).then_some(whole)?
            }
        };
        T::try_from(whole).ok()
    }

    fn single(self) -> Option<f32> {
        match self {
            Number::Whole(whole) => {
                let single = whole as f32;
                (single as i128 == whole).then_some(single)
            }
            Number::Real(real) => {
                let single = real as f32;
                (single.is_finite() || !real.is_finite()).then_some(single)
            }
        }
    }

    fn double(self) -> Option<f64> {
        match self {
            Number::Whole(whole) => {
                let double = whole as f64;
                (double as i128 == whole).then_some(double)
            }
            Number::Real(real) => Some(real),
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Number::Whole(whole) => write!(f, "{whole}"),
            // As it was sent when it came as FP32: 0.1, not 0.10000000149011612. And the short
            // form of what is large or small: 1e300, not three hundred digits.
            Number::Real(real) if f64::from(*real as f32) == *real => {
                write!(f, "{:?}", *real as f32)
            }
            Number::Real(real) => write!(f, "{real:?}"),
        }
    }
}

#[cfg(test)]
mod tests;
