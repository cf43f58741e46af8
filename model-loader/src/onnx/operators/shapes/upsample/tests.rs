//! What ONNX Runtime 1.27 gives for versions 7 and 9.

use super::upsample;
use crate::onnx::operators::element::slice;
use crate::onnx::operators::testing::{floats, node, run, string, t};

#[test]
fn the_nearest_element_is_repeated() {
    let node = floats(node("Upsample"), "scales", &[1.0, 2.0]);
    let made = run(upsample, &node, &[t(&[2, 2], &[1_f32, 2.0, 3.0, 4.0])]).unwrap();
    assert_eq!(made[0].shape(), [2, 4]);
    assert_eq!(slice::<f32>(&made[0]).unwrap(), [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0]);
}

#[test]
fn linear_mixes_with_the_next_element_and_ends_flat() {
    let node = string(node("Upsample"), "mode", "linear");
    let scales = t(&[2], &[2_f32, 2.0]);
    let made = run(upsample, &node, &[t(&[2, 2], &[1_f32, 2.0, 3.0, 4.0]), scales]).unwrap();
    let wanted =
        [[1.0, 1.5, 2.0, 2.0], [2.0, 2.5, 3.0, 3.0], [3.0, 3.5, 4.0, 4.0], [3.0, 3.5, 4.0, 4.0]];
    assert_eq!(slice::<f32>(&made[0]).unwrap(), wanted.as_flattened());
}

#[test]
fn scales_that_shrink_or_are_endless_are_refused() {
    for scales in [[1.0, 0.5], [1.0, f32::NAN], [1.0, f32::INFINITY], [1e30, 1.0]] {
        let node = floats(node("Upsample"), "scales", &scales);
        assert!(run(upsample, &node, &[t(&[1, 2], &[1_f32, 2.0])]).is_err());
    }
}
