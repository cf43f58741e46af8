//! Sums and their kin over axes, against values worked out by hand.

use crate::Tensor;
use crate::onnx::operators::element::slice;
use crate::onnx::operators::op::Build;
use crate::onnx::operators::testing::{int, node, run, t};

fn reduce(build: Build, keep: i64, input: &Tensor, axes: &[i64]) -> Tensor {
    let node = int(node("Reduce"), "keepdims", keep);
    run(build, &node, &[input.clone(), t(&[axes.len()], axes)]).unwrap().remove(0)
}

#[test]
fn any_axes_go_and_the_others_keep_their_order() {
    let values: Vec<i64> = (0..24).collect();
    let input = t(&[2, 3, 4], &values);
    let cases: [(&[i64], &[usize], Vec<i64>); 4] = [
        (&[0, 2], &[3], vec![60, 92, 124]),
        (&[1], &[2, 4], vec![12, 15, 18, 21, 48, 51, 54, 57]),
        (&[-1], &[2, 3], vec![6, 22, 38, 54, 70, 86]),
        (&[], &[], vec![276]),
    ];
    for (axes, shape, sums) in cases {
        let out = reduce(super::sum, 0, &input, axes);
        assert_eq!((out.shape(), slice::<i64>(&out).unwrap()), (shape, &sums[..]), "{axes:?}");
    }
    assert_eq!(reduce(super::max, 1, &input, &[1]).shape(), [2, 1, 4]);
}

#[test]
fn every_kind_reduces_as_its_name_says() {
    let input = t(&[1, 3], &[3.0_f32, -4.0, 1.0]);
    let cases: [(Build, f32); 8] = [
        (super::mean, 0.0),
        (super::prod, -12.0),
        (super::min, -4.0),
        (super::max, 3.0),
        (super::l1, 8.0),
        (super::l2, 26_f32.sqrt()),
        (super::sum_square, 26.0),
        (super::log_sum_exp, (3_f32.exp() + (-4_f32).exp() + 1_f32.exp()).ln()),
    ];
    for (index, (build, wanted)) in cases.into_iter().enumerate() {
        let out = reduce(build, 0, &input, &[1]);
        let found = slice::<f32>(&out).unwrap()[0];
        assert!((found - wanted).abs() < 1e-6, "case {index}: {found}, not {wanted}");
    }
}

#[test]
fn powers_that_would_overflow_do_not() {
    let out = reduce(super::log_sum_exp, 0, &t(&[2], &[1000.0_f32, 1000.0]), &[0]);
    assert!((slice::<f32>(&out).unwrap()[0] - 1_000.693_1).abs() < 1e-3);
}

#[test]
fn an_axis_that_is_not_there_is_refused() {
    let inputs = [t(&[2], &[1.0_f32, 2.0]), t(&[1], &[1_i64])];
    let error = run(super::sum, &node("ReduceSum"), &inputs).unwrap_err();
    assert_eq!(error.to_string(), "axis 1 of a tensor of rank 1");
}
