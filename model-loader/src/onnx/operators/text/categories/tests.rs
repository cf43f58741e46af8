//! OneHotEncoder and CategoryMapper, with the answers of ONNX Runtime 1.32.

use super::*;
use crate::TreeKernels;
use crate::onnx::operators::op::Arg;
use crate::onnx::operators::testing::{int, ints, node, run, strings, t, texts};

#[test]
fn known_categories_get_a_one() {
    let words = strings(node("OneHotEncoder"), "cats_strings", &["a", "b"]);
    let hot = run(one_hot_encoder, &words, &[texts(&[2], &["a", "z"])]).unwrap();
    assert_eq!(hot[0], t(&[2, 2], &[1.0_f32, 0.0, 0.0, 0.0]));
    let numbers = ints(node("OneHotEncoder"), "cats_int64s", &[1, 2]);
    let hot = run(one_hot_encoder, &numbers, &[t(&[2, 1], &[1.7_f32, 9.0])]).unwrap();
    assert_eq!(hot[0], t(&[2, 1, 2], &[1.0_f32, 0.0, 0.0, 0.0]));
    let hot = run(one_hot_encoder, &numbers, &[t(&[], &[1_i64])]).unwrap();
    assert_eq!(hot[0], t(&[2], &[1.0_f32, 0.0]));
    let hot = run(one_hot_encoder, &numbers, &[t(&[2], &[f64::NAN, 1.0])]).unwrap();
    assert_eq!(hot[0], t(&[2, 2], &[0.0_f32, 0.0, 1.0, 0.0]));
    let hot = run(one_hot_encoder, &numbers, &[texts(&[1], &["1"])]).unwrap();
    assert_eq!(hot[0], t(&[1, 2], &[0.0_f32, 0.0]));
    let hot = run(one_hot_encoder, &numbers, &[t(&[0, 2], &[] as &[i64])]).unwrap();
    assert_eq!(hot[0].shape(), [0, 2, 2]);
}

#[test]
fn unknown_categories_may_be_refused() {
    let words = strings(node("OneHotEncoder"), "cats_strings", &["a", "b"]);
    let strict = int(words, "zeros", 0);
    let error = run(one_hot_encoder, &strict, &[texts(&[1], &["z"])]).unwrap_err();
    assert_eq!(error.to_string(), "unknown category `z`");
    let built = Node { proto: &strict, version: 1, constants: &[], kernels: TreeKernels::detect() };
    let mut inputs = Inputs([Arg::Owned(texts(&[1], &[""]))].into_iter().collect());
    let op = one_hot_encoder(&built).unwrap();
    let hot = op.run(&mut inputs, &Context::new(true)).unwrap();
    assert_eq!(hot[0], t(&[1, 2], &[0.0_f32, 0.0]));
    assert!(run(one_hot_encoder, &node("OneHotEncoder"), &[texts(&[1], &["z"])]).is_err());
    let both = ints(strict, "cats_int64s", &[1]);
    assert!(run(one_hot_encoder, &both, &[texts(&[1], &["a"])]).is_err());
}

#[test]
fn categories_map_both_ways() {
    let mapper = strings(node("CategoryMapper"), "cats_strings", &["a", "b", "a"]);
    let mapper = ints(mapper, "cats_int64s", &[5, 6, 7]);
    let mapped = run(category_mapper, &mapper, &[texts(&[3], &["a", "b", "z"])]).unwrap();
    assert_eq!(mapped[0], t(&[3], &[7_i64, 6, -1]));
    let mapped = run(category_mapper, &mapper, &[t(&[2], &[5_i64, 8])]).unwrap();
    assert_eq!(mapped[0], texts(&[2], &["a", "_Unused"]));
    assert!(run(category_mapper, &mapper, &[t(&[1], &[5.0_f32])]).is_err());
}
