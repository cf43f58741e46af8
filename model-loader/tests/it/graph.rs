//! Builds small ONNX graphs as bytes, for tests of what is accepted and what is refused.

use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::type_proto::Value;
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorShapeProto,
    TypeProto, ValueInfoProto, type_proto,
};

/// A named value of the border; `None` in the shape is an unnamed, variable extent.
pub(crate) fn value(name: &str, datatype: DataType, shape: &[Option<i64>]) -> ValueInfoProto {
    let dim = |dim: &Option<i64>| Dimension {
        value: dim.map(dimension::Value::DimValue),
        ..Dimension::default()
    };
    let shape = TensorShapeProto { dim: shape.iter().map(dim).collect() };
    let tensor = type_proto::Tensor { elem_type: datatype as i32, shape: Some(shape) };
    let value = Some(Value::TensorType(tensor));
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto { value, ..TypeProto::default() }),
        ..ValueInfoProto::default()
    }
}

/// A node of the ai.onnx.ml domain.
pub(crate) fn ml_node(op: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
    NodeProto { domain: "ai.onnx.ml".to_owned(), ..node(op, inputs, outputs) }
}

/// A node of the default domain, named after its first output.
pub(crate) fn node(op: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    NodeProto {
        op_type: op.to_owned(),
        name: format!("the {}", outputs[0]),
        input: owned(inputs),
        output: owned(outputs),
        ..NodeProto::default()
    }
}

/// Adds an attribute of integers.
pub(crate) fn ints(mut node: NodeProto, name: &str, ints: &[i64]) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Ints as i32,
        ints: ints.to_vec(),
        ..AttributeProto::default()
    });
    node
}

/// Adds an attribute of one integer.
pub(crate) fn int(mut node: NodeProto, name: &str, int: i64) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Int as i32,
        i: int,
        ..AttributeProto::default()
    });
    node
}

/// Adds an attribute of floats.
pub(crate) fn floats(mut node: NodeProto, name: &str, floats: &[f32]) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Floats as i32,
        floats: floats.to_vec(),
        ..AttributeProto::default()
    });
    node
}

/// Adds an attribute of strings.
pub(crate) fn strings(mut node: NodeProto, name: &str, strings: &[&str]) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Strings as i32,
        strings: strings.iter().map(|string| string.as_bytes().to_vec()).collect(),
        ..AttributeProto::default()
    });
    node
}

/// Adds an attribute of one string.
pub(crate) fn text(mut node: NodeProto, name: &str, text: &str) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::String as i32,
        s: text.as_bytes().to_vec(),
        ..AttributeProto::default()
    });
    node
}

/// One tree: `x[feature] <= 0` goes to class id 0 with weight -1, else with weight 1.
pub(crate) fn stump(outputs: &[&str], feature: i64) -> NodeProto {
    let node = ml_node("TreeEnsembleClassifier", &["x"], outputs);
    let node = ints(node, "nodes_treeids", &[0, 0, 0]);
    let node = ints(node, "nodes_nodeids", &[0, 1, 2]);
    let node = ints(node, "nodes_featureids", &[feature, 0, 0]);
    let node = strings(node, "nodes_modes", &["BRANCH_LEQ", "LEAF", "LEAF"]);
    let node = floats(node, "nodes_values", &[0.0, 0.0, 0.0]);
    let node = ints(node, "nodes_truenodeids", &[1, 0, 0]);
    let node = ints(node, "nodes_falsenodeids", &[2, 0, 0]);
    let node = ints(node, "class_treeids", &[0, 0]);
    let node = ints(node, "class_nodeids", &[1, 2]);
    let node = ints(node, "class_ids", &[0, 0]);
    floats(node, "class_weights", &[-1.0, 1.0])
}

/// A whole file.
pub(crate) fn model(
    nodes: Vec<NodeProto>,
    inputs: Vec<ValueInfoProto>,
    outputs: Vec<ValueInfoProto>,
) -> ModelProto {
    let opset = |domain: &str, version| OperatorSetIdProto { domain: domain.to_owned(), version };
    ModelProto {
        ir_version: 9,
        opset_import: vec![opset("", 17), opset("ai.onnx.ml", 3)],
        graph: Some(GraphProto {
            name: "test".to_owned(),
            node: nodes,
            input: inputs,
            output: outputs,
            ..GraphProto::default()
        }),
        ..ModelProto::default()
    }
}
