//! Labels agree or not; scores lie apart; outputs find each other by name or place.

use model_loader::{Datatype, Tensor, TensorSpec, Values};

use super::Differences;

fn spec(name: &str, datatype: Datatype) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        datatype,
        shape: vec![None],
        per_row: true,
        feature_names: Vec::new(),
        class_labels: Vec::new(),
    }
}

fn tensor(shape: &[usize], values: Values) -> Tensor {
    Tensor::new(shape.into(), values).unwrap()
}

type Model = (Vec<TensorSpec>, Vec<Tensor>);

fn classifier(label: &str, labels: &[i64], scores: &[f32]) -> Model {
    let specs = vec![spec(label, Datatype::Int64), spec("p", Datatype::Fp32)];
    let rows = labels.len();
    let tensors = vec![
        tensor(&[rows], Values::Int64(labels.to_vec())),
        tensor(&[rows, scores.len() / rows], Values::Fp32(scores.to_vec())),
    ];
    (specs, tensors)
}

fn between(live: &Model, other: &Model, rows: usize) -> Differences {
    Differences::between((&live.0, &live.1), (&other.0, &other.1), rows)
}

#[test]
fn labels_and_scores_are_compared_row_by_row() {
    let live = classifier("label", &[0, 1, 1], &[0.75, 0.25, 0.5, 0.5, 0.25, 0.75]);
    let other = classifier("label", &[0, 0, 1], &[0.75, 0.25, 0.625, 0.375, 0.0, 1.0]);
    let found = between(&live, &other, 3);
    assert_eq!((found.rows, found.disagreeing), (3, 1));
    assert_eq!(found.scores, [0.0, 0.125, 0.25]);
    assert_eq!(between(&live, &live, 3).disagreeing, 0);
}

#[test]
fn outputs_of_other_names_are_compared_by_place() {
    let live = classifier("label", &[1], &[0.25, 0.75]);
    let other = classifier("output_label", &[0], &[0.5, 0.5]);
    let found = between(&live, &other, 1);
    assert_eq!((found.disagreeing, found.scores), (1, vec![0.25]));
}

#[test]
fn what_is_no_number_on_one_side_is_infinitely_far() {
    let live = classifier("label", &[1], &[f32::NAN, 0.75]);
    assert_eq!(between(&live, &live, 1).scores, [0.0]);
    let other = classifier("label", &[1], &[0.5, 0.75]);
    assert_eq!(between(&live, &other, 1).scores, [f64::INFINITY]);
}

#[test]
fn other_shapes_and_types_disagree() {
    let live = classifier("label", &[1, 1], &[0.1, 0.9, 0.1, 0.9]);
    let wider = classifier("label", &[1, 1], &[0.1, 0.2, 0.7, 0.1, 0.2, 0.7]);
    assert_eq!(between(&live, &wider, 2).disagreeing, 2);
    let mut texts = live.clone();
    texts.1[0] = tensor(&[2], Values::Bytes(vec!["1".into(), "1".into()]));
    assert_eq!(between(&live, &texts, 2).disagreeing, 2);
}
