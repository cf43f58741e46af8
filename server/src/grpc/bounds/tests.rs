//! Honest messages pass; those of very many small parts do not.

use bytes::Bytes;
use prost::Message as _;

use super::super::messages::model_infer_request::InferInputTensor;
use super::super::messages::{InferTensorContents, ModelInferRequest};
use super::{PARTS_MAX, check};
use crate::limits::RequestLimits;

const FEW: RequestLimits = RequestLimits { depth: 9, rows: 9, elements: 10 };

fn of(contents: InferTensorContents, shape: &[i64]) -> Vec<u8> {
    let input = InferInputTensor {
        name: "x".to_owned(),
        datatype: "FP32".to_owned(),
        shape: shape.to_vec(),
        contents: Some(contents),
        ..Default::default()
    };
    let raw_input_contents = vec![Bytes::from_static(&[0; 100])];
    let request =
        ModelInferRequest { inputs: vec![input], raw_input_contents, ..Default::default() };
    request.encode_to_vec()
}

#[test]
fn elements_are_counted_by_their_type() {
    for (contents, fits) in [
        (InferTensorContents { fp32_contents: vec![1.0; 10], ..Default::default() }, true),
        (InferTensorContents { fp32_contents: vec![1.0; 11], ..Default::default() }, false),
        (InferTensorContents { fp64_contents: vec![1.0; 11], ..Default::default() }, false),
        (InferTensorContents { int64_contents: vec![-1; 10], ..Default::default() }, true),
        (InferTensorContents { int64_contents: vec![-1; 11], ..Default::default() }, false),
        (InferTensorContents { bool_contents: vec![true; 11], ..Default::default() }, false),
        (InferTensorContents { bytes_contents: vec![vec![]; 10], ..Default::default() }, true),
        (InferTensorContents { bytes_contents: vec![vec![]; 11], ..Default::default() }, false),
    ] {
        assert_eq!(check(&of(contents.clone(), &[1]), FEW).is_ok(), fits, "{contents:?}");
    }
    let long = of(InferTensorContents::default(), &[1; 17]);
    assert!(check(&long, FEW).unwrap_err().to_string().contains("dimensions"));
}

#[test]
fn many_empty_parts_are_refused() {
    for part in [&b"\x2a\x00"[..], b"\x32\x00", b"\x3a\x00", b"\x22\x00"] {
        assert!(check(&part.repeat(PARTS_MAX), FEW).is_ok());
        assert!(check(&part.repeat(PARTS_MAX + 1), FEW).is_err(), "{part:?}");
    }
    // Parameters of one output, and of one input.
    for head in [&b"\x32"[..], b"\x2a"] {
        let inner = if head == b"\x32" { b"\x12\x00" } else { b"\x22\x00" }.repeat(PARTS_MAX);
        let mut message = head.to_vec();
        prost::encoding::encode_varint(inner.len() as u64, &mut message);
        message.extend_from_slice(&inner);
        assert!(check(&message, FEW).is_err(), "{head:?}");
    }
}

#[test]
fn what_is_no_message_is_left_to_the_decoder() {
    for bytes in [&b"\xff"[..], b"\x2a\xff\xff\xff\xff\x0f", b"\x0b", &[0xff; 30]] {
        assert!(check(bytes, FEW).is_ok());
    }
}
