//! Replaces calls of a file's own functions by their nodes.
//!
//! Called by `load` before anything else looks at the graph. Every call's inner names get a prefix
//! of their own. Refuses functions that call themselves, by a bound on how deep calls nest, more
//! nodes than a graph may have, and bodies that are much larger together than any file. Nodes of a
//! function that is written for another version of an operator set than the model are marked.

use std::collections::HashMap;

use anyhow::{Result, ensure};
use tract_onnx::pb::{
    AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto,
};

use super::check::NODES_MAX;

/// Calls inside calls.
const DEPTH_MAX: usize = 16;
/// Bytes of all bodies that take the place of calls.
const BYTES_MAX: usize = 1 << 28;

/// Before the version of a node, in the place of its description.
const MARK: &str = "of a function of version ";

/// A function of the file.
#[derive(Debug, Clone, Copy)]
struct Function<'a> {
    proto: &'a FunctionProto,
    /// What attributes are when a call does not give them.
    defaults: &'a [AttributeProto],
    /// About the bytes of its nodes.
    bytes: usize,
}

/// Functions by domain and name.
type Functions<'a> = HashMap<(&'a str, &'a str), Function<'a>>;

struct Inliner<'a> {
    functions: Functions<'a>,
    opsets: Vec<OperatorSetIdProto>,
    calls: usize,
    nodes: usize,
    bytes: usize,
}

/// Replaces all calls in a model; its functions are gone afterwards. The nodes of `defaults` hold
/// each function's default attributes, in the order of the functions.
pub(super) fn inline(proto: &mut ModelProto, defaults: Option<GraphProto>) -> Result<()> {
    if proto.functions.is_empty() {
        return Ok(());
    }
    let functions = std::mem::take(&mut proto.functions);
    let defaults = defaults.map_or_else(Vec::new, |graph| graph.node);
    for set in functions.iter().flat_map(|function| &function.opset_import) {
        if proto.opset_import.iter().all(|known| known.domain != set.domain) {
            proto.opset_import.push(set.clone());
        }
    }
    let by_name = functions.iter().enumerate().map(|(place, proto)| {
        let name = (proto.domain.as_deref(), proto.name.as_deref());
        let defaults = defaults.get(place).map_or(&[][..], |node| &node.attribute);
        let bytes = proto.node.iter().map(bytes).fold(0, usize::saturating_add);
        let function = Function { proto, defaults, bytes };
        ((name.0.unwrap_or_default(), name.1.unwrap_or_default()), function)
    });
    let functions = by_name.collect();
    let opsets = proto.opset_import.clone();
    let mut inliner = Inliner { functions, opsets, calls: 0, nodes: 0, bytes: 0 };
    match &mut proto.graph {
        Some(graph) => inliner.graph(graph, 0),
        None => Ok(()),
    }
}

/// The version of a node's operator set, where it is that of a function and not the model's.
pub(super) fn version(node: &NodeProto) -> Option<i64> {
    node.doc_string.strip_prefix(MARK)?.parse().ok()
}

/// About the bytes that a node takes.
fn bytes(node: &NodeProto) -> usize {
    let names = node.input.iter().chain(&node.output).map(|name| name.len() + 24);
    let attributes = node.attribute.iter().map(|attribute| {
        let tensors = attribute.t.iter().chain(&attribute.tensors).map(tensor_bytes);
        let graphs = attribute.g.iter().chain(&attribute.graphs).flat_map(|graph| {
            graph.initializer.iter().map(tensor_bytes).chain(graph.node.iter().map(bytes))
        });
        let strings = attribute.strings.iter().map(|text| text.len() + 24);
        let lists = attribute.floats.len() * 4 + attribute.ints.len() * 8 + attribute.s.len();
        tensors.chain(graphs).chain(strings).fold(lists + 512, usize::saturating_add)
    });
    names.chain(attributes).fold(256, usize::saturating_add)
}

fn tensor_bytes(tensor: &TensorProto) -> usize {
    let strings = tensor.string_data.iter().map(|text| text.len() + 24).sum::<usize>();
    let narrow = tensor.float_data.len() + tensor.int32_data.len();
    let wide = tensor.double_data.len() + tensor.int64_data.len() + tensor.uint64_data.len();
    256 + tensor.raw_data.len() + strings + narrow * 4 + (wide + tensor.dims.len()) * 8
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
                self.fits(function)?;
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

    /// Fails when a function cannot stand in the model's graph.
    fn fits(&mut self, function: Function<'_>) -> Result<()> {
        self.bytes = self.bytes.saturating_add(function.bytes);
        ensure!(self.bytes <= BYTES_MAX, "calls of functions take more than {BYTES_MAX} bytes");
        Ok(())
    }

    /// The nodes of a function for one call.
    fn body(&mut self, function: Function<'a>, call: &NodeProto) -> Vec<NodeProto> {
        let Function { proto: function, defaults, .. } = function;
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
        let others = function.opset_import.iter().filter(|set| !self.opsets.contains(set));
        let others = others.collect();
        let renaming = Renaming { names, prefix, call, defaults, others };
        function.node.iter().map(|node| renaming.node(node)).collect()
    }
}

/// The names of one call.
struct Renaming<'a> {
    names: HashMap<&'a str, &'a str>,
    prefix: String,
    call: &'a NodeProto,
    defaults: &'a [AttributeProto],
    /// Operator sets of which the function has another version than the model.
    others: Vec<&'a OperatorSetIdProto>,
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
            doc_string: self.mark(node),
            ..node.clone()
        }
    }

    /// What tells a node's version, where it is not the model's.
    fn mark(&self, node: &NodeProto) -> String {
        let domain = |name: &str| if name == "ai.onnx" { String::new() } else { name.to_owned() };
        let same = |set: &&&OperatorSetIdProto| domain(&set.domain) == domain(&node.domain);
        let other = self.others.iter().find(same);
        other.map_or_else(String::new, |set| format!("{MARK}{}", set.version))
    }

    /// An attribute, or what the call or the function gives in its place; nothing where neither
    /// does.
    fn attribute(&self, given: &AttributeProto) -> Option<AttributeProto> {
        let mut attribute = if given.ref_attr_name.is_empty() {
            given.clone()
        } else {
            let same = |other: &&AttributeProto| other.name == given.ref_attr_name;
            let outer = self.call.attribute.iter().chain(self.defaults).find(same)?;
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
