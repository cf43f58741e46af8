//! The trees against ONNX Runtime's answers for all rows of the example.

use forest::Kernels;

use super::Trees;
use crate::example::{Example, FEATURES, V1, V2};

fn check(model: &[u8], trees: usize, values: &[f32], wanted: &[f32]) {
    let model = Trees::read(model);
    let classifier = model.compile(Kernels::detect());
    assert_eq!(classifier.ensemble().trees(), trees);
    let values = model.impute(values);
    let mut labels = vec![0; wanted.len()];
    let mut scores = vec![0.0; 2 * wanted.len()];
    classifier.classify(&values, FEATURES, &mut labels, &mut scores);
    for (row, wanted) in wanted.iter().enumerate() {
        let got = scores[2 * row + 1];
        assert!((got - wanted).abs() <= 1e-5, "row {row}: {got}, ONNX Runtime says {wanted}");
    }
}

#[test]
fn version_1_scores_as_onnx_runtime() {
    let example = Example::read();
    check(V1, 100, &example.values, &example.v1);
}

#[test]
fn version_2_scores_as_onnx_runtime() {
    let example = Example::read();
    check(V2, 200, &example.values, &example.v2);
}
