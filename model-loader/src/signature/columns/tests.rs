//! One matrix for a model of columns, columns for a model of one matrix, vectors for columns.

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
    Signature { inputs, outputs: vec![] }
}

fn matrix() -> Signature {
    Signature { inputs: vec![spec("x", 3, &["a", "b", "c"])], outputs: vec![] }
}

fn values(inputs: &Inputs) -> Vec<(Vec<usize>, Values)> {
    let tensors = inputs.tensors().iter();
    tensors.map(|tensor| (tensor.shape().to_vec(), tensor.values().clone())).collect()
}

#[test]
fn a_matrix_is_cut_into_the_columns_of_the_model() {
    let matrix = named("rows", &[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let placed = columns().place(vec![matrix]).unwrap();
    assert_eq!(placed.rows(), 2);
    let column = |values: &[f32]| (vec![2, 1], Values::Fp32(values.to_vec()));
    assert_eq!(values(&placed), [column(&[1.0, 4.0]), column(&[2.0, 5.0]), column(&[3.0, 6.0])]);
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
fn what_fits_neither_form_is_refused_by_name() {
    refused(&columns(), vec![named("rows", &[2, 2], &[0.0; 4])], "`rows` is not an input");
    let two = || vec![named("a", &[2], &[0.0; 2]), named("b", &[2], &[0.0; 2])];
    refused(&matrix(), two(), "`c` is missing");
    let with = |last| two().into_iter().chain([last]).collect::<Vec<_>>();
    refused(&matrix(), with(named("c", &[3], &[0.0; 3])), "`c` has 3 rows, but input `a` has 2");
    refused(&matrix(), with(named("b", &[2], &[0.0; 2])), "`b` is there twice");
    refused(&matrix(), with(named("d", &[2], &[0.0; 2])), "`d` is not an input");
    refused(&matrix(), with(named("c", &[1, 2], &[0.0; 2])), "`c` has shape [1, 2]");
}
