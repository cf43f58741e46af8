//! Answers of ONNX Runtime 1.32.0.

use super::build;
use crate::onnx::operators::element::Element;
use crate::onnx::operators::testing::{node, run, string, t};
use crate::{Tensor, Values};

fn normalized<T: Element>(norm: &str, shape: &[usize], values: &[T]) -> Vec<f32> {
    let y = run(build, &string(node("Normalizer"), "norm", norm), &[t(shape, values)]).unwrap();
    let y: Tensor = y.into_iter().next().unwrap();
    assert_eq!(y.shape(), shape);
    let Values::Fp32(values) = y.into_values() else { panic!("floats") };
    values
}

#[test]
fn rows_of_floats() {
    let x = [-3.0_f32, -4.0, 0.0, 0.0];
    // The greatest value is -3: the signs turn.
    assert_eq!(normalized("MAX", &[2, 2], &x), [1.0, 1.333_333_4, 0.0, 0.0]);
    assert_eq!(normalized("L1", &[2, 2], &x), [-0.428_571_43, -0.571_428_6, 0.0, 0.0]);
    assert_eq!(normalized("L2", &[2, 2], &x), [-0.6, -0.8, 0.0, 0.0]);
    assert_eq!(normalized("L1", &[2], &[1.0_f32, 2.0]), [0.333_333_34, 0.666_666_7]);
}

#[test]
fn nan_and_infinity() {
    let x = [f32::NAN, 2.0, f32::INFINITY, 1.0];
    let max = normalized("MAX", &[2, 2], &x);
    assert!(max[0].is_nan() && max[1] == 1.0 && max[2].is_nan() && max[3] == 0.0);
    for norm in ["L1", "L2"] {
        let y = normalized(norm, &[2, 2], &x);
        assert!(y[0].is_nan() && y[1].is_nan() && y[2].is_nan() && y[3] == 0.0);
    }
}

#[test]
fn integers_wrap_around() {
    let x = [-3_i32, 4, i32::MIN, 1];
    assert_eq!(normalized("MAX", &[2, 2], &x), [-0.75, 1.0, -2_147_483_600.0, 1.0]);
    assert_eq!(normalized("L2", &[2, 2], &x), [-0.6, 0.8, 0.0, 1.0]);
    // The square of 50,000 is negative.
    let y = normalized("L2", &[1, 2], &[50_000_i32, 2]);
    assert!(y[0] == 1.0 && y[1].is_nan());
}

#[test]
fn what_is_unknown_is_refused() {
    let x = t(&[1, 1], &[1.0_f32]);
    assert!(run(build, &string(node("Normalizer"), "norm", "L3"), &[x]).is_err());
    for shape in [&[][..], &[1, 1, 1]] {
        assert!(run(build, &node("Normalizer"), &[t(shape, &[1.0_f32])]).is_err());
    }
    assert_eq!(run(build, &node("Normalizer"), &[t::<f32>(&[2, 0], &[])]).unwrap().len(), 1);
}
