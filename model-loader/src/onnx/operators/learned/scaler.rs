//! Scaler: `(x - offset) * scale` for each column, to floats.
//!
//! ai.onnx.ml version 1. Refuses lists of differing lengths, and lengths that are neither 1 nor the
//! number of columns.

use anyhow::{Result, bail, ensure};

use super::rows::period;
use crate::onnx::operators::element::tensor;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};
use crate::{Shape, Values};

#[derive(Debug)]
struct Scaler {
    /// Of each column, or one of all.
    offset: Vec<f32>,
    /// As many as offsets.
    scale: Vec<f32>,
}

/// Builds the operator.
pub(super) fn build(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let (offset, scale) = (attributes.floats("offset")?, attributes.floats("scale")?);
    ensure!(!scale.is_empty(), "attribute `scale` is missing");
    ensure!(offset.len() == scale.len(), "{} offsets for {} scales", offset.len(), scale.len());
    Ok(Box::new(Scaler { offset: offset.to_vec(), scale: scale.to_vec() }))
}

impl Op for Scaler {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let input = inputs.get(0)?;
        let shape = Shape::from_slice(input.shape());
        let period = period(&shape)?;
        let count = self.scale.len();
        ensure!(count == 1 || count == period, "{count} scales for {period} columns");
        let single = |x: f32, offset: f32, scale: f32| (x - offset) * scale;
        let output = match input.values() {
            Values::Fp32(values) => self.scaled(values, single),
            // Rounded once, after scaling, as ONNX Runtime does.
            Values::Fp64(values) => self.scaled(values, |x, offset, scale| {
                ((x - f64::from(offset)) * f64::from(scale)) as f32
            }),
            Values::Int32(values) => {
                self.scaled(values, |x, offset, scale| single(x as f32, offset, scale))
            }
            Values::Int64(values) => {
                self.scaled(values, |x, offset, scale| single(x as f32, offset, scale))
            }
            other => bail!("a {} tensor, FP32, FP64, INT32 or INT64 wanted", other.datatype()),
        };
        one(tensor(&shape, output)?)
    }
}

// === impl Scaler ===

impl Scaler {
    fn scaled<T: Copy>(&self, values: &[T], f: impl Fn(T, f32, f32) -> f32) -> Vec<f32> {
        if let ([offset], [scale]) = (&self.offset[..], &self.scale[..]) {
            return values.iter().map(|x| f(*x, *offset, *scale)).collect();
        }
        let mut scaled = Vec::with_capacity(values.len());
        for row in values.chunks(self.scale.len()) {
            let columns = row.iter().zip(&self.offset).zip(&self.scale);
            scaled.extend(columns.map(|((x, offset), scale)| f(*x, *offset, *scale)));
        }
        scaled
    }
}

#[cfg(test)]
mod tests;
