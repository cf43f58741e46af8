//! Transpose: the axes in another order.

use anyhow::{Result, ensure};
use ndarray::ArrayViewD;

use super::ints;
use crate::onnx::operators::element::{each_type, tensor, view};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, axis, one};
use crate::{Shape, Tensor};

#[derive(Debug)]
struct Transpose(Option<Vec<i64>>);

/// Builds Transpose; without a permutation the axes are turned round.
pub(super) fn transpose(node: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Transpose(ints::attribute(node, "perm")?)))
}

impl Op for Transpose {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        let input = inputs.take(0)?;
        let rank = input.shape().len();
        let order: Vec<usize> = match &self.0 {
            None => (0..rank).rev().collect(),
            Some(order) => order.iter().map(|&at| axis(at, rank)).collect::<Result<_>>()?,
        };
        let mut sorted = order.clone();
        sorted.sort_unstable();
        ensure!(sorted.iter().copied().eq(0..rank), "`perm` is no order of {rank} axes");
        let shape: Shape = order.iter().map(|&at| input.shape()[at]).collect();
        // Only axes of extent 1 move: the elements stay where they are.
        let long = |&at: &usize| input.shape()[at] != 1;
        if order.iter().copied().filter(long).is_sorted() {
            return one(Tensor::new(shape, input.into_values())?);
        }
        one(each_type!(input.values(), _values, T => {
            let turned: ArrayViewD<'_, T> = view(&input)?.permuted_axes(order);
            tensor(&shape, turned.iter().cloned().collect::<Vec<T>>())?
        }))
    }
}
