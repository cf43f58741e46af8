//! Answers of ONNX Runtime 1.32.0; rank 1 and refusals included.

use super::build;
use crate::onnx::operators::testing::{node, run, t, texts};

#[test]
fn picks_columns_of_every_row() {
    let x = t(&[2, 2, 3], &(0..12).collect::<Vec<i64>>());
    let z = run(build, &node("ArrayFeatureExtractor"), &[x, t(&[2], &[2_i64, 0])]).unwrap();
    assert_eq!(z[0], t(&[2, 2, 2], &[2_i64, 0, 5, 3, 8, 6, 11, 9]));
}

#[test]
fn a_row_without_rows_gives_one_row() {
    let x = t(&[3], &[1.0_f32, 2.0, 3.0]);
    let z = run(build, &node("ArrayFeatureExtractor"), &[x, t(&[2, 1], &[2_i64, 0])]).unwrap();
    assert_eq!(z[0], t(&[1, 2], &[3.0_f32, 1.0]));
}

#[test]
fn strings_are_picked_too() {
    let inputs = [texts(&[1, 2], &["a", "b"]), t(&[1], &[1_i64])];
    let z = run(build, &node("ArrayFeatureExtractor"), &inputs).unwrap();
    assert_eq!(z[0], texts(&[1, 1], &["b"]));
}

#[test]
fn no_rows_stay_no_rows() {
    let inputs = [t::<f32>(&[0, 2], &[]), t(&[1], &[0_i64])];
    let z = run(build, &node("ArrayFeatureExtractor"), &inputs).unwrap();
    assert_eq!(z[0], t::<f32>(&[0, 1], &[]));
}

#[test]
fn indices_out_of_range_are_refused() {
    let x = t(&[1, 2], &[1.0_f32, 2.0]);
    for indices in [vec![-1_i64], vec![2], vec![]] {
        let y = t(&[indices.len()], &indices);
        assert!(run(build, &node("ArrayFeatureExtractor"), &[x.clone(), y]).is_err());
    }
    let scalar = [t(&[], &[1.0_f32]), t(&[1], &[0_i64])];
    let error = run(build, &node("ArrayFeatureExtractor"), &scalar).unwrap_err();
    assert_eq!(error.to_string(), "input 0 is a scalar");
}
