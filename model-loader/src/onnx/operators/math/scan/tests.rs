//! Picks and running totals along an axis.

use crate::onnx::operators::element::slice;
use crate::onnx::operators::testing::{int, node, run, t};

#[test]
fn the_first_of_equals_is_picked_unless_the_last_is_wanted() {
    let input = t(&[2, 3], &[1.0_f32, 5.0, 5.0, 7.0, 0.0, 0.0]);
    let picked = |build, last| {
        let node = int(int(node("Arg"), "axis", 1), "keepdims", 0);
        let node = int(node, "select_last_index", last);
        let out = run(build, &node, std::slice::from_ref(&input)).unwrap().remove(0);
        slice::<i64>(&out).unwrap().to_vec()
    };
    assert_eq!(picked(super::arg_max, 0), [1, 0]);
    assert_eq!(picked(super::arg_max, 1), [2, 0]);
    assert_eq!(picked(super::arg_min, 0), [0, 1]);
    assert_eq!(picked(super::arg_min, 1), [0, 2]);
}

#[test]
fn an_empty_axis_has_nothing_to_pick() {
    let node = int(node("ArgMax"), "axis", 1);
    let error = run(super::arg_max, &node, &[t::<f32>(&[2, 0], &[])]).unwrap_err();
    assert!(error.to_string().contains("axis 1 is empty"), "{error}");
}

#[test]
fn totals_run_either_way_with_or_without_the_own_value() {
    let input = t(&[2, 3], &[1_i32, 2, 3, 4, 5, 6]);
    let summed = |exclusive, reverse, axis: i64| {
        let node = int(int(node("CumSum"), "exclusive", exclusive), "reverse", reverse);
        let inputs = [input.clone(), t(&[], &[axis])];
        let out = run(super::cum_sum, &node, &inputs).unwrap().remove(0);
        slice::<i32>(&out).unwrap().to_vec()
    };
    assert_eq!(summed(0, 0, 1), [1, 3, 6, 4, 9, 15]);
    assert_eq!(summed(1, 0, 1), [0, 1, 3, 0, 4, 9]);
    assert_eq!(summed(0, 1, 0), [5, 7, 9, 4, 5, 6]);
    assert_eq!(summed(1, 1, -1), [5, 3, 0, 11, 6, 0]);
}
