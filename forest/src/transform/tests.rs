//! Transforms against their formulas in double precision.

use super::*;

#[track_caller]
fn check(transform: Transform, scores: &[f32], wanted: &[f64]) {
    let mut got = scores.to_vec();
    transform.apply(&mut got);
    for (got, wanted) in got.iter().zip(wanted) {
        assert!((f64::from(*got) - wanted).abs() < 1e-6, "{got}, {wanted} wanted");
    }
    assert_eq!(got.len(), wanted.len());
}

#[test]
fn logistic_is_the_sigmoid_and_does_not_overflow() {
    let scores = [-1000.0_f32, -3.5, 0.0, 0.25, 1000.0];
    let wanted = scores.map(|score| 1.0 / (1.0 + (-f64::from(score)).exp()));
    check(Transform::Logistic, &scores, &wanted);
}

#[test]
fn softmax_sums_to_one_and_does_not_overflow() {
    let exps = [1.0, (-1.0_f64).exp(), (-3.0_f64).exp()];
    let sum: f64 = exps.iter().sum();
    check(Transform::Softmax, &[1000.0, 999.0, 997.0], &exps.map(|exp| exp / sum));
}

#[test]
fn softmax_zero_leaves_zeros() {
    let exps = [1.0, (-1.0_f64).exp()];
    let sum: f64 = exps.iter().sum();
    check(Transform::SoftmaxZero, &[2.0, 0.0, 1.0], &[exps[0] / sum, 0.0, exps[1] / sum]);
}

#[test]
fn probit_is_the_normal_quantile_to_two_digits() {
    // Quantiles from a table of the normal distribution; Winitzki's formula is an approximation.
    for (p, quantile) in [(0.5, 0.0), (0.841_344_7, 1.0), (0.025, -1.959_964), (0.9, 1.281_552)] {
        let mut score = [p];
        Transform::Probit.apply(&mut score);
        assert!((score[0] - quantile).abs() < 0.005, "{p}: {}, {quantile} wanted", score[0]);
    }
}

#[test]
fn names_are_those_of_onnx() {
    assert_eq!(Transform::from_name("SOFTMAX_ZERO"), Ok(Transform::SoftmaxZero));
    let error = Transform::from_name("softmax").unwrap_err();
    assert_eq!(error.to_string(), "unknown post transform `softmax`");
}
