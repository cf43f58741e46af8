//! Answers of ONNX Runtime 1.32.0.

use tract_onnx::pb::NodeProto;

use super::build;
use crate::onnx::operators::testing::{floats, int, node, run, string, t};

fn regressor(coefficients: &[f32], intercepts: &[f32], targets: i64) -> NodeProto {
    let node = floats(node("LinearRegressor"), "coefficients", coefficients);
    int(floats(node, "intercepts", intercepts), "targets", targets)
}

#[test]
fn intercepts_that_do_not_fit_are_left_out() {
    let x = t(&[3, 2], &[1.0_f32, 2.0, 3.0, -4.0, -1.0, 0.5]);
    let y = run(build, &regressor(&[0.5, 0.25, 1.0, 2.0], &[0.1], 2), &[x]).unwrap();
    assert_eq!(y[0], t(&[3, 2], &[1.0_f32, 5.0, 0.5, -5.0, -0.375, 0.0]));
}

#[test]
fn one_target_is_not_transformed() {
    let x = t(&[2], &[1.0_f32, 2.0]);
    let node = string(regressor(&[0.5, 0.25], &[0.5], 1), "post_transform", "LOGISTIC");
    assert_eq!(run(build, &node, &[x]).unwrap()[0], t(&[1, 1], &[1.5_f32]));
    let node = string(regressor(&[0.0, 0.0], &[0.5, 0.5], 2), "post_transform", "SOFTMAX");
    let y = run(build, &node, &[t(&[1, 1], &[3_i64])]).unwrap();
    assert_eq!(y[0], t(&[1, 2], &[0.5_f32, 0.5]));
}

#[test]
fn no_rows_stay_no_rows() {
    let y = run(build, &regressor(&[0.5, 0.25], &[0.1], 1), &[t::<f32>(&[0, 2], &[])]).unwrap();
    assert_eq!(y[0], t::<f32>(&[0, 1], &[]));
}

#[test]
fn what_does_not_fit_is_refused() {
    let x = t(&[1, 2], &[1.0_f32, 2.0]);
    for (coefficients, targets) in [(3, 2), (0, 1), (3, 1), (2, 0), (2, -1), (2, i64::MAX)] {
        let node = regressor(&vec![1.0; coefficients], &[], targets);
        assert!(run(build, &node, std::slice::from_ref(&x)).is_err());
    }
}
