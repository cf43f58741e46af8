//! DictVectorizer, CastMap and ZipMap on matrices.

use super::*;
use crate::TreeKernels;
use crate::onnx::operators::testing::{int, ints, node, run, string, strings, t, texts};

#[test]
fn columns_are_checked_and_passed_on() {
    let dict = strings(node("DictVectorizer"), "string_vocabulary", &["a", "b"]);
    let matrix = t(&[1, 2], &[1_i64, 2]);
    assert_eq!(run(dict_vectorizer, &dict, std::slice::from_ref(&matrix)).unwrap()[0], matrix);
    let row = t(&[2], &[1_i64, 2]);
    assert_eq!(run(dict_vectorizer, &dict, &[row]).unwrap()[0], matrix);
    let zip = ints(node("ZipMap"), "classlabels_int64s", &[0, 1, 2]);
    let error = run(zip_map, &zip, &[matrix]).unwrap_err();
    assert_eq!(error.to_string(), "3 labels for 2 columns");
    assert!(dict_vectorizer(&built(&node("DictVectorizer"))).is_err());
}

fn built(proto: &tract_onnx::pb::NodeProto) -> Node<'_> {
    Node { proto, version: 1, constants: &[], kernels: TreeKernels::detect() }
}

#[test]
fn cast_map_prints_and_pads_as_onnx_runtime() {
    let floats = t(&[1, 2], &[1.5_f32, 0.1]);
    let dense = string(node("CastMap"), "cast_to", "TO_STRING");
    let printed = run(cast_map, &dense, std::slice::from_ref(&floats)).unwrap();
    assert_eq!(printed[0], texts(&[1, 2], &["1.500000", "0.100000"]));
    let sparse = int(string(dense, "map_form", "SPARSE"), "max_map", 3);
    let printed = run(cast_map, &sparse, std::slice::from_ref(&floats)).unwrap();
    assert_eq!(printed[0], texts(&[1, 3], &["1.500000", "0.100000", "0.f"]));
    let to_int = string(node("CastMap"), "cast_to", "TO_INT64");
    assert_eq!(run(cast_map, &to_int, &[floats]).unwrap()[0], t(&[1, 2], &[1_i64, 0]));
    let to_float = string(node("CastMap"), "cast_to", "TO_FLOAT");
    let parsed = run(cast_map, &to_float, &[texts(&[1], &["1.5"])]).unwrap();
    assert_eq!(parsed[0], t(&[1, 1], &[1.5_f32]));
    let narrow = int(string(node("CastMap"), "map_form", "SPARSE"), "max_map", 1);
    assert!(run(cast_map, &narrow, &[t(&[1, 2], &[1.0_f32, 2.0])]).is_err());
}
