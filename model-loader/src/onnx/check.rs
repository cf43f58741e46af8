//! Looks a graph over before the engine sees it.
//!
//! Called by `load`. Refuses graphs with too many nodes, with weights kept outside the file, and
//! with operators that neither we nor tract have, or that tract computes wrongly: all of those are
//! named in one error.

use std::collections::BTreeMap;

use tract_onnx::model::OnnxOpRegister;
use tract_onnx::pb::tensor_proto::DataLocation;
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto};

use super::operators;
use crate::Error;

/// Nodes of a graph and its subgraphs together.
pub(super) const NODES_MAX: usize = 100_000;
/// Whose operators those of tract are: it looks only at an operator's name.
const DOMAINS: [&str; 3] = ["", "ai.onnx", "com.microsoft"];
/// Operators with inner graphs, which `build` knows.
const CONTROL: [&str; 3] = ["If", "Loop", "Scan"];
/// Makes the sequences that `clean` takes apart; what else reads one is not supported.
const SEQUENCE: &str = "SequenceConstruct";
/// Names of nodes that an error lists for one operator: all but in a file made to be tedious.
const NAMES_SHOWN: usize = 1000;

/// The model's graph, if it can be given to the engine.
pub(super) fn check<'a>(
    proto: &'a ModelProto,
    register: &OnnxOpRegister,
) -> Result<&'a GraphProto, Error> {
    let graph = proto.graph.as_ref().ok_or_else(|| Error::model("the file holds no graph"))?;
    if graph.output.is_empty() {
        return Err(Error::model("the graph has no output"));
    }
    let mut missing: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut seen = 0;
    // Subgraphs hang on attributes; the decoder bounds how deep they nest.
    let mut graphs = vec![graph];
    while let Some(graph) = graphs.pop() {
        seen += graph.node.len();
        if seen > NODES_MAX {
            return Err(Error::model(format!("more than {NODES_MAX} nodes")));
        }
        graph.initializer.iter().try_for_each(inside)?;
        if let Some(sparse) = graph.sparse_initializer.first() {
            let name = sparse.values.as_ref().map_or("", |values| &values.name);
            return Err(Error::model(format!("sparse weights are not supported: `{name}`")));
        }
        for node in &graph.node {
            if !is_known(node, register) {
                missing.entry(operator(node)).or_default().push(node_name(node));
            }
            if let Some(what) = misread(node) {
                let operator = format!("{} with {what}", operator(node));
                missing.entry(operator).or_default().push(node_name(node));
            }
            for attribute in &node.attribute {
                attribute.t.iter().chain(&attribute.tensors).try_for_each(inside)?;
                graphs.extend(subgraphs(attribute));
            }
        }
    }
    if missing.is_empty() {
        return Ok(graph);
    }
    let missing = missing.into_iter().map(|(operator, nodes)| entry(&operator, &nodes)).collect();
    Err(Error::MissingOperators { missing })
}

fn subgraphs(attribute: &AttributeProto) -> impl Iterator<Item = &GraphProto> {
    attribute.g.iter().chain(&attribute.graphs)
}

fn is_known(node: &NodeProto, register: &OnnxOpRegister) -> bool {
    is_ours(node) || (DOMAINS.contains(&domain_of(node)) && register.0.contains_key(&node.op_type))
}

/// What a node has that tract leaves out of account: it would score, and wrongly.
fn misread(node: &NodeProto) -> Option<&'static str> {
    if domain_of(node) != "ai.onnx" {
        return None;
    }
    let has = |name: &str, value: &[u8]| {
        node.attribute.iter().any(|attribute| attribute.name == name && attribute.s == value)
    };
    match node.op_type.as_str() {
        "RNN" | "GRU" | "LSTM" if has("direction", b"reverse") => Some("direction `reverse`"),
        "SpaceToDepth" if has("mode", b"CRD") => Some("mode `CRD`"),
        _ => None,
    }
}

/// Whether a node and all in the graphs inside it run without tract.
pub(super) fn is_ours(node: &NodeProto) -> bool {
    let (domain, name) = (domain_of(node), node.op_type.as_str());
    let known = operators::find(domain, name).is_some()
        || (domain == "ai.onnx" && (CONTROL.contains(&name) || name == SEQUENCE));
    let mut inner = node.attribute.iter().flat_map(subgraphs);
    known && inner.all(|graph| graph.node.iter().all(is_ours))
}

/// The domain of a node's operator; the empty name is `ai.onnx`.
pub(super) fn domain_of(node: &NodeProto) -> &str {
    if node.domain.is_empty() { "ai.onnx" } else { &node.domain }
}

/// Operator and name of a node, for errors.
pub(super) fn label(node: &NodeProto) -> String {
    format!("{} (node `{}`)", operator(node), node_name(node))
}

fn inside(tensor: &TensorProto) -> Result<(), Error> {
    if tensor.data_location != Some(DataLocation::External as i32) {
        return Ok(());
    }
    let name = &tensor.name;
    let what = "are in another file, which only a model that is being registered may have";
    Err(Error::model(format!("the values of `{name}` {what}")))
}

fn operator(node: &NodeProto) -> String {
    match node.domain.as_str() {
        "" | "ai.onnx" => node.op_type.clone(),
        domain => format!("{domain}.{}", node.op_type),
    }
}

/// Nodes may go without a name; then their first output names them.
pub(super) fn node_name(node: &NodeProto) -> &str {
    match node.output.first() {
        Some(output) if node.name.is_empty() => output,
        _ => &node.name,
    }
}

fn entry(operator: &str, nodes: &[&str]) -> String {
    let shown: Vec<String> =
        nodes.iter().take(NAMES_SHOWN).map(|name| format!("`{name}`")).collect();
    let more = if nodes.len() > NAMES_SHOWN { ", ..." } else { "" };
    format!("{operator} (node {}{more})", shown.join(", "))
}
