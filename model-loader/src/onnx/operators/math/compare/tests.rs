//! Comparisons of every kind of value, and shifts past the last bit.

use crate::onnx::operators::element::slice;
use crate::onnx::operators::testing::{node, run, string, t, texts};

#[test]
fn strings_and_booleans_are_equal_or_not() {
    let inputs = [texts(&[2], &["a", "b"]), texts(&[1], &["b"])];
    let out = run(super::equal, &node("Equal"), &inputs).unwrap();
    assert_eq!(slice::<bool>(&out[0]).unwrap(), [false, true]);
    let inputs = [t(&[2], &[true, false]), t(&[2], &[true, true])];
    let out = run(super::equal, &node("Equal"), &inputs).unwrap();
    assert_eq!(slice::<bool>(&out[0]).unwrap(), [true, false]);
}

#[test]
fn nan_is_neither_less_nor_greater() {
    let inputs = [t(&[2], &[f32::NAN, 1.0]), t(&[2], &[0.0_f32, 0.0])];
    for (build, wanted) in [
        (super::less as crate::onnx::operators::op::Build, [false, false]),
        (super::less_or_equal, [false, false]),
        (super::greater, [false, true]),
        (super::greater_or_equal, [false, true]),
    ] {
        let out = run(build, &node("Compare"), &inputs).unwrap();
        assert_eq!(slice::<bool>(&out[0]).unwrap(), wanted);
    }
}

#[test]
fn shifting_all_bits_out_leaves_the_sign() {
    let shift = |direction, x: i8, bits: i8| {
        let node = string(node("BitShift"), "direction", direction);
        let out = run(super::bit_shift, &node, &[t(&[1], &[x]), t(&[1], &[bits])]).unwrap();
        slice::<i8>(&out[0]).unwrap()[0]
    };
    assert_eq!(shift("LEFT", 3, 2), 12);
    assert_eq!(shift("LEFT", 3, 8), 0);
    assert_eq!(shift("RIGHT", -8, 1), -4);
    assert_eq!(shift("RIGHT", -8, 9), -1);
    assert_eq!(shift("RIGHT", 8, -1), 0);
}
