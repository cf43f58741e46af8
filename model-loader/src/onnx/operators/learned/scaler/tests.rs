//! Answers of ONNX Runtime 1.32.0.

use super::build;
use crate::onnx::operators::testing::{floats, node, run, t};

fn scaler(offset: &[f32], scale: &[f32]) -> tract_onnx::pb::NodeProto {
    floats(floats(node("Scaler"), "offset", offset), "scale", scale)
}

#[test]
fn columns_have_their_own_scales_or_one() {
    let x = t(&[2, 2], &[1.0_f32, 2.0, 3.0, -4.0]);
    let y = run(build, &scaler(&[1.0], &[2.0]), std::slice::from_ref(&x)).unwrap();
    assert_eq!(y[0], t(&[2, 2], &[0.0_f32, 2.0, 4.0, -10.0]));
    let y = run(build, &scaler(&[1.0, 2.0], &[2.0, 0.5]), &[x]).unwrap();
    assert_eq!(y[0], t(&[2, 2], &[0.0_f32, 0.0, 4.0, -3.0]));
}

#[test]
fn other_types_become_floats() {
    let y = run(build, &scaler(&[1.0, 2.0], &[2.0, 0.5]), &[t(&[2], &[5_i64, 7])]).unwrap();
    assert_eq!(y[0], t(&[2], &[8.0_f32, 2.5]));
    // Rounded once, after scaling.
    let y = run(build, &scaler(&[1.0], &[1e9]), &[t(&[1], &[1.000_000_001_f64])]).unwrap();
    assert_eq!(y[0], t(&[1], &[1.000_000_1_f32]));
}

#[test]
fn the_second_extent_is_that_of_the_columns() {
    let y = run(build, &scaler(&[0.0, 0.0], &[2.0, 3.0]), &[t(&[1, 2, 3], &[1.0_f32; 6])]).unwrap();
    assert_eq!(y[0], t(&[1, 2, 3], &[2.0_f32, 3.0, 2.0, 3.0, 2.0, 3.0]));
}

#[test]
fn scales_that_do_not_fit_are_refused() {
    let x = t(&[1, 2], &[1.0_f32, 2.0]);
    for (offset, scale) in [(&[][..], &[1.0][..]), (&[1.0], &[]), (&[0.0; 3], &[1.0; 3])] {
        assert!(run(build, &scaler(offset, scale), std::slice::from_ref(&x)).is_err());
    }
    assert!(run(build, &scaler(&[0.0], &[1.0]), &[t(&[], &[1.0_f32])]).is_err());
    assert_eq!(run(build, &scaler(&[0.0], &[1.0]), &[t::<f32>(&[0, 2], &[])]).unwrap().len(), 1);
}
