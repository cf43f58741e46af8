//! Answers of ONNX Runtime 1.32.0.

use tract_onnx::pb::NodeProto;

use super::build;
use crate::onnx::operators::testing::{floats, int, node, run, string, t};
use crate::{Tensor, Values};

fn machine(kernel: &str) -> NodeProto {
    let node = string(node("SVMRegressor"), "kernel_type", kernel);
    let node = floats(node, "kernel_params", &[0.5, 0.25, 2.0]);
    let node = floats(node, "support_vectors", &[1.0, 0.0, 0.0, 1.0, -1.0, -1.0]);
    let node = floats(node, "coefficients", &[1.0, -0.5, 0.25]);
    int(floats(node, "rho", &[0.1]), "n_supports", 3)
}

fn rows() -> Tensor {
    t(&[3, 2], &[1.0_f32, 2.0, 0.0, -1.0, -2.0, 0.5])
}

fn predicted(node: &NodeProto, rows: Tensor) -> Vec<f32> {
    let y = run(build, node, &[rows]).unwrap().remove(0);
    assert_eq!(y.shape()[1], 1);
    let Values::Fp32(values) = y.into_values() else { panic!("floats") };
    values
}

#[test]
fn every_kernel() {
    for (kernel, wanted) in [
        ("LINEAR", [-0.65, 0.85, -1.775]),
        ("POLY", [0.271_875, 0.271_875, 0.787_5]),
        ("RBF", [0.051_771_417, 0.551_844_5, 0.099_315_09]),
        ("SIGMOID", [0.098_936_27, 0.626_165_3, -0.575_809]),
    ] {
        for (value, wanted) in predicted(&machine(kernel), rows()).iter().zip(wanted) {
            assert!((value - wanted).abs() < 1e-6, "{kernel}: {value} {wanted}");
        }
    }
}

#[test]
fn without_support_vectors_columns_have_coefficients() {
    let node = floats(node("SVMRegressor"), "coefficients", &[0.5, -0.25]);
    let node = floats(node, "rho", &[0.1]);
    assert_eq!(predicted(&node, rows()), [0.1, 0.35, -1.025]);
    assert_eq!(predicted(&int(node, "one_class", 1), rows()), [1.0, 1.0, -1.0]);
}

#[test]
fn no_rows_stay_no_rows() {
    assert!(predicted(&machine("RBF"), t::<f32>(&[0, 2], &[])).is_empty());
}

#[test]
fn what_does_not_fit_is_refused() {
    assert!(run(build, &machine("CUBIC"), &[rows()]).is_err());
    assert!(run(build, &machine("RBF"), &[t(&[1, 3], &[1.0_f32; 3])]).is_err());
    for (name, values) in
        [("kernel_params", &[1.0, 2.0][..]), ("support_vectors", &[1.0; 5]), ("rho", &[])]
    {
        let mut node = machine("RBF");
        node.attribute.retain(|attribute| attribute.name != name);
        assert!(run(build, &floats(node, name, values), &[rows()]).is_err(), "{name}");
    }
    let mut node = machine("RBF");
    node.attribute.retain(|attribute| attribute.name != "n_supports");
    for count in [-1, 2, i64::MAX] {
        let node = int(node.clone(), "n_supports", count);
        assert!(run(build, &node, &[rows()]).is_err(), "{count}");
    }
}
