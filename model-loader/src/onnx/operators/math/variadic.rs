//! Min, Max, Sum and Mean of any number of tensors.
//!
//! Called through the group's table. Refuses a node without inputs, and inputs of two types.

use anyhow::{Result, ensure};

use super::broadcast::{Alignment, zip_inputs};
use super::number::Number;
use crate::Shape;
use crate::Tensor;
use crate::onnx::operators::element::{each_number, into_vec, slice, tensor};
use crate::onnx::operators::op::{Arg, Context, Inputs, Node, Op, Outputs, one};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variadic {
    Min,
    Max,
    Sum,
    Mean,
}

pub(super) fn min(_: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Variadic::Min))
}

pub(super) fn max(_: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Variadic::Max))
}

pub(super) fn sum(_: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Variadic::Sum))
}

pub(super) fn mean(_: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Variadic::Mean))
}

impl Op for Variadic {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        each_number!(inputs.get(0)?.values(), _values, T => self.of::<T>(inputs, context))
    }
}

impl Variadic {
    fn of<T: Number>(self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let count = inputs.len();
        let mut total = inputs.take(0)?;
        for position in 1..count {
            let next = inputs.get(position)?;
            total = self.both::<T>(total, next, context)?;
        }
        if self == Variadic::Mean {
            let shape = Shape::from_slice(total.shape());
            let mut values = into_vec::<T>(total)?;
            let divisor = T::from_f64(count as f64);
            ensure!(T::IS_FLOAT || divisor != T::ZERO, "too many inputs for their type");
            values.iter_mut().for_each(|value| *value = value.over(divisor));
            total = tensor(&shape, values)?;
        }
        one(total)
    }

    fn both<T: Number>(self, total: Tensor, next: &Tensor, context: &Context) -> Result<Tensor> {
        slice::<T>(next)?;
        let mut pair = Inputs::default();
        pair.0.push(Arg::Owned(total));
        pair.0.push(Arg::Borrowed(next));
        let plain = Alignment::default();
        match self {
            Variadic::Min => zip_inputs(&mut pair, plain, context, T::least),
            Variadic::Max => zip_inputs(&mut pair, plain, context, T::greatest),
            Variadic::Sum | Variadic::Mean => zip_inputs(&mut pair, plain, context, T::plus),
        }
    }
}
