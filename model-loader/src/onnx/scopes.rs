//! Gives the names inside the branches of an `If` a prefix of their own.
//!
//! Called by `load` after functions are inlined. A branch that is taken for good becomes part of
//! the graph around it, and files use one name in both branches, in several of them, or for what
//! the node itself gives.

use std::collections::HashMap;

use tract_onnx::pb::{GraphProto, ModelProto, NodeProto};

use super::check::domain_of;

/// The names that the graphs at hand know by others, innermost last.
#[derive(Debug, Default)]
struct Names {
    new: HashMap<String, Vec<String>>,
    branches: usize,
}

/// Renames in all graphs of a file.
pub(super) fn separate(proto: &mut ModelProto) {
    if let Some(graph) = &mut proto.graph {
        Names::default().inside(&mut graph.node);
    }
}

// === impl Names ===

impl Names {
    /// The new name of what is visible here.
    fn map(&self, name: &mut String) {
        if let Some(new) = self.new.get(name.as_str()).and_then(|news| news.last()) {
            name.clone_from(new);
        }
    }

    fn inside(&mut self, nodes: &mut [NodeProto]) {
        for node in nodes {
            let branch = domain_of(node) == "ai.onnx" && node.op_type == "If";
            node.input.iter_mut().for_each(|name| self.map(name));
            for attribute in &mut node.attribute {
                for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
                    self.graph(graph, branch);
                }
            }
        }
    }

    /// Renames in a graph inside a node; the names that a branch makes become others.
    fn graph(&mut self, graph: &mut GraphProto, branch: bool) {
        let inputs = graph.input.iter().map(|info| &info.name);
        let weights = graph.initializer.iter().map(|weight| &weight.name);
        let made = graph.node.iter().flat_map(|node| &node.output);
        let made: Vec<String> = inputs.chain(weights).chain(made).cloned().collect();
        if branch {
            self.branches += 1;
        }
        for name in made.iter().filter(|name| !name.is_empty()) {
            let new = if branch { format!("#{}/{name}", self.branches) } else { name.clone() };
            self.new.entry(name.clone()).or_default().push(new);
        }
        graph.input.iter_mut().for_each(|info| self.map(&mut info.name));
        graph.initializer.iter_mut().for_each(|weight| self.map(&mut weight.name));
        graph.output.iter_mut().for_each(|info| self.map(&mut info.name));
        for name in graph.node.iter_mut().flat_map(|node| &mut node.output) {
            self.map(name);
        }
        self.inside(&mut graph.node);
        for name in &made {
            self.new.get_mut(name).map(Vec::pop);
        }
    }
}
