//! TreeEnsembleRegressor: one number per target, by ONNX Runtime's rules.
//!
//! ai.onnx.ml versions 1 and 3, aggregates SUM, AVERAGE, MIN and MAX. Refuses unsound trees, and
//! inputs of double precision.

use anyhow::{Context as _, Result, ensure};
use forest::{Regressor, Transform};

use super::rows::{floats, rows_and_columns};
use super::tree_ensemble::{self, WeightNames};
use crate::Datatype;
use crate::onnx::operators::element::tensor;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};

#[derive(Debug)]
struct TreeEnsembleRegressor(Regressor);

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
    let spec = tree_ensemble::spec(node.proto, WEIGHTS, targets)?;
    Ok(Box::new(TreeEnsembleRegressor(Regressor::compile(&spec, transform)?)))
}

impl Op for TreeEnsembleRegressor {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let input = inputs.get(0)?;
        ensure!(input.datatype() != Datatype::Fp64, "double-precision inputs are not supported");
        let (rows, columns) = rows_and_columns(input.shape())?;
        let ensemble = self.0.ensemble();
        tree_ensemble::enough_columns(ensemble, columns)?;
        let mut scores = vec![0.0; context.elements(&[rows, ensemble.targets()])?];
        self.0.predict(&floats(input)?, columns, &mut scores);
        one(tensor(&[rows, ensemble.targets()], scores)?)
    }
}
