//! Which transforms apply; the rest is in model-loader's comparison with ONNX Runtime.

use super::*;
use crate::{Aggregate, Mode, Precision, SpecNode, SpecWeight};

/// One leaf that gives each target its weight.
fn constant(weights: &[f64], base_values: &[f64]) -> Spec {
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
    let weight = |(target, &weight): (usize, &f64)| SpecWeight {
        tree: 0,
        node: 0,
        target: target as i64,
        weight,
    };
    Spec {
        nodes: vec![leaf],
        weights: weights.iter().enumerate().map(weight).collect(),
        aggregate: Aggregate::Sum,
        targets: weights.len(),
        base_values: base_values.to_vec(),
        precision: Precision::Single,
    }
}

fn predict(spec: &Spec, transform: Transform) -> Vec<f32> {
    let mut out = vec![f32::NAN; spec.targets * 2];
    Regressor::compile(spec, transform, Kernels::PLAIN).unwrap().predict(&[0.0, 0.0], 1, &mut out);
    assert_eq!(out[..spec.targets], out[spec.targets..], "both rows are the same");
    out.truncate(spec.targets);
    out
}

#[test]
fn one_target_is_transformed_by_probit_only() {
    let spec = constant(&[0.25], &[0.25]);
    assert_eq!(predict(&spec, Transform::None), [0.5]);
    assert_eq!(predict(&spec, Transform::Logistic), [0.5]);
    assert!(predict(&spec, Transform::Probit)[0].abs() < 1e-3);
}

#[test]
fn several_targets_are_transformed_by_any() {
    let spec = constant(&[0.0, 1.0], &[1.0, 0.0]);
    assert_eq!(predict(&spec, Transform::Softmax), [0.5, 0.5]);
    assert!((predict(&spec, Transform::Logistic)[0] - 0.731_058_6).abs() < 1e-6);
}
