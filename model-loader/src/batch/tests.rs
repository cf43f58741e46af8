//! A batch is the requests one below the other, and its answer comes apart at the same places.

use proptest::prelude::*;
use smallvec::smallvec;

use super::unstacked;
use crate::{Datatype, Error, Inputs, NamedTensor, Shape, Signature, Tensor, TensorSpec, Values};

fn spec(name: &str, datatype: Datatype, shape: &[Option<usize>], per_row: bool) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        datatype,
        shape: shape.to_vec(),
        per_row,
        feature_names: Vec::new(),
        class_labels: Vec::new(),
    }
}

/// A matrix of two columns, and one of texts that is as wide as each request likes.
fn signature() -> Signature {
    let inputs = vec![
        spec("x", Datatype::Fp32, &[None, Some(2)], true),
        spec("words", Datatype::Bytes, &[None, None], true),
    ];
    Signature::new(inputs, vec![spec("y", Datatype::Fp32, &[None], true)])
}

fn request(x: &[f32], words: &[&str]) -> Inputs {
    let rows = x.len() / 2;
    let words = words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let wide = words.len() / rows;
    let tensor = |name: &'static str, shape: Shape, values| NamedTensor {
        name: name.into(),
        tensor: Tensor::new(shape, values).unwrap(),
    };
    let named = vec![
        tensor("x", smallvec![rows, 2], Values::Fp32(x.to_vec())),
        tensor("words", smallvec![rows, wide], Values::Bytes(words)),
    ];
    signature().place(named).unwrap()
}

#[test]
fn rows_stand_in_the_order_of_their_requests() {
    let (one, two) =
        (request(&[1.0, 2.0], &["a"]), request(&[3.0, 4.0, f32::NAN, 6.0], &["b", "c"]));
    assert!(one.stacks_with(&two));
    let both = Inputs::stacked(&[&one, &two]).unwrap();
    assert_eq!(both.rows(), 3);
    let [x, words] = both.tensors() else { panic!("two tensors") };
    assert_eq!(x.shape(), [3, 2]);
    let Values::Fp32(x) = x.values() else { panic!("floats") };
    assert_eq!(x[..4], [1.0, 2.0, 3.0, 4.0]);
    assert!(x[4].is_nan() && x[5] == 6.0);
    let texts = ["a", "b", "c"].map(str::to_owned).to_vec();
    assert_eq!(words, &Tensor::new(smallvec![3, 1], Values::Bytes(texts)).unwrap());
}

#[test]
fn requests_of_other_widths_do_not_stack() {
    let (one, two) = (request(&[1.0, 2.0], &["a"]), request(&[3.0, 4.0], &["b", "c"]));
    assert!(!one.stacks_with(&two));
    let refused = Inputs::stacked(&[&one, &two]);
    assert!(matches!(refused, Err(Error::Shape { .. })), "{refused:?}");
    assert!(Inputs::stacked(&[]).is_err());
}

#[test]
fn an_output_of_other_rows_does_not_come_apart() {
    let constant = Tensor::new(smallvec![2], Values::Int64(vec![1, 2])).unwrap();
    let error = unstacked(vec![constant], &[1, 2]).unwrap_err();
    assert_eq!(error.to_string(), "the model failed: [2] for a batch of 3 rows");
}

#[test]
fn what_has_no_row_for_each_row_is_named() {
    assert_eq!(signature().batchable(), Ok(()));
    let signature = signature();
    let (inputs, outputs) = (signature.inputs().to_vec(), signature.outputs().to_vec());
    let total = spec("total", Datatype::Fp32, &[Some(1)], false);
    let said = Signature::new(inputs, vec![total]).batchable().unwrap_err();
    assert!(said.contains("output \"total\" does not have a row for each row"), "{said}");
    let fixed = spec("x", Datatype::Fp32, &[Some(8), Some(2)], true);
    let said = Signature::new(vec![fixed], outputs).batchable().unwrap_err();
    assert!(said.contains("input \"x\""), "{said}");
}

proptest! {
    #[test]
    fn a_stack_comes_apart_into_what_was_stacked(
        requests in prop::collection::vec(prop::collection::vec(any::<i64>(), 1..20), 1..8),
        wide in 1_usize..4,
    ) {
        let x = spec("x", Datatype::Int64, &[None, None], true);
        let signature = Signature::new(vec![x], Vec::new());
        let place = |values: &Vec<i64>| {
            let values: Vec<i64> = values.iter().flat_map(|v| vec![*v; wide]).collect();
            let shape = smallvec![values.len() / wide, wide];
            let tensor = Tensor::new(shape, Values::Int64(values)).unwrap();
            signature.place(vec![NamedTensor { name: "x".into(), tensor }]).unwrap()
        };
        let requests: Vec<Inputs> = requests.iter().map(place).collect();
        let stacked = Inputs::stacked(&requests.iter().collect::<Vec<_>>()).unwrap();
        let rows: Vec<usize> = requests.iter().map(Inputs::rows).collect();
        let apart = unstacked(stacked.into_tensors(), &rows).unwrap();
        let tensors: Vec<_> = requests.into_iter().map(Inputs::into_tensors).collect();
        prop_assert_eq!(apart, tensors);
    }
}
