//! Scaler: `(x - offset) * scale` for each column, to floats.
//!
//! ai.onnx.ml version 1. Refuses lists of differing lengths, and lengths that are neither 1 nor the
//! number of columns.

use anyhow::{Result, ensure};

use super::rows::{check_columns, floats, rows_and_columns};
use crate::Values;
use crate::onnx::operators::element::tensor;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};

#[derive(Debug)]
struct Scaler {
    offset: Vec<f32>,
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
        let input = inputs.get(0)?;
        let (_, columns) = rows_and_columns(input.shape())?;
        check_columns("scales", self.scale.len(), columns)?;
        let output = match input.values() {
            // Rounded once, after scaling, as ONNX Runtime does.
            Values::Fp64(values) => self.scaled(values, columns, |x, offset, scale| {
                ((x - f64::from(offset)) * f64::from(scale)) as f32
            }),
            _ => self.scaled(&floats(input)?, columns, |x, offset, scale| (x - offset) * scale),
        };
        one(tensor(input.shape(), output)?)
    }
}

// === impl Scaler ===

impl Scaler {
    fn scaled<T: Copy>(
        &self,
        values: &[T],
        columns: usize,
        scaled: impl Fn(T, f32, f32) -> f32,
    ) -> Vec<f32> {
        if let ([offset], [scale]) = (&self.offset[..], &self.scale[..]) {
            return values.iter().map(|&x| scaled(x, *offset, *scale)).collect();
        }
        let mut output = Vec::with_capacity(values.len());
        for row in values.chunks_exact(columns.max(1)) {
            let columns = row.iter().zip(&self.offset).zip(&self.scale);
            output.extend(columns.map(|((&x, &offset), &scale)| scaled(x, offset, scale)));
        }
        output
    }
}
