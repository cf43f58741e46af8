//! Scores against a naive evaluator that follows ids recursively.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::{Mode, SpecNode, SpecWeight};

const FEATURES: usize = 3;

/// A tree as it grows, before it is written down with ids.
#[derive(Debug, Clone)]
enum Tree {
    Leaf(Vec<(usize, f32)>),
    Branch(usize, Mode, f32, bool, Box<[Tree; 2]>),
}

fn values() -> impl Strategy<Value = f32> {
    let special = [0.0, -0.0, 0.5, f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    prop_oneof![prop::sample::select(special.to_vec()), -1.0..1.0f32]
}

fn modes() -> impl Strategy<Value = Mode> {
    let modes = [Mode::Leq, Mode::Lt, Mode::Gte, Mode::Gt, Mode::Eq, Mode::Neq];
    prop::sample::select(modes.to_vec())
}

fn tree(targets: usize) -> impl Strategy<Value = Tree> {
    let leaf = vec((0..targets, -2.0..2.0f32), 1..4).prop_map(Tree::Leaf);
    leaf.prop_recursive(5, 24, 2, |tree| {
        let children = [tree.clone(), tree].prop_map(Box::new);
        (0..FEATURES, modes(), values(), any::<bool>(), children).prop_map(
            |(feature, mode, threshold, missing, children)| {
                Tree::Branch(feature, mode, threshold, missing, children)
            },
        )
    })
}

/// Writes trees down with scattered ids, the nodes in an order of their own.
fn spec(trees: &[Tree], targets: usize, aggregate: Aggregate, base_values: Vec<f64>) -> Spec {
    let (mut nodes, mut weights) = (Vec::new(), Vec::new());
    for (index, root) in trees.iter().enumerate() {
        let tree = 1000 - 37 * index as i64;
        let mut open = vec![(0_i64, root)];
        while let Some((id, node)) = open.pop() {
            let blank = SpecNode {
                tree,
                node: id,
                feature: 0,
                mode: Mode::Leaf,
                threshold: 0.0,
                yes: 0,
                no: 0,
                missing_yes: false,
            };
            nodes.push(match node {
                Tree::Leaf(held) => {
                    weights.extend(held.iter().map(|&(target, weight)| SpecWeight {
                        tree,
                        node: id,
                        target: target as i64,
                        weight: f64::from(weight),
                    }));
                    blank
                }
                Tree::Branch(feature, mode, threshold, missing, children) => {
                    let (yes, no) = (3 * id + 1, 3 * id + 2);
                    open.extend([(yes, &children[0]), (no, &children[1])]);
                    let (feature, missing_yes) = (*feature as i64, *missing);
                    SpecNode {
                        feature,
                        mode: *mode,
                        threshold: *threshold,
                        yes,
                        no,
                        missing_yes,
                        ..blank
                    }
                }
            });
        }
    }
    let precision = Precision::Single;
    Spec { nodes, weights, aggregate, targets, base_values, precision }
}

fn reached<'a>(tree: &'a Tree, row: &[f32]) -> &'a [(usize, f32)] {
    match tree {
        Tree::Leaf(weights) => weights,
        Tree::Branch(feature, mode, threshold, missing, children) => {
            let (value, threshold) = (row[*feature], *threshold);
            let yes = match mode {
                _ if value.is_nan() && *missing => true,
                Mode::Leq => value <= threshold,
                Mode::Lt => value < threshold,
                Mode::Gte => value >= threshold,
                Mode::Gt => value > threshold,
                Mode::Eq => value == threshold,
                _ => value != threshold,
            };
            reached(&children[usize::from(!yes)], row)
        }
    }
}

/// Gathers what the row meets per target, then aggregates in single precision.
fn naive(
    trees: &[Tree],
    targets: usize,
    aggregate: Aggregate,
    base: &[f64],
    row: &[f32],
) -> Vec<f64> {
    let mut met = vec![Vec::new(); targets];
    for tree in trees {
        reached(tree, row).iter().for_each(|&(target, weight)| met[target].push(weight));
    }
    let score = |(target, met): (usize, &Vec<f32>)| {
        if met.is_empty() && targets > 1 {
            return 0.0;
        }
        let score = match aggregate {
            Aggregate::Sum => met.iter().fold(0.0, |sum, weight| sum + weight),
            Aggregate::Average => {
                met.iter().fold(0.0, |sum, weight| sum + weight) / trees.len() as f32
            }
            Aggregate::Min => met.iter().copied().fold(f32::INFINITY, f32::min),
            Aggregate::Max => met.iter().copied().fold(f32::NEG_INFINITY, f32::max),
        };
        f64::from(base.get(target).map_or(score, |&base| score + base as f32))
    };
    met.iter().enumerate().map(score).collect()
}

fn aggregates() -> impl Strategy<Value = Aggregate> {
    let all = [Aggregate::Sum, Aggregate::Average, Aggregate::Min, Aggregate::Max];
    prop::sample::select(all.to_vec())
}

proptest! {
    #[test]
    fn scores_are_those_of_the_naive_evaluator(
        (targets, trees) in prop_oneof![Just(1_usize), 2..12_usize]
            .prop_flat_map(|targets| (Just(targets), vec(tree(targets), 1..6))),
        aggregate in aggregates(),
        based in any::<bool>(),
        rows in vec([values(), values(), values(), values()], 1..6),
    ) {
        let count = if based { targets } else { 0 };
        let base: Vec<f64> = (0..count).map(|target| 0.25 * target as f64 - 1.0).collect();
        let spec = spec(&trees, targets, aggregate, base.clone());
        let ensemble = Ensemble::compile(&spec, Kernels::PLAIN).unwrap();
        prop_assert!(ensemble.features() <= FEATURES);
        prop_assert_eq!(ensemble.trees(), trees.len());
        let mut batch = vec![f64::NAN; rows.len() * targets];
        // A fourth column that no tree reads.
        ensemble.scores_batch(rows.as_flattened(), 4, &mut batch);
        for (row, batch) in rows.iter().zip(batch.chunks_exact(targets)) {
            let mut single = vec![f64::NAN; targets];
            ensemble.scores(row, &mut single);
            let wanted = naive(&trees, targets, aggregate, &base, row);
            prop_assert_eq!(batch, &wanted[..]);
            prop_assert_eq!(&single, &wanted);
        }
    }
}

/// One branch on column 0; score 1 on its true side, else 0.
fn stump(mode: Mode, threshold: f32, missing: bool) -> Ensemble {
    let children = Box::new([Tree::Leaf(vec![(0, 1.0)]), Tree::Leaf(vec![(0, 0.0)])]);
    let tree = Tree::Branch(0, mode, threshold, missing, children);
    Ensemble::compile(&spec(&[tree], 1, Aggregate::Sum, vec![]), Kernels::PLAIN).unwrap()
}

#[test]
fn comparisons_are_exact_around_the_threshold() {
    let t = 0.1_f32;
    let row = [t.next_down(), t, t.next_up(), f32::NAN];
    for (mode, wanted) in [
        (Mode::Leq, [1.0, 1.0, 0.0, 0.0]),
        (Mode::Lt, [1.0, 0.0, 0.0, 0.0]),
        (Mode::Gte, [0.0, 1.0, 1.0, 0.0]),
        (Mode::Gt, [0.0, 0.0, 1.0, 0.0]),
        (Mode::Eq, [0.0, 1.0, 0.0, 0.0]),
        (Mode::Neq, [1.0, 0.0, 1.0, 1.0]),
    ] {
        let mut out = [9.0; 4];
        stump(mode, t, false).scores_batch(&row, 1, &mut out);
        assert_eq!(out, wanted, "{mode:?}");
        stump(mode, t, true).scores(&[f32::NAN], &mut out[..1]);
        assert_eq!(out[0], 1.0, "{mode:?} with NaN tracking true");
    }
}

#[test]
fn sums_are_rounded_tree_by_tree() {
    // 2^24 and 1 and 1: single precision loses both ones, double precision neither.
    let trees: Vec<Tree> =
        [16_777_216.0, 1.0, 1.0].map(|weight| Tree::Leaf(vec![(0, weight)])).to_vec();
    let mut spec = spec(&trees, 1, Aggregate::Sum, vec![]);
    let mut out = [0.0];
    Ensemble::compile(&spec, Kernels::PLAIN).unwrap().scores(&[], &mut out);
    assert_eq!(out, [16_777_216.0]);
    spec.precision = Precision::Double;
    Ensemble::compile(&spec, Kernels::PLAIN).unwrap().scores(&[], &mut out);
    assert_eq!(out, [16_777_218.0]);
}

#[test]
#[should_panic(expected = "a row has 0 of 1 columns")]
fn a_short_row_is_a_fault_of_the_caller() {
    stump(Mode::Lt, 0.0, false).scores(&[], &mut [0.0]);
}
