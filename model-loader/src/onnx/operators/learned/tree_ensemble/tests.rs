//! The two examples of the ONNX specification (its 3.14 is 3.25 here), and refusals.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, NodeProto, TensorProto};

use super::build;
use crate::onnx::operators::testing::{int, ints, node, run, t};
use crate::{Tensor, Values};

fn tensor(mut node: NodeProto, name: &str, values: &Values) -> NodeProto {
    let mut tensor = TensorProto::default();
    match values {
        Values::Uint8(modes) => {
            (tensor.data_type, tensor.raw_data) = (DataType::Uint8 as i32, modes.clone());
        }
        Values::Fp32(values) => {
            (tensor.data_type, tensor.float_data) = (DataType::Float as i32, values.clone());
        }
        Values::Fp64(values) => {
            (tensor.data_type, tensor.double_data) = (DataType::Double as i32, values.clone());
        }
        other => panic!("{other:?}"),
    }
    let name = name.to_owned();
    node.attribute.push(AttributeProto { name, t: Some(tensor), ..AttributeProto::default() });
    node
}

fn trees(targets: i64, modes: &[u8], splits: &Values, [yes, no]: [[&[i64]; 2]; 2]) -> NodeProto {
    let node = int(node("TreeEnsemble"), "n_targets", targets);
    let node = tensor(node, "nodes_modes", &Values::Uint8(modes.to_vec()));
    let node = tensor(node, "nodes_splits", splits);
    let node = ints(node, "nodes_featureids", &vec![0; modes.len()]);
    let node = ints(ints(node, "nodes_truenodeids", yes[0]), "nodes_trueleafs", yes[1]);
    ints(ints(node, "nodes_falsenodeids", no[0]), "nodes_falseleafs", no[1])
}

fn single_tree() -> NodeProto {
    let splits = Values::Fp64(vec![3.25, 1.2, 4.2]);
    let children: [[&[i64]; 2]; 2] = [[&[1, 0, 1], &[0, 1, 1]], [&[2, 2, 3], &[0, 1, 1]]];
    let node = trees(2, &[0, 0, 0], &splits, children);
    let node = ints(node, "leaf_targetids", &[0, 1, 0, 1]);
    tensor(node, "leaf_weights", &Values::Fp64(vec![5.23, 12.12, -12.23, 7.21]))
}

fn set_membership() -> NodeProto {
    let splits = Values::Fp32(vec![11.0, 232_344.0, f32::NAN]);
    let children: [[&[i64]; 2]; 2] = [[&[1, 0, 1], &[0, 1, 1]], [&[2, 2, 3], &[1, 0, 1]]];
    let node = trees(4, &[0, 6, 6], &splits, children);
    let members = vec![1.2, 3.7, 8.0, 9.0, f32::NAN, 12.0, 7.0, f32::NAN];
    let node = tensor(node, "membership_values", &Values::Fp32(members));
    let node = ints(node, "leaf_targetids", &[0, 1, 2, 3]);
    tensor(node, "leaf_weights", &Values::Fp32(vec![1.0, 10.0, 1000.0, 100.0]))
}

fn rooted(node: NodeProto, roots: &[i64]) -> NodeProto {
    ints(node, "tree_roots", roots)
}

fn doubles() -> Tensor {
    t(&[3, 2], &[1.2, 3.4, -0.12, 1.66, 4.14, 1.77])
}

#[test]
fn single_tree_of_doubles() {
    let y = run(build, &rooted(single_tree(), &[0]), &[doubles()]).unwrap();
    assert_eq!(y[0], t(&[3, 2], &[5.23, 0.0, 5.23, 0.0, 0.0, 12.12]));
}

#[test]
fn members_of_sets() {
    let x = t(&[6, 1], &[1.2_f32, 3.4, -0.12, f32::NAN, 12.0, 7.0]);
    let y = run(build, &rooted(set_membership(), &[0]), &[x]).unwrap();
    let mut wanted = [0.0_f32; 24];
    for (place, weight) in [(0, 1.0), (7, 100.0), (11, 100.0), (14, 1e3), (18, 1e3), (21, 10.0)] {
        wanted[place] = weight;
    }
    assert_eq!(y[0], t(&[6, 4], &wanted));
}

/// ONNX numbers the transforms otherwise than ONNX Runtime 1.32.0 reads them; ONNX is right.
#[test]
fn transforms_go_by_the_specification() {
    let transformed = |transform: i64| {
        let node = int(rooted(single_tree(), &[2]), "post_transform", transform);
        run(build, &node, &[t(&[1, 1], &[5.0])]).unwrap().remove(0)
    };
    // The scores are 0 and 7.21.
    for (transform, wanted) in
        [(0, [0.0, 7.21]), (1, [0.000_738, 0.999_262]), (2, [0.5, 0.999_262])]
    {
        let y = transformed(transform);
        let Values::Fp64(values) = y.values() else { panic!("doubles") };
        for (value, wanted) in values.iter().zip(wanted) {
            assert!((value - wanted).abs() < 1e-6, "{transform}: {values:?}");
        }
    }
}

#[test]
fn unsound_trees_are_refused() {
    for roots in [&[][..], &[3], &[-1], &[i64::MAX]] {
        assert!(run(build, &rooted(single_tree(), roots), &[doubles()]).is_err(), "{roots:?}");
    }
    let looped: [[&[i64]; 2]; 2] = [[&[1, 0], &[0, 1]], [&[0, 0], &[1, 0]]];
    let outside: [[&[i64]; 2]; 2] = [[&[1, 0], &[0, 1]], [&[0, 9], &[1, 1]]];
    let short: [[&[i64]; 2]; 2] = [[&[1, 0], &[0, 1]], [&[0], &[1, 1]]];
    for children in [looped, outside, short] {
        let node = trees(1, &[0, 0], &Values::Fp32(vec![0.0; 2]), children);
        let node = tensor(node, "leaf_weights", &Values::Fp32(vec![1.0]));
        let node = rooted(ints(node, "leaf_targetids", &[0]), &[0]);
        assert!(run(build, &node, &[doubles()]).is_err(), "{children:?}");
    }
    for (name, value) in [("post_transform", 5), ("aggregate_function", -1), ("n_targets", -1)] {
        let mut node = rooted(single_tree(), &[0]);
        node.attribute.retain(|attribute| attribute.name != name);
        assert!(run(build, &int(node, name, value), &[doubles()]).is_err(), "{name}");
    }
}
