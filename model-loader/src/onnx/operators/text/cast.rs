//! Cast and CastLike: every type of tensor to every other, with ONNX Runtime's results.
//!
//! Floats become integers as x86-64's conversion instructions have it, so that a value out of range
//! gives what ONNX Runtime gives there. Refuses types that tensors of this crate do not have, and
//! texts that are no numbers.

use anyhow::{Context as _, Result, bail};

use super::{format, parse};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};
use crate::{Datatype, Shape, Tensor, Values};

/// Evaluates an expression for the values of any type but strings.
macro_rules! each_number_or_bool {
    ($values:expr, $slice:ident => $body:expr) => {
        match $values {
            Values::Bool($slice) => $body,
            Values::Uint8($slice) => $body,
            Values::Uint16($slice) => $body,
            Values::Uint32($slice) => $body,
            Values::Uint64($slice) => $body,
            Values::Int8($slice) => $body,
            Values::Int16($slice) => $body,
            Values::Int32($slice) => $body,
            Values::Int64($slice) => $body,
            Values::Fp32($slice) => $body,
            Values::Fp64($slice) => $body,
            Values::Bytes(_) => bail!("strings are parsed"),
        }
    };
}

/// With a type, Cast; without one, CastLike.
#[derive(Debug)]
struct Cast(Option<Datatype>);

/// Builds Cast.
pub(super) fn cast(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let to = match attributes.int("to") {
        Ok(to) => datatype(to.context("attribute `to` is missing")?)?,
        // Version 1 has the type's name.
        Err(error) => match attributes.string("to") {
            Ok(Some(name)) => named(name)?,
            _ => return Err(error),
        },
    };
    Ok(Box::new(Cast(Some(to))))
}

/// Builds CastLike.
pub(super) fn cast_like(_: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Cast(None)))
}

impl Op for Cast {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let to = match self.0 {
            Some(to) => to,
            None => inputs.get(1)?.datatype(),
        };
        let input = inputs.take(0)?;
        if input.datatype() == to {
            return one(input);
        }
        let shape = Shape::from_slice(input.shape());
        let values = convert(input.values(), to, context)?;
        one(Tensor::new(shape, values)?)
    }
}

/// The values in another type.
pub(super) fn convert(values: &Values, to: Datatype, context: &Context) -> Result<Values> {
    match (values, to) {
        (Values::Bytes(texts), _) => parsed(texts, to, context),
        _ => Ok(each_number_or_bool!(values, v => numbers(v, to))),
    }
}

fn numbers<T: Scalar>(values: &[T], to: Datatype) -> Values {
    match to {
        Datatype::Bool => Values::Bool(values.iter().map(|v| v.bool()).collect()),
        Datatype::Uint8 => Values::Uint8(values.iter().map(|v| v.int32() as u8).collect()),
        Datatype::Uint16 => Values::Uint16(values.iter().map(|v| v.int32() as u16).collect()),
        Datatype::Uint32 => Values::Uint32(values.iter().map(|v| v.int64() as u32).collect()),
        Datatype::Uint64 => Values::Uint64(values.iter().map(|v| v.uint64()).collect()),
        Datatype::Int8 => Values::Int8(values.iter().map(|v| v.int32() as i8).collect()),
        Datatype::Int16 => Values::Int16(values.iter().map(|v| v.int32() as i16).collect()),
        Datatype::Int32 => Values::Int32(values.iter().map(|v| v.int32()).collect()),
        Datatype::Int64 => Values::Int64(values.iter().map(|v| v.int64()).collect()),
        Datatype::Fp32 => Values::Fp32(values.iter().map(|v| v.single()).collect()),
        Datatype::Fp64 => Values::Fp64(values.iter().map(|v| v.double()).collect()),
        Datatype::Bytes => Values::Bytes(values.iter().map(Scalar::text).collect()),
    }
}

/// Texts as numbers: integers by way of 64 bits, floats by way of double precision.
fn parsed(texts: &[String], to: Datatype, context: &Context) -> Result<Values> {
    fn each<P: Default, T>(
        texts: &[String],
        context: &Context,
        parse: fn(&str) -> Option<P>,
        narrow: fn(P) -> T,
    ) -> Result<Vec<T>> {
        let each = |text: &String| match parse(text) {
            Some(value) => Ok(narrow(value)),
            None if context.probing => Ok(narrow(P::default())),
            None => bail!("`{}` is no number of the type wanted", excerpt(text)),
        };
        texts.iter().map(each).collect()
    }
    macro_rules! each {
        ($variant:ident, $parse:ident, $narrow:expr) => {
            Values::$variant(each(texts, context, parse::$parse, $narrow)?)
        };
    }
    Ok(match to {
        Datatype::Bool => each!(Bool, unsigned, |v| v != 0),
        Datatype::Uint8 => each!(Uint8, unsigned, |v| v as u8),
        Datatype::Uint16 => each!(Uint16, unsigned, |v| v as u16),
        Datatype::Uint32 => each!(Uint32, unsigned, |v| v as u32),
        Datatype::Uint64 => each!(Uint64, unsigned, |v| v),
        Datatype::Int8 => each!(Int8, signed, |v| v as i8),
        Datatype::Int16 => each!(Int16, signed, |v| v as i16),
        Datatype::Int32 => each!(Int32, signed, |v| v as i32),
        Datatype::Int64 => each!(Int64, signed, |v| v),
        Datatype::Fp32 => each!(Fp32, float, |v| v as f32),
        Datatype::Fp64 => each!(Fp64, float, |v| v),
        Datatype::Bytes => Values::Bytes(texts.to_vec()),
    })
}

/// The start of a text that came with a request.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

/// The type of ONNX's number.
pub(super) fn datatype(number: i64) -> Result<Datatype> {
    Ok(match number {
        1 => Datatype::Fp32,
        2 => Datatype::Uint8,
        3 => Datatype::Int8,
        4 => Datatype::Uint16,
        5 => Datatype::Int16,
        6 => Datatype::Int32,
        7 => Datatype::Int64,
        8 => Datatype::Bytes,
        9 => Datatype::Bool,
        11 => Datatype::Fp64,
        12 => Datatype::Uint32,
        13 => Datatype::Uint64,
        other => bail!("attribute `to` is {other}, a type that is not supported"),
    })
}

fn named(name: &str) -> Result<Datatype> {
    Ok(match name {
        "FLOAT" => Datatype::Fp32,
        "DOUBLE" => Datatype::Fp64,
        "STRING" => Datatype::Bytes,
        name => name.parse()?,
    })
}

/// A number or a truth value, and what it converts to.
trait Scalar {
    fn bool(&self) -> bool;
    /// By way of which the narrower integers come.
    fn int32(&self) -> i32;
    fn int64(&self) -> i64;
    fn uint64(&self) -> u64;
    fn single(&self) -> f32;
    fn double(&self) -> f64;
    fn text(&self) -> String;
}

macro_rules! integer {
    ($($type:ty)*) => {$(
        impl Scalar for $type {
            fn bool(&self) -> bool {
                *self != 0
            }

            fn int32(&self) -> i32 {
                *self as i32
            }

            fn int64(&self) -> i64 {
                *self as i64
            }

            fn uint64(&self) -> u64 {
                *self as u64
            }

            fn single(&self) -> f32 {
                *self as f32
            }

            fn double(&self) -> f64 {
                *self as f64
            }

            fn text(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

integer! { u8 u16 u32 u64 i8 i16 i32 i64 }

macro_rules! float {
    ($($type:ty)*) => {$(
        impl Scalar for $type {
            fn bool(&self) -> bool {
                *self != 0.0
            }

            fn int32(&self) -> i32 {
                // Exact for both types: the limits are powers of two or fit a double.
                let value = f64::from(*self);
                if value > -2_147_483_649.0 && value < 2_147_483_648.0 {
                    value as i32
                } else {
                    i32::MIN
                }
            }

            fn int64(&self) -> i64 {
                let limit = 9_223_372_036_854_775_808.0;
                if *self >= -limit && *self < limit { *self as i64 } else { i64::MIN }
            }

            fn uint64(&self) -> u64 {
                let limit = 9_223_372_036_854_775_808.0;
                if *self >= limit {
                    (*self - limit).int64() as u64 ^ 1 << 63
                } else {
                    self.int64() as u64
                }
            }

            fn single(&self) -> f32 {
                *self as f32
            }

            fn double(&self) -> f64 {
                f64::from(*self)
            }

            fn text(&self) -> String {
                format::float(f64::from(*self))
            }
        }
    )*};
}

float! { f32 f64 }

impl Scalar for bool {
    fn bool(&self) -> bool {
        *self
    }

    fn int32(&self) -> i32 {
        i32::from(*self)
    }

    fn int64(&self) -> i64 {
        i64::from(*self)
    }

    fn uint64(&self) -> u64 {
        u64::from(*self)
    }

    fn single(&self) -> f32 {
        f32::from(*self)
    }

    fn double(&self) -> f64 {
        f64::from(*self)
    }

    fn text(&self) -> String {
        u8::from(*self).to_string()
    }
}

#[cfg(test)]
mod tests;
