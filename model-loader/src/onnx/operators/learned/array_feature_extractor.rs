//! ArrayFeatureExtractor: picks elements of the last extent.
//!
//! ai.onnx.ml version 1, by ONNX Runtime's rules: a tensor of rank 1 gives one of rank 2. Refuses
//! an empty list of indices and indices out of range.

use anyhow::{Context as _, Result, ensure};

use crate::onnx::operators::element::{each_type, slice, tensor};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};
use crate::{Shape, Values};

#[derive(Debug)]
struct ArrayFeatureExtractor;

/// Builds the operator.
pub(super) fn build(_: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(ArrayFeatureExtractor))
}

impl Op for ArrayFeatureExtractor {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(2)?;
        let input = inputs.get(0)?;
        let indices = slice::<i64>(inputs.get(1)?).context("input 1")?;
        let (&stride, outer) = input.shape().split_last().context("input 0 is a scalar")?;
        ensure!(!indices.is_empty(), "input 1 has no index");
        for &index in indices {
            let inside = usize::try_from(index).is_ok_and(|index| index < stride);
            ensure!(inside, "input 1 has the index {index}, input 0 has {stride} columns");
        }
        let mut shape = if outer.is_empty() { Shape::from_slice(&[1]) } else { outer.into() };
        shape.push(indices.len());
        let count = context.elements(&shape)?;
        if let Values::Bytes(texts) = input.values() {
            let rows = texts.chunks_exact(stride);
            let picked = rows.flat_map(|row| indices.iter().map(|&index| &row[index as usize]));
            context.texts(picked.map(String::as_str))?;
        }
        each_type!(input.values(), values, T => {
            let mut picked: Vec<T> = Vec::with_capacity(count);
            // No row is empty, since an index lies in it.
            for row in values.chunks_exact(stride) {
                // The indices were checked above: neither negative nor past the row's end.
                picked.extend(indices.iter().map(|&index| row[index as usize].clone()));
            }
            one(tensor(&shape, picked)?)
        })
    }
}

#[cfg(test)]
mod tests;
