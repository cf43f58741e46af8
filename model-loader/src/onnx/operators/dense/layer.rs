//! Constant weights of a product, with the bias and the activation that stand behind it.
//!
//! Held by Gemm and MatMul when their second input is known beforehand.

use anyhow::{Result, ensure};
use ndarray::ArrayView2;

use crate::onnx::operators::element::{slice, tensor};
use crate::onnx::operators::op::{Context, Outputs, Simple, one};
use crate::onnx::operators::simd::{After, Packed};
use crate::{Shape, Tensor, Values};

/// A linear layer.
#[derive(Debug)]
pub(super) struct Layer {
    packed: Packed,
    /// Whether a bias was set.
    biased: bool,
    /// The extents that the bias gives the product at least.
    rank: usize,
}

// === impl Layer ===

impl Layer {
    /// A layer of these weights, without a bias.
    pub(super) fn new(weights: &ArrayView2<'_, f32>) -> Layer {
        Layer { packed: Packed::new(weights), biased: false, rank: 0 }
    }

    /// Adds a multiple of a tensor to each row, if it is the same for each of them and the first
    /// thing behind the product.
    pub(super) fn add(&mut self, bias: &Tensor, factor: f32) -> bool {
        let columns = self.packed.columns();
        let (Values::Fp32(values), shape) = (bias.values(), bias.shape()) else { return false };
        let one_row = shape.iter().rev().skip(1).all(|&extent| extent == 1);
        let fits = values.len() == columns || values.len() == 1 && columns > 0;
        if !one_row || !fits || self.biased || self.packed.after() != After::Nothing {
            return false;
        }
        let whole: Vec<f32> = match values[..] {
            [value] => vec![factor * value; columns],
            _ => values.iter().map(|value| factor * value).collect(),
        };
        self.packed.set_bias(&whole);
        (self.biased, self.rank) = (true, shape.len());
        true
    }

    /// Does what stands behind it too, if it can.
    pub(super) fn absorb(&mut self, next: Simple, other: Option<&Tensor>) -> bool {
        if self.packed.after() != After::Nothing {
            return false;
        }
        self.packed.set_after(match (next, other) {
            (Simple::Add, Some(bias)) => return self.add(bias, 1.0),
            (Simple::Add, None) => return false,
            (Simple::Relu, _) => After::Relu,
            (Simple::Sigmoid, _) => After::Sigmoid,
            (Simple::Tanh, _) => After::Tanh,
        });
        true
    }

    /// The layer of each row of `a`, which is its last extent.
    pub(super) fn of(&self, a: &Tensor, context: &Context) -> Result<Outputs> {
        self.of_rows(a.shape(), slice(a)?, context)
    }

    /// As `of`, of values that lie as a tensor of this shape.
    pub(super) fn of_rows(&self, shape: &[usize], a: &[f32], context: &Context) -> Result<Outputs> {
        let (inner, columns) = (self.packed.inner(), self.packed.columns());
        let (Some(width), outer) =
            (shape.last(), shape.split_last().map_or(&[][..], |both| both.1))
        else {
            anyhow::bail!("a number is no matrix")
        };
        ensure!(*width == inner, "{width} columns times {inner} rows");
        let mut full = Shape::from_slice(outer);
        full.push(columns);
        while full.len() < self.rank {
            full.insert(0, 1);
        }
        context.elements(&full)?;
        one(tensor(&full, self.packed.product(a, outer.iter().product()))?)
    }
}

#[cfg(test)]
mod tests;
