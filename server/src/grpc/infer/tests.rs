//! Messages become requests; what contradicts itself is refused by the input's name.

use bytes::Bytes;
use model_loader::Values;

use super::super::messages::infer_parameter::ParameterChoice;
use super::super::messages::model_infer_request::{InferInputTensor, InferRequestedOutputTensor};
use super::super::messages::{InferParameter, InferTensorContents, ModelInferRequest};
use super::decode;
use crate::error::Error;
use crate::limits::RequestLimits;
use crate::protocol::oip::Wishes;
use crate::score::ScoreRequest;

fn read(request: ModelInferRequest) -> Result<(ScoreRequest<'static>, Wishes), Error> {
    decode(request, RequestLimits::default())
}

fn input(datatype: &str, shape: &[i64], contents: Option<InferTensorContents>) -> InferInputTensor {
    InferInputTensor {
        name: "x".to_owned(),
        datatype: datatype.to_owned(),
        shape: shape.to_vec(),
        contents,
        ..Default::default()
    }
}

fn one(input: InferInputTensor, raw: &[&'static [u8]]) -> ModelInferRequest {
    let raw_input_contents = raw.iter().map(|bytes| Bytes::from_static(bytes)).collect();
    ModelInferRequest { inputs: vec![input], raw_input_contents, ..Default::default() }
}

fn parameter(choice: ParameterChoice) -> InferParameter {
    InferParameter { parameter_choice: Some(choice) }
}

#[test]
fn contents_are_read_by_their_datatype() {
    let ints = InferTensorContents { int_contents: vec![-1, 7], ..Default::default() };
    let uints = InferTensorContents { uint_contents: vec![1, 7], ..Default::default() };
    let texts = InferTensorContents { bytes_contents: vec![b"a".to_vec()], ..Default::default() };
    for (input, values) in [
        (input("INT8", &[2], Some(ints.clone())), Values::Int8(vec![-1, 7])),
        (input("INT32", &[2], Some(ints)), Values::Int32(vec![-1, 7])),
        (input("UINT16", &[2], Some(uints)), Values::Uint16(vec![1, 7])),
        (input("BYTES", &[1], Some(texts)), Values::Bytes(vec!["a".to_owned()])),
        (input("FP32", &[0], None), Values::Fp32(vec![])),
    ] {
        assert_eq!(*read(one(input, &[])).unwrap().0.inputs[0].tensor.values(), values);
    }
    let raw = read(one(input("FP16", &[1, 2], None), &[&[0, 0x3c, 0, 0xc0]])).unwrap().0;
    assert_eq!(*raw.inputs[0].tensor.values(), Values::Fp32(vec![1.0, -2.0]));
}

#[test]
fn parameters_say_how_the_answer_is_wanted() {
    let mut request = one(input("FP32", &[0], None), &[]);
    request.id = "7".to_owned();
    request.parameters.insert("timeout".to_owned(), parameter(ParameterChoice::Int64Param(50)));
    request.parameters.insert("priority".to_owned(), parameter(ParameterChoice::Uint64Param(1)));
    let classes = parameter(ParameterChoice::Int64Param(3));
    request.outputs = vec![InferRequestedOutputTensor {
        name: "p".to_owned(),
        parameters: [("classification".to_owned(), classes)].into(),
    }];
    let (read, wishes) = read(request).unwrap();
    assert_eq!((read.id.as_deref(), read.timeout.unwrap().as_micros()), (Some("7"), 50));
    assert_eq!((read.outputs.unwrap(), wishes.classes(0)), (vec!["p".into()], Some(3)));
}

#[test]
fn what_contradicts_itself_is_refused() {
    let floats = InferTensorContents { fp32_contents: vec![1.0], ..Default::default() };
    let large = InferTensorContents { int_contents: vec![128], ..Default::default() };
    let latin = InferTensorContents { bytes_contents: vec![vec![0xe9]], ..Default::default() };
    for (request, words) in [
        (one(input("FP32", &[1], Some(floats.clone())), &[&[0; 4]]), "both contents"),
        (one(input("FP32", &[1], None), &[&[0; 4], &[0; 4]]), "2 raw_input_contents for 1"),
        (one(input("FP32", &[-1], Some(floats.clone())), &[]), "-1 is negative"),
        (one(input("FP64", &[1], Some(floats.clone())), &[]), "another datatype"),
        (one(input("FP32", &[2], Some(floats.clone())), &[]), "2"),
        (one(input("FP16", &[1], Some(floats)), &[]), "raw_input_contents"),
        (one(input("INT8", &[1], Some(large)), &[]), "128 is out"),
        (one(input("BYTES", &[1], Some(latin)), &[]), "not UTF-8"),
        (one(input("FP32", &[2], None), &[&[0; 4]]), "4 bytes"),
        (one(input("FP31", &[1], None), &[]), "FP31"),
        (one(input("FP32", &[i64::MAX, 9], None), &[&[0; 4]]), "rows"),
    ] {
        let error = read(request).unwrap_err();
        assert!(matches!(error.status(), 400 | 413), "{error}");
        assert!(error.to_string().contains(words), "{words} not in {error}");
    }
}
