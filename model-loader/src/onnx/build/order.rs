//! The nodes that the outputs need, each after the nodes it reads from.
//!
//! Called by `build` for the graph and for each graph inside it. Refuses names that nothing makes
//! or that are made twice, and cycles.

use std::collections::{HashMap, HashSet};

use anyhow::{Result, bail, ensure};
use tract_onnx::pb::{GraphProto, NodeProto};

use crate::onnx::check::node_name;

/// Sorts the nodes; `known` tells which names are there beforehand.
pub(super) fn sorted(graph: &GraphProto, known: impl Fn(&str) -> bool) -> Result<Vec<&NodeProto>> {
    let mut makers: HashMap<&str, usize> = HashMap::new();
    for (index, node) in graph.node.iter().enumerate() {
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            ensure!(!known(name), "`{name}` is made twice");
            ensure!(makers.insert(name, index).is_none(), "`{name}` is made twice");
        }
    }
    // Depth first from the outputs, with a stack of its own: the file chooses the depth.
    let mut state = vec![State::New; graph.node.len()];
    let mut order = Vec::with_capacity(graph.node.len());
    let mut stack: Vec<(usize, Vec<usize>)> = Vec::new();
    for output in &graph.output {
        match makers.get(output.name.as_str()) {
            Some(&maker) if state[maker] == State::New => {
                stack.push((maker, before(&graph.node[maker], &makers, &known)?));
                state[maker] = State::Open;
            }
            Some(_) => {}
            None => ensure!(known(&output.name), "no node makes output `{}`", output.name),
        }
        while let Some((node, waiting)) = stack.last_mut() {
            let node = *node;
            let Some(next) = waiting.pop() else {
                state[node] = State::Done;
                order.push(&graph.node[node]);
                stack.pop();
                continue;
            };
            match state[next] {
                State::Done => {}
                State::Open => bail!("node `{}` is part of a cycle", node_name(&graph.node[next])),
                State::New => {
                    state[next] = State::Open;
                    stack.push((next, before(&graph.node[next], &makers, &known)?));
                }
            }
        }
    }
    Ok(order)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

/// The nodes that make what a node reads, the first of them last.
fn before(
    node: &NodeProto,
    makers: &HashMap<&str, usize>,
    known: &impl Fn(&str) -> bool,
) -> Result<Vec<usize>> {
    let mut before = Vec::new();
    for name in reads(node) {
        match makers.get(name) {
            Some(&maker) => before.push(maker),
            None => ensure!(known(name), "no node and no input makes `{name}`"),
        }
    }
    before.reverse();
    Ok(before)
}

/// The names that a node reads, those that only its inner graphs read included.
pub(in crate::onnx) fn reads(node: &NodeProto) -> Vec<&str> {
    let mut reads: Vec<&str> =
        node.input.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    for attribute in &node.attribute {
        for graph in attribute.g.iter().chain(&attribute.graphs) {
            reads.extend(free(graph));
        }
    }
    reads
}

/// The names that a graph reads from the graph around it, each once.
pub(super) fn free(graph: &GraphProto) -> Vec<&str> {
    let mut inner: HashSet<&str> = HashSet::new();
    inner.extend(graph.input.iter().map(|input| input.name.as_str()));
    inner.extend(graph.initializer.iter().map(|weight| weight.name.as_str()));
    inner.extend(graph.node.iter().flat_map(|node| &node.output).map(String::as_str));
    let mut seen = HashSet::new();
    let outputs = graph.output.iter().map(|output| output.name.as_str());
    let all = graph.node.iter().flat_map(reads).chain(outputs);
    all.filter(|name| !inner.contains(name) && seen.insert(*name)).collect()
}
