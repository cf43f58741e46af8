//! Labels and columns in the cases that differ; all of them meet ONNX Runtime's answers in
//! model-loader's integration tests.

use super::*;
use crate::random::{Draw, Shape};
use crate::{Aggregate, Kernel, Mode, Precision, SpecNode, SpecWeight};

/// One leaf with these weights by class, so that every row has the same scores.
fn constant(classes: usize, weights: &[(i64, f64)], base_values: &[f64]) -> Spec {
    let leaf = SpecNode {
        tree: 0,
        node: 0,
        feature: 0,
        mode: Mode::Leaf,
        threshold: 0.0,
        yes: 0,
        no: 0,
        missing_yes: false,
    };
    let weight = |&(target, weight): &(i64, f64)| SpecWeight { tree: 0, node: 0, target, weight };
    Spec {
        nodes: vec![leaf],
        weights: weights.iter().map(weight).collect(),
        targets: classes,
        base_values: base_values.to_vec(),
        precision: Precision::Single,
        ..Spec::default()
    }
}

fn classify(spec: &Spec, transform: Transform) -> (usize, Vec<f32>) {
    let classifier = Classifier::compile(spec, transform, Kernels::PLAIN).unwrap();
    let (mut label, mut scores) = ([9], vec![f32::NAN; spec.targets]);
    classifier.classify(&[0.0], 1, &mut label, &mut scores);
    (label[0], scores)
}

#[test]
fn one_column_of_positive_weights_is_a_probability() {
    assert_eq!(classify(&constant(2, &[(0, 0.75)], &[]), Transform::None), (1, vec![0.25, 0.75]));
    assert_eq!(classify(&constant(2, &[(0, 0.5)], &[]), Transform::None), (0, vec![0.5, 0.5]));
    // Base values do not make it a margin.
    assert_eq!(classify(&constant(2, &[(0, 0.25)], &[0.125]), Transform::None).0, 0);
}

#[test]
fn one_column_with_a_negative_weight_is_a_margin() {
    let margin = |weights: &[(i64, f64)], base: &[f64]| constant(2, weights, base);
    let spec = margin(&[(0, -0.25), (0, 0.5)], &[]);
    assert_eq!(classify(&spec, Transform::None), (1, vec![-0.25, 0.25]));
    let zero = margin(&[(0, -0.5), (0, 0.5)], &[]);
    assert_eq!(classify(&zero, Transform::Logistic), (0, vec![0.5, 0.5]), "a tie is negative");
    let (label, scores) = classify(&margin(&[(0, -1.0)], &[3.0]), Transform::Logistic);
    assert_eq!(label, 1);
    assert!((scores[1] - 0.880_797).abs() < 1e-6 && (scores[0] - 0.119_203).abs() < 1e-6);
}

#[test]
fn two_columns_are_decided_by_the_second_alone() {
    let spec = constant(2, &[(0, 5.0), (1, 0.1)], &[]);
    assert_eq!(classify(&spec, Transform::None), (1, vec![5.0, 0.1]));
}

#[test]
fn more_classes_take_the_first_of_the_greatest() {
    let spec = constant(4, &[(0, -3.0), (2, 1.0), (3, 1.0)], &[]);
    assert_eq!(classify(&spec, Transform::None), (2, vec![-3.0, 0.0, 1.0, 1.0]));
    let negative = constant(3, &[(1, -3.0)], &[]);
    assert_eq!(classify(&negative, Transform::None).0, 1, "classes without weights do not win");
    let based = constant(3, &[(1, -3.0)], &[-1.0, 0.0, -2.0]);
    assert_eq!(classify(&based, Transform::None), (0, vec![-1.0, -3.0, -2.0]));
}

#[test]
fn scores_are_summed_whatever_the_aggregate() {
    let mut spec = constant(2, &[(0, -0.25), (0, 0.5)], &[]);
    spec.aggregate = Aggregate::Max;
    assert_eq!(classify(&spec, Transform::None), (1, vec![-0.25, 0.25]));
}

#[test]
fn counts_that_fit_no_convention_are_refused() {
    let compile =
        |spec: &Spec| Classifier::compile(spec, Transform::None, Kernels::PLAIN).unwrap_err();
    let one_class = constant(1, &[(0, 1.0)], &[]);
    assert_eq!(compile(&one_class), Error::TooFewTargets { targets: 1, min: 2 });
    let three = constant(3, &[(0, 1.0)], &[1.0]);
    assert_eq!(compile(&three), Error::BaseValues { count: 1, targets: 3 });
    let two = constant(2, &[(0, 1.0)], &[1.0; 3]);
    assert_eq!(compile(&two), Error::BaseValues { count: 3, targets: 2 });
}

/// Rows are classified alike, and to nearly the same scores, whatever evaluates the trees; sums are
/// often equal or next to each other here.
#[test]
fn labels_do_not_depend_on_the_kernel() {
    let modes = vec![Mode::Leq, Mode::Lt];
    for (seed, targets) in [(1, 2), (2, 2), (3, 3), (4, 5)] {
        for transform in [Transform::None, Transform::Logistic, Transform::Softmax] {
            let shape = Shape {
                trees: 30,
                leaves: 30,
                depth: 9,
                features: 6,
                thresholds: 40,
                targets,
                vectors: targets == 5,
                modes: modes.clone(),
                missing: seed % 2 == 0,
                aggregate: Aggregate::Sum,
                base: targets > 2,
            };
            let mut draw = Draw(seed);
            let mut spec = shape.ensemble(&mut draw);
            for weight in &mut spec.weights {
                // Few values, so that sums meet; one class has the weights of two.
                weight.weight = f64::from((weight.weight * 8.0) as f32 / 10.0);
                weight.target = if targets == 2 { 0 } else { weight.target };
            }
            let rows = shape.rows(500, 6, &mut draw);
            let plain = Classifier::compile(&spec, transform, Kernels::PLAIN).unwrap();
            let (mut labels, mut scores) = (vec![9; 500], vec![0.0; 500 * targets]);
            plain.classify(&rows, 6, &mut labels, &mut scores);
            for kernel in Kernel::ALL.into_iter().filter(|kernel| Kernels::detect().has(*kernel)) {
                let kernels = Kernels::from_name(kernel.name()).unwrap();
                let fast = Classifier::compile(&spec, transform, kernels).unwrap();
                for at_once in [1, 500] {
                    let (mut found, mut shown) = (vec![9; 500], vec![0.0; 500 * targets]);
                    let blocks = found.chunks_mut(at_once).zip(shown.chunks_mut(at_once * targets));
                    for ((found, shown), rows) in blocks.zip(rows.chunks(at_once * 6)) {
                        fast.classify(rows, 6, found, shown);
                    }
                    assert_eq!(found, labels, "{kernel:?}, {targets} classes, {transform:?}");
                    let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 4e-6 * b.abs().max(1.0);
                    assert!(shown.iter().zip(&scores).all(near), "{kernel:?}, {transform:?}");
                }
            }
        }
    }
}
