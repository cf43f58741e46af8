//! The attributes of TreeEnsemble: branches and leaves in tables of their own.
//!
//! ai.onnx.ml version 5. Called by `tree_ensemble`. A set of members becomes a chain of equality
//! tests with one true child. Refuses lists of differing lengths, children that do not exist, and
//! trees that share so many nodes that the whole is too large.

use std::collections::HashSet;

use anyhow::{Context as _, Result, bail, ensure};
use forest::{Aggregate, Mode, NODES_MAX, Precision, Spec, SpecNode, SpecWeight};
use tract_onnx::pb::TensorProto;
use tract_onnx::pb::tensor_proto::DataType;

use super::trees::Trees;
use crate::onnx::attributes::Attributes;

/// The mode of a node whose true child is taken by the members of a set.
const MEMBER: u8 = 6;

/// The attributes; lists of branches have the same length, as have those of leaves.
#[derive(Debug)]
struct Tables<'a> {
    modes: Vec<u8>,
    features: &'a [i64],
    splits: Vec<f64>,
    /// Children, and whether they are leaves.
    yes: (&'a [i64], &'a [i64]),
    no: (&'a [i64], &'a [i64]),
    /// Empty, or a flag for each branch.
    missing: &'a [i64],
    /// The members of each branch of that mode; empty for others.
    members: Vec<Vec<f64>>,
    targets: &'a [i64],
    weights: Vec<f64>,
}

/// What the trees become.
#[derive(Debug, Default)]
struct Output {
    nodes: Vec<SpecNode>,
    thresholds: Vec<f64>,
    weights: Vec<SpecWeight>,
}

/// The ensemble that a node writes.
pub(super) fn trees(attributes: Attributes<'_>) -> Result<Trees> {
    let targets = attributes.int("n_targets")?.context("attribute `n_targets` is missing")?;
    let aggregate = match attributes.int("aggregate_function")?.unwrap_or(1) {
        0 => Aggregate::Average,
        1 => Aggregate::Sum,
        2 => Aggregate::Min,
        3 => Aggregate::Max,
        other => bail!("attribute `aggregate_function` is {other}"),
    };
    let (tables, double) = Tables::read(attributes)?;
    let mut output = Output::default();
    for (tree, &root) in attributes.ints("tree_roots")?.iter().enumerate() {
        tables.walk(i64::try_from(tree)?, root, &mut output)?;
    }
    let spec = Spec {
        nodes: output.nodes,
        weights: output.weights,
        aggregate,
        targets: usize::try_from(targets).context("attribute `n_targets` is negative")?,
        base_values: Vec::new(),
        precision: Precision::Single,
    };
    Ok(Trees { spec, thresholds: output.thresholds, double })
}

// === impl Tables ===

impl<'a> Tables<'a> {
    fn read(attributes: Attributes<'a>) -> Result<(Tables<'a>, bool)> {
        let (splits, double_splits) = doubles(attributes, "nodes_splits")?;
        let (weights, double_weights) = doubles(attributes, "leaf_weights")?;
        let (members, _) = doubles(attributes, "membership_values")?;
        let modes = modes(attributes)?;
        let count = modes.len();
        let list = |name: &str| -> Result<&'a [i64]> {
            let values = attributes.ints(name)?;
            ensure!(values.len() == count, "{} `{name}` for {count} `nodes_modes`", values.len());
            Ok(values)
        };
        ensure!(splits.len() == count, "{} `nodes_splits` for {count} nodes", splits.len());
        let targets = attributes.ints("leaf_targetids")?;
        ensure!(
            targets.len() == weights.len(),
            "{} `leaf_targetids` for {} `leaf_weights`",
            targets.len(),
            weights.len()
        );
        let missing = attributes.ints("nodes_missing_value_tracks_true")?;
        // NaN ends the members of each node that has some.
        let mut sets = members.split(|member| member.is_nan());
        let mut set =
            |&mode: &u8| if mode == MEMBER { sets.next().unwrap_or_default() } else { &[] };
        let tables = Tables {
            members: modes.iter().map(|mode| set(mode).to_vec()).collect(),
            features: list("nodes_featureids")?,
            yes: (list("nodes_truenodeids")?, list("nodes_trueleafs")?),
            no: (list("nodes_falsenodeids")?, list("nodes_falseleafs")?),
            modes,
            splits,
            missing,
            targets,
            weights,
        };
        Ok((tables, double_splits || double_weights))
    }

    /// Adds the branches and leaves that are reached from a root, each once.
    fn walk(&self, tree: i64, root: i64, output: &mut Output) -> Result<()> {
        let count = self.modes.len();
        let branches = i64::try_from(count)?;
        // Ids: branches, leaves, then what chains of tests need.
        let mut free = branches + i64::try_from(self.weights.len())?;
        let mut seen = HashSet::new();
        let mut next = vec![root];
        ensure!((0..branches).contains(&root), "tree {tree} has root {root} of {count} branches");
        while let Some(id) = next.pop() {
            if !seen.insert(id) {
                continue;
            }
            ensure!(output.nodes.len() < NODES_MAX, "more than {NODES_MAX} nodes");
            if id >= branches {
                self.leaf(tree, id, usize::try_from(id - branches)?, output);
                continue;
            }
            let index = usize::try_from(id)?;
            let (yes, no) = (self.child(self.yes, index)?, self.child(self.no, index)?);
            next.extend([no, yes]);
            self.branch(tree, index, [yes, no], &mut free, output)?;
        }
        Ok(())
    }

    /// The id of a child.
    fn child(&self, (ids, leaves): (&[i64], &[i64]), index: usize) -> Result<i64> {
        let (id, leaf) = (ids[index], leaves[index] != 0);
        let count = if leaf { self.weights.len() } else { self.modes.len() };
        let what = if leaf { "leaf" } else { "branch" };
        let inside = usize::try_from(id).is_ok_and(|id| id < count);
        ensure!(inside, "branch {index} has {what} {id} of {count} as a child");
        Ok(if leaf { i64::try_from(self.modes.len())? + id } else { id })
    }

    fn leaf(&self, tree: i64, node: i64, index: usize, output: &mut Output) {
        let (target, weight) = (self.targets[index], self.weights[index]);
        let mode = Mode::Leaf;
        let (feature, threshold, yes, no, missing_yes) = (0, 0.0, 0, 0, false);
        output.thresholds.push(0.0);
        output.weights.push(SpecWeight { tree, node, target, weight });
        output.nodes.push(SpecNode { tree, node, feature, mode, threshold, yes, no, missing_yes });
    }

    fn branch(
        &self,
        tree: i64,
        index: usize,
        [yes, no]: [i64; 2],
        free: &mut i64,
        output: &mut Output,
    ) -> Result<()> {
        let mode = mode(self.modes[index]).with_context(|| format!("branch {index}"))?;
        let alone = [self.splits[index]];
        let thresholds = match self.modes[index] {
            // No value equals NaN: a set without members.
            MEMBER if self.members[index].is_empty() => &[f64::NAN],
            MEMBER => &self.members[index][..],
            _ => &alone,
        };
        let missing_yes = self.missing.get(index) == Some(&1);
        let mut node = i64::try_from(index)?;
        for (position, &threshold) in thresholds.iter().enumerate() {
            ensure!(output.nodes.len() < NODES_MAX, "more than {NODES_MAX} nodes");
            let last = position + 1 == thresholds.len();
            let otherwise = if last { no } else { *free };
            output.thresholds.push(threshold);
            output.nodes.push(SpecNode {
                tree,
                node,
                feature: self.features[index],
                mode,
                threshold: 0.0,
                yes,
                no: otherwise,
                missing_yes,
            });
            if !last {
                node = *free;
                *free += 1;
            }
        }
        Ok(())
    }
}

fn mode(code: u8) -> Result<Mode> {
    Ok(match code {
        0 => Mode::Leq,
        1 => Mode::Lt,
        2 => Mode::Gte,
        3 => Mode::Gt,
        4 | MEMBER => Mode::Eq,
        5 => Mode::Neq,
        other => bail!("unknown mode {other}"),
    })
}

fn tensor<'a>(attributes: Attributes<'a>, name: &str) -> Option<&'a TensorProto> {
    let attribute = attributes.0.attribute.iter().find(|attribute| attribute.name == name)?;
    attribute.t.as_ref()
}

fn modes(attributes: Attributes<'_>) -> Result<Vec<u8>> {
    let tensor = tensor(attributes, "nodes_modes").context("attribute `nodes_modes` is missing")?;
    let bytes = tensor.data_type == DataType::Uint8 as i32;
    ensure!(bytes, "attribute `nodes_modes` does not hold bytes");
    if !tensor.raw_data.is_empty() {
        return Ok(tensor.raw_data.to_vec());
    }
    let modes = tensor.int32_data.iter().map(|&mode| u8::try_from(mode));
    modes.collect::<Result<_, _>>().context("attribute `nodes_modes`")
}

/// A tensor of floats or doubles, widened, and whether it holds doubles; empty when absent.
fn doubles(attributes: Attributes<'_>, name: &str) -> Result<(Vec<f64>, bool)> {
    let Some(tensor) = tensor(attributes, name) else { return Ok((Vec::new(), false)) };
    let raw = &tensor.raw_data;
    if tensor.data_type == DataType::Double as i32 {
        if raw.is_empty() {
            return Ok((tensor.double_data.clone(), true));
        }
        let (chunks, rest) = raw.as_chunks::<8>();
        ensure!(rest.is_empty(), "attribute `{name}` has {} bytes", raw.len());
        return Ok((chunks.iter().map(|chunk| f64::from_le_bytes(*chunk)).collect(), true));
    }
    let single = tensor.data_type == DataType::Float as i32;
    ensure!(single, "attribute `{name}` holds neither floats nor doubles");
    if raw.is_empty() {
        return Ok((tensor.float_data.iter().map(|&value| value.into()).collect(), false));
    }
    let (chunks, rest) = raw.as_chunks::<4>();
    ensure!(rest.is_empty(), "attribute `{name}` has {} bytes", raw.len());
    Ok((chunks.iter().map(|chunk| f32::from_le_bytes(*chunk).into()).collect(), false))
}
