//! Answers of ONNX Runtime 1.32.0, which takes floats only.

use super::build;
use crate::onnx::operators::testing::{float, node, run, t};

#[test]
fn the_threshold_itself_is_not_over_it() {
    let x = t(&[5], &[0.0_f32, 0.5, 1.0, 1.5, -1.0]);
    let y = run(build, &node("Binarizer"), std::slice::from_ref(&x)).unwrap();
    assert_eq!(y[0], t(&[5], &[0.0_f32, 1.0, 1.0, 1.0, 0.0]));
    let y = run(build, &float(node("Binarizer"), "threshold", 0.5), &[x]).unwrap();
    assert_eq!(y[0], t(&[5], &[0.0_f32, 0.0, 1.0, 1.0, 0.0]));
}

#[test]
fn the_type_is_kept() {
    let y = run(build, &node("Binarizer"), &[t(&[2], &[3_i64, -3])]).unwrap();
    assert_eq!(y[0], t(&[2], &[1_i64, 0]));
    let y = run(build, &node("Binarizer"), &[t(&[1, 1], &[1e-300_f64])]).unwrap();
    assert_eq!(y[0], t(&[1, 1], &[1.0_f64]));
}

#[test]
fn nan_is_refused_by_its_place() {
    let error = run(build, &node("Binarizer"), &[t(&[2], &[0.0, f32::NAN])]).unwrap_err();
    assert_eq!(error.to_string(), "value 1 is NaN");
}
