//! Outputs nest by their shapes; rows are objects of them.

use model_loader::{Datatype, Shape, Tensor, TensorSpec, Values};

use super::Outputs;

fn spec(name: &str, per_row: bool) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        datatype: Datatype::Fp32,
        shape: vec![None],
        per_row,
        feature_names: Vec::new(),
        class_labels: Vec::new(),
    }
}

fn tensor(shape: &[usize], values: Values) -> Tensor {
    Tensor::new(Shape::from_slice(shape), values).unwrap()
}

fn written(specs: &[TensorSpec], tensors: &[Tensor], by_row: bool) -> String {
    let mut out = Vec::new();
    let outputs = Outputs { specs, tensors, rows: 2 };
    if by_row {
        outputs.by_row(&mut out)
    } else {
        outputs.whole(&mut out)
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn outputs_are_nested_or_by_row() {
    let specs = [spec("l", true), spec("p", true), spec("s", true)];
    let tensors = [
        tensor(&[2], Values::Int64(vec![1, 0])),
        tensor(&[2, 2], Values::Fp32(vec![0.5, f32::NAN, 0.25, 1.0])),
        tensor(&[2, 1], Values::Bytes(vec!["a".to_owned(), "b".to_owned()])),
    ];
    let whole = r#"{"l":[1,0],"p":[[0.5,null],[0.25,1.0]],"s":[["a"],["b"]]}"#;
    assert_eq!(written(&specs, &tensors, false), whole);
    let rows = r#"[{"l":1,"p":[0.5,null],"s":"a"},{"l":0,"p":[0.25,1.0],"s":"b"}]"#;
    assert_eq!(written(&specs, &tensors, true), rows);
    assert_eq!(written(&specs[..1], &tensors[..1], true), "[1,0]");
    assert_eq!(written(&specs[1..2], &tensors[1..2], false), "[[0.5,null],[0.25,1.0]]");
}

#[test]
fn what_has_no_rows_is_said_whole() {
    let specs = [spec("l", true), spec("c", false)];
    let tensors = [tensor(&[2], Values::Int64(vec![1, 0])), tensor(&[1], Values::Fp32(vec![2.5]))];
    assert_eq!(written(&specs, &tensors, true), r#"{"l":[1,0],"c":[2.5]}"#);
    let scalar = [tensor(&[], Values::Fp32(vec![2.5]))];
    assert_eq!(written(&specs[..1], &scalar, true), "2.5");
}
