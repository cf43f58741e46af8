//! Gemm: `alpha * A * B + beta * C`, each of A and B as it is or transposed.

use anyhow::{Context as _, Result, bail, ensure};
use ndarray::{Array2, ArrayView2, ArrayViewD, Ix2, IxDyn, LinalgScalar};

use super::layer::Layer;
use super::product::times;
use crate::onnx::operators::element::{Element, from_array, slice, view};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, Simple, one};
use crate::{Datatype, Tensor, Values};

#[derive(Debug)]
struct Gemm {
    alpha: f32,
    beta: f32,
    transpose_a: bool,
    transpose_b: bool,
    /// The weights, when they are known beforehand, and alpha times them.
    layer: Option<Layer>,
    /// Whether input 2 is part of the layer.
    biased: bool,
}

/// Builds Gemm.
pub(super) fn gemm(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let set = |name: &str| Ok::<bool, anyhow::Error>(attributes.int(name)?.unwrap_or(0) != 0);
    let mut gemm = Gemm {
        alpha: attributes.float("alpha")?.unwrap_or(1.0),
        beta: attributes.float("beta")?.unwrap_or(1.0),
        transpose_a: set("transA")?,
        transpose_b: set("transB")?,
        layer: None,
        biased: false,
    };
    let absent = node.proto.input.get(2).is_none_or(String::is_empty);
    match node.constant(1) {
        // An input 2 that the request gives is added to the product as it is.
        Some(weights) if weights.datatype() == Datatype::Fp32 => {
            let weights = matrix::<f32>(weights)?;
            let weights = if gemm.transpose_b { weights.reversed_axes() } else { weights };
            let mut layer = match gemm.alpha {
                1.0 => Layer::new(&weights),
                alpha => Layer::new(&weights.map(|weight| alpha * weight).view()),
            };
            gemm.biased = node.constant(2).is_some_and(|bias| layer.add(bias, gemm.beta));
            gemm.layer = (gemm.biased || absent).then_some(layer);
        }
        _ => {}
    }
    Ok(Box::new(gemm))
}

impl Op for Gemm {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let a = inputs.get(0)?;
        match (a.values(), &self.layer) {
            (Values::Fp32(_), Some(layer)) if !self.transpose_a => {
                ensure!(a.shape().len() == 2, "a tensor of shape {:?} is no matrix", a.shape());
                layer.of(a, context)
            }
            (Values::Fp32(_), Some(layer)) => {
                let a = matrix::<f32>(a)?.reversed_axes();
                let values: Vec<f32> = a.iter().copied().collect();
                layer.of_rows(a.shape(), &values, context)
            }
            (Values::Fp32(_), None) => {
                self.product::<f32>(inputs, context, (self.alpha, self.beta))
            }
            (Values::Fp64(_), _) => {
                let factors = (self.alpha.into(), self.beta.into());
                self.product::<f64>(inputs, context, factors)
            }
            (other, _) => bail!("a product of {}", other.datatype()),
        }
    }

    fn absorb(&mut self, next: Simple, other: Option<&Tensor>) -> bool {
        self.layer.as_mut().is_some_and(|layer| layer.absorb(next, other))
    }

    fn keeps(&self, position: usize) -> bool {
        self.layer.is_some() && (position == 1 || position == 2 && self.biased)
    }
}

impl Gemm {
    fn product<T: Element + LinalgScalar>(
        &self,
        inputs: &Inputs<'_>,
        context: &Context,
        (alpha, beta): (T, T),
    ) -> Result<Outputs> {
        let mut a = matrix::<T>(inputs.get(0)?)?;
        if self.transpose_a {
            a.swap_axes(0, 1);
        }
        let mut b = matrix::<T>(inputs.get(1)?)?;
        if self.transpose_b {
            b.swap_axes(0, 1);
        }
        ensure!(a.ncols() == b.nrows(), "{} columns times {} rows", a.ncols(), b.nrows());
        context.elements(&[a.nrows(), b.ncols()])?;
        let mut product: Array2<T> = times(&a, &b);
        if alpha != T::one() {
            product.mapv_inplace(|x| alpha * x);
        }
        if let Some(c) = inputs.opt(2) {
            let c: ArrayViewD<'_, T> = view(c)?;
            let c = c.broadcast(IxDyn(product.shape())).context("input 2 does not broadcast")?;
            let c = c.into_dimensionality::<Ix2>()?;
            product.zip_mut_with(&c, |x, &c| *x = *x + beta * c);
        }
        one(from_array(product.into_dyn())?)
    }
}

fn matrix<T: Element>(tensor: &Tensor) -> Result<ArrayView2<'_, T>> {
    let [rows, columns] = *tensor.shape() else {
        bail!("a tensor of shape {:?} is no matrix", tensor.shape())
    };
    Ok(ArrayView2::from_shape((rows, columns), slice(tensor)?)?)
}

#[cfg(test)]
mod tests;
