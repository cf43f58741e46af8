//! Sound ensembles compile whatever their ids; unsound ones are refused by name.

use super::*;
use crate::{Ensemble, Kernels, SpecNode, SpecWeight};

fn branch(tree: i64, node: i64, yes: i64, no: i64) -> SpecNode {
    let (mode, missing_yes) = (Mode::Leq, false);
    SpecNode { tree, node, feature: 0, mode, threshold: 0.0, yes, no, missing_yes }
}

fn leaf(tree: i64, node: i64) -> SpecNode {
    SpecNode { mode: Mode::Leaf, ..branch(tree, node, 0, 0) }
}

fn weight(tree: i64, node: i64, weight: f64) -> SpecWeight {
    SpecWeight { tree, node, target: 0, weight }
}

/// One branch and its two leaves.
fn sound() -> Spec {
    Spec {
        nodes: vec![branch(4, 0, 1, 2), leaf(4, 1), leaf(4, 2)],
        weights: vec![weight(4, 1, -1.0), weight(4, 2, 1.0)],
        targets: 1,
        ..Spec::default()
    }
}

#[track_caller]
fn refused(damage: impl FnOnce(&mut Spec), wanted: Error) {
    let mut spec = sound();
    damage(&mut spec);
    assert_eq!(Ensemble::compile(&spec, Kernels::PLAIN).unwrap_err(), wanted);
}

fn score(spec: &Spec, value: f32) -> f64 {
    let mut out = [0.0];
    Ensemble::compile(spec, Kernels::PLAIN).unwrap().scores(&[value], &mut out);
    out[0]
}

#[test]
fn ids_may_be_sparse_negative_and_in_any_order() {
    let mut spec = sound();
    assert_eq!((score(&spec, -1.0), score(&spec, 1.0)), (-1.0, 1.0));
    let huge = i64::MAX;
    spec.nodes = vec![leaf(huge, -7), branch(-3, 5, huge, 2), leaf(-3, 2), leaf(-3, huge)];
    spec.weights = vec![weight(-3, huge, 10.0), weight(huge, -7, 0.5), weight(-3, 2, 20.0)];
    assert_eq!((score(&spec, 0.0), score(&spec, 1.0)), (10.5, 20.5));
    assert_eq!(Ensemble::compile(&spec, Kernels::PLAIN).unwrap().trees(), 2);
}

#[test]
fn a_long_chain_needs_no_stack() {
    let depth = 200_000;
    let mut spec = sound();
    spec.nodes.clear();
    spec.weights.clear();
    for level in 0..depth {
        spec.nodes.push(branch(0, 2 * level, 2 * level + 1, 2 * level + 2));
        spec.nodes.push(leaf(0, 2 * level + 1));
        spec.weights.push(weight(0, 2 * level + 1, level as f64));
    }
    spec.nodes.push(leaf(0, 2 * depth));
    spec.weights.push(weight(0, 2 * depth, -1.0));
    assert_eq!((score(&spec, -1.0), score(&spec, 1.0)), (0.0, -1.0));
}

#[test]
fn parents_may_share_a_child() {
    // x in {1, 2}: two equality tests with one true child.
    let mut spec = sound();
    let equals =
        |node, threshold, no| SpecNode { mode: Mode::Eq, threshold, ..branch(0, node, 9, no) };
    spec.nodes = vec![equals(0, 1.0, 1), equals(1, 2.0, 2), leaf(0, 2), leaf(0, 9)];
    spec.weights = vec![weight(0, 2, -1.0), weight(0, 9, 1.0)];
    let scores = [0.0, 1.0, 2.0, 3.0].map(|value| score(&spec, value));
    assert_eq!(scores, [-1.0, 1.0, 1.0, -1.0]);
}

#[test]
fn leaves_without_weights_and_branches_with_weights_add_nothing() {
    let mut spec = sound();
    spec.weights = vec![weight(4, 2, 1.0), weight(4, 0, 100.0)];
    assert_eq!((score(&spec, -1.0), score(&spec, 1.0)), (0.0, 1.0));
}

#[test]
fn ids_that_do_not_fit_are_refused() {
    refused(|spec| spec.nodes.clear(), Error::Empty);
    refused(|spec| spec.nodes[2].node = 1, Error::DuplicateNode { tree: 4, node: 1 });
    let child = i64::MIN;
    refused(|spec| spec.nodes[0].no = child, Error::UnknownChild { tree: 4, node: 0, child });
    refused(|spec| spec.nodes[1].tree = 5, Error::UnknownChild { tree: 4, node: 0, child: 1 });
    refused(|spec| spec.weights[1].node = 3, Error::UnknownLeaf { tree: 4, node: 3 });
    refused(|spec| spec.weights[0].tree = 0, Error::UnknownLeaf { tree: 0, node: 1 });
    for feature in [-1, FEATURES_MAX as i64, i64::MAX] {
        refused(
            |spec| spec.nodes[0].feature = feature,
            Error::Feature { tree: 4, node: 0, feature },
        );
    }
    for target in [-1, 1, i64::MAX] {
        let wanted = Error::Target { tree: 4, node: 2, target, targets: 1 };
        refused(|spec| spec.weights[1].target = target, wanted);
    }
}

#[test]
fn what_is_not_a_tree_is_refused() {
    let not_a_tree = |node, why| Error::NotATree { tree: 4, node, why };
    refused(|spec| spec.nodes[1] = branch(4, 1, 0, 2), not_a_tree(0, "it has no root"));
    refused(|spec| spec.nodes[0].yes = 0, not_a_tree(0, "it has a cycle"));
    refused(|spec| spec.nodes.push(leaf(4, 3)), not_a_tree(3, "it has two roots"));
    // Nodes 5 and 6 lead to each other, beside a sound tree.
    let island = |spec: &mut Spec| spec.nodes.extend([branch(4, 5, 6, 1), branch(4, 6, 5, 2)]);
    refused(island, not_a_tree(1, "it has a cycle"));
    // A cycle below the root.
    let below = |spec: &mut Spec| spec.nodes[1] = branch(4, 1, 1, 2);
    refused(below, not_a_tree(1, "it has a cycle"));
}

#[test]
fn counts_over_their_limits_are_refused() {
    refused(|spec| spec.targets = 0, Error::TooFewTargets { targets: 0, min: 1 });
    let (what, count) = ("targets or classes", TARGETS_MAX + 1);
    let wanted = Error::TooMany { what, count, limit: TARGETS_MAX };
    refused(|spec| spec.targets = TARGETS_MAX + 1, wanted);
    let wanted = Error::BaseValues { count: 2, targets: 1 };
    refused(|spec| spec.base_values = vec![0.0; 2], wanted);
}
