//! Requests of the protocol are read in any order; what is wrong is named.

use model_loader::{Datatype, Signature, TensorSpec, Values};
use proptest::prelude::*;

use crate::error::Error;
use crate::limits::RequestLimits;
use crate::metrics::refused::Refusal;
use crate::protocol::oip::Wishes;
use crate::score::ScoreRequest;

const TENSOR: &str = r#"{"name":"x","shape":[2,2],"datatype":"FP32","data":[1,2,3,4]}"#;

fn request(body: &[u8]) -> Result<ScoreRequest<'_>, Error> {
    super::request(body, None, RequestLimits::default()).map(|(request, _)| request)
}

fn body(tensor: &str) -> String {
    format!(r#"{{"inputs":[{tensor}]}}"#)
}

#[test]
fn a_request_is_read() {
    let text = format!(r#"{{"id":"7","inputs":[{TENSOR}],"outputs":[{{"name":"y"}}]}}"#);
    let read = request(text.as_bytes()).unwrap();
    assert_eq!(read.id.as_deref(), Some("7"));
    assert_eq!(read.outputs.unwrap(), ["y"]);
    assert_eq!(read.inputs.len(), 1);
    assert_eq!(read.inputs[0].name, "x");
    let tensor = &read.inputs[0].tensor;
    assert_eq!((tensor.shape(), tensor.datatype()), (&[2, 2][..], Datatype::Fp32));
    assert_eq!(*tensor.values(), Values::Fp32(vec![1.0, 2.0, 3.0, 4.0]));
}

#[test]
fn no_output_is_all_of_them() {
    assert!(request(body(TENSOR).as_bytes()).unwrap().outputs.is_none());
    let none = body(TENSOR).replace("}]}", r#"}],"outputs":[]}"#);
    assert!(request(none.as_bytes()).unwrap().outputs.is_none());
}

#[test]
fn null_is_absent() {
    let text = body(TENSOR).replace("{\"inputs\"", "{\"id\":null,\"outputs\": null,\"inputs\"");
    let read = request(text.as_bytes()).unwrap();
    assert!(read.id.is_none() && read.outputs.is_none());
}

#[test]
fn an_output_is_asked_for_once() {
    let outputs = r#"}],"outputs":[{"name":"y"},{"name":"z"},{"name":"y"}]}"#;
    let text = body(TENSOR).replace("}]}", outputs);
    let error = request(text.as_bytes()).unwrap_err();
    assert_eq!(error.status(), 400);
    assert!(error.to_string().contains("\"y\""), "{error}");
}

#[test]
fn every_datatype_has_its_buffer() {
    for (datatype, data, values) in [
        ("BOOL", "[true]", Values::Bool(vec![true])),
        ("UINT8", "[1]", Values::Uint8(vec![1])),
        ("UINT16", "[1]", Values::Uint16(vec![1])),
        ("UINT32", "[1]", Values::Uint32(vec![1])),
        ("UINT64", "[1]", Values::Uint64(vec![1])),
        ("INT8", "[-1]", Values::Int8(vec![-1])),
        ("INT16", "[-1]", Values::Int16(vec![-1])),
        ("INT32", "[-1]", Values::Int32(vec![-1])),
        ("INT64", "[-1]", Values::Int64(vec![-1])),
        ("FP32", "[0.5]", Values::Fp32(vec![0.5])),
        ("FP64", "[0.5]", Values::Fp64(vec![0.5])),
        ("BYTES", "[\"a\"]", Values::Bytes(vec!["a".to_owned()])),
    ] {
        let tensor = format!(r#"{{"name":"x","shape":[1],"datatype":"{datatype}","data":{data}}}"#);
        let text = body(&tensor);
        let read = request(text.as_bytes()).unwrap();
        assert_eq!(*read.inputs[0].tensor.values(), values);
    }
}

proptest! {
    #[test]
    fn fields_come_in_any_order(order in Just([0, 1, 2, 3, 4]).prop_shuffle()) {
        let fields = [
            r#""name":"x""#, r#""shape":[2,2]"#, r#""datatype":"FP32""#,
            r#""data":[[1,2],[3,4]]"#, r#""parameters":{"a":[{}]}"#,
        ];
        let fields: Vec<&str> = order.iter().map(|index| fields[*index]).collect();
        let shuffled = body(&format!("{{{}}}", fields.join(",")));
        let plain = body(TENSOR);
        let (shuffled, plain) = (request(shuffled.as_bytes()), request(plain.as_bytes()));
        prop_assert_eq!(shuffled.unwrap().inputs, plain.unwrap().inputs);
    }

    #[test]
    fn garbled_requests_never_panic(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut text = body(TENSOR).into_bytes();
        let place = place.index(text.len());
        text[place] = byte;
        if let Err(error) = request(&text) {
            prop_assert_eq!(error.status(), 400);
        }
        let _ = request(&text[..place]);
    }
}

#[test]
fn what_is_wrong_is_named() {
    for (change, words) in [
        ((r#""name":"x","#, ""), &["without a name"][..]),
        ((r#""shape":[2,2],"#, ""), &["\"x\"", "shape"]),
        ((r#""datatype":"FP32","#, ""), &["\"x\"", "datatype"]),
        ((r#","data":[1,2,3,4]"#, ""), &["\"x\"", "data"]),
        (("FP32", "FP31"), &["\"x\"", "FP31"]),
        (("[1,2,3,4]", "[1,2,3]"), &["\"x\"", "fewer", "byte"]),
        (("[1,2,3,4]", "[1,2,3,\"4\"]"), &["\"x\"", "number", "byte"]),
        (("[2,2]", "[-2,2]"), &["\"x\"", "integer"]),
        ((r#""name":"x""#, r#""name":"x","name":"y""#), &["name", "twice"]),
        (("[1,2,3,4]", "[1,2,3,4],\"data\":[]"), &["\"x\"", "data", "twice"]),
    ] {
        let text = body(&TENSOR.replace(change.0, change.1));
        let error = request(text.as_bytes()).unwrap_err();
        assert_eq!(error.status(), 400);
        for word in words {
            assert!(error.to_string().contains(word), "{word} not in: {error}");
        }
    }
}

#[test]
fn late_fields_name_the_input_too() {
    let text = body(r#"{"data":[1],"name":"x","shape":[2],"datatype":"FP32"}"#);
    let error = request(text.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("\"x\"") && error.contains("fewer"), "{error}");
}

#[test]
fn bodies_that_are_no_requests_are_refused() {
    for text in
        ["", "{}", "[]", "null", "{\"inputs\":{}}", "{\"inputs\":[]} x", "{\"inputs\":[[]]}"]
    {
        assert_eq!(request(text.as_bytes()).unwrap_err().status(), 400, "{text}");
    }
}

#[test]
fn more_rows_elements_or_depth_than_allowed_is_refused_before_it_is_kept() {
    let limits = RequestLimits { depth: 5, rows: 3, elements: 8 };
    let tensor = |shape: &str, data: &str| {
        format!(r#"{{"name":"x","shape":{shape},"datatype":"FP32","data":{data}}}"#)
    };
    let four = tensor("[2,2]", "[1,2,3,4]");
    for (inputs, refusal) in [
        (four.clone(), None),
        (format!("{four},{}", four.replace('x', "y")), None),
        (tensor("[3]", "[1,2,3]"), None),
        (tensor("[]", "[1]"), None),
        (tensor("[4]", "[1,2,3,4]"), Some(Refusal::TooManyRows)),
        // As large a shape as there is data for, and larger than any data.
        (tensor("[1,9]", "[1,2,3,4,5,6,7,8,9]"), Some(Refusal::TooManyElements)),
        (tensor("[1,1000000000000]", "[1]"), Some(Refusal::TooManyElements)),
        (tensor("[3,9223372036854775807]", "[1]"), Some(Refusal::TooManyElements)),
        (
            format!("{four},{},{}", four.replace('x', "y"), four.replace('x', "z")),
            Some(Refusal::TooManyElements),
        ),
        (tensor("[1,1,1]", "[[[1]]]"), Some(Refusal::TooDeep)),
    ] {
        let text = body(&inputs);
        let read = super::request(text.as_bytes(), None, limits);
        let found = read.as_ref().err().and_then(Error::refusal);
        assert_eq!((found, read.is_err()), (refusal, refusal.is_some()), "{inputs}: {read:?}");
    }
    // Data before its shape is read later, and no less strictly.
    let text = body(r#"{"name":"x","data":[1,2,3,4],"shape":[4],"datatype":"FP32"}"#);
    let error = super::request(text.as_bytes(), None, limits).unwrap_err();
    assert_eq!(error.to_string(), "input \"x\": 4 rows in one request: at most 3 are taken");
    assert_eq!(error.status(), 413);
}

/// JSON, and behind it the bytes of two tensors.
fn mixed(json: &str, tail: &[u8]) -> Result<(ScoreRequest<'static>, Wishes), Error> {
    let body: &'static [u8] = [json.as_bytes(), tail].concat().leak();
    super::request(body, Some(json.len()), RequestLimits::default())
}

const BINARY: &str =
    r#"{"name":"x","shape":[2],"datatype":"FP16","parameters":{"binary_data_size":4}}"#;

#[test]
fn tensors_in_binary_stand_behind_the_json_in_its_order() {
    let second =
        r#"{"parameters":{"binary_data_size":5},"datatype":"BYTES","shape":[1],"name":"t"}"#;
    let json = format!(r#"{{"inputs":[{BINARY},{TENSOR2},{second}]}}"#);
    let tail = [0, 0x3c, 0, 0xc0, 1, 0, 0, 0, b'a'];
    let (read, wishes) = mixed(&json, &tail).unwrap();
    let values: Vec<&Values> = read.inputs.iter().map(|input| input.tensor.values()).collect();
    let texts = Values::Bytes(vec!["a".to_owned()]);
    assert_eq!(values, [&Values::Fp32(vec![1.0, -2.0]), &Values::Int8(vec![7]), &texts]);
    assert_eq!(wishes, Wishes::default());
    for (tail, words) in [
        (&tail[..8], "binary_data_size is 5, and 4 bytes are left"),
        (&tail[..3], "binary_data_size is 4, and 3 bytes are left"),
        (&[&tail[..], b"more"].concat()[..], "4 bytes behind the JSON belong to no input"),
    ] {
        let error = mixed(&json, tail).unwrap_err();
        assert_eq!(error.status(), 400);
        assert!(error.to_string().contains(words), "{error}");
    }
}

const TENSOR2: &str = r#"{"name":"y","shape":[1],"datatype":"INT8","data":[7]}"#;

#[test]
fn data_stands_once_and_fits_its_shape() {
    for (json, words) in [
        (BINARY.replace("{\"bin", "{\"other\":1,\"bin").replace("\"FP16\"", "\"FP32\""), "4 bytes"),
        (BINARY.replace("\"parameters\"", "\"data\":[1,2],\"parameters\""), "FP16 and BF16"),
        (
            BINARY.replace("FP16", "INT16").replace("\"par", "\"data\":[1,2],\"par"),
            "in JSON and in binary",
        ),
        (BINARY.replace("\"binary_data_size\":4", ""), "no \"data\""),
        (BINARY.replace(":4}", ":-4}"), "integer"),
    ] {
        let error = mixed(&format!(r#"{{"inputs":[{json}]}}"#), &[0; 4]).unwrap_err();
        assert_eq!(error.status(), 400);
        assert!(error.to_string().contains(words), "{words} not in {error}");
    }
}

#[test]
fn wishes_are_of_the_request_or_of_an_output() {
    let outputs = r#"[{"name":"a","parameters":{"binary_data":false}},
        {"name":"b","parameters":{"classification":3,"unknown":[]}}, {"name":"c"}]"#;
    let parameters = r#"{"binary_data_output":true,"priority":1,"timeout":50}"#;
    let json = format!(r#"{{"inputs":[{TENSOR2}],"parameters":{parameters},"outputs":{outputs}}}"#);
    let (read, wishes) = mixed(&json, b"").unwrap();
    assert_eq!(read.timeout.unwrap().as_micros(), 50);
    assert_eq!(read.outputs.unwrap(), ["a", "b", "c"]);
    assert_eq!([0, 1, 2].map(|place| wishes.is_binary(place)), [false, true, true]);
    assert_eq!([0, 1, 2].map(|place| wishes.classes(place)), [None, Some(3), None]);
    let error = mixed(&json.replace(":3", ":0"), b"").unwrap_err().to_string();
    assert!(error.contains("output \"b\""), "{error}");
}

#[test]
fn a_json_length_beyond_the_body_is_refused() {
    let error = super::request(b"{}", Some(3), RequestLimits::default()).unwrap_err().to_string();
    assert!(error.contains("inference header size should be in range"), "{error}");
}

#[test]
fn a_raw_request_is_one_row_of_the_one_input() {
    let spec = |datatype, shape: &[Option<usize>]| TensorSpec {
        name: "x".to_owned(),
        datatype,
        shape: shape.to_vec(),
        per_row: true,
        feature_names: Vec::new(),
        class_labels: Vec::new(),
    };
    let raw = |specs: &[TensorSpec], body: &[u8]| {
        let signature = Signature::new(specs.to_vec(), Vec::new());
        let body: &'static [u8] = body.to_vec().leak();
        super::raw(body, &signature, RequestLimits::default())
    };
    let shape = |read: Result<(ScoreRequest<'_>, Wishes), Error>| {
        read.unwrap().0.inputs[0].tensor.shape().to_vec()
    };
    let matrix = [spec(Datatype::Fp32, &[None, Some(2)])];
    assert_eq!(shape(raw(&matrix, &[0; 8])), [1, 2]);
    assert_eq!(shape(raw(&[spec(Datatype::Fp32, &[None, None])], &[0; 12])), [1, 3]);
    assert_eq!(shape(raw(&[spec(Datatype::Int64, &[None])], &[0; 16])), [2]);
    let text = [2, 0, 0, 0, b'a', b'b'];
    assert_eq!(shape(raw(&[spec(Datatype::Bytes, &[None, Some(1)])], &text)), [1, 1]);
    assert!(raw(&matrix, &[0; 8]).unwrap().1.binary);
    for (specs, body) in [
        (matrix.to_vec(), &[0; 7][..]),
        ([&matrix[..], &matrix[..]].concat(), &[0; 8]),
        (vec![spec(Datatype::Fp32, &[None, None, None])], &[0; 8]),
    ] {
        assert_eq!(raw(&specs, body).unwrap_err().status(), 400);
    }
}
