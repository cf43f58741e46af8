//! What is written is read; damaged streams are refused and never more than that.

use std::sync::Arc;

use arrow_array::{ArrayRef, DictionaryArray, Float32Array, Int8Array, Int64Array, RecordBatch};
use arrow_ipc::writer::StreamWriter;
use model_loader::{Datatype, Shape, Signature, Tensor, TensorSpec, Values};
use proptest::prelude::*;

use super::{read, write};
use crate::limits::RequestLimits;
use crate::protocol::predictions::Outputs;

fn spec(name: &str, datatype: Datatype, shape: &[Option<usize>]) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        datatype,
        shape: shape.to_vec(),
        per_row: true,
        feature_names: Vec::new(),
        class_labels: Vec::new(),
    }
}

/// A number, a list of two and a text in each of two rows.
fn stream() -> (Signature, Vec<Tensor>, Vec<u8>) {
    let specs = vec![
        spec("a", Datatype::Fp64, &[None]),
        spec("b", Datatype::Int16, &[None, Some(2)]),
        spec("t", Datatype::Bytes, &[None]),
    ];
    let texts = ["x".to_owned(), "grün".to_owned()];
    let tensors = vec![
        Tensor::new(Shape::from_slice(&[2]), Values::Fp64(vec![1.5, -0.0])).unwrap(),
        Tensor::new(Shape::from_slice(&[2, 2]), Values::Int16(vec![1, 2, 3, 4])).unwrap(),
        Tensor::new(Shape::from_slice(&[2]), Values::Bytes(texts.to_vec())).unwrap(),
    ];
    let bytes = write(Outputs { specs: &specs, tensors: &tensors, rows: 2 }).unwrap();
    (Signature::new(specs, Vec::new()), tensors, bytes)
}

#[test]
fn a_stream_comes_back() {
    let (signature, tensors, bytes) = stream();
    let table = read(&bytes, &signature, RequestLimits::default()).unwrap();
    let read: Vec<Tensor> = table.into_iter().map(|column| column.tensor).collect();
    assert_eq!(read, tensors);
}

#[test]
fn numbers_take_the_type_of_their_input() {
    let (_, _, bytes) = stream();
    // The text is an input of no name here: what is not asked for is passed over.
    let read = |a, b| {
        let inputs = vec![spec("a", a, &[None]), spec("b", b, &[None, Some(2)])];
        read(&bytes, &Signature::new(inputs, Vec::new()), RequestLimits::default())
    };
    let table = read(Datatype::Fp32, Datatype::Fp64).unwrap();
    assert_eq!(*table[0].tensor.values(), Values::Fp32(vec![1.5, -0.0]));
    assert_eq!(*table[1].tensor.values(), Values::Fp64(vec![1.0, 2.0, 3.0, 4.0]));
    let error = read(Datatype::Int8, Datatype::Fp64).unwrap_err().to_string();
    assert!(error.contains("\"a\": row 0: Float(1.5)"), "{error}");
    let error = read(Datatype::Bytes, Datatype::Fp64).unwrap_err().to_string();
    assert!(error.contains("Float64") && error.contains("BYTES"), "{error}");
}

#[test]
fn a_dictionary_is_looked_up_and_may_be_empty() {
    let stream = |keys: Vec<Option<i8>>, said: Vec<f32>| {
        let values = Arc::new(Float32Array::from(said));
        let column = DictionaryArray::new(Int8Array::from(keys), values);
        let batch = RecordBatch::try_from_iter([("a", Arc::new(column) as ArrayRef)]).unwrap();
        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap()
    };
    let inputs = vec![spec("a", Datatype::Fp32, &[None])];
    let signature = Signature::new(inputs, Vec::new());
    let numbers = |bytes: Vec<u8>| {
        let table = read(&bytes, &signature, RequestLimits::default()).unwrap();
        let Values::Fp32(numbers) = table[0].tensor.values().clone() else { panic!("floats") };
        numbers
    };
    let found = numbers(stream(vec![Some(1), None, Some(0)], vec![0.5, 2.5]));
    assert!(found[0] == 2.5 && found[1].is_nan() && found[2] == 0.5, "{found:?}");
    assert!(numbers(stream(vec![None, None], vec![])).iter().all(|number| number.is_nan()));
}

#[test]
fn batches_are_counted_by_their_rows() {
    let (signature, _, _) = stream();
    let batch = |rows: usize| {
        let column = Arc::new(Int64Array::from(vec![1; rows])) as ArrayRef;
        RecordBatch::try_from_iter([("a", column)]).unwrap()
    };
    let mut writer = StreamWriter::try_new(Vec::new(), &batch(0).schema()).unwrap();
    for rows in [0, 3, 0, 2] {
        writer.write(&batch(rows)).unwrap();
    }
    let bytes = writer.into_inner().unwrap();
    let limits = RequestLimits { rows: 5, elements: 5, ..RequestLimits::default() };
    let table = read(&bytes, &signature, limits).unwrap();
    assert_eq!(*table[0].tensor.values(), Values::Fp64(vec![1.0; 5]));
}

#[test]
fn more_rows_than_allowed_are_refused() {
    let (signature, _, bytes) = stream();
    let limits = RequestLimits { rows: 1, ..RequestLimits::default() };
    assert_eq!(read(&bytes, &signature, limits).unwrap_err().status(), 413);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn damaged_streams_are_refused_or_read(
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        end in any::<prop::sample::Index>(),
    ) {
        let (signature, _, mut bytes) = stream();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if let Err(error) = read(&bytes, &signature, RequestLimits::default()) {
            prop_assert!(matches!(error.status(), 400 | 413), "{}", error);
        }
        let end = end.index(bytes.len());
        let cut = read(&bytes[..end], &signature, RequestLimits::default());
        if let Err(error) = cut {
            prop_assert!(matches!(error.status(), 400 | 413), "{}", error);
        }
    }
}
