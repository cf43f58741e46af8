//! Add, Sub, Mul, Div, Mod, Pow and PRelu.
//!
//! Called through the group's table. Refuses operands of two types (but for Pow), and integer
//! division by zero.

use anyhow::{Result, bail, ensure};

use super::broadcast::{Alignment, zip, zip_inputs};
use super::number::Number;
use crate::onnx::operators::element::{each_number, slice};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, Simple, one};
use crate::{Tensor, Values};

#[derive(Debug, Clone, Copy)]
enum Kind {
    Add,
    Sub,
    Mul,
    Div,
    /// The remainder with the sign of the divisor.
    Modulo,
    /// The remainder with the sign of the dividend.
    Remainder,
    PRelu,
}

#[derive(Debug)]
struct Arithmetic {
    kind: Kind,
    alignment: Alignment,
    /// PRelu before version 7: one slope for each channel.
    by_channel: bool,
}

#[derive(Debug)]
struct Pow(Alignment);

fn build(kind: Kind, node: &Node<'_>) -> Result<Box<dyn Op>> {
    let by_channel = matches!(kind, Kind::PRelu) && node.version < 7;
    Ok(Box::new(Arithmetic { kind, alignment: Alignment::of(node)?, by_channel }))
}

pub(super) fn add(node: &Node<'_>) -> Result<Box<dyn Op>> {
    build(Kind::Add, node)
}

pub(super) fn sub(node: &Node<'_>) -> Result<Box<dyn Op>> {
    build(Kind::Sub, node)
}

pub(super) fn mul(node: &Node<'_>) -> Result<Box<dyn Op>> {
    build(Kind::Mul, node)
}

pub(super) fn div(node: &Node<'_>) -> Result<Box<dyn Op>> {
    build(Kind::Div, node)
}

pub(super) fn modulo(node: &Node<'_>) -> Result<Box<dyn Op>> {
    match node.attributes().int("fmod")?.unwrap_or(0) {
        0 => build(Kind::Modulo, node),
        1 => build(Kind::Remainder, node),
        other => bail!("attribute `fmod` is {other}, neither 0 nor 1"),
    }
}

pub(super) fn prelu(node: &Node<'_>) -> Result<Box<dyn Op>> {
    build(Kind::PRelu, node)
}

pub(super) fn pow(node: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Pow(Alignment::of(node)?)))
}

// === impl Arithmetic ===

impl Op for Arithmetic {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(2)?;
        each_number!(inputs.get(0)?.values(), _values, T => self.of::<T>(inputs, context))
    }

    fn simple(&self) -> Option<Simple> {
        (matches!(self.kind, Kind::Add) && self.alignment.is_plain()).then_some(Simple::Add)
    }
}

impl Arithmetic {
    fn of<T: Number>(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let alignment = self.alignment(inputs)?;
        if matches!(self.kind, Kind::Div | Kind::Modulo | Kind::Remainder) {
            self.check_divisor::<T>(inputs, context)?;
        }
        one(match self.kind {
            Kind::Add => zip_inputs(inputs, alignment, context, T::plus)?,
            Kind::Sub => zip_inputs(inputs, alignment, context, T::minus)?,
            Kind::Mul => zip_inputs(inputs, alignment, context, T::times)?,
            Kind::Div => zip_inputs(inputs, alignment, context, T::over)?,
            Kind::Modulo => zip_inputs(inputs, alignment, context, T::rem_floor)?,
            Kind::Remainder => zip_inputs(inputs, alignment, context, T::rem_c)?,
            Kind::PRelu => zip_inputs(inputs, alignment, context, |x: T, slope| {
                if x < T::ZERO { x.times(slope) } else { x }
            })?,
        })
    }

    fn alignment(&self, inputs: &Inputs<'_>) -> Result<Alignment> {
        let (a, b) = (inputs.get(0)?.shape(), inputs.get(1)?.shape());
        if self.by_channel && a.len() > 1 && b.len() == 1 && b[0] != 1 {
            return Ok(Alignment::at(1));
        }
        Ok(self.alignment)
    }

    fn check_divisor<T: Number>(&self, inputs: &Inputs<'_>, context: &Context) -> Result<()> {
        if T::IS_FLOAT {
            let modulo = matches!(self.kind, Kind::Modulo);
            ensure!(!modulo, "attribute `fmod` must be 1 for floating-point numbers");
            return Ok(());
        }
        let divisors = slice::<T>(inputs.get(1)?)?;
        // Made-up inputs may be zeros: nothing is wrong with the model.
        let harmless = context.probing || inputs.get(0)?.values().is_empty();
        ensure!(harmless || !divisors.contains(&T::ZERO), "integer division by zero in input 1");
        Ok(())
    }
}

// === impl Pow ===

impl Op for Pow {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(2)?;
        let (a, b) = (inputs.get(0)?, inputs.get(1)?);
        let both = (a.values(), b.values());
        if let (Values::Fp32(_), Values::Fp32(exponents)) = both {
            // The common powers, as ONNX Runtime has them.
            return one(match exponents[..] {
                [2.0] => zip_inputs(inputs, self.0, context, |x: f32, _| x * x)?,
                [3.0] => zip_inputs(inputs, self.0, context, |x: f32, _| x * x * x)?,
                _ => zip_inputs(inputs, self.0, context, f32::powf)?,
            });
        }
        if let (Values::Fp64(_), Values::Fp64(_)) = both {
            return one(zip_inputs(inputs, self.0, context, f64::powf)?);
        }
        one(each_number!(a.values(), bases, T => self.by_base::<T>((a, bases), b, context)?))
    }
}

impl Pow {
    fn by_base<T: Number>(
        &self,
        (a, bases): (&Tensor, &[T]),
        b: &Tensor,
        context: &Context,
    ) -> Result<Tensor> {
        let shape_b = self.0.shape(a.shape(), b.shape())?;
        let a = (a.shape(), bases);
        each_number!(b.values(), exponents, E => {
            zip(a, (&shape_b, exponents), context, |x: &T, y: &E| {
                T::from_f64(x.to_f64().powf(y.to_f64()))
            })
        })
    }
}

#[cfg(test)]
mod tests;
