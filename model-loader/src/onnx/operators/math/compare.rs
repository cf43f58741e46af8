//! Equal and the four orderings, and the logic of booleans and of bits.
//!
//! Called through the group's table. Refuses operands of two types.

use std::ops::{Shl, Shr};

use anyhow::{Result, bail};

use super::broadcast::{Alignment, zip, zip_inputs};
use super::number::Number;
use crate::onnx::operators::element::{Element, each_number, each_type, slice};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};
use crate::{Tensor, Values};

#[derive(Debug)]
struct Equal(Alignment);

#[derive(Debug, Clone, Copy)]
enum Ordering {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

#[derive(Debug)]
struct Ordered(Ordering, Alignment);

#[derive(Debug, Clone, Copy)]
enum Connective {
    And,
    Or,
    Xor,
}

#[derive(Debug)]
struct Logic(Connective, Alignment);

#[derive(Debug)]
struct Bitwise(Connective);

#[derive(Debug)]
struct BitShift {
    left: bool,
}

macro_rules! builders {
    ($($name:ident, $node:ident => $op:expr;)*) => {$(
        pub(super) fn $name($node: &Node<'_>) -> Result<Box<dyn Op>> {
            Ok(Box::new($op))
        }
    )*};
}

builders! {
    equal, node => Equal(Alignment::of(node)?);
    greater, node => Ordered(Ordering::Greater, Alignment::of(node)?);
    greater_or_equal, node => Ordered(Ordering::GreaterOrEqual, Alignment::of(node)?);
    less, node => Ordered(Ordering::Less, Alignment::of(node)?);
    less_or_equal, node => Ordered(Ordering::LessOrEqual, Alignment::of(node)?);
    and, node => Logic(Connective::And, Alignment::of(node)?);
    or, node => Logic(Connective::Or, Alignment::of(node)?);
    xor, node => Logic(Connective::Xor, Alignment::of(node)?);
    bitwise_and, _node => Bitwise(Connective::And);
    bitwise_or, _node => Bitwise(Connective::Or);
    bitwise_xor, _node => Bitwise(Connective::Xor);
}

pub(super) fn bit_shift(node: &Node<'_>) -> Result<Box<dyn Op>> {
    match node.attributes().string("direction")? {
        Some("LEFT") => Ok(Box::new(BitShift { left: true })),
        Some("RIGHT") => Ok(Box::new(BitShift { left: false })),
        other => bail!("attribute `direction` is {other:?}, neither LEFT nor RIGHT"),
    }
}

/// A comparison of each pair of elements.
fn test<T: Element>(
    inputs: &Inputs<'_>,
    alignment: Alignment,
    context: &Context,
    f: impl Fn(&T, &T) -> bool,
) -> Result<Tensor> {
    let (a, b) = (inputs.get(0)?, inputs.get(1)?);
    let shape_b = alignment.shape(a.shape(), b.shape())?;
    zip((a.shape(), slice::<T>(a)?), (&shape_b, slice::<T>(b)?), context, f)
}

// === impl Equal ===

impl Op for Equal {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(2)?;
        one(each_type!(inputs.get(0)?.values(), _values, T => {
            test(inputs, self.0, context, |x: &T, y: &T| x == y)?
        }))
    }
}

// === impl Ordered ===

impl Op for Ordered {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(2)?;
        each_number!(inputs.get(0)?.values(), _values, T => self.of::<T>(inputs, context))
    }
}

impl Ordered {
    fn of<T: Number>(&self, inputs: &Inputs<'_>, context: &Context) -> Result<Outputs> {
        one(match self.0 {
            Ordering::Greater => test(inputs, self.1, context, |x: &T, y: &T| x > y)?,
            Ordering::GreaterOrEqual => test(inputs, self.1, context, |x: &T, y: &T| x >= y)?,
            Ordering::Less => test(inputs, self.1, context, |x: &T, y: &T| x < y)?,
            Ordering::LessOrEqual => test(inputs, self.1, context, |x: &T, y: &T| x <= y)?,
        })
    }
}

// === impl Logic ===

impl Op for Logic {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(2)?;
        one(match self.0 {
            Connective::And => zip_inputs(inputs, self.1, context, |x: bool, y| x && y)?,
            Connective::Or => zip_inputs(inputs, self.1, context, |x: bool, y| x || y)?,
            Connective::Xor => zip_inputs(inputs, self.1, context, |x: bool, y| x != y)?,
        })
    }
}

// === impl Bitwise ===

macro_rules! each_integer {
    ($values:expr, $type:ident => $body:expr; $($variant:ident, $t:ty;)*) => {
        match $values {
            $(Values::$variant(_) => { type $type = $t; $body })*
            other => bail!("a {} tensor, integers wanted", other.datatype()),
        }
    };
}

impl Op for Bitwise {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(2)?;
        let plain = Alignment::default();
        one(each_integer!(inputs.get(0)?.values(), T => match self.0 {
            Connective::And => zip_inputs(inputs, plain, context, |x: T, y| x & y)?,
            Connective::Or => zip_inputs(inputs, plain, context, |x: T, y| x | y)?,
            Connective::Xor => zip_inputs(inputs, plain, context, |x: T, y| x ^ y)?,
        };
            Uint8, u8; Uint16, u16; Uint32, u32; Uint64, u64;
            Int8, i8; Int16, i16; Int32, i32; Int64, i64;
        ))
    }
}

// === impl BitShift ===

impl Op for BitShift {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(2)?;
        let left = self.left;
        one(each_integer!(inputs.get(0)?.values(), T => {
            zip_inputs(inputs, Alignment::default(), context, |x: T, y| shift(x, y, left))?
        };
            Uint8, u8; Uint16, u16; Uint32, u32; Uint64, u64;
            Int8, i8; Int16, i16; Int32, i32; Int64, i64;
        ))
    }
}

/// Shifting everything out leaves the sign; in C++ it is not defined.
fn shift<T>(x: T, y: T, left: bool) -> T
where
    T: Number + TryInto<u32> + Shl<u32, Output = T> + Shr<u32, Output = T>,
{
    match y.try_into() {
        Ok(bits) if bits < size_of::<T>() as u32 * 8 => {
            if left {
                x << bits
            } else {
                x >> bits
            }
        }
        _ if !left && x < T::ZERO => T::ZERO.minus(T::ONE),
        _ => T::ZERO,
    }
}

#[cfg(test)]
mod tests;
