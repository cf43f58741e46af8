//! Answers of ONNX Runtime 1.32.0, which takes floats and int64.

use super::build;
use crate::onnx::operators::testing::{float, floats, int, ints, node, run, t};
use crate::{Tensor, Values};

fn imputed(input: Tensor, replaced: f32, values: &[f32]) -> Tensor {
    let node = floats(node("Imputer"), "imputed_value_floats", values);
    let node = float(node, "replaced_value_float", replaced);
    run(build, &node, &[input]).unwrap().remove(0)
}

#[test]
fn nan_is_replaced_by_its_columns_value() {
    let x = t(&[2, 2], &[f32::NAN, 1.0, 2.0, f32::NAN]);
    assert_eq!(imputed(x.clone(), f32::NAN, &[9.0, 8.0]), t(&[2, 2], &[9.0_f32, 1.0, 2.0, 8.0]));
    assert_eq!(imputed(x, f32::NAN, &[9.0]), t(&[2, 2], &[9.0_f32, 1.0, 2.0, 9.0]));
    let x = t(&[2], &[f64::NAN, 1.0]);
    assert_eq!(imputed(x, f32::NAN, &[9.0, 8.0]), t(&[2], &[9.0_f64, 1.0]));
}

#[test]
fn zero_is_replaced_unless_another_value_is_named() {
    let node = floats(node("Imputer"), "imputed_value_floats", &[9.0]);
    let y = run(build, &node, &[t(&[3], &[0.0, f32::NAN, -0.0])]).unwrap();
    let Values::Fp32(values) = y[0].values() else { panic!("floats") };
    assert!(values[0] == 9.0 && values[1].is_nan() && values[2] == 9.0);
}

#[test]
fn the_second_extent_is_that_of_the_columns() {
    let y = imputed(t(&[1, 2, 3], &[0.0_f32; 6]), 0.0, &[9.0, 8.0]);
    assert_eq!(y, t(&[1, 2, 3], &[9.0_f32, 8.0, 9.0, 8.0, 9.0, 8.0]));
}

#[test]
fn integers_have_values_of_their_own() {
    let imputer = ints(node("Imputer"), "imputed_value_int64s", &[7, 8]);
    let y = run(build, &imputer, &[t(&[2, 2], &[0_i64, 1, 2, 0])]).unwrap();
    assert_eq!(y[0], t(&[2, 2], &[7_i64, 1, 2, 8]));
    let imputer = int(imputer, "replaced_value_int64", 2);
    let y = run(build, &imputer, &[t(&[1, 2], &[2_i32, 0])]).unwrap();
    assert_eq!(y[0], t(&[1, 2], &[7_i32, 0]));
    assert!(run(build, &imputer, &[t(&[1, 2], &[2.0_f32, 0.0])]).is_err());
}

#[test]
fn values_that_do_not_fit_are_refused() {
    assert!(run(build, &node("Imputer"), &[t(&[1], &[0.0_f32])]).is_err());
    let imputer = floats(node("Imputer"), "imputed_value_floats", &[9.0, 8.0]);
    for shape in [&[3][..], &[1, 3], &[1, 1, 3]] {
        assert!(run(build, &imputer, &[t(shape, &[0.0_f32; 3])]).is_err());
    }
    assert!(run(build, &imputer, &[t(&[], &[0.0_f32])]).is_err());
    assert!(run(build, &imputer, &[t::<f32>(&[3, 0], &[])]).is_err());
}
