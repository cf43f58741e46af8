//! What a configuration says of a model, and what of it does not fit.

use proptest::prelude::*;

use super::*;
use crate::Datatype;

const CONFIG: &str = include_str!("tests/config.pbtxt");

fn tensor(name: &str, datatype: Datatype, shape: &[Option<usize>]) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        datatype,
        shape: shape.to_vec(),
        per_row: true,
        feature_names: Vec::new(),
        class_labels: Vec::new(),
    }
}

fn fraud() -> Signature {
    Signature::new(
        vec![tensor("features", Datatype::Fp32, &[None, Some(20)])],
        vec![tensor("output_label", Datatype::Int64, &[None])],
    )
}

fn check(config: &str) -> Result<(), String> {
    let config = config::parse(config)?;
    let model = fraud();
    check_inputs(&config, &model).and_then(|()| check_outputs(&config, &model))
}

#[test]
fn a_configuration_is_read() {
    let config = config::parse(CONFIG).unwrap();
    assert_eq!(config.name.as_deref(), Some("fraud"));
    assert!(config.batched && config.file.is_none());
    let names: Vec<&str> = config.outputs.iter().map(|stated| stated.name.as_str()).collect();
    assert_eq!(names, ["output_label", "output_probability"]);
    assert_eq!(config.outputs[0].dims.as_deref(), Some(&[][..]));
    assert_eq!(config.outputs[1].dims.as_deref(), Some(&[Some(2)][..]));
    assert_eq!(config.outputs[1].labels.as_deref(), Some("labels.txt"));
    assert_eq!(config.inputs[0].datatype, Some(Datatype::Fp32));
    assert_eq!(check(CONFIG), Ok(()));
    assert_eq!(check(""), Ok(()));
}

#[test]
fn what_the_model_contradicts_is_named() {
    for (before, after, words) in [
        ("features", "x", "has the input `x`, the model does not"),
        (
            "TYPE_FP32\n    dims: [ 20 ]",
            "TYPE_FP64",
            "gives `features` the type FP64, the model FP32",
        ),
        ("[ 20 ]", "[ 21 ]", "the extents [-1,21], with the batch's, the model [-1,20]"),
        ("max_batch_size: 64", "", "gives `features` the extents [20], the model [-1,20]"),
        ("TYPE_INT64", "TYPE_INT32", "gives `output_label` the type INT32, the model INT64"),
        ("TYPE_INT64", "TYPE_X", "its output `output_label` has the unknown type `TYPE_X`"),
        ("onnxruntime'", "tensorrt'", "its backend is `tensorrt`; only `onnxruntime` is an ONNX"),
        ("_onnx\"", "_x\"", "its platform is `onnxruntime_x`; only `onnxruntime_onnx` is"),
        ("64", "many", "its max_batch_size is `many`, no number"),
        ("\"features\"", "\"\"", "its input `` has no name of its own"),
        ("\"output_label\"", "\"output_probability\"", "has no name of its own"),
        ("[ 20 ]", "[ x ]", "one of its dims is `x`, no number"),
        ("name: \"fraud\"", "name { }", "its name is a message, not a value"),
        ("input [", "input: 3 input [", "its input is no message"),
    ] {
        assert!(CONFIG.contains(before), "{before}");
        let error = check(&CONFIG.replacen(before, after, 1)).unwrap_err();
        assert!(error.contains(words), "{before} -> {after}: {error}");
    }
    let other = tensor("other", Datatype::Fp32, &[None]);
    let two = Signature::new([fraud().inputs(), &[other]].concat(), Vec::new());
    let error = check_inputs(&config::parse(CONFIG).unwrap(), &two).unwrap_err();
    assert_eq!(error, "lacks the model's input `other`");
}

#[test]
fn tensors_are_bounded() {
    let many: String = (0..5000).map(|i| format!("input {{ name: \"{i}\" }}\n")).collect();
    let error = config::parse(&many).unwrap_err();
    assert_eq!(error, "it has more than 4096 of input");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn broken_files_are_refused_without_a_panic(
        cut in 0..1200_usize,
        flips in prop::collection::vec((0..1200_usize, any::<u8>()), 0..6),
    ) {
        let mut bytes = CONFIG.as_bytes().to_vec();
        bytes.truncate(cut);
        for (at, byte) in flips {
            if let Some(there) = bytes.get_mut(at) {
                *there = byte;
            }
        }
        let _ = check(&String::from_utf8_lossy(&bytes));
    }
}
