//! Labels and shapes; scores themselves are tested in `forest`.

use tract_onnx::pb::NodeProto;

use super::build;
use crate::onnx::operators::testing::{floats, ints, node, run, strings, t, texts};

/// `x[1] > 0` gives class 0 a weight of 1, else class 2 one of 3.
fn stump() -> NodeProto {
    let node = node("TreeEnsembleClassifier");
    let node = ints(ints(node, "nodes_treeids", &[4; 3]), "nodes_nodeids", &[9, 1, 2]);
    let node = ints(ints(node, "nodes_truenodeids", &[1, 0, 0]), "nodes_falsenodeids", &[2, 0, 0]);
    let node = strings(node, "nodes_modes", &["BRANCH_GT", "LEAF", "LEAF"]);
    let node = ints(ints(node, "nodes_featureids", &[1, 0, 0]), "class_ids", &[0, 2]);
    let node = ints(ints(node, "class_treeids", &[4, 4]), "class_nodeids", &[1, 2]);
    floats(floats(node, "nodes_values", &[0.0; 3]), "class_weights", &[1.0, 3.0])
}

#[test]
fn int64_labels() {
    let node = ints(stump(), "classlabels_int64s", &[7, 8, -9]);
    let y = run(build, &node, &[t(&[2, 2], &[0.0_f32, 1.0, 0.0, f32::NAN])]).unwrap();
    assert_eq!(y[0], t(&[2], &[7_i64, -9]));
    assert_eq!(y[1], t(&[2, 3], &[1.0_f32, 0.0, 0.0, 0.0, 0.0, 3.0]));
}

#[test]
fn string_labels_and_doubles() {
    let node = strings(stump(), "classlabels_strings", &["a", "b", "c"]);
    let y = run(build, &node, &[t(&[2, 2], &[0.0, 1e-300, 0.0, 0.0])]).unwrap();
    assert_eq!(y[0], texts(&[2], &["a", "c"]));
    assert_eq!(y[1], t(&[2, 3], &[1.0_f32, 0.0, 0.0, 0.0, 0.0, 3.0]));
}

#[test]
fn what_does_not_fit_is_refused() {
    let node = ints(stump(), "classlabels_int64s", &[7, 8, 9]);
    assert!(run(build, &node, &[t(&[2, 1], &[0.0_f32; 2])]).is_err());
    let two = ints(stump(), "classlabels_int64s", &[7, 8]);
    assert!(run(build, &two, &[t(&[1, 2], &[0.0_f32; 2])]).is_err());
    assert!(run(build, &stump(), &[t(&[1, 2], &[0.0_f32; 2])]).is_err());
    let both = strings(node, "classlabels_strings", &["a", "b", "c"]);
    assert!(run(build, &both, &[t(&[1, 2], &[0.0_f32; 2])]).is_err());
}
