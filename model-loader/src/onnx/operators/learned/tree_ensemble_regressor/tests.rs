//! Precisions, shapes and refusals; scores themselves are tested in `forest`.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, NodeProto, TensorProto};

use super::build;
use crate::onnx::operators::testing::{floats, int, ints, node, run, strings, t, texts};

/// One tree: `x[0] <= 0.1` gives 1, else 2.
fn stump() -> NodeProto {
    let node = int(node("TreeEnsembleRegressor"), "n_targets", 1);
    let node = ints(ints(node, "nodes_treeids", &[0; 3]), "nodes_nodeids", &[0, 1, 2]);
    let node = ints(ints(node, "nodes_truenodeids", &[1, 0, 0]), "nodes_falsenodeids", &[2, 0, 0]);
    let node = strings(node, "nodes_modes", &["BRANCH_LEQ", "LEAF", "LEAF"]);
    let node = ints(ints(node, "nodes_featureids", &[0; 3]), "target_ids", &[0, 0]);
    ints(ints(node, "target_treeids", &[0, 0]), "target_nodeids", &[1, 2])
}

fn single() -> NodeProto {
    floats(floats(stump(), "nodes_values", &[0.1, 0.0, 0.0]), "target_weights", &[1.0, 2.0])
}

fn tensor(mut node: NodeProto, name: &str, values: &[f64]) -> NodeProto {
    let tensor = TensorProto {
        data_type: DataType::Double as i32,
        dims: vec![i64::try_from(values.len()).unwrap()],
        double_data: values.to_vec(),
        ..TensorProto::default()
    };
    let name = name.to_owned();
    node.attribute.push(AttributeProto { name, t: Some(tensor), ..AttributeProto::default() });
    node
}

fn double() -> NodeProto {
    let node = tensor(stump(), "nodes_values_as_tensor", &[0.1, 0.0, 0.0]);
    tensor(node, "target_weights_as_tensor", &[1.0, 2.0])
}

/// The float nearest to 0.1 is over it.
#[test]
fn doubles_are_compared_as_doubles() {
    let (up, tenth) = (f64::from(0.1_f32), 0.1_f64);
    let x = t(&[3, 1], &[tenth, up, tenth.next_up()]);
    assert_eq!(run(build, &double(), &[x]).unwrap()[0], t(&[3, 1], &[1.0_f32, 2.0, 2.0]));
    let x = t(&[3, 1], &[up, up.next_up(), 1.0]);
    assert_eq!(run(build, &single(), &[x]).unwrap()[0], t(&[3, 1], &[1.0_f32, 2.0, 2.0]));
}

#[test]
fn floats_and_integers_are_compared_as_floats() {
    let y = run(build, &single(), &[t(&[2, 1], &[0.1_f32, 0.1_f32.next_up()])]).unwrap();
    assert_eq!(y[0], t(&[2, 1], &[1.0_f32, 2.0]));
    let y = run(build, &single(), &[t(&[2], &[0_i64, 1])]).unwrap();
    assert_eq!(y[0], t(&[1, 1], &[1.0_f32]));
    let y = run(build, &double(), &[t(&[2, 1], &[0.1_f32, 0.0])]).unwrap();
    assert_eq!(y[0], t(&[2, 1], &[2.0_f32, 1.0]));
}

#[test]
fn no_rows_stay_no_rows() {
    let y = run(build, &single(), &[t::<f32>(&[0, 1], &[])]).unwrap();
    assert_eq!(y[0], t::<f32>(&[0, 1], &[]));
}

#[test]
fn what_does_not_fit_is_refused() {
    for shape in [&[][..], &[1, 1, 1]] {
        assert!(run(build, &single(), &[t(shape, &[1.0_f32])]).is_err());
    }
    for x in [t::<f32>(&[2, 0], &[]), t(&[1], &[true]), texts(&[1], &["1"])] {
        assert!(run(build, &single(), &[x]).is_err());
    }
    let x = t::<f64>(&[2, 0], &[]);
    assert!(run(build, &single(), &[x]).is_err());
    assert!(run(build, &stump(), &[t(&[1], &[1.0_f32])]).is_err());
    assert!(run(build, &tensor(single(), "nodes_values_as_tensor", &[0.1]), &[]).is_err());
}
