//! The example's two models against the goldens that ONNX Runtime gave.

use std::borrow::Cow;
use std::collections::BTreeMap;

use model_loader::{Datatype, Error, Model, NamedTensor, Options, Tensor, Values};
use serde_json::Value;
use smallvec::SmallVec;

fn example(file: &str) -> Vec<u8> {
    let path = format!("{}/../examples/fraud/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json(file: &str) -> Value {
    serde_json::from_slice(&example(file)).unwrap()
}

fn load(version: &str) -> Model {
    let onnx = example(&format!("models/{version}/model.onnx"));
    Model::load(&onnx, &Options::default()).unwrap()
}

/// The `features` of a request file; JSON null is NaN.
fn features(file: &str) -> NamedTensor<'static> {
    let request = json(file);
    let input = &request["inputs"][0];
    assert_eq!(input["name"], "features");
    let shape: Vec<usize> = serde_json::from_value(input["shape"].clone()).unwrap();
    let mut values = Vec::new();
    flatten(&input["data"], &mut values);
    let tensor = Tensor::new(SmallVec::from_vec(shape), Values::Fp32(values)).unwrap();
    NamedTensor { name: Cow::Borrowed("features"), tensor }
}

fn flatten(data: &Value, values: &mut Vec<f32>) {
    match data {
        Value::Array(rows) => rows.iter().for_each(|row| flatten(row, values)),
        Value::Null => values.push(f32::NAN),
        number => values.push(number.as_f64().unwrap() as f32),
    }
}

#[track_caller]
fn check(version: &str, request: &str) {
    let model = load(version);
    let inputs = model.signature().place(vec![features(&format!("{request}.json"))]).unwrap();
    let rows = inputs.rows();
    let outputs = model.session().unwrap().run(inputs.tensors()).unwrap();
    let golden = &json("goldens.json")[request][version];
    let labels: Vec<i64> = serde_json::from_value(golden["label"].clone()).unwrap();
    let scores: Vec<[f32; 2]> = serde_json::from_value(golden["probabilities"].clone()).unwrap();
    assert_eq!(outputs[0].values(), &Values::Int64(labels));
    assert_eq!(outputs[1].shape(), [rows, 2]);
    let Values::Fp32(got) = outputs[1].values() else { panic!("{}", outputs[1].datatype()) };
    for (got, wanted) in got.iter().zip(scores.as_flattened()) {
        assert!((got - wanted).abs() <= 1e-5, "{got}, ONNX Runtime says {wanted}");
    }
    assert_eq!(got.len(), scores.len() * 2);
}

#[test]
fn scikit_learn_model_answers_as_onnx_runtime_does() {
    check("1", "request");
    check("1", "batch");
}

#[test]
fn lightgbm_model_answers_as_onnx_runtime_does() {
    check("2", "request");
    check("2", "batch");
}

#[test]
fn signatures_are_typed_and_labelled() {
    for version in ["1", "2"] {
        let model = load(version);
        let signature = model.signature();
        let [input] = signature.inputs() else { panic!("{:?}", signature.inputs()) };
        assert_eq!((input.name.as_str(), input.datatype), ("features", Datatype::Fp32));
        assert_eq!(input.shape, [None, Some(20)]);
        let [label, scores] = signature.outputs() else { panic!("{:?}", signature.outputs()) };
        assert_eq!((label.datatype, &label.shape[..]), (Datatype::Int64, &[None][..]));
        assert_eq!((scores.datatype, &scores.shape[..]), (Datatype::Fp32, &[None, Some(2)][..]));
        assert_eq!(scores.class_labels, ["0", "1"]);
        assert_eq!(model.opset()["ai.onnx.ml"], 1);
    }
}

#[test]
fn feature_names_come_from_the_options() {
    let onnx = example("models/1/model.onnx");
    let load = |input: &str, count: usize| {
        let names = (0..count).map(|column| format!("column {column}")).collect();
        let feature_names = BTreeMap::from([(input.to_owned(), names)]);
        Model::load(&onnx, &Options { feature_names, ..Options::default() })
    };
    let model = load("features", 20).unwrap();
    assert_eq!(model.signature().inputs()[0].feature_names[19], "column 19");
    for (input, count, words) in [("features", 19, "19 feature names"), ("x", 20, "`x`")] {
        let error = load(input, count).unwrap_err();
        assert!(
            matches!(error, Error::Model { .. }) && error.to_string().contains(words),
            "{error}"
        );
    }
}

#[test]
fn a_damaged_file_is_refused_and_never_panics() {
    let onnx = example("models/1/model.onnx");
    let options = Options::default();
    for length in [0, 1, 10, 100, onnx.len() / 2, onnx.len() - 1] {
        assert!(Model::load(&onnx[..length], &options).is_err(), "{length} bytes load");
    }
    // Some flips do no harm; none may bring the process down.
    for at in (0..onnx.len()).step_by(onnx.len() / 64) {
        let mut damaged = onnx.clone();
        damaged[at] ^= 0x5a;
        if let Ok(model) = Model::load(&damaged, &options) {
            let inputs = model.signature().place(vec![features("request.json")]);
            let Ok(inputs) = inputs else { continue };
            let _ = model.session().unwrap().run(inputs.tensors());
        }
    }
}
