//! The attributes that TreeEnsembleClassifier and TreeEnsembleRegressor share.
//!
//! ai.onnx.ml versions 1 and 3. Called by both operators. Reads the float attributes and their
//! `_as_tensor` forms; refuses lists of differing lengths.

use anyhow::{Result, ensure};
use forest::{Aggregate, Mode, Precision, Spec, SpecNode, SpecWeight};

use super::trees::Trees;
use crate::onnx::attributes::{Attributes, Floats};

/// Names of the attributes that hold the leaves' weights.
#[derive(Debug, Clone, Copy)]
pub(super) struct WeightNames {
    pub(super) targets: &'static str,
    pub(super) nodes: &'static str,
    pub(super) trees: &'static str,
    pub(super) weights: &'static str,
}

/// The ensemble that a node writes for `targets` targets or classes.
pub(super) fn trees(
    attributes: Attributes<'_>,
    names: WeightNames,
    targets: usize,
) -> Result<Trees> {
    let base_values = attributes.floats_or_tensor("base_values")?;
    let weights = attributes.floats_or_tensor(names.weights)?;
    let thresholds = attributes.floats_or_tensor("nodes_values")?;
    let double = [&base_values, &weights, &thresholds].into_iter().any(Floats::is_double);
    let aggregate = attributes.string("aggregate_function")?.map(Aggregate::from_name);
    let spec = Spec {
        nodes: nodes(attributes, thresholds.len())?,
        weights: leaf_weights(attributes, names, &weights)?,
        aggregate: aggregate.transpose()?.unwrap_or_default(),
        targets,
        base_values: base_values.widened(),
        precision: Precision::Single,
    };
    Ok(Trees { spec, thresholds: thresholds.widened(), double })
}

fn nodes(attributes: Attributes<'_>, thresholds: usize) -> Result<Vec<SpecNode>> {
    let modes = attributes.strings("nodes_modes")?;
    let count = modes.len();
    let list = |name: &str| -> Result<&[i64]> {
        let values = attributes.ints(name)?;
        ensure!(values.len() == count, "{} `{name}` for {count} `nodes_modes`", values.len());
        Ok(values)
    };
    let (trees, ids) = (list("nodes_treeids")?, list("nodes_nodeids")?);
    let (yes, no) = (list("nodes_truenodeids")?, list("nodes_falsenodeids")?);
    let features = list("nodes_featureids")?;
    ensure!(thresholds == count, "{thresholds} `nodes_values` for {count} nodes");
    // Absent, or shorter than the nodes: the rest is false.
    let missing = attributes.ints("nodes_missing_value_tracks_true")?;
    let node = |index: usize| -> Result<SpecNode> {
        Ok(SpecNode {
            tree: trees[index],
            node: ids[index],
            feature: features[index],
            mode: Mode::from_name(modes[index])?,
            threshold: 0.0,
            yes: yes[index],
            no: no[index],
            missing_yes: missing.get(index) == Some(&1),
        })
    };
    (0..count).map(node).collect()
}

fn leaf_weights(
    attributes: Attributes<'_>,
    names: WeightNames,
    weights: &Floats,
) -> Result<Vec<SpecWeight>> {
    let count = weights.len();
    let list = |name: &str| -> Result<&[i64]> {
        let values = attributes.ints(name)?;
        ensure!(values.len() == count, "{} `{name}` for {count} `{}`", values.len(), names.weights);
        Ok(values)
    };
    let (targets, nodes) = (list(names.targets)?, list(names.nodes)?);
    let trees = list(names.trees)?;
    let weight = |(index, weight): (usize, f64)| SpecWeight {
        tree: trees[index],
        node: nodes[index],
        target: targets[index],
        weight,
    };
    Ok(weights.widened().into_iter().enumerate().map(weight).collect())
}
