//! Answers of ONNX Runtime 1.32.0.

use tract_onnx::pb::NodeProto;

use super::build;
use crate::onnx::operators::testing::{floats, ints, node, run, string, strings, t, texts};
use crate::{Tensor, Values};

fn classifier(coefficients: &[f32], intercepts: &[f32], transform: &str) -> NodeProto {
    let node = floats(node("LinearClassifier"), "coefficients", coefficients);
    string(floats(node, "intercepts", intercepts), "post_transform", transform)
}

fn rows() -> Tensor {
    t(&[3, 2], &[1.0_f32, 2.0, 3.0, -4.0, -1.0, 0.5])
}

fn close(tensor: &Tensor, wanted: &[f32]) {
    let Values::Fp32(values) = tensor.values() else { panic!("floats") };
    assert_eq!(values.len(), wanted.len());
    for (value, wanted) in values.iter().zip(wanted) {
        assert!((value - wanted).abs() < 1e-6, "{values:?} {wanted}");
    }
}

#[test]
fn one_row_of_coefficients_makes_two_columns() {
    let untransformed = [-0.1, 1.1, 0.4, 0.6, 1.275, -0.275];
    let logistic = [0.249_739_89, 0.750_260_1, 0.354_343_7, 0.645_656_3, 0.568_32, 0.431_68];
    for (transform, scores) in
        [("NONE", untransformed), ("SOFTMAX", untransformed), ("LOGISTIC", logistic)]
    {
        let node = classifier(&[0.5, 0.25], &[0.1], transform);
        let y = run(build, &ints(node, "classlabels_ints", &[5, -7]), &[rows()]).unwrap();
        assert_eq!(y[0], t(&[3], &[-7_i64, -7, 5]));
        assert_eq!(y[1].shape(), [3, 2]);
        close(&y[1], &scores);
    }
}

#[test]
fn without_labels_there_is_one_column() {
    let y = run(build, &classifier(&[0.5, 0.25], &[0.1], "NONE"), &[rows()]).unwrap();
    assert_eq!(y[0], t(&[3], &[1_i64, 1, 0]));
    assert_eq!(y[1].shape(), [3, 1]);
    close(&y[1], &[1.1, 0.6, -0.275]);
}

#[test]
fn the_first_of_equals_wins_and_nan_never() {
    let node = classifier(&[1.0, 0.0, 1.0, 0.0, 0.0, 1.0], &[0.0; 3], "NONE");
    let node = strings(node, "classlabels_strings", &["a", "b", "c"]);
    let y = run(build, &node, &[t(&[2], &[1.0_f64, 0.5])]).unwrap();
    assert_eq!(y[0], texts(&[1], &["a"]));
    let y = run(build, &node, &[t(&[1, 2], &[f32::NAN; 2])]).unwrap();
    assert_eq!(y[0], texts(&[1], &["a"]));
}

#[test]
fn what_does_not_fit_is_refused() {
    let labelled = |node| ints(node, "classlabels_ints", &[0, 1, 2]);
    assert!(run(build, &labelled(classifier(&[1.0; 2], &[0.0], "NONE")), &[rows()]).is_err());
    assert!(run(build, &labelled(classifier(&[1.0; 6], &[], "NONE")), &[rows()]).is_err());
    assert!(run(build, &classifier(&[1.0; 4], &[0.0; 2], "NONE"), &[rows()]).is_err());
    assert!(run(build, &classifier(&[1.0; 3], &[0.0], "NONE"), &[rows()]).is_err());
    assert!(run(build, &classifier(&[1.0; 2], &[0.0], "TWICE"), &[rows()]).is_err());
    let strings = texts(&[1, 2], &["a", "b"]);
    assert!(run(build, &classifier(&[1.0; 2], &[0.0], "NONE"), &[strings]).is_err());
}
