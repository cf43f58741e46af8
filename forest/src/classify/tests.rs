//! Labels and columns in the cases that differ; all of them meet ONNX Runtime's answers in
//! model-loader's integration tests.

use super::*;
use crate::{Mode, Precision, SpecNode, SpecWeight};

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
