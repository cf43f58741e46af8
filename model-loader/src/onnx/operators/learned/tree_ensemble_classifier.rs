//! TreeEnsembleClassifier: a label and a score per class, by ONNX Runtime's rules.
//!
//! ai.onnx.ml versions 1 and 3. Labels are int64 or strings. Refuses fewer than two classes,
//! unsound trees, and inputs of double precision.

use anyhow::{Result, ensure};
use forest::{Classifier, Transform};
use smallvec::smallvec;

use super::rows::{floats, rows_and_columns};
use super::tree_ensemble::{self, WeightNames};
use crate::Datatype;
use crate::onnx::attributes::ClassLabels;
use crate::onnx::operators::element::tensor;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs};

#[derive(Debug)]
struct TreeEnsembleClassifier {
    classifier: Classifier,
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
    let spec = tree_ensemble::spec(node.proto, WEIGHTS, labels.len())?;
    let classifier = Classifier::compile(&spec, transform)?;
    Ok(Box::new(TreeEnsembleClassifier { classifier, labels }))
}

impl Op for TreeEnsembleClassifier {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let input = inputs.get(0)?;
        ensure!(input.datatype() != Datatype::Fp64, "double-precision inputs are not supported");
        let (rows, columns) = rows_and_columns(input.shape())?;
        tree_ensemble::enough_columns(self.classifier.ensemble(), columns)?;
        let classes = self.classifier.classes();
        let mut scores = vec![0.0; context.elements(&[rows, classes])?];
        let mut picked = vec![0; rows];
        self.classifier.classify(&floats(input)?, columns, &mut picked, &mut scores);
        Ok(smallvec![self.labels.pick(&picked)?, tensor(&[rows, classes], scores)?])
    }
}
