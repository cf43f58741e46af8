//! Binarizer: 1 for values over a threshold, else 0.
//!
//! ai.onnx.ml version 1. NaN is refused, as in ONNX Runtime, except while a model is probed.

use anyhow::{Result, bail, ensure};

use crate::onnx::operators::element::{Element, tensor};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};
use crate::{Shape, Tensor, Values};

#[derive(Debug)]
struct Binarizer {
    threshold: f32,
}

/// Builds the operator.
pub(super) fn build(node: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Binarizer { threshold: node.attributes().float("threshold")?.unwrap_or(0.0) }))
}

impl Op for Binarizer {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let input = inputs.take(0)?;
        let shape = Shape::from_slice(input.shape());
        let (single, double) = (self.threshold, f64::from(self.threshold));
        let nan = match input.values() {
            Values::Fp32(values) => values.iter().position(|value| value.is_nan()),
            Values::Fp64(values) => values.iter().position(|value| value.is_nan()),
            _ => None,
        };
        if let Some(index) = nan {
            ensure!(context.probing, "value {index} is NaN");
        }
        let output = match input.into_values() {
            Values::Fp32(values) => binarize(&shape, values, [0.0, 1.0], |x| x > single),
            Values::Fp64(values) => binarize(&shape, values, [0.0, 1.0], |x| x > double),
            Values::Int32(values) => binarize(&shape, values, [0, 1], |x| x as f32 > single),
            Values::Int64(values) => binarize(&shape, values, [0, 1], |x| x as f32 > single),
            other => bail!("a {} tensor, FP32, FP64, INT32 or INT64 wanted", other.datatype()),
        };
        one(output?)
    }
}

fn binarize<T: Element + Copy>(
    shape: &[usize],
    mut values: Vec<T>,
    [no, yes]: [T; 2],
    over: impl Fn(T) -> bool,
) -> Result<Tensor> {
    values.iter_mut().for_each(|value| *value = if over(*value) { yes } else { no });
    tensor(shape, values)
}

#[cfg(test)]
mod tests;
