//! Makes FP16 at a graph's border FP32: what a request can say, and a row hold.
//!
//! Called by `load` before checking. Inside nothing changes: an input is cast to what the file
//! declares, an output from it. No value of 16 bits is lost by that, and one that comes with 32 is
//! rounded as the graph itself would round it.

use std::collections::{BTreeSet, HashSet};

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::type_proto::Value;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, ValueInfoProto, attribute_proto};

/// Casts inputs and outputs of FP16, which stay what they are called. The engine knows no BF16.
pub(super) fn widen(graph: &mut GraphProto) {
    let weights: HashSet<&str> = graph.initializer.iter().map(|w| w.name.as_str()).collect();
    let made: HashSet<&str> =
        graph.node.iter().flat_map(|node| &node.output).map(String::as_str).collect();
    let inputs = halves(&graph.input).filter(|name| !weights.contains(name));
    let inputs: BTreeSet<String> = inputs.map(str::to_owned).collect();
    let outputs = halves(&graph.output).filter(|name| made.contains(name));
    let outputs: BTreeSet<String> = outputs.map(str::to_owned).collect();
    let inside = |name: &mut String| {
        if inputs.contains(name) || outputs.contains(name) {
            *name = half(name);
        }
    };
    for node in &mut graph.node {
        node.output.iter_mut().for_each(inside);
        read(node, &inside);
    }
    for info in graph.input.iter_mut().chain(&mut graph.output) {
        if inputs.contains(&info.name) || outputs.contains(&info.name) {
            declare(info);
        }
    }
    let to_half = inputs.iter().map(|name| cast(name, half(name), DataType::Float16));
    graph.node.splice(0..0, to_half.collect::<Vec<_>>());
    let to_float = outputs.into_iter().map(|name| cast(&half(&name), name, DataType::Float));
    graph.node.extend(to_float);
}

/// What is declared as a tensor of FP16.
fn halves(infos: &[ValueInfoProto]) -> impl Iterator<Item = &str> {
    infos.iter().filter_map(|info| match &info.r#type.as_ref()?.value {
        Some(Value::TensorType(tensor)) if tensor.elem_type == DataType::Float16 as i32 => {
            Some(info.name.as_str())
        }
        _ => None,
    })
}

fn declare(info: &mut ValueInfoProto) {
    if let Some(Value::TensorType(tensor)) = info.r#type.as_mut().and_then(|t| t.value.as_mut()) {
        tensor.elem_type = DataType::Float as i32;
    }
}

/// The name inside; no file's own names begin so.
fn half(name: &str) -> String {
    format!("#half/{name}")
}

/// What a node reads, the graphs inside it included, by its name inside.
fn read(node: &mut NodeProto, inside: &impl Fn(&mut String)) {
    node.input.iter_mut().for_each(inside);
    for attribute in &mut node.attribute {
        for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
            graph.output.iter_mut().for_each(|info| inside(&mut info.name));
            graph.node.iter_mut().for_each(|node| read(node, inside));
        }
    }
}

fn cast(from: &str, name: String, to: DataType) -> NodeProto {
    let to = AttributeProto {
        name: "to".to_owned(),
        r#type: attribute_proto::AttributeType::Int as i32,
        i: to as i64,
        ..AttributeProto::default()
    };
    NodeProto {
        op_type: "Cast".to_owned(),
        name: name.clone(),
        input: vec![from.to_owned()],
        output: vec![name],
        attribute: vec![to],
        ..NodeProto::default()
    }
}
