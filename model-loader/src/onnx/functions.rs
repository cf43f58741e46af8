//! Replaces calls of a file's own functions by their nodes.
//!
//! Called by `load` before anything else looks at the graph. Every call's inner names get a prefix
//! of their own. Refuses functions that call themselves, by a bound on how deep calls nest, and
//! more nodes than a graph may have.

use std::collections::HashMap;

use anyhow::{Result, ensure};
use tract_onnx::pb::{AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto};

use super::check::NODES_MAX;

/// Calls inside calls.
const DEPTH_MAX: usize = 16;

/// Functions by domain and name.
type Functions<'a> = HashMap<(&'a str, &'a str), &'a FunctionProto>;

struct Inliner<'a> {
    functions: Functions<'a>,
    calls: usize,
    nodes: usize,
}

/// Replaces all calls in a model; its functions are gone afterwards.
pub(super) fn inline(proto: &mut ModelProto) -> Result<()> {
    if proto.functions.is_empty() {
        return Ok(());
    }
    let functions = std::mem::take(&mut proto.functions);
    for set in functions.iter().flat_map(|function| &function.opset_import) {
        if proto.opset_import.iter().all(|known| known.domain != set.domain) {
            proto.opset_import.push(set.clone());
        }
    }
    let by_name = functions.iter().map(|function| {
        let name = (function.domain.as_deref(), function.name.as_deref());
        ((name.0.unwrap_or_default(), name.1.unwrap_or_default()), function)
    });
    let mut inliner = Inliner { functions: by_name.collect(), calls: 0, nodes: 0 };
    match &mut proto.graph {
        Some(graph) => inliner.graph(graph, 0),
        None => Ok(()),
    }
}

// === impl Inliner ===

impl<'a> Inliner<'a> {
    fn graph(&mut self, graph: &mut GraphProto, depth: usize) -> Result<()> {
        ensure!(depth <= DEPTH_MAX, "functions or graphs nest more than {DEPTH_MAX} deep");
        graph.node = self.nodes(std::mem::take(&mut graph.node), depth)?;
        Ok(())
    }

    fn nodes(&mut self, nodes: Vec<NodeProto>, depth: usize) -> Result<Vec<NodeProto>> {
        let mut all = Vec::with_capacity(nodes.len());
        for mut node in nodes {
            self.nodes += 1;
            ensure!(self.nodes <= NODES_MAX, "more than {NODES_MAX} nodes");
            let called = self.functions.get(&(node.domain.as_str(), node.op_type.as_str()));
            if let Some(&function) = called {
                ensure!(depth < DEPTH_MAX, "function `{}` nests too deep", node.op_type);
                let body = self.body(function, &node);
                all.extend(self.nodes(body, depth + 1)?);
                continue;
            }
            for attribute in &mut node.attribute {
                for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
                    self.graph(graph, depth + 1)?;
                }
            }
            all.push(node);
        }
        Ok(all)
    }

    /// The nodes of a function for one call.
    fn body(&mut self, function: &'a FunctionProto, call: &NodeProto) -> Vec<NodeProto> {
        self.calls += 1;
        let mut names: HashMap<&str, &str> = HashMap::new();
        let inputs = function.input.iter().zip(call.input.iter().map(String::as_str));
        // An optional input that the call leaves out is left out inside, too.
        names.extend(function.input.iter().map(|name| (name.as_str(), "")));
        names.extend(inputs.map(|(inner, outer)| (inner.as_str(), outer)));
        let outputs = function.output.iter().zip(&call.output);
        let outputs = outputs.filter(|(_, outer)| !outer.is_empty());
        names.extend(outputs.map(|(inner, outer)| (inner.as_str(), outer.as_str())));
        let prefix = format!("{}#{}/", call.op_type, self.calls);
        let renaming = Renaming { names, prefix, call };
        function.node.iter().map(|node| renaming.node(node)).collect()
    }
}

/// The names of one call.
struct Renaming<'a> {
    names: HashMap<&'a str, &'a str>,
    prefix: String,
    call: &'a NodeProto,
}

// === impl Renaming ===

impl Renaming<'_> {
    fn name(&self, name: &str) -> String {
        match self.names.get(name) {
            Some(outer) => (*outer).to_owned(),
            None if name.is_empty() => String::new(),
            None => format!("{}{name}", self.prefix),
        }
    }

    fn node(&self, node: &NodeProto) -> NodeProto {
        NodeProto {
            name: format!("{}{}", self.prefix, node.name),
            input: node.input.iter().map(|name| self.name(name)).collect(),
            output: node.output.iter().map(|name| self.name(name)).collect(),
            attribute: node.attribute.iter().filter_map(|given| self.attribute(given)).collect(),
            ..node.clone()
        }
    }

    /// An attribute, or what the call gives in its place; nothing where the call gives none.
    fn attribute(&self, given: &AttributeProto) -> Option<AttributeProto> {
        let mut attribute = if given.ref_attr_name.is_empty() {
            given.clone()
        } else {
            let same = |other: &&AttributeProto| other.name == given.ref_attr_name;
            let outer = self.call.attribute.iter().find(same)?;
            return Some(AttributeProto { name: given.name.clone(), ..outer.clone() });
        };
        for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
            self.graph(graph);
        }
        Some(attribute)
    }

    fn graph(&self, graph: &mut GraphProto) {
        let borders = graph.input.iter_mut().chain(&mut graph.output);
        borders.for_each(|info| info.name = self.name(&info.name));
        graph.initializer.iter_mut().for_each(|weight| weight.name = self.name(&weight.name));
        graph.node = graph.node.iter().map(|node| self.node(node)).collect();
    }
}
