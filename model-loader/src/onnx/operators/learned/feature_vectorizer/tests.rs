//! Answers of ONNX Runtime 1.32.0, which takes inputs of one type only.

use super::build;
use crate::onnx::operators::testing::{ints, node, run, t};

fn vectorizer(widths: &[i64]) -> tract_onnx::pb::NodeProto {
    ints(node("FeatureVectorizer"), "inputdimensions", widths)
}

#[test]
fn inputs_are_cut_and_filled_up() {
    let a = t(&[2, 3], &[0_i32, 1, 2, 3, 4, 5]);
    let b = t(&[2, 2], &[0.5_f32, 1.5, 2.5, 3.5]);
    let y = run(build, &vectorizer(&[2, 4]), &[a, b]).unwrap();
    let rows = [0.0_f32, 1.0, 0.5, 1.5, 0.0, 0.0, 3.0, 4.0, 2.5, 3.5, 0.0, 0.0];
    assert_eq!(y[0], t(&[2, 6], &rows));
}

#[test]
fn extents_after_the_first_are_columns() {
    let x = t(&[2, 2, 2], &(0..8).map(f64::from).collect::<Vec<f64>>());
    let y = run(build, &vectorizer(&[3]), &[x]).unwrap();
    assert_eq!(y[0], t(&[2, 3], &[0.0_f32, 1.0, 2.0, 4.0, 5.0, 6.0]));
}

#[test]
fn a_width_of_zero_is_no_column() {
    let y = run(build, &vectorizer(&[0]), &[t(&[2, 1], &[1.0_f32, 2.0])]).unwrap();
    assert_eq!(y[0], t::<f32>(&[2, 0], &[]));
}

#[test]
fn what_does_not_fit_is_refused() {
    let (two, one) = (t(&[2, 1], &[1.0_f32, 2.0]), t(&[1, 1], &[1.0_f32]));
    let error = run(build, &vectorizer(&[1, 1]), &[two.clone(), one.clone()]).unwrap_err();
    assert_eq!(error.to_string(), "input 1 has 1 rows, input 0 has 2");
    for widths in [&[][..], &[-1], &[i64::MAX], &[i64::MAX; 3], &[1, 1]] {
        assert!(run(build, &vectorizer(widths), std::slice::from_ref(&two)).is_err());
    }
    assert!(run(build, &vectorizer(&[1]), &[t(&[], &[1.0_f32])]).is_err());
}
