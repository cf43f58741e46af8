//! Requests that fit are placed; each kind of misfit is refused by name.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::*;
use crate::{Values, WrongNames};

fn spec(name: &str, datatype: Datatype, shape: &[Option<usize>]) -> TensorSpec {
    let (feature_names, class_labels) = (vec![], vec![]);
    TensorSpec {
        name: name.to_owned(),
        datatype,
        shape: shape.to_vec(),
        per_row: shape.first() == Some(&None),
        feature_names,
        class_labels,
    }
}

fn signature() -> Signature {
    let x = spec("x", Datatype::Fp32, &[None, Some(3)]);
    let country = spec("country", Datatype::Bytes, &[None, Some(1)]);
    Signature::new(vec![x, country], vec![])
}

fn named<'a>(name: &'a str, shape: &[usize], values: Values) -> NamedTensor<'a> {
    let tensor = Tensor::new(SmallVec::from_slice(shape), values).unwrap();
    NamedTensor { name: Cow::Borrowed(name), tensor }
}

fn x(rows: usize) -> NamedTensor<'static> {
    named("x", &[rows, 3], Values::Fp32(vec![0.5; rows * 3]))
}

fn country(rows: usize) -> NamedTensor<'static> {
    named("country", &[rows, 1], Values::Bytes(vec!["NO".to_owned(); rows]))
}

#[track_caller]
fn refused(named: Vec<NamedTensor<'_>>, culprit: &str, wanted: InputProblem) {
    match signature().place(named).unwrap_err() {
        Error::Input { name, problem } => {
            assert_eq!((name.as_str(), problem), (culprit, wanted));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn tensors_come_out_in_the_signatures_order() {
    let inputs = signature().place(vec![country(4), x(4)]).unwrap();
    assert_eq!(inputs.rows(), 4);
    let datatypes: Vec<_> = inputs.tensors().iter().map(Tensor::datatype).collect();
    assert_eq!(datatypes, [Datatype::Fp32, Datatype::Bytes]);
    assert_eq!(inputs.into_tensors().len(), 2);
}

#[test]
fn names_that_do_not_fit_are_refused() {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let names = |unknown: &[&str], missing: &[&str], repeated: &[&str]| {
        let (unknown, missing, repeated) = (owned(unknown), owned(missing), owned(repeated));
        let known = owned(&["x", "country"]);
        InputProblem::Names(Box::new(WrongNames { unknown, missing, repeated, known }))
    };
    refused(vec![x(1)], "country", names(&[], &["country"], &[]));
    refused(vec![], "x", names(&[], &["x", "country"], &[]));
    refused(vec![x(1), country(1), x(1)], "x", names(&[], &[], &["x"]));
    let other = |name| named(name, &[1], Values::Fp32(vec![0.0]));
    let all = vec![x(1), other("X"), x(2), other("Y")];
    refused(all, "X", names(&["X", "Y"], &["country"], &["x"]));
}

#[test]
fn datatypes_and_shapes_that_do_not_fit_are_refused() {
    let wide = named("x", &[1, 3], Values::Fp64(vec![0.0; 3]));
    let problem = InputProblem::Datatype { expected: Datatype::Fp32, got: Datatype::Fp64 };
    refused(vec![wide, country(1)], "x", problem);
    for shape in [&[3_usize][..], &[1, 3, 1], &[3, 1]] {
        let misshapen = named("x", shape, Values::Fp32(vec![0.0; 3]));
        let expected = vec![None, Some(3)];
        let problem = InputProblem::Shape { expected, got: shape.to_vec() };
        refused(vec![misshapen, country(1)], "x", problem);
    }
}

#[test]
fn rows_must_agree_and_exist() {
    let problem = InputProblem::Rows { expected: 2, got: 3, first: "x".to_owned() };
    refused(vec![x(2), country(3)], "country", problem);
    refused(vec![x(0), country(0)], "x", InputProblem::NoRows);
}

#[test]
fn a_fixed_first_extent_is_held() {
    let fixed = Signature::new(vec![spec("x", Datatype::Fp32, &[Some(1), Some(3)])], vec![]);
    assert_eq!(fixed.place(vec![x(1)]).unwrap().rows(), 1);
    let error = fixed.place(vec![x(2)]).unwrap_err();
    assert_eq!(error.to_string(), "input `x` has shape [2, 3], the model wants [1, 3]");
}

#[test]
fn messages_name_what_is_wanted() {
    let error = signature().place(vec![named("x", &[3], Values::Fp32(vec![0.0; 3])), country(1)]);
    let message = error.unwrap_err().to_string();
    assert_eq!(message, "input `x` has shape [3], the model wants [-1, 3]");
    let other = || named("X", &[3], Values::Fp32(vec![0.0; 3]));
    let message = signature().place(vec![other(), country(1), country(1), other()]);
    assert_eq!(
        message.unwrap_err().to_string(),
        "inputs `X`, `X` are not inputs of the model; input `x` is missing; \
         input `country` is there twice; it has x, country"
    );
    let message = signature().place(vec![x(1), country(1), other()]).unwrap_err().to_string();
    assert_eq!(message, "input `X` is not an input of the model; it has x, country");
}
