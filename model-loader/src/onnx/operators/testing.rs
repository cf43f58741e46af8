//! Helpers of the operators' tests: nodes with attributes, and one run of one node.

use anyhow::Result;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::{AttributeProto, NodeProto};

use super::element::{Element, tensor};
use super::op::{Arg, Context, Inputs, Node, Outputs};
use crate::{Tensor, TreeKernels};

/// Version of either operator set that tests build with unless they say another.
pub(in crate::onnx) const VERSION: i64 = 18;

/// A node of an operator, without attributes.
pub(in crate::onnx) fn node(op_type: &str) -> NodeProto {
    NodeProto { op_type: op_type.to_owned(), name: "node".to_owned(), ..NodeProto::default() }
}

fn with(mut node: NodeProto, name: &str, attribute: AttributeProto) -> NodeProto {
    node.attribute.push(AttributeProto { name: name.to_owned(), ..attribute });
    node
}

/// Adds an int.
pub(in crate::onnx) fn int(node: NodeProto, name: &str, i: i64) -> NodeProto {
    let r#type = AttributeType::Int as i32;
    with(node, name, AttributeProto { i, r#type, ..AttributeProto::default() })
}

/// Adds a list of ints.
pub(in crate::onnx) fn ints(node: NodeProto, name: &str, ints: &[i64]) -> NodeProto {
    let r#type = AttributeType::Ints as i32;
    with(node, name, AttributeProto { ints: ints.to_vec(), r#type, ..AttributeProto::default() })
}

/// Adds a float.
pub(in crate::onnx) fn float(node: NodeProto, name: &str, f: f32) -> NodeProto {
    let r#type = AttributeType::Float as i32;
    with(node, name, AttributeProto { f, r#type, ..AttributeProto::default() })
}

/// Adds a list of floats.
pub(in crate::onnx) fn floats(node: NodeProto, name: &str, floats: &[f32]) -> NodeProto {
    let (floats, r#type) = (floats.to_vec(), AttributeType::Floats as i32);
    with(node, name, AttributeProto { floats, r#type, ..AttributeProto::default() })
}

/// Adds a string.
pub(in crate::onnx) fn string(node: NodeProto, name: &str, text: &str) -> NodeProto {
    let (s, r#type) = (text.as_bytes().to_vec(), AttributeType::String as i32);
    with(node, name, AttributeProto { s, r#type, ..AttributeProto::default() })
}

/// Adds a list of strings.
pub(in crate::onnx) fn strings(node: NodeProto, name: &str, texts: &[&str]) -> NodeProto {
    let strings = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    let r#type = AttributeType::Strings as i32;
    with(node, name, AttributeProto { strings, r#type, ..AttributeProto::default() })
}

/// A tensor of these values.
pub(in crate::onnx) fn t<T: Element>(shape: &[usize], values: &[T]) -> Tensor {
    tensor(shape, values.to_vec()).unwrap()
}

/// A tensor of one extent of strings.
pub(in crate::onnx) fn texts(shape: &[usize], values: &[&str]) -> Tensor {
    tensor(shape, values.iter().map(|&text| text.to_owned()).collect::<Vec<String>>()).unwrap()
}

/// Builds the operator of `node` with `build` and runs it once; no input is known beforehand.
pub(in crate::onnx) fn run(
    build: super::op::Build,
    node: &NodeProto,
    inputs: &[Tensor],
) -> Result<Outputs> {
    let op = build(&Node {
        proto: node,
        version: VERSION,
        constants: &[],
        kernels: TreeKernels::detect(),
    })?;
    let mut inputs = Inputs(inputs.iter().map(Arg::Borrowed).collect());
    op.run(&mut inputs, &Context::default())
}
