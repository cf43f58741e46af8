//! One matrix for a model of columns, of mixed types and of groups; each misfit by name.

use std::borrow::Cow;

use super::*;
use crate::Inputs;

fn spec(name: &str, datatype: Datatype, shape: &[Option<usize>]) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        datatype,
        shape: shape.to_vec(),
        per_row: true,
        feature_names: vec![],
        class_labels: vec![],
    }
}

fn signature(inputs: &[(&str, Datatype, &[Option<usize>])]) -> Signature {
    let inputs = inputs.iter().map(|(name, datatype, shape)| spec(name, *datatype, shape));
    Signature::new(inputs.collect(), vec![])
}

/// A float, a vector of integers, a boolean and a group of two doubles.
fn mixed() -> Signature {
    signature(&[
        ("amount", Datatype::Fp32, &[None, Some(1)]),
        ("age", Datatype::Int64, &[None]),
        ("known", Datatype::Bool, &[None, Some(1)]),
        ("place", Datatype::Fp64, &[None, Some(2)]),
    ])
}

fn named(shape: &[usize], values: Values) -> Vec<NamedTensor<'static>> {
    let tensor = Tensor::new(SmallVec::from_slice(shape), values).unwrap();
    vec![NamedTensor { name: Cow::Borrowed("rows"), tensor }]
}

fn values(inputs: &Inputs) -> Vec<(Vec<usize>, Values)> {
    let tensors = inputs.tensors().iter();
    tensors.map(|tensor| (tensor.shape().to_vec(), tensor.values().clone())).collect()
}

#[track_caller]
fn refused(signature: &Signature, given: Vec<NamedTensor<'_>>, words: &str) {
    assert_eq!(signature.place(given).unwrap_err().to_string(), words);
}

#[test]
fn a_matrix_is_cut_into_the_columns_of_the_model() {
    let column = |name| (name, Datatype::Fp32, &[None, Some(1)][..]);
    let columns = signature(&[column("a"), column("b"), column("c")]);
    let matrix = named(&[2, 3], Values::Fp32(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let placed = columns.place(matrix).unwrap();
    assert_eq!(placed.rows(), 2);
    let column = |values: &[f32]| (vec![2, 1], Values::Fp32(values.to_vec()));
    assert_eq!(values(&placed), [column(&[1.0, 4.0]), column(&[2.0, 5.0]), column(&[3.0, 6.0])]);
}

#[test]
fn each_value_becomes_one_of_its_inputs_type() {
    let wanted = [
        (vec![2, 1], Values::Fp32(vec![0.5, f32::NAN])),
        (vec![2], Values::Int64(vec![40, -3])),
        (vec![2, 1], Values::Bool(vec![true, false])),
        (vec![2, 2], Values::Fp64(vec![59.5, 10.25, -33.5, 151.0])),
    ];
    let rows = [0.5, 40.0, 1.0, 59.5, 10.25, f64::NAN, -3.0, 0.0, -33.5, 151.0];
    let singles = rows.map(|value| value as f32).to_vec();
    for matrix in [Values::Fp64(rows.to_vec()), Values::Fp32(singles)] {
        let placed = mixed().place(named(&[2, 5], matrix)).unwrap();
        assert_eq!(placed.rows(), 2);
        assert_eq!(format!("{:?}", values(&placed)), format!("{wanted:?}"));
    }
    let whole = named(&[1, 5], Values::Uint8(vec![7, 40, 1, 59, 10]));
    let wanted = [
        (vec![1, 1], Values::Fp32(vec![7.0])),
        (vec![1], Values::Int64(vec![40])),
        (vec![1, 1], Values::Bool(vec![true])),
        (vec![1, 2], Values::Fp64(vec![59.0, 10.0])),
    ];
    assert_eq!(values(&mixed().place(whole).unwrap()), wanted);
}

#[test]
fn a_value_that_the_type_does_not_hold_is_named_with_its_place() {
    let with = |at: usize, value: f64| {
        let mut rows = vec![0.0; 10];
        rows[at] = value;
        named(&[2, 5], Values::Fp64(rows))
    };
    for (at, value, words) in [
        (6, 1.5, "input `age` takes INT64, which does not hold 1.5, the value in row 1"),
        (1, f64::NAN, "input `age` takes INT64, which does not hold NaN, the value in row 0"),
        (1, 1e300, "input `age` takes INT64, which does not hold 1e300, the value in row 0"),
        (7, 2.0, "input `known` takes BOOL, which does not hold 2.0, the value in row 1"),
        (0, 1e39, "input `amount` takes FP32, which does not hold 1e39, the value in row 0"),
    ] {
        refused(&mixed(), with(at, value), &format!("{words} and column {} of `rows`", at % 5));
    }
    let large = named(&[1, 5], Values::Int64(vec![0, 0, 0, 1, (1 << 53) + 1]));
    let words = "input `place` takes FP64, which does not hold 9007199254740993, \
                 the value in row 0 and column 4 of `rows`";
    refused(&mixed(), large, words);
}

#[test]
fn strings_go_to_strings_alone() {
    let words = |name| (name, Datatype::Bytes, &[None, Some(1)][..]);
    let texts = || Values::Bytes(["a", "b", "c", "d"].map(str::to_owned).to_vec());
    let both = signature(&[words("city"), words("channel")]);
    let placed = both.place(named(&[2, 2], texts())).unwrap();
    let column = |texts: [&str; 2]| (vec![2, 1], Values::Bytes(texts.map(str::to_owned).to_vec()));
    assert_eq!(values(&placed), [column(["a", "c"]), column(["b", "d"])]);

    let mixed = signature(&[("amount", Datatype::Fp32, &[None, Some(1)]), words("city")]);
    refused(
        &mixed,
        named(&[2, 2], Values::Fp32(vec![0.0; 4])),
        "input `rows` is not an input of the model, and a matrix of FP32 cannot fill `city`, \
         which takes BYTES: send each input by its name",
    );
    refused(
        &mixed,
        named(&[2, 2], texts()),
        "input `rows` is not an input of the model, and a matrix of BYTES cannot fill `amount`, \
         which takes FP32: send each input by its name",
    );
}

#[test]
fn other_shapes_are_refused_with_what_is_wanted() {
    let zeros = |shape: &[usize]| {
        named(shape, Values::zeros(Datatype::Fp32, shape.iter().product::<usize>()))
    };
    for shape in [&[2, 4][..], &[2, 6], &[5], &[2, 5, 1], &[3, 0]] {
        let words = format!(
            "input `rows` is not an input of the model, nor a matrix of its 5 columns: \
             it has shape {shape:?}; the model has amount, age, known, place"
        );
        refused(&mixed(), zeros(shape), &words);
    }
    refused(&mixed(), zeros(&[0, 5]), "input `rows` has no row");
}

#[test]
fn only_inputs_of_rows_of_a_known_width_make_a_matrix() {
    let matrix = || named(&[2, 2], Values::Fp32(vec![0.0; 4]));
    let column = ("a", Datatype::Fp32, &[None, Some(1)][..]);
    for other in [&[None, None][..], &[None, Some(1), Some(1)], &[]] {
        let signature = signature(&[column, ("b", Datatype::Fp32, other)]);
        let words = "input `rows` is not an input of the model; inputs `a`, `b` are missing; \
                     it has a, b";
        refused(&signature, matrix(), words);
    }
    let mut constant = signature(&[column, ("b", Datatype::Fp32, &[None])]);
    constant.inputs[1].per_row = false;
    assert!(constant.place(matrix()).is_err());
    // A batch of a fixed size is one all the same.
    let fixed = [Some(2), Some(1)];
    let fixed = signature(&[("a", Datatype::Fp32, &fixed), ("b", Datatype::Int32, &fixed)]);
    assert_eq!(fixed.place(matrix()).unwrap().rows(), 2);
    let words = "input `a` has shape [3, 1], the model wants [2, 1]";
    refused(&fixed, named(&[3, 2], Values::Fp32(vec![0.0; 6])), words);
}
