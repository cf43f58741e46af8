//! TreeEnsembleRegressor: one number per target, by ONNX Runtime's rules.
//!
//! ai.onnx.ml versions 1 and 3, aggregates SUM, AVERAGE, MIN and MAX. Refuses unsound trees and
//! rows that are too short for them.

use anyhow::{Context as _, Result};
use forest::{Regressor, Transform};

use super::tree_attributes::{self, WeightNames};
use super::trees::Engine;
use crate::onnx::operators::element::tensor;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};

#[derive(Debug)]
struct TreeEnsembleRegressor(Engine<Regressor>);

const WEIGHTS: WeightNames = WeightNames {
    targets: "target_ids",
    nodes: "target_nodeids",
    trees: "target_treeids",
    weights: "target_weights",
};

/// Builds the operator.
pub(super) fn build(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let targets = attributes.int("n_targets")?.context("attribute `n_targets` is missing")?;
    let transform = Transform::from_name(attributes.string("post_transform")?.unwrap_or("NONE"))?;
    let targets = usize::try_from(targets).context("attribute `n_targets` is negative")?;
    let trees = tree_attributes::trees(attributes, WEIGHTS, targets)?;
    Ok(Box::new(TreeEnsembleRegressor(Engine::new(trees, transform, node.kernels)?)))
}

impl Op for TreeEnsembleRegressor {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let reading = self.0.read(inputs.get(0)?, context)?;
        let shape = [reading.count, reading.trees.ensemble().targets()];
        let mut scores = vec![0.0; context.elements(&shape)?];
        reading.trees.predict(&reading.rows, reading.columns, &mut scores);
        one(tensor(&shape, scores)?)
    }
}

#[cfg(test)]
mod tests;
