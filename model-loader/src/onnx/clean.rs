//! Rewrites what no tensor can be: a sequence at the end of a graph becomes its parts.
//!
//! Called by `load` between checking and building. scikit-learn's multi-output classifiers end in a
//! SequenceConstruct; each of its inputs becomes an output named after the sequence and its place.

use std::collections::HashMap;

use tract_onnx::pb::{GraphProto, NodeProto, ValueInfoProto};

use super::check::domain_of;

/// Nodes that may only pass a sequence on to an output.
const STEPS_MAX: usize = 16;

/// Puts the parts of sequences in the place of outputs that are sequences.
pub(super) fn sequences(graph: &mut GraphProto) {
    let makers: HashMap<&str, &NodeProto> = graph
        .node
        .iter()
        .flat_map(|node| node.output.iter().map(move |name| (name.as_str(), node)))
        .collect();
    let mut identities = Vec::new();
    let mut outputs = Vec::with_capacity(graph.output.len());
    for output in &graph.output {
        let Some(parts) = parts(&makers, &output.name) else {
            outputs.push(output.clone());
            continue;
        };
        for (place, part) in parts.iter().enumerate() {
            let name = format!("{}_{place}", output.name);
            outputs.push(ValueInfoProto { name: name.clone(), ..ValueInfoProto::default() });
            identities.push(NodeProto {
                op_type: "Identity".to_owned(),
                name: name.clone(),
                input: vec![part.clone()],
                output: vec![name],
                ..NodeProto::default()
            });
        }
    }
    graph.output = outputs;
    graph.node.extend(identities);
}

/// The parts of the sequence of that name, if it is one that a node puts together.
fn parts<'a>(makers: &HashMap<&str, &'a NodeProto>, name: &str) -> Option<&'a [String]> {
    let mut maker = makers.get(name)?;
    for _ in 0..STEPS_MAX {
        match (domain_of(maker), maker.op_type.as_str()) {
            ("ai.onnx", "SequenceConstruct") => return Some(&maker.input),
            ("ai.onnx", "Identity") => maker = makers.get(maker.input.first()?.as_str())?,
            _ => return None,
        }
    }
    None
}
