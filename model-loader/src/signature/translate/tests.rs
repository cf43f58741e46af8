//! What one model was sent reaches another by name, whatever its order, form and types.

use smallvec::SmallVec;

use super::*;
use crate::NamedTensor;

fn spec(name: &str, datatype: Datatype, shape: &[Option<usize>], columns: &[&str]) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        datatype,
        shape: shape.to_vec(),
        per_row: true,
        feature_names: columns.iter().map(|&column| column.to_owned()).collect(),
        class_labels: Vec::new(),
    }
}

fn matrix(name: &str, columns: &[&str]) -> TensorSpec {
    spec(name, Datatype::Fp32, &[None, Some(columns.len().max(2))], columns)
}

fn takes(inputs: Vec<TensorSpec>) -> Signature {
    Signature::new(inputs, Vec::new())
}

fn sent(to: &Signature, tensors: &[(&'static str, &[usize], Values)]) -> Inputs {
    let named = |(name, shape, values): &(&'static str, &[usize], Values)| NamedTensor {
        name: (*name).into(),
        tensor: Tensor::new(SmallVec::from_slice(shape), values.clone()).unwrap(),
    };
    to.place(tensors.iter().map(named).collect()).unwrap()
}

fn two_rows(of: &Signature) -> Inputs {
    sent(of, &[("x", &[2, 2], Values::Fp32(vec![1.0, 2.0, 3.0, 4.0]))])
}

#[test]
fn inputs_and_columns_in_another_order() {
    let floats = |values: &[f32]| Values::Fp32(values.to_vec());
    let live = takes(vec![matrix("x", &["a", "b"])]);
    let turned = takes(vec![matrix("x", &["b", "a"])]);
    let got = turned.translate(&live, two_rows(&live)).unwrap();
    assert_eq!(*got.tensors()[0].values(), floats(&[2.0, 1.0, 4.0, 3.0]));
    // Each column an input, one of them a vector; and back.
    let columns = takes(vec![
        spec("b", Datatype::Fp32, &[None], &[]),
        spec("a", Datatype::Fp32, &[None, Some(1)], &[]),
    ]);
    let got = columns.translate(&live, two_rows(&live)).unwrap();
    assert_eq!((*got.tensors()[0].values()).clone(), floats(&[2.0, 4.0]));
    assert_eq!(got.tensors()[1].shape(), [2, 1]);
    let back = live.translate(&columns, got).unwrap();
    assert_eq!(back, two_rows(&live));
}

#[test]
fn a_whole_input_where_nothing_says_that_its_columns_differ() {
    let live = takes(vec![matrix("x", &["a", "b"])]);
    for other in [matrix("x", &[]), matrix("features", &[]), matrix("x", &["a", "b"])] {
        assert_eq!(takes(vec![other]).translate(&live, two_rows(&live)).unwrap(), two_rows(&live));
    }
}

#[test]
fn values_become_those_of_the_other_type_or_are_refused() {
    let live = takes(vec![matrix("x", &["a", "b"])]);
    let whole = takes(vec![spec("x", Datatype::Int64, &[None, Some(2)], &["a", "b"])]);
    let got = whole.translate(&live, two_rows(&live)).unwrap();
    assert_eq!(*got.tensors()[0].values(), Values::Int64(vec![1, 2, 3, 4]));
    let half = sent(&live, &[("x", &[1, 2], Values::Fp32(vec![1.0, 0.5]))]);
    let error = whole.translate(&live, half).unwrap_err().to_string();
    assert!(error.contains("0.5"), "{error}");
    let texts = takes(vec![spec("x", Datatype::Bytes, &[None, Some(2)], &["a", "b"])]);
    let error = texts.translate(&live, two_rows(&live)).unwrap_err().to_string();
    assert!(error.contains("BYTES") && error.contains("FP32"), "{error}");
}

#[test]
fn an_input_of_other_rows_gives_no_columns() {
    let fixed = |name, shape: &[usize]| {
        let shape: Vec<_> = shape.iter().copied().map(Some).collect();
        spec(name, Datatype::Fp32, &shape, &[])
    };
    let live = takes(vec![fixed("x", &[4, 2]), fixed("a", &[1, 1])]);
    let x: (&str, &[usize], Values) = ("x", &[4, 2], Values::Fp32(vec![0.0; 8]));
    let inputs = sent(&live, &[x, ("a", &[1, 1], Values::Fp32(vec![1.0]))]);
    let other = takes(vec![spec("y", Datatype::Fp32, &[None, Some(1)], &["a"])]);
    let error = other.translate(&live, inputs).unwrap_err().to_string();
    assert!(error.contains('4') && error.contains('1'), "{error}");
}

#[test]
fn what_has_no_counterpart_is_named() {
    let live = takes(vec![matrix("x", &["a", "b"])]);
    let wants = takes(vec![matrix("x", &["b", "c", "d"])]);
    let error = wants.takes_from(&live).unwrap_err().to_string();
    assert!(error.contains('c') && error.contains('d'), "{error}");
    assert!(wants.translate(&live, two_rows(&live)).is_err());
    // A column of the other's that is called as the input is no whole input.
    let open = takes(vec![
        spec("a", Datatype::Fp32, &[None, None], &[]),
        spec("b", Datatype::Fp32, &[None], &[]),
    ]);
    let error = open.takes_from(&live).unwrap_err().to_string();
    assert!(error.contains("\"a\"") || error.contains("`a`"), "{error}");
    let wide = takes(vec![spec("x", Datatype::Fp32, &[None, Some(3)], &[])]);
    let error = wide.translate(&live, two_rows(&live)).unwrap_err().to_string();
    assert!(error.contains("[2, 2]"), "{error}");
}
