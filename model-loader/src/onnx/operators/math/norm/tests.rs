//! Normalisations against their formulas.

use crate::Tensor;
use crate::onnx::operators::element::slice;
use crate::onnx::operators::op::Build;
use crate::onnx::operators::testing::{float, int, node, run, t};

fn floats(build: Build, node: &tract_onnx::pb::NodeProto, inputs: &[Tensor]) -> Vec<f32> {
    let out = run(build, node, inputs).unwrap().remove(0);
    slice::<f32>(&out).unwrap().to_vec()
}

#[test]
fn a_batch_is_normalised_channel_by_channel() {
    let node = float(node("BatchNormalization"), "epsilon", 0.0);
    let part = |a: f32, b: f32| t(&[2], &[a, b]);
    let inputs = [
        t(&[2, 2], &[1.0_f32, 2.0, 3.0, 4.0]),
        part(2.0, 1.0),
        part(0.5, 0.0),
        part(1.0, 2.0),
        part(4.0, 0.25),
    ];
    assert_eq!(floats(super::batch, &node, &inputs), [0.5, 0.0, 2.5, 4.0]);
    let short = [&inputs[..4], &[t(&[1], &[1.0_f32])]].concat();
    let error = run(super::batch, &node, &short).unwrap_err();
    assert_eq!(error.to_string(), "input 4 has 1 values, not 2");
}

#[test]
fn a_layer_is_normalised_row_by_row() {
    let node = float(node("LayerNormalization"), "epsilon", 0.0);
    let inputs = [t(&[1, 2], &[1.0_f32, 3.0]), t(&[2], &[1.0_f32, 2.0]), t(&[2], &[0.0_f32, 1.0])];
    assert_eq!(floats(super::layer, &node, &inputs), [-1.0, 3.0]);
}

#[test]
fn lines_have_length_one_and_zeros_stay() {
    let input = t(&[2, 2], &[3.0_f32, 4.0, 0.0, 0.0]);
    let of =
        |p| floats(super::lp, &int(node("LpNormalization"), "p", p), std::slice::from_ref(&input));
    assert_eq!(of(2), [0.6, 0.8, 0.0, 0.0]);
    assert_eq!(of(1), [3.0 / 7.0, 4.0 / 7.0, 0.0, 0.0]);
}

#[test]
fn dropout_drops_nothing_and_refuses_to_train() {
    let (x, half) = (t(&[2], &[1.0_f32, 2.0]), t(&[], &[0.5_f32]));
    let out = run(super::dropout, &node("Dropout"), &[x.clone(), half.clone()]).unwrap();
    assert_eq!(out[0], x);
    assert_eq!(slice::<bool>(&out[1]).unwrap(), [true, true]);
    let training = run(super::dropout, &node("Dropout"), &[x, half, t(&[], &[true])]);
    assert!(training.unwrap_err().to_string().contains("training_mode"));
}
