//! Which biases and activations a layer takes over, and the shapes that come out.

use ndarray::Array2;

use super::Layer;
use crate::onnx::operators::op::{Context, Simple};
use crate::onnx::operators::testing::t;

fn layer() -> Layer {
    let weights = Array2::from_shape_vec((2, 3), vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
    Layer::new(&weights.view())
}

#[test]
fn a_row_or_a_number_is_added_once() {
    for (shape, bias) in [(&[3][..], &[1.0_f32, 2.0, 3.0][..]), (&[1, 3], &[1.0, 2.0, 3.0])] {
        let mut layer = layer();
        assert!(layer.add(&t(shape, bias), 2.0));
        assert!(!layer.add(&t(shape, bias), 2.0));
        let out = layer.of(&t(&[1, 2], &[1.0_f32, 1.0]), &Context::default()).unwrap();
        assert_eq!(out[0], t(&[1, 3], &[7.0_f32, 11.0, 15.0]));
    }
    let mut layer = layer();
    assert!(layer.add(&t(&[], &[1.0_f32]), 1.0));
    let out = layer.of(&t(&[2], &[1.0_f32, -2.0]), &Context::default()).unwrap();
    assert_eq!(out[0], t(&[3], &[-6.0_f32, -7.0, -8.0]));
}

#[test]
fn a_bias_that_differs_by_row_or_type_is_left_alone() {
    let rows = t(&[2, 1], &[1.0_f32, 2.0]);
    let wide = t(&[4], &[1.0_f32; 4]);
    let whole = t(&[2, 3], &[1.0_f32; 6]);
    for bias in [rows, wide, whole, t(&[3], &[1.0_f64; 3])] {
        assert!(!layer().add(&bias, 1.0), "{bias:?}");
    }
}

#[test]
fn nothing_is_added_behind_an_activation() {
    let mut layer = layer();
    assert!(layer.absorb(Simple::Relu, None));
    assert!(!layer.absorb(Simple::Add, Some(&t(&[3], &[1.0_f32; 3]))));
    assert!(!layer.absorb(Simple::Tanh, None));
    let out = layer.of(&t(&[1, 2], &[-1.0_f32, 0.0]), &Context::default()).unwrap();
    assert_eq!(out[0], t(&[1, 3], &[0.0_f32; 3]));
}

/// As the sum of a row and a matrix with an extent before it.
#[test]
fn a_bias_of_more_extents_adds_them() {
    let mut layer = layer();
    assert!(layer.add(&t(&[1, 1, 3], &[0.0_f32; 3]), 1.0));
    let out = layer.of(&t(&[1, 2], &[1.0_f32, 0.0]), &Context::default()).unwrap();
    assert_eq!(out[0].shape(), [1, 1, 3]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let context = Context::default();
    assert!(layer().of(&t(&[], &[1.0_f32]), &context).is_err());
    assert!(layer().of(&t(&[1, 3], &[1.0_f32; 3]), &context).is_err());
    assert!(layer().of(&t(&[1, 2], &[1.0_f64; 2]), &context).is_err());
    assert_eq!(layer().of(&t::<f32>(&[0, 2], &[]), &context).unwrap()[0].shape(), [0, 3]);
}
