//! Broadcasting in the forms that share an inner loop, and what division refuses.

use crate::onnx::operators::element::slice;
use crate::onnx::operators::op::Build;
use crate::onnx::operators::testing::{int, node, run, t};

fn sums(a: (&[usize], &[i32]), b: (&[usize], &[i32])) -> (Vec<usize>, Vec<i32>) {
    let out = run(super::add, &node("Add"), &[t(a.0, a.1), t(b.0, b.1)]).unwrap().remove(0);
    (out.shape().to_vec(), slice::<i32>(&out).unwrap().to_vec())
}

#[test]
fn operands_broadcast_as_numpy_has_it() {
    let matrix = (&[2, 3][..], &[1, 2, 3, 4, 5, 6][..]);
    let shape = vec![2, 3];
    assert_eq!(sums(matrix, (&[], &[10])), (shape.clone(), vec![11, 12, 13, 14, 15, 16]));
    assert_eq!(sums(matrix, (&[3], &[10, 20, 30])), (shape.clone(), vec![11, 22, 33, 14, 25, 36]));
    assert_eq!(sums((&[2, 1], &[10, 20]), matrix), (shape, vec![11, 12, 13, 24, 25, 26]));
    assert_eq!(sums((&[2, 1], &[1, 2]), (&[1, 2], &[10, 20])), (vec![2, 2], vec![11, 21, 12, 22]));
    assert_eq!(sums((&[0, 3], &[]), (&[3], &[1, 2, 3])), (vec![0, 3], vec![]));
}

#[test]
fn shapes_that_do_not_fit_and_types_that_differ_are_refused() {
    let a = t(&[2], &[1_i32, 2]);
    let error = run(super::add, &node("Add"), &[a.clone(), t(&[3], &[1_i32, 2, 3])]).unwrap_err();
    assert!(error.to_string().contains("do not broadcast"), "{error}");
    let error = run(super::add, &node("Add"), &[a, t(&[2], &[1.0_f32, 2.0])]).unwrap_err();
    assert!(error.to_string().contains("INT32 wanted"), "{error}");
}

#[test]
fn integers_are_not_divided_by_zero() {
    let inputs = [t(&[2], &[7_i64, -7]), t(&[2], &[2_i64, 0])];
    for build in [super::div as Build, super::modulo as Build] {
        let error = run(build, &node("Div"), &inputs).unwrap_err();
        assert_eq!(error.to_string(), "integer division by zero in input 1");
    }
    let inputs = [t(&[2], &[1.0_f32, -1.0]), t(&[1], &[0.0_f32])];
    let out = run(super::div, &node("Div"), &inputs).unwrap().remove(0);
    assert_eq!(slice::<f32>(&out).unwrap(), [f32::INFINITY, f32::NEG_INFINITY]);
}

#[test]
fn a_remainder_has_the_sign_of_the_divisor_or_of_the_dividend() {
    let inputs = [t(&[2], &[-7_i32, 7]), t(&[2], &[3_i32, -3])];
    let of = |fmod| {
        let out = run(super::modulo, &int(node("Mod"), "fmod", fmod), &inputs).unwrap().remove(0);
        slice::<i32>(&out).unwrap().to_vec()
    };
    assert_eq!(of(0), [2, -2]);
    assert_eq!(of(1), [-1, 1]);
}

#[test]
fn powers_keep_the_type_of_the_base() {
    let out = run(super::pow, &node("Pow"), &[t(&[2], &[2_i64, 3]), t(&[], &[3.0_f32])]).unwrap();
    assert_eq!(slice::<i64>(&out[0]).unwrap(), [8, 27]);
}
