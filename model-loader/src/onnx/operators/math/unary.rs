//! The operators on each element that have no attributes, and `IsInf`.
//!
//! Called through the group's table. Refuses element types that an operator is not defined for.

use anyhow::{Result, bail};

use super::erf;
use super::map::{map, map_curve, map_floats, map_to};
use super::number::Number;
use crate::Values;
use crate::onnx::operators::element::each_number;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, Simple};
use crate::onnx::operators::simd::curves;

macro_rules! floats {
    ($($build:ident, $name:ident, $x:ident => $body:expr;)*) => {$(
        #[derive(Debug)]
        struct $name;

        impl Op for $name {
            fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
                map_floats(inputs, |$x: f32| $body, |$x: f64| $body)
            }
        }

        pub(super) fn $build(_: &Node<'_>) -> Result<Box<dyn Op>> {
            Ok(Box::new($name))
        }
    )*};
}

floats! {
    reciprocal, Reciprocal, x => x.recip();
    sqrt, Sqrt, x => x.sqrt();
    log, Log, x => x.ln();
    sin, Sin, x => x.sin();
    cos, Cos, x => x.cos();
    tan, Tan, x => x.tan();
    asin, Asin, x => x.asin();
    acos, Acos, x => x.acos();
    atan, Atan, x => x.atan();
    sinh, Sinh, x => x.sinh();
    cosh, Cosh, x => x.cosh();
    asinh, Asinh, x => x.asinh();
    acosh, Acosh, x => x.acosh();
    atanh, Atanh, x => x.atanh();
    floor, Floor, x => x.floor();
    ceil, Ceil, x => x.ceil();
    round, Round, x => x.round_ties_even();
    softplus, Softplus, x => x.max(0.0) + (-x.abs()).exp().ln_1p();
    softsign, Softsign, x => x / (1.0 + x.abs());
    hard_swish, HardSwish, x => x * (x / 6.0 + 0.5).clamp(0.0, 1.0);
    mish, Mish, x => x * (x.max(0.0) + (-x.abs()).exp().ln_1p()).tanh();
}

/// Functions that are computed for many values at once in single precision.
macro_rules! curves {
    ($($build:ident, $name:ident, $simple:expr, $curve:path, $x:ident => $body:expr;)*) => {$(
        #[derive(Debug)]
        struct $name;

        impl Op for $name {
            fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
                map_curve(inputs, $curve, |$x: f64| $body)
            }

            fn simple(&self) -> Option<Simple> {
                $simple
            }
        }

        pub(super) fn $build(_: &Node<'_>) -> Result<Box<dyn Op>> {
            Ok(Box::new($name))
        }
    )*};
}

curves! {
    exp, Exp, None, curves::exp, x => x.exp();
    tanh, Tanh, Some(Simple::Tanh), curves::tanh, x => x.tanh();
    sigmoid, Sigmoid, Some(Simple::Sigmoid), curves::sigmoid, x => {
        // Neither side overflows.
        let e = (-x.abs()).exp();
        if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
    };
}

macro_rules! numbers {
    ($($build:ident, $name:ident, $simple:expr, $method:ident;)*) => {$(
        #[derive(Debug)]
        struct $name;

        impl Op for $name {
            fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
                each_number!(inputs.get(0)?.values(), _values, T => map(inputs, T::$method))
            }

            fn simple(&self) -> Option<Simple> {
                $simple
            }
        }

        pub(super) fn $build(_: &Node<'_>) -> Result<Box<dyn Op>> {
            Ok(Box::new($name))
        }
    )*};
}

numbers! {
    abs, Abs, None, magnitude;
    neg, Neg, None, negated;
    sign, Sign, None, sign;
    relu, Relu, Some(Simple::Relu), positive;
}

#[derive(Debug)]
struct Erf;

#[derive(Debug)]
struct Not;

#[derive(Debug)]
struct BitwiseNot;

#[derive(Debug)]
struct IsNaN;

#[derive(Debug)]
struct IsInf {
    negative: bool,
    positive: bool,
}

pub(super) fn erf(_: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Erf))
}

pub(super) fn not(_: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Not))
}

pub(super) fn bitwise_not(_: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(BitwiseNot))
}

pub(super) fn is_nan(_: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(IsNaN))
}

pub(super) fn is_inf(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    Ok(Box::new(IsInf {
        negative: attributes.int("detect_negative")?.unwrap_or(1) != 0,
        positive: attributes.int("detect_positive")?.unwrap_or(1) != 0,
    }))
}

impl Op for Erf {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        map_floats(inputs, erf::single, erf::double)
    }
}

impl Op for Not {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        map(inputs, |x: bool| !x)
    }
}

impl Op for BitwiseNot {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        match inputs.get(0)?.values() {
            Values::Uint8(_) => map(inputs, |x: u8| !x),
            Values::Uint16(_) => map(inputs, |x: u16| !x),
            Values::Uint32(_) => map(inputs, |x: u32| !x),
            Values::Uint64(_) => map(inputs, |x: u64| !x),
            Values::Int8(_) => map(inputs, |x: i8| !x),
            Values::Int16(_) => map(inputs, |x: i16| !x),
            Values::Int32(_) => map(inputs, |x: i32| !x),
            Values::Int64(_) => map(inputs, |x: i64| !x),
            other => bail!("a {} tensor, integers wanted", other.datatype()),
        }
    }
}

impl Op for IsNaN {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        match inputs.get(0)?.values() {
            Values::Fp32(_) => map_to(inputs, f32::is_nan),
            Values::Fp64(_) => map_to(inputs, f64::is_nan),
            other => bail!("a {} tensor, floats wanted", other.datatype()),
        }
    }
}

impl Op for IsInf {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        let found =
            |x: f64| self.negative && x == f64::NEG_INFINITY || self.positive && x == f64::INFINITY;
        match inputs.get(0)?.values() {
            Values::Fp32(_) => map_to(inputs, |x: f32| found(f64::from(x))),
            Values::Fp64(_) => map_to(inputs, found),
            other => bail!("a {} tensor, floats wanted", other.datatype()),
        }
    }
}

#[cfg(test)]
mod tests;
