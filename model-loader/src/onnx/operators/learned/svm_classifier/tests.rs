//! Answers of ONNX Runtime 1.32.0.

use tract_onnx::pb::NodeProto;

use super::build;
use crate::onnx::operators::testing::{floats, ints, node, run, string, strings, t, texts};
use crate::{Tensor, Values};

fn rows() -> Tensor {
    t(&[3, 2], &[1.0_f32, 2.0, 0.0, -1.0, -2.0, 0.5])
}

fn machine(vectors: &[i64], coefficients: &[f32], rho: &[f32]) -> NodeProto {
    let node = string(node("SVMClassifier"), "kernel_type", "RBF");
    let node = floats(node, "kernel_params", &[0.5, 0.25, 2.0]);
    let node = floats(node, "support_vectors", &[1.0, 0.0, 0.0, 1.0, -1.0, -1.0]);
    let node = ints(node, "vectors_per_class", vectors);
    floats(floats(node, "coefficients", coefficients), "rho", rho)
}

fn three() -> NodeProto {
    let node = machine(&[1, 1, 1], &[1.0, -0.5, 0.25, 0.75, -1.0, 0.5], &[0.1, -0.2, 0.3]);
    strings(node, "classlabels_strings", &["a", "b", "c"])
}

fn two() -> NodeProto {
    ints(machine(&[2, 1], &[1.0, -0.5, -0.25], &[0.1]), "classlabels_ints", &[3, 4])
}

fn check(node: &NodeProto, labels: &Tensor, scores: &[f32]) {
    let y = run(build, node, &[rows()]).unwrap();
    assert_eq!(y[0], *labels);
    let Values::Fp32(values) = y[1].values() else { panic!("floats") };
    assert_eq!(y[1].shape(), [3, scores.len() / 3]);
    for (value, wanted) in values.iter().zip(scores) {
        assert!((value - wanted).abs() < 1e-6, "{values:?} {wanted}");
    }
}

#[test]
fn three_classes_have_a_decision_value_for_each_pair() {
    let scores = [
        0.051_395_558,
        -0.098_122_68,
        -0.067_127_72,
        0.400_211_8,
        0.227_542_27,
        0.467_930_08,
        0.050_087_17,
        -0.143_419_34,
        0.279_022_87,
    ];
    check(&three(), &texts(&[3], &["c", "a", "a"]), &scores);
}

#[test]
fn probabilities_do_not_change_the_vote() {
    let node = floats(three(), "prob_a", &[-1.0, -2.0, -0.5]);
    let node = floats(node, "prob_b", &[0.1, 0.0, 0.2]);
    let scores = [
        0.305_096_24,
        0.312_178_22,
        0.382_725_54,
        0.421_092_57,
        0.301_603_32,
        0.277_304_17,
        0.295_326_05,
        0.332_886_52,
        0.371_787_4,
    ];
    check(&node, &texts(&[3], &["c", "a", "a"]), &scores);
    let node = floats(floats(two(), "prob_a", &[-1.0]), "prob_b", &[0.1]);
    let scores = [0.487_757_18, 0.512_242_8, 0.537_062_7, 0.462_937_24, 0.475_232_03, 0.524_768_05];
    check(&node, &t(&[3], &[3_i64, 3, 3]), &scores);
}

#[test]
fn two_classes_have_two_columns() {
    let none =
        [-0.051_019_7, 0.051_019_7, -0.248_579_14, 0.248_579_14, -0.000_859_25, 0.000_859_25];
    let logistic = [0.487_247_82, 0.512_752_2, 0.438_173_3, 0.561_826_7, 0.499_785_2, 0.500_214_8];
    let other = [0.948_980_33, 0.051_019_7, 0.751_420_86, 0.248_579_14, 0.999_140_74, 0.000_859_25];
    for (transform, scores) in [("NONE", none), ("LOGISTIC", logistic), ("SOFTMAX", other)] {
        check(&string(two(), "post_transform", transform), &t(&[3], &[3_i64, 3, 3]), &scores);
    }
}

#[test]
fn without_support_vectors_classes_have_coefficients() {
    let linear = |coefficients: &[f32]| {
        let node = floats(node("SVMClassifier"), "coefficients", coefficients);
        ints(floats(node, "rho", &[0.1]), "classlabels_ints", &[3, 4])
    };
    let labels = t(&[3], &[4_i64, 4, 4]);
    check(&linear(&[0.5, -0.25, 0.1, 0.2]), &labels, &[0.1, 0.6, 0.35, -0.1, -1.025, 0.0]);
    check(&linear(&[0.5, 0.25, 0.1, 0.2]), &labels, &[1.1, 0.6, -0.15, -0.1, -0.775, 0.0]);
}

#[test]
fn no_rows_stay_no_rows() {
    let y = run(build, &three(), &[t::<f32>(&[0, 2], &[])]).unwrap();
    assert_eq!((y[0].shape(), y[1].shape()), (&[0][..], &[0, 3][..]));
}

#[test]
fn what_does_not_fit_is_refused() {
    assert!(run(build, &three(), &[t(&[1, 3], &[1.0_f32; 3])]).is_err());
    for (name, values) in [
        ("coefficients", &[1.0; 5][..]),
        ("rho", &[1.0; 2]),
        ("prob_a", &[1.0; 3]),
        ("support_vectors", &[1.0; 4]),
    ] {
        let mut node = three();
        node.attribute.retain(|attribute| attribute.name != name);
        assert!(run(build, &floats(node, name, values), &[rows()]).is_err(), "{name}");
    }
    let short = floats(floats(three(), "prob_a", &[1.0; 2]), "prob_b", &[1.0; 2]);
    assert!(run(build, &short, &[rows()]).is_err());
    for counts in [&[3][..], &[1, 2], &[2, 2, -1], &[i64::MAX, i64::MAX, i64::MAX]] {
        let mut node = three();
        node.attribute.retain(|attribute| attribute.name != "vectors_per_class");
        let node = ints(node, "vectors_per_class", counts);
        assert!(run(build, &node, &[rows()]).is_err(), "{counts:?}");
    }
}
