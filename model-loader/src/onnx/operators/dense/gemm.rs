//! Gemm: `alpha * A * B + beta * C`, each of A and B as it is or transposed.

use anyhow::{Context as _, Result, bail, ensure};
use ndarray::{Array2, ArrayView2, ArrayViewD, Ix2, IxDyn, LinalgScalar};

use super::product::times;
use crate::onnx::operators::element::{Element, from_array, slice, view};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};
use crate::{Datatype, Tensor, Values};

#[derive(Debug)]
struct Gemm {
    alpha: f32,
    beta: f32,
    transpose_a: bool,
    transpose_b: bool,
    /// The weights row by row, when they are known beforehand.
    weights: Option<Array2<f32>>,
}

/// Builds Gemm.
pub(super) fn gemm(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let set = |name: &str| Ok::<bool, anyhow::Error>(attributes.int(name)?.unwrap_or(0) != 0);
    let transpose_b = set("transB")?;
    let weights = match node.constant(1) {
        Some(weights) if weights.datatype() == Datatype::Fp32 => {
            let weights = matrix::<f32>(weights)?;
            let weights = if transpose_b { weights.reversed_axes() } else { weights };
            Some(weights.as_standard_layout().into_owned())
        }
        _ => None,
    };
    Ok(Box::new(Gemm {
        alpha: attributes.float("alpha")?.unwrap_or(1.0),
        beta: attributes.float("beta")?.unwrap_or(1.0),
        transpose_a: set("transA")?,
        transpose_b,
        weights,
    }))
}

impl Op for Gemm {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        match inputs.get(0)?.values() {
            Values::Fp32(_) => {
                let known = self.weights.as_ref().map(|weights| weights.view());
                self.product::<f32>(inputs, context, known, (self.alpha, self.beta))
            }
            Values::Fp64(_) => {
                let factors = (self.alpha.into(), self.beta.into());
                self.product::<f64>(inputs, context, None, factors)
            }
            other => bail!("a product of {}", other.datatype()),
        }
    }
}

impl Gemm {
    fn product<T: Element + LinalgScalar>(
        &self,
        inputs: &Inputs<'_>,
        context: &Context,
        known: Option<ArrayView2<'_, T>>,
        (alpha, beta): (T, T),
    ) -> Result<Outputs> {
        let mut a = matrix::<T>(inputs.get(0)?)?;
        if self.transpose_a {
            a.swap_axes(0, 1);
        }
        let b = match known {
            Some(known) => known,
            None if self.transpose_b => matrix::<T>(inputs.get(1)?)?.reversed_axes(),
            None => matrix::<T>(inputs.get(1)?)?,
        };
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
