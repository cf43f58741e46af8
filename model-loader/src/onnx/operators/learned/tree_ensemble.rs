//! TreeEnsemble: one number per target, from the form of trees that replaced the older two.
//!
//! ai.onnx.ml version 5; scores have the type of the rows. Refuses unsound trees and rows that are
//! too short for them.

use anyhow::{Result, bail};
use forest::{Regressor, Transform};

use super::tree_tables;
use super::trees::{Engine, Reading};
use crate::onnx::operators::element::tensor;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};
use crate::{Tensor, Values};

#[derive(Debug)]
struct TreeEnsemble {
    engine: Engine<Regressor>,
    transform: Transform,
}

/// Builds the operator.
pub(super) fn build(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let transform = match attributes.int("post_transform")?.unwrap_or(0) {
        0 => Transform::None,
        1 => Transform::Softmax,
        2 => Transform::Logistic,
        3 => Transform::SoftmaxZero,
        4 => Transform::Probit,
        other => bail!("attribute `post_transform` is {other}"),
    };
    let trees = tree_tables::trees(attributes)?;
    Ok(Box::new(TreeEnsemble { engine: Engine::new(trees, transform, node.kernels)?, transform }))
}

impl Op for TreeEnsemble {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let input = inputs.get(0)?;
        let reading = self.engine.read(input, context)?;
        let targets = reading.trees.ensemble().targets();
        let shape = [reading.count, targets];
        let len = context.elements(&shape)?;
        one(if matches!(input.values(), Values::Fp64(_)) {
            self.doubles(&reading, &shape, len)?
        } else {
            let mut scores = vec![0.0; len];
            reading.trees.predict(&reading.rows, reading.columns, &mut scores);
            tensor(&shape, scores)?
        })
    }
}

// === impl TreeEnsemble ===

impl TreeEnsemble {
    fn doubles(
        &self,
        reading: &Reading<'_, Regressor>,
        shape: &[usize; 2],
        len: usize,
    ) -> Result<Tensor> {
        let mut scores = vec![0.0_f64; len];
        match (shape[1], self.transform) {
            (_, Transform::None) => {
                let ensemble = reading.trees.ensemble();
                ensemble.scores_batch(&reading.rows, reading.columns, &mut scores);
            }
            // With one target ONNX Runtime knows no other transform and leaves the score.
            (1, transform) if transform != Transform::Probit => {
                let ensemble = reading.trees.ensemble();
                ensemble.scores_batch(&reading.rows, reading.columns, &mut scores);
            }
            // Transforms are computed in single precision.
            _ => {
                let mut singles = vec![0.0_f32; len];
                reading.trees.predict(&reading.rows, reading.columns, &mut singles);
                scores.iter_mut().zip(singles).for_each(|(score, single)| *score = single.into());
            }
        }
        tensor(shape, scores)
    }
}

#[cfg(test)]
mod tests;
