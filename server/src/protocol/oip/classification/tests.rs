//! Ranks, ties, labels and what cannot be ranked.

use model_loader::{Datatype, Shape, Tensor, TensorSpec, Values};

use super::largest;

fn spec(labels: &[&str]) -> TensorSpec {
    TensorSpec {
        name: "p".to_owned(),
        datatype: Datatype::Fp32,
        shape: vec![None, None],
        per_row: true,
        feature_names: Vec::new(),
        class_labels: labels.iter().map(|label| (*label).to_owned()).collect(),
    }
}

fn tensor(rows: usize, values: Values) -> Tensor {
    let width = values.len() / rows;
    Tensor::new(Shape::from_slice(&[rows, width]), values).unwrap()
}

fn ranked(labels: &[&str], rows: usize, values: Values, k: usize) -> (Vec<usize>, Vec<String>) {
    let ranked = largest(&spec(labels), &tensor(rows, values), k).unwrap();
    let shape = ranked.shape().to_vec();
    let Values::Bytes(texts) = ranked.into_values() else { panic!("texts") };
    (shape, texts)
}

#[test]
fn each_row_gives_its_largest_scores() {
    let scores = Values::Fp32(vec![0.1, 0.7, 0.2, 0.5, 0.25, 0.25]);
    let (shape, texts) = ranked(&["a", "b", "c"], 2, scores.clone(), 2);
    assert_eq!(shape, [2, 2]);
    assert_eq!(texts, ["0.700000:1:b", "0.200000:2:c", "0.500000:0:a", "0.250000:1:b"]);
    let (shape, texts) = ranked(&[], 2, scores, 9);
    assert_eq!((shape, texts[0].as_str()), (vec![2, 3], "0.700000:1"));
}

#[test]
fn nan_is_last_and_whole_numbers_are_written_whole() {
    let (_, texts) = ranked(&[], 1, Values::Fp64(vec![f64::NAN, -1.0, f64::INFINITY]), 3);
    assert_eq!(texts, ["inf:2", "-1.000000:1", "NaN:0"]);
    let (_, texts) = ranked(&[], 1, Values::Int64(vec![-5, i64::MAX]), 2);
    assert_eq!(texts, ["9223372036854775807:1", "-5:0"]);
}

#[test]
fn texts_cannot_be_ranked() {
    let refused = largest(&spec(&[]), &tensor(1, Values::Bytes(vec!["x".to_owned()])), 1);
    assert!(refused.unwrap_err().to_string().contains("output \"p\" has no numbers"));
}
