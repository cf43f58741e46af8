//! A model with weights in a file beside it becomes one file, which scores as if it always was one.

use std::path::Path;
use std::{fs, iter};

use model_loader::{Model, Options, Tensor, Values, read_onnx};
use prost::Message as _;
use tempfile::TempDir;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::{
    AttributeProto, FunctionProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto,
};

use crate::graph::{model, node, value};

/// A float in `w.bin`.
fn outside(name: &str, offset: usize) -> TensorProto {
    let says = [("location", "w.bin".to_owned()), ("offset", offset.to_string())];
    let says = says.map(|(key, value)| StringStringEntryProto { key: key.to_owned(), value });
    TensorProto {
        name: name.to_owned(),
        dims: vec![1],
        data_type: DataType::Float as i32,
        data_location: Some(DataLocation::External as i32),
        external_data: says.to_vec(),
        ..TensorProto::default()
    }
}

fn constant(name: &str, tensor: TensorProto) -> NodeProto {
    let mut constant = node("Constant", &[], &[name]);
    constant.attribute.push(AttributeProto {
        name: "value".to_owned(),
        r#type: AttributeType::Tensor as i32,
        t: Some(tensor),
        ..AttributeProto::default()
    });
    constant
}

/// `y = Times((x + w) * c)`, where `Times` is a function that multiplies with a constant of its
/// own; `w`, `c` and that constant are in the file beside.
fn outside_everywhere() -> ModelProto {
    let times = NodeProto { domain: "local".to_owned(), ..node("Times", &["product"], &["y"]) };
    let nodes = vec![
        node("Add", &["x", "w"], &["sum"]),
        constant("c", outside("c", 4)),
        node("Mul", &["sum", "c"], &["product"]),
        times,
    ];
    let one_by_two = [None, Some(2)];
    let inputs = vec![value("x", DataType::Float, &one_by_two)];
    let mut file = model(nodes, inputs, vec![value("y", DataType::Float, &one_by_two)]);
    file.graph.as_mut().unwrap().initializer.push(outside("w", 0));
    let local = OperatorSetIdProto { domain: "local".to_owned(), version: 1 };
    file.opset_import.push(local);
    file.functions.push(FunctionProto {
        name: Some("Times".to_owned()),
        domain: Some("local".to_owned()),
        input: vec!["a".to_owned()],
        output: vec!["b".to_owned()],
        node: vec![constant("f", outside("f", 8)), node("Mul", &["a", "f"], &["b"])],
        opset_import: file.opset_import[..1].to_vec(),
        ..FunctionProto::default()
    });
    file
}

fn written(folder: &Path, file: &ModelProto) -> Vec<u8> {
    let weights = [0.5_f32, 3.0, 10.0].iter().flat_map(|weight| weight.to_le_bytes());
    fs::write(folder.join("w.bin"), weights.collect::<Vec<_>>()).unwrap();
    let bytes = file.encode_to_vec();
    fs::write(folder.join("model.onnx"), &bytes).unwrap();
    bytes
}

#[test]
fn weights_beside_the_file_come_inside() {
    let folder = TempDir::new().unwrap();
    let bytes = written(folder.path(), &outside_everywhere());
    assert!(Model::load(&bytes, &Options::default()).is_err());
    let whole = read_onnx(&folder.path().join("model.onnx")).unwrap();
    let model = Model::load(&whole, &Options::default()).unwrap();
    let x = Tensor::new([1, 2].into_iter().collect(), Values::Fp32(vec![1.0, -2.0])).unwrap();
    let outputs = model.session().unwrap().run(&[x]).unwrap();
    assert_eq!(outputs[0].values(), &Values::Fp32(vec![45.0, -45.0]));
}

#[test]
fn a_file_that_has_all_inside_is_read_as_it_is() {
    let folder = TempDir::new().unwrap();
    let nodes = vec![node("Identity", &["x"], &["y"])];
    let border = |name| vec![value(name, DataType::Float, &[None, Some(2)])];
    let bytes = written(folder.path(), &model(nodes, border("x"), border("y")));
    assert_eq!(read_onnx(&folder.path().join("model.onnx")).unwrap(), bytes);
}

#[test]
fn what_cannot_be_read_is_refused() {
    let folder = TempDir::new().unwrap();
    let refused = |path: &Path, words: &str| {
        let error = read_onnx(path).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    refused(&folder.path().join("missing.onnx"), "No such file");
    refused(folder.path(), "directory");
    // A hole, which takes no room on the disk.
    let hole = folder.path().join("hole.onnx");
    fs::File::create(&hole).unwrap().set_len((1 << 30) + 1).unwrap();
    refused(&hole, "more than the 1073741824 bytes allowed");
    let mut file = outside_everywhere();
    let shared = iter::repeat_n(outside("again", 0), 10);
    file.graph.as_mut().unwrap().initializer.extend(shared);
    written(folder.path(), &file);
    fs::remove_file(folder.path().join("w.bin")).unwrap();
    refused(&folder.path().join("model.onnx"), "`w.bin` is not there");
}
