//! Normalizer: divides each row by its greatest value, its L1 norm or its L2 norm.
//!
//! ai.onnx.ml version 1, with ONNX Runtime's rules: MAX is the greatest value, not the greatest
//! magnitude, and a row whose norm is zero stays as it is. Refuses an unknown norm.

use anyhow::{Result, bail};

use super::rows::{floats, rows_and_columns};
use crate::onnx::operators::element::{into_vec, tensor};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};
use crate::{Datatype, Shape};

#[derive(Debug)]
enum Normalizer {
    Max,
    L1,
    L2,
}

/// Builds the operator.
pub(super) fn build(node: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(match node.attributes().string("norm")?.unwrap_or("MAX") {
        "MAX" => Normalizer::Max,
        "L1" => Normalizer::L1,
        "L2" => Normalizer::L2,
        other => bail!("unknown norm `{other}`"),
    }))
}

impl Op for Normalizer {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        let input = inputs.take(0)?;
        let shape = Shape::from_slice(input.shape());
        let (_, columns) = rows_and_columns(&shape)?;
        let mut values = match input.datatype() {
            Datatype::Fp32 => into_vec::<f32>(input)?,
            _ => floats(&input)?.into_owned(),
        };
        values.chunks_exact_mut(columns.max(1)).for_each(|row| self.normalize(row));
        one(tensor(&shape, values)?)
    }
}

// === impl Normalizer ===

impl Normalizer {
    fn normalize(&self, row: &mut [f32]) {
        let norm = match self {
            Normalizer::Max => row.iter().fold(f32::MIN, |max, &x| if max < x { x } else { max }),
            Normalizer::L1 => row.iter().map(|x| x.abs()).sum(),
            Normalizer::L2 => row.iter().map(|x| x * x).sum(),
        };
        if norm == 0.0 {
            return;
        }
        match self {
            Normalizer::Max | Normalizer::L1 => row.iter_mut().for_each(|x| *x /= norm),
            // The squares are divided before the root, as ONNX Runtime does.
            Normalizer::L2 => row.iter_mut().for_each(|x| {
                let root = (*x * *x / norm).sqrt();
                *x = if *x < 0.0 { -root } else { root };
            }),
        }
    }
}
