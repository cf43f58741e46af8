//! Functions of one value at the places where formulas go wrong.

use crate::onnx::operators::element::slice;
use crate::onnx::operators::op::Build;
use crate::onnx::operators::testing::{node, run, t};

fn of(build: Build, x: f32) -> f32 {
    let out = run(build, &node("Unary"), &[t(&[1], &[x])]).unwrap();
    slice::<f32>(&out[0]).unwrap()[0]
}

#[test]
fn nothing_overflows_far_from_zero() {
    assert_eq!(of(super::sigmoid, 200.0), 1.0);
    assert_eq!(of(super::sigmoid, -200.0), 0.0);
    assert_eq!(of(super::softplus, 200.0), 200.0);
    assert_eq!(of(super::softplus, -200.0), 0.0);
    assert_eq!(of(super::mish, 200.0), 200.0);
}

#[test]
fn halves_round_to_even_and_nan_stays() {
    assert_eq!(of(super::round, 2.5), 2.0);
    assert_eq!(of(super::round, -1.5), -2.0);
    assert!(of(super::relu, f32::NAN).is_nan());
    assert!(of(super::sign, f32::NAN).is_nan());
}

/// Abramowitz and Stegun, table 7.1.
#[test]
fn the_error_function_has_its_tabled_values() {
    for (x, wanted) in [(0.0, 0.0), (0.5, 0.520_499_9), (1.0, 0.842_700_8), (-2.0, -0.995_322_3)] {
        assert!((of(super::erf, x) - wanted).abs() < 2e-7, "erf({x})");
    }
    let out = run(super::erf, &node("Erf"), &[t(&[1], &[1.0_f64])]).unwrap();
    assert!((slice::<f64>(&out[0]).unwrap()[0] - 0.842_700_792_949_714_9).abs() < 1e-15);
}

#[test]
fn types_without_a_meaning_are_refused() {
    let error = run(super::exp, &node("Exp"), &[t(&[1], &[1_i64])]).unwrap_err();
    assert_eq!(error.to_string(), "a INT64 tensor, floats wanted");
}
