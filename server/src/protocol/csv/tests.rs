//! A header and rows become columns; ragged lines are named; answers are written with classes.

use model_loader::{Datatype, Shape, Signature, Tensor, TensorSpec, Values};

use super::{read, write};
use crate::limits::RequestLimits;
use crate::protocol::predictions::Outputs;

fn spec(name: &str, datatype: Datatype, width: usize, labels: &[&str]) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        datatype,
        shape: vec![None, Some(width)],
        per_row: true,
        feature_names: Vec::new(),
        class_labels: labels.iter().map(|label| (*label).to_owned()).collect(),
    }
}

fn signature() -> Signature {
    let inputs = vec![spec("a", Datatype::Fp32, 1, &[]), spec("t", Datatype::Bytes, 1, &[])];
    Signature::new(inputs, Vec::new())
}

#[test]
fn rows_are_read_by_their_header() {
    let body = b"\xef\xbb\xbft,a\r\n\"x, \"\"y\"\"\",1.5\r\n,\r\n";
    let signature = signature();
    let table = read(body, &signature, RequestLimits::default()).unwrap();
    assert_eq!((&*table[0].name, &*table[1].name), ("t", "a"));
    let texts = Values::Bytes(vec!["x, \"y\"".to_owned(), String::new()]);
    assert_eq!(*table[0].tensor.values(), texts);
    let Values::Fp32(numbers) = table[1].tensor.values() else { panic!("floats") };
    assert!(numbers[0] == 1.5 && numbers[1].is_nan());
}

#[test]
fn what_is_no_table_is_refused() {
    let signature = signature();
    let few = RequestLimits { rows: 1, ..RequestLimits::default() };
    for (body, limits, status, words) in [
        (&b"a,t\n1,x\n1,x,2\n"[..], RequestLimits::default(), 400, "3"),
        (b"a,t\nmuch,x\n", RequestLimits::default(), 400, "\"a\": row 0: \"much\""),
        (b"a,t\n", RequestLimits::default(), 400, "no rows"),
        (b"", RequestLimits::default(), 400, "no rows"),
        (b"a,t\n1,\xff\n", RequestLimits::default(), 400, "UTF-8"),
        (b"a,t\n1,x\n1,x\n", few, 413, "rows"),
    ] {
        let error = read(body, &signature, limits).unwrap_err();
        assert_eq!(error.status(), status);
        assert!(error.to_string().contains(words), "{words} not in {error}");
    }
}

#[test]
fn answers_have_a_column_for_each_class() {
    let specs = [spec("p", Datatype::Fp32, 2, &["no", "yes"]), spec("t", Datatype::Bytes, 1, &[])];
    let tensors = [
        Tensor::new(Shape::from_slice(&[1, 2]), Values::Fp32(vec![0.25, f32::NAN])).unwrap(),
        Tensor::new(Shape::from_slice(&[1, 1]), Values::Bytes(vec!["a,b".to_owned()])).unwrap(),
    ];
    let outputs = Outputs { specs: &specs, tensors: &tensors, rows: 1 };
    let text = String::from_utf8(write(outputs).unwrap()).unwrap();
    assert_eq!(text, "p.no,p.yes,t\n0.25,,\"a,b\"\n");
    let far = [f32::INFINITY, f32::NEG_INFINITY, 1e-30, 16_777_217.0];
    let far = [Tensor::new(Shape::from_slice(&[2, 2]), Values::Fp32(far.to_vec())).unwrap()];
    let far = Outputs { specs: &specs[..1], tensors: &far, rows: 2 };
    let text = String::from_utf8(write(far).unwrap()).unwrap();
    assert_eq!(text, "p.no,p.yes\ninf,-inf\n1e-30,16777216.0\n");
    let constant = Outputs { rows: 2, ..outputs };
    assert!(write(constant).unwrap_err().to_string().contains("\"p\""));
}
