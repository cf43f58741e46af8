//! LabelEncoder in its three forms, with the answers of ONNX Runtime 1.32.

use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, NodeProto, TensorProto};

use super::*;
use crate::TreeKernels;
use crate::onnx::operators::op::Arg;
use crate::onnx::operators::testing::{floats, int, ints, node, run, string, strings, t, texts};

fn with_tensor(mut node: NodeProto, name: &str, tensor: TensorProto) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Tensor as i32,
        t: Some(tensor),
        ..AttributeProto::default()
    });
    node
}

fn doubles(values: &[f64]) -> TensorProto {
    let data_type = DataType::Double as i32;
    TensorProto { data_type, double_data: values.to_vec(), ..TensorProto::default() }
}

#[test]
fn first_version_goes_both_ways() {
    let classes = strings(node("LabelEncoder"), "classes_strings", &["a", "b", "a"]);
    let classes = string(int(classes, "default_int64", -7), "default_string", "q");
    let encoded = run(label_encoder, &classes, &[texts(&[3], &["a", "b", "z"])]).unwrap();
    assert_eq!(encoded[0], t(&[3], &[2_i64, 1, -7]));
    let decoded = run(label_encoder, &classes, &[t(&[4], &[0_i64, 1, 5, -1])]).unwrap();
    assert_eq!(decoded[0], texts(&[4], &["a", "b", "q", "q"]));
}

#[test]
fn first_of_equal_keys_wins_and_the_rest_is_the_default() {
    let pairs = strings(node("LabelEncoder"), "keys_strings", &["a", "a", "b"]);
    let pairs = ints(pairs, "values_int64s", &[1, 2, 3]);
    let encoded = run(label_encoder, &pairs, &[texts(&[3, 1], &["a", "b", "z"])]).unwrap();
    assert_eq!(encoded[0], t(&[3, 1], &[1_i64, 3, -1]));
    assert!(run(label_encoder, &pairs, &[t(&[1], &[1_i64])]).is_err());
    assert!(run(label_encoder, &ints(node(""), "keys_int64s", &[1]), &[]).is_err());
}

#[test]
fn nan_is_a_key_since_version_four() {
    let pairs = floats(node("LabelEncoder"), "keys_floats", &[f32::NAN, 0.0]);
    let pairs = strings(pairs, "values_strings", &["n", "z"]);
    let input = t(&[4], &[f32::NAN, 0.0, -0.0, 1.0]);
    let encoded = run(label_encoder, &pairs, std::slice::from_ref(&input)).unwrap();
    assert_eq!(encoded[0], texts(&[4], &["n", "z", "z", "_Unused"]));
    let second = Node { proto: &pairs, version: 2, constants: &[], kernels: TreeKernels::detect() };
    let mut inputs = Inputs([Arg::Owned(input)].into_iter().collect());
    let encoded = label_encoder(&second).unwrap().run(&mut inputs, &Context::default()).unwrap();
    assert_eq!(encoded[0], texts(&[4], &["_Unused", "z", "z", "_Unused"]));
}

#[test]
fn tensors_of_doubles_and_small_ints() {
    let pairs = with_tensor(node("LabelEncoder"), "keys_tensor", doubles(&[1.0, f64::NAN]));
    let pairs = with_tensor(pairs, "values_tensor", doubles(&[10.0, 20.0]));
    let input = t(&[3], &[1.0, f64::NAN, 3.0]);
    let plain = run(label_encoder, &pairs, std::slice::from_ref(&input)).unwrap();
    assert_eq!(plain[0], t(&[3], &[10.0, 20.0, -0.0]));
    let pairs = with_tensor(pairs, "default_tensor", doubles(&[-3.0]));
    assert_eq!(run(label_encoder, &pairs, &[input]).unwrap()[0], t(&[3], &[10.0, 20.0, -3.0]));
    let small = |values: &[i32]| TensorProto {
        data_type: DataType::Int16 as i32,
        int32_data: values.to_vec(),
        ..TensorProto::default()
    };
    let mixed = strings(node("LabelEncoder"), "keys_strings", &["x"]);
    let mixed = with_tensor(mixed, "values_tensor", small(&[10]));
    let encoded = run(label_encoder, &mixed, &[texts(&[2], &["x", "y"])]).unwrap();
    assert_eq!(encoded[0], t(&[2], &[10_i16, -1]));
    let wrong = with_tensor(mixed, "default_tensor", doubles(&[1.0]));
    assert!(run(label_encoder, &wrong, &[texts(&[1], &["x"])]).is_err());
    let long = with_tensor(node("LabelEncoder"), "keys_tensor", small(&[1 << 20]));
    assert!(run(label_encoder, &long, &[]).is_err());
}
