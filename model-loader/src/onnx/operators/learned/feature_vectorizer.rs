//! FeatureVectorizer: puts the columns of several inputs side by side, as floats.
//!
//! ai.onnx.ml version 1. An input with fewer columns than `inputdimensions` says is filled up with
//! zeros, one with more is cut. Refuses inputs of differing numbers of rows.

use anyhow::{Context as _, Result, ensure};

use super::rows::floats;
use crate::onnx::operators::element::tensor;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};

#[derive(Debug)]
struct FeatureVectorizer {
    /// Columns that each input has in the output.
    widths: Vec<usize>,
    /// Their sum.
    total: usize,
}

/// Builds the operator.
pub(super) fn build(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let dimensions = node.attributes().ints("inputdimensions")?;
    ensure!(!dimensions.is_empty(), "attribute `inputdimensions` is missing");
    let widths = dimensions.iter().map(|&width| usize::try_from(width));
    let widths: Vec<usize> = widths
        .collect::<Result<_, _>>()
        .context("attribute `inputdimensions` has a negative value")?;
    let total = widths.iter().try_fold(0_usize, |total, &width| total.checked_add(width));
    let total = total.context("attribute `inputdimensions` is too great")?;
    Ok(Box::new(FeatureVectorizer { widths, total }))
}

impl Op for FeatureVectorizer {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(self.widths.len())?;
        let rows = rows_and_columns(inputs.get(0)?.shape()).context("input 0")?.0;
        let shape = [rows, self.total];
        let mut output = vec![0.0_f32; context.elements(&shape)?];
        let mut place = 0;
        for (position, &width) in self.widths.iter().enumerate() {
            let input = inputs.get(position)?;
            let culprit = || format!("input {position}");
            let (count, columns) = rows_and_columns(input.shape()).with_context(culprit)?;
            ensure!(count == rows, "input {position} has {count} rows, input 0 has {rows}");
            let values = floats(input).with_context(culprit)?;
            let taken = width.min(columns);
            if taken > 0 {
                let into = output.chunks_exact_mut(self.total);
                for (row, out) in values.chunks_exact(columns).zip(into) {
                    out[place..place + taken].copy_from_slice(&row[..taken]);
                }
            }
            place += width;
        }
        one(tensor(&shape, output)?)
    }
}

/// The extents after the first are all columns.
fn rows_and_columns(shape: &[usize]) -> Result<(usize, usize)> {
    match shape {
        [] => anyhow::bail!("a scalar has no columns"),
        [columns] => Ok((1, *columns)),
        [rows, columns @ ..] => Ok((*rows, columns.iter().product())),
    }
}

#[cfg(test)]
mod tests;
