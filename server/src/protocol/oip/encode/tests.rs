//! Responses in JSON, in binary and in both are the bytes that the protocol says.

use model_loader::{Datatype, Shape, Tensor, TensorSpec, Values};

use super::{Of, answer};
use crate::protocol::oip::{Wish, Wishes};

fn spec(name: &str, datatype: Datatype) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        datatype,
        shape: vec![None, Some(2)],
        per_row: true,
        feature_names: Vec::new(),
        class_labels: Vec::new(),
    }
}

fn written(selected: &[usize], wishes: &Wishes) -> (String, Vec<u8>) {
    let specs = [spec("p", Datatype::Fp32), spec("t", Datatype::Bytes)];
    let shape = || Shape::from_slice(&[1, 2]);
    let outputs = [
        Tensor::new(shape(), Values::Fp32(vec![0.5, f32::NAN])).unwrap(),
        Tensor::new(shape(), Values::Bytes(vec!["a\"".to_owned(), String::new()])).unwrap(),
    ];
    let of = Of { model: "m", version: "3", deployment: "blue", id: Some("7"), outputs: &specs };
    let body = answer(of, &outputs, selected, wishes).unwrap();
    let mut json = body.bytes;
    let tail = json.split_off(body.json.unwrap_or(json.len()));
    (String::from_utf8(json).unwrap(), tail)
}

const HEAD: &str = "{\"model_name\":\"m\",\"model_version\":\"3\",\"id\":\"7\",\
                    \"parameters\":{\"deployment\":\"blue\"},\"outputs\":[";

#[test]
fn json_has_null_for_nan_and_no_parameters() {
    let (json, tail) = written(&[0, 1], &Wishes::default());
    let p = r#"{"name":"p","datatype":"FP32","shape":[1,2],"data":[0.5,null]}"#;
    let t = r#"{"name":"t","datatype":"BYTES","shape":[1,2],"data":["a\"",""]}"#;
    assert_eq!(json, format!("{HEAD}{p},{t}]}}"));
    assert!(tail.is_empty());
}

#[test]
fn an_outputs_own_wish_beats_the_requests() {
    let outputs = vec![Wish { binary: Some(false), classes: None }, Wish::default()];
    let (json, tail) = written(&[0, 1], &Wishes { binary: true, outputs });
    let p = r#"{"name":"p","datatype":"FP32","shape":[1,2],"data":[0.5,null]}"#;
    let size = r#""parameters":{"binary_data_size":10}"#;
    let t = format!(r#"{{"name":"t","datatype":"BYTES","shape":[1,2],{size}}}"#);
    assert_eq!(json, format!("{HEAD}{p},{t}]}}"));
    assert_eq!(tail, [2, 0, 0, 0, b'a', b'"', 0, 0, 0, 0]);
}

#[test]
fn classes_come_in_place_of_scores() {
    let wishes = Wishes { binary: false, outputs: vec![Wish { binary: None, classes: Some(1) }] };
    let (json, _) = written(&[0], &wishes);
    let p = r#"{"name":"p","datatype":"BYTES","shape":[1,1],"data":["0.500000:0"]}"#;
    assert_eq!(json, format!("{HEAD}{p}]}}"));
}
