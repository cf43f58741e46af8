//! TreeEnsembleClassifier: a label and a score per class, by ONNX Runtime's rules.
//!
//! ai.onnx.ml versions 1 and 3. Refuses unsound trees and rows that are too short for them.

use anyhow::Result;
use forest::{Classifier, Transform};
use smallvec::smallvec;

use super::labels::pick;
use super::tree_attributes::{self, WeightNames};
use super::trees::Engine;
use crate::onnx::attributes::ClassLabels;
use crate::onnx::operators::element::tensor;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs};

#[derive(Debug)]
struct TreeEnsembleClassifier {
    engine: Engine<Classifier>,
    labels: ClassLabels,
}

const WEIGHTS: WeightNames = WeightNames {
    targets: "class_ids",
    nodes: "class_nodeids",
    trees: "class_treeids",
    weights: "class_weights",
};

/// Builds the operator.
pub(super) fn build(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let labels = attributes.class_labels()?;
    let transform = Transform::from_name(attributes.string("post_transform")?.unwrap_or("NONE"))?;
    let trees = tree_attributes::trees(attributes, WEIGHTS, labels.len())?;
    Ok(Box::new(TreeEnsembleClassifier {
        engine: Engine::new(trees, transform, node.kernels)?,
        labels,
    }))
}

impl Op for TreeEnsembleClassifier {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let reading = self.engine.read(inputs.get(0)?, context)?;
        let shape = [reading.count, reading.trees.classes()];
        let mut scores = vec![0.0; context.elements(&shape)?];
        let mut classes = vec![0; reading.count];
        reading.trees.classify(&reading.rows, reading.columns, &mut classes, &mut scores);
        Ok(smallvec![pick(&self.labels, classes)?, tensor(&shape, scores)?])
    }
}

#[cfg(test)]
mod tests;
