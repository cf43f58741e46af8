//! LinearRegressor: `x * coefficients + intercepts`, transformed.
//!
//! ai.onnx.ml version 1. Intercepts that are not one for each target are left out, as in ONNX
//! Runtime. Refuses coefficients that do not fit the targets or the input.

use anyhow::{Context as _, Result, ensure};
use forest::Transform;

use super::affine::Affine;
use super::rows::Rows;
use crate::onnx::operators::element::tensor;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};

/// Most targets, as many as trees may have.
const TARGETS_MAX: usize = forest::TARGETS_MAX;

#[derive(Debug)]
struct LinearRegressor {
    affine: Affine,
    transform: Transform,
}

/// Builds the operator.
pub(super) fn build(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let mut transform =
        Transform::from_name(attributes.string("post_transform")?.unwrap_or("NONE"))?;
    let targets = attributes.int("targets")?.unwrap_or(1);
    let targets = usize::try_from(targets).context("attribute `targets` is negative")?;
    ensure!((1..=TARGETS_MAX).contains(&targets), "attribute `targets` is {targets}");
    let intercepts = attributes.floats("intercepts")?;
    let intercepts =
        if intercepts.len() == targets { intercepts.to_vec() } else { vec![0.0; targets] };
    if targets == 1 && transform != Transform::Probit {
        // With one target ONNX Runtime knows no other transform.
        transform = Transform::None;
    }
    let affine = Affine::new(attributes.floats("coefficients")?, intercepts)?;
    Ok(Box::new(LinearRegressor { affine, transform }))
}

impl Op for LinearRegressor {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let rows = Rows::of_columns(inputs.get(0)?, self.affine.columns())?;
        let shape = [rows.count, self.affine.targets()];
        context.elements(&shape)?;
        let mut scores = self.affine.scores(&rows);
        if self.transform != Transform::None {
            scores.chunks_exact_mut(shape[1]).for_each(|out| self.transform.apply(out));
        }
        one(tensor(&shape, scores)?)
    }
}

#[cfg(test)]
mod tests;
