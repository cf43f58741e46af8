//! Columns for a model of one matrix or of groups, vectors for columns and columns for vectors.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::*;
use crate::{Datatype, Inputs};

fn spec(name: &str, columns: usize, features: &[&str]) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        datatype: Datatype::Fp32,
        shape: vec![None, Some(columns)],
        per_row: true,
        feature_names: features.iter().map(|&name| name.to_owned()).collect(),
        class_labels: vec![],
    }
}

fn named<'a>(name: &'a str, shape: &[usize], values: &[f32]) -> NamedTensor<'a> {
    let values = Values::Fp32(values.to_vec());
    let tensor = Tensor::new(SmallVec::from_slice(shape), values).unwrap();
    NamedTensor { name: Cow::Borrowed(name), tensor }
}

fn columns() -> Signature {
    let inputs = ["a", "b", "c"].map(|name| spec(name, 1, &[])).to_vec();
    Signature::new(inputs, vec![])
}

fn matrix() -> Signature {
    Signature::new(vec![spec("x", 3, &["a", "b", "c"])], vec![])
}

fn values(inputs: &Inputs) -> Vec<(Vec<usize>, Values)> {
    let tensors = inputs.tensors().iter();
    tensors.map(|tensor| (tensor.shape().to_vec(), tensor.values().clone())).collect()
}

#[test]
fn named_columns_become_the_matrix_of_the_model_in_its_own_order() {
    let given = vec![
        named("c", &[2], &[3.0, 6.0]),
        named("a", &[2, 1], &[1.0, 4.0]),
        named("b", &[2], &[2.0, 5.0]),
    ];
    let placed = matrix().place(given).unwrap();
    let wanted = (vec![2, 3], Values::Fp32(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    assert_eq!(values(&placed), [wanted]);
}

#[test]
fn vectors_stand_for_columns() {
    let given = ["a", "b", "c"].map(|name| named(name, &[2], &[7.0, 8.0])).to_vec();
    let placed = columns().place(given).unwrap();
    assert_eq!(values(&placed), vec![(vec![2, 1], Values::Fp32(vec![7.0, 8.0])); 3]);
}

#[track_caller]
fn refused(signature: &Signature, given: Vec<NamedTensor<'_>>, words: &str) {
    let error = signature.place(given).unwrap_err().to_string();
    assert!(error.contains(words), "`{words}` is not in: {error}");
}

#[test]
fn columns_stand_for_vectors() {
    let mut vectors = columns();
    vectors.inputs[1].shape = vec![None];
    let given = ["a", "b", "c"].map(|name| named(name, &[2, 1], &[7.0, 8.0])).to_vec();
    let placed = vectors.place(given).unwrap();
    let shapes: Vec<_> = placed.tensors().iter().map(Tensor::shape).collect();
    assert_eq!(shapes, [&[2, 1][..], &[2], &[2, 1]]);
}

/// Two numbers in a group with names, and a string that is an input of its own.
fn groups() -> Signature {
    let city = TensorSpec { datatype: Datatype::Bytes, ..spec("city", 1, &[]) };
    Signature::new(vec![spec("numbers", 2, &["a", "b"]), city], vec![])
}

fn city(rows: &[&str]) -> NamedTensor<'static> {
    let values = Values::Bytes(rows.iter().map(|&text| text.to_owned()).collect());
    let tensor = Tensor::new(SmallVec::from_slice(&[rows.len()]), values).unwrap();
    NamedTensor { name: Cow::Borrowed("city"), tensor }
}

#[test]
fn columns_of_a_group_go_by_its_feature_names_beside_whole_inputs() {
    let (a, b) = (named("a", &[2, 1], &[1.0, 3.0]), named("b", &[2], &[2.0, 4.0]));
    let text = |texts: [&str; 2]| Values::Bytes(texts.map(str::to_owned).to_vec());
    let wanted = [
        (vec![2, 2], Values::Fp32(vec![1.0, 2.0, 3.0, 4.0])),
        (vec![2, 1], text(["Oslo", "Bergen"])),
    ];
    let placed = groups().place(vec![b, city(&["Oslo", "Bergen"]), a]).unwrap();
    assert_eq!(values(&placed), wanted);
    let whole = named("numbers", &[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let placed = groups().place(vec![city(&["Oslo", "Bergen"]), whole]).unwrap();
    assert_eq!(values(&placed), wanted);
}

#[test]
fn strings_of_a_group_are_moved_into_its_rows() {
    let words = TensorSpec { datatype: Datatype::Bytes, ..spec("words", 2, &["v", "w"]) };
    let words = Signature::new(vec![words], vec![]);
    let column = |name, texts: &[&str]| NamedTensor { name: Cow::Borrowed(name), ..city(texts) };
    let placed = words.place(vec![column("w", &["2", "4"]), column("v", &["1", "3"])]).unwrap();
    let rows = ["1", "2", "3", "4"].map(str::to_owned).to_vec();
    assert_eq!(values(&placed), [(vec![2, 2], Values::Bytes(rows))]);
}

#[test]
fn all_names_that_are_wrong_are_named() {
    let a = || named("a", &[1], &[1.0]);
    let error = groups().place(vec![a(), a(), named("z", &[1], &[0.0]), named("y", &[1], &[0.0])]);
    assert_eq!(
        error.unwrap_err().to_string(),
        "inputs `z`, `y` are not inputs of the model; inputs `b`, `city` are missing; \
         input `a` is there twice; it has numbers, a, b, city"
    );
    refused(&groups(), vec![city(&["Oslo"])], "input `numbers` is missing");
    let whole = || named("numbers", &[1, 2], &[1.0, 2.0]);
    refused(&groups(), vec![whole(), a(), city(&["Oslo"])], "input `a` is there twice");
    refused(&groups(), vec![a(), whole(), city(&["Oslo"])], "`numbers` is there twice");
}

#[test]
fn what_fits_neither_form_is_refused_by_name() {
    let two = || vec![named("a", &[2], &[0.0; 2]), named("b", &[2], &[0.0; 2])];
    refused(&matrix(), two(), "`c` is missing");
    let with = |last| two().into_iter().chain([last]).collect::<Vec<_>>();
    refused(&matrix(), with(named("c", &[3], &[0.0; 3])), "`c` has 3 rows, but input `a` has 2");
    refused(&matrix(), with(named("b", &[2], &[0.0; 2])), "`b` is there twice");
    refused(&matrix(), with(named("d", &[2], &[0.0; 2])), "`d` is not an input");
    refused(&matrix(), with(named("c", &[1, 2], &[0.0; 2])), "`c` has shape [1, 2]");
}
