//! Rewrites what no tensor can be, and takes out what no output needs.
//!
//! Called by `load` before checking. scikit-learn's multi-output classifiers end in a
//! SequenceConstruct; each of its inputs becomes an output named after the sequence and its place.

use std::collections::{HashMap, HashSet};

use anyhow::{Result, ensure};
use tract_onnx::pb::{GraphProto, NodeProto, ValueInfoProto};

use super::build::reads;
use super::check::{NODES_MAX, domain_of};

/// Nodes that may only pass a sequence on to an output.
const STEPS_MAX: usize = 16;

/// Puts the parts of sequences in the place of outputs that are sequences.
pub(super) fn sequences(graph: &mut GraphProto) -> Result<()> {
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
        let all = identities.len().saturating_add(parts.len());
        ensure!(all <= NODES_MAX, "more than {NODES_MAX} parts of sequences");
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
    Ok(())
}

/// Takes out the nodes that no output of a graph needs, whatever operators they have.
pub(super) fn dead(graph: &mut GraphProto) {
    let mut makers: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, node) in graph.node.iter().enumerate() {
        for name in &node.output {
            makers.entry(name).or_default().push(place);
        }
    }
    let mut needed = vec![false; graph.node.len()];
    let mut seen: HashSet<&str> = HashSet::new();
    let mut names: Vec<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    while let Some(name) = names.pop() {
        if name.is_empty() || !seen.insert(name) {
            continue;
        }
        // A name that is made twice is refused later.
        for &place in makers.get(name).into_iter().flatten() {
            if !std::mem::replace(&mut needed[place], true) {
                names.extend(reads(&graph.node[place]));
            }
        }
    }
    let mut needed = needed.into_iter();
    graph.node.retain(|_| needed.next().unwrap_or(true));
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
