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
    /// The offset and the scale of each column, or of all.
    columns: Vec<(f32, f32)>,
}

/// Builds the operator.
pub(super) fn build(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let (offset, scale) = (attributes.floats("offset")?, attributes.floats("scale")?);
    ensure!(!scale.is_empty(), "attribute `scale` is missing");
    ensure!(offset.len() == scale.len(), "{} offsets for {} scales", offset.len(), scale.len());
    let columns = offset.iter().copied().zip(scale.iter().copied()).collect();
    Ok(Box::new(Scaler { columns }))
}

impl Op for Scaler {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let input = inputs.take(0)?;
        let shape = Shape::from_slice(input.shape());
        let period = period(&shape)?;
        let count = self.columns.len();
        ensure!(count == 1 || count == period, "{count} scales for {period} columns");
        let single = |x: f32, (offset, scale): (f32, f32)| (x - offset) * scale;
        let output = match input.into_values() {
            Values::Fp32(values) => self.scale(values, period, single),
            // Rounded once, after scaling, as ONNX Runtime does.
            Values::Fp64(values) => self.scale(values, period, |x, (offset, scale)| {
                ((x - f64::from(offset)) * f64::from(scale)) as f32
            }),
            Values::Int32(values) => self.scale(values, period, |x, by| single(x as f32, by)),
            Values::Int64(values) => self.scale(values, period, |x, by| single(x as f32, by)),
            other => bail!("a {} tensor, FP32, FP64, INT32 or INT64 wanted", other.datatype()),
        };
        one(tensor(&shape, output)?)
    }
}

// === impl Scaler ===

impl Scaler {
    /// Keeps the memory of `values` where the types allow it.
    fn scale<T>(
        &self,
        values: Vec<T>,
        period: usize,
        scaled: impl Fn(T, (f32, f32)) -> f32,
    ) -> Vec<f32> {
        if let [both] = self.columns[..] {
            return values.into_iter().map(|x| scaled(x, both)).collect();
        }
        let mut column = 0;
        let next = |x| {
            let both = self.columns[column];
            column = if column + 1 == period { 0 } else { column + 1 };
            scaled(x, both)
        };
        values.into_iter().map(next).collect()
    }
}

#[cfg(test)]
mod tests;
