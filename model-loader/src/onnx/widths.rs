//! What an input's open extents may be: a file that leaves its width open does not run at any.
//!
//! Called by `load`, which builds a graph for one guess after the other. Trees and selections need
//! at least the columns that they read, most other readers a width of their own; which one it is
//! shows only when the graph is tried.

use std::collections::HashMap;

use anyhow::Result;
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};

use super::attributes::Attributes;
use super::build::Seed;
use super::{probe, signature, tensor_proto};
use crate::{Shape, TensorSpec, Values};

/// Most widths that are tried.
const TRIES_MAX: usize = 8;
/// No table is wider.
const WIDTH_MAX: usize = 1 << 16;

/// One guess at the inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) inputs: Vec<TensorSpec>,
    /// What stands for each extent that stays open, in the two runs of probing.
    pub(super) others: [usize; 2],
}

/// What is read from the nodes of a graph.
#[derive(Debug, Default)]
struct Found {
    /// Columns that must be there.
    at_least: usize,
    /// Widths that a reader wants exactly, most telling first.
    exact: Vec<usize>,
    /// Extents of weights, which may be such widths.
    extents: Vec<usize>,
}

/// The guesses in their order; the first one leaves open what the file leaves open.
pub(super) fn guesses(graph: &GraphProto, inputs: Vec<TensorSpec>) -> Vec<Guess> {
    let rows = |spec: &TensorSpec| usize::from(spec.per_row);
    let open = |spec: &TensorSpec| spec.shape.iter().skip(rows(spec)).any(Option::is_none);
    let mut guesses = vec![Guess { inputs: inputs.clone(), others: probe::OTHER }];
    if !inputs.iter().any(open) {
        return guesses;
    }
    let mut found = Found::default();
    found.look(graph, &HashMap::new());
    if found.at_least > probe::OTHER[0] {
        let others = probe::OTHER.map(|extra| found.at_least.saturating_add(extra));
        guesses.push(Guess { inputs: inputs.clone(), others });
    }
    let mut tried = Vec::new();
    for width in found.exact.into_iter().chain(found.extents) {
        if width > 1 && width <= WIDTH_MAX && !tried.contains(&width) && tried.len() < TRIES_MAX {
            tried.push(width);
            let mut inputs = inputs.clone();
            let extents = inputs.iter_mut().flat_map(|spec| {
                let rows = rows(spec);
                spec.shape.iter_mut().skip(rows)
            });
            extents.for_each(|extent| *extent = extent.or(Some(width)));
            guesses.push(Guess { inputs, others: probe::OTHER });
        }
    }
    // What has no shape may as well be a row.
    let shapeless = graph
        .input
        .iter()
        .filter(|info| signature::tensor_type(info).is_some_and(|tensor| tensor.shape.is_none()));
    let shapeless: Vec<&str> = shapeless.map(|info| info.name.as_str()).collect();
    if !shapeless.is_empty() {
        let mut inputs = inputs;
        let without = inputs.iter_mut().filter(|spec| shapeless.contains(&spec.name.as_str()));
        without.for_each(|spec| spec.shape.truncate(1));
        guesses.push(Guess { inputs, others: probe::OTHER });
    }
    guesses
}

// === impl Guess ===

impl Guess {
    /// The inputs as the builder wants them.
    pub(super) fn seeds(&self) -> Result<Vec<(&str, Seed)>> {
        self.inputs.iter().map(|input| Ok(input.seed(self.others)?)).collect()
    }

    /// The shapes of the first run.
    pub(super) fn tried(&self) -> Vec<Shape> {
        let few = |input: &TensorSpec| {
            let [few, _] = probe::shapes(input, self.others);
            few
        };
        self.inputs.iter().map(few).collect()
    }
}

// === impl Found ===

impl Found {
    fn look<'a>(&mut self, graph: &'a GraphProto, outer: &HashMap<&str, &'a TensorProto>) {
        let mut weights = outer.clone();
        weights.extend(graph.initializer.iter().map(|weight| (weight.name.as_str(), weight)));
        for node in &graph.node {
            match node.domain.as_str() {
                "ai.onnx.ml" => self.learned(node, &weights),
                _ => self.core(node, &weights),
            }
            for attribute in &node.attribute {
                attribute.t.iter().for_each(|tensor| self.extents(tensor));
                let inner = attribute.g.iter().chain(&attribute.graphs);
                inner.for_each(|graph| self.look(graph, &weights));
            }
        }
        graph.initializer.iter().for_each(|weight| self.extents(weight));
    }

    fn extents(&mut self, weight: &TensorProto) {
        // The last extent is the width of most tables; the first one that of a matrix product.
        let extents = weight.dims.iter().rev().filter_map(|&extent| usize::try_from(extent).ok());
        let room = (4 * TRIES_MAX).saturating_sub(self.extents.len());
        self.extents.extend(extents.filter(|&extent| extent > 1).take(room));
    }

    fn learned(&mut self, node: &NodeProto, weights: &HashMap<&str, &TensorProto>) {
        let attributes = Attributes(node);
        let ints = |name: &str| attributes.ints(name).unwrap_or_default();
        let floats = |name: &str| attributes.floats(name).unwrap_or_default().len();
        let int = |name: &str| attributes.int(name).ok().flatten().unwrap_or_default();
        let count = |given: i64| usize::try_from(given).ok();
        let each = |all: usize, of: usize| all.checked_div(of).unwrap_or_default();
        let labels = attributes.class_labels().map_or(0, |labels| labels.len());
        match node.op_type.as_str() {
            "TreeEnsemble" | "TreeEnsembleClassifier" | "TreeEnsembleRegressor" => {
                self.reads(ints("nodes_featureids").iter().copied());
            }
            "ArrayFeatureExtractor" => self.picks(node, weights),
            "Scaler" => self.exact.extend([floats("offset"), floats("scale")]),
            "Imputer" => {
                let ints = ints("imputed_value_int64s").len();
                self.exact.extend([floats("imputed_value_floats"), ints]);
            }
            "LinearRegressor" => {
                let targets = count(int("targets")).unwrap_or_default().max(1);
                self.exact.push(each(floats("coefficients"), targets));
            }
            "LinearClassifier" => {
                let rows = [floats("intercepts"), labels, 1];
                self.exact.extend(rows.map(|rows| each(floats("coefficients"), rows)));
            }
            "SVMClassifier" | "SVMRegressor" => {
                let of_classes = ints("vectors_per_class").iter().copied();
                let of_classes = of_classes.fold(0_i64, i64::saturating_add);
                let vectors = count(of_classes.max(int("n_supports"))).unwrap_or_default();
                self.exact.push(each(floats("support_vectors"), vectors));
                self.exact.push(each(floats("coefficients"), labels.max(1)));
            }
            "FeatureVectorizer" => {
                let widths = ints("inputdimensions").iter().take(TRIES_MAX);
                self.exact.extend(widths.filter_map(|&width| count(width)));
            }
            "CastMap" => self.exact.extend(count(int("max_map"))),
            _ => {}
        }
    }

    fn core(&mut self, node: &NodeProto, weights: &HashMap<&str, &TensorProto>) {
        let weight = |place: usize| node.input.get(place).and_then(|name| weights.get(&name[..]));
        let rows = |axis: usize| weight(1).and_then(|weight| weight.dims.get(axis));
        let rows = match node.op_type.as_str() {
            "MatMul" => rows(0),
            "Gemm" => {
                let turned = Attributes(node).int("transB").ok().flatten().unwrap_or_default();
                rows(usize::from(turned != 0))
            }
            "Gather" => return self.picks(node, weights),
            _ => None,
        };
        self.exact.extend(rows.and_then(|&rows| usize::try_from(rows).ok()));
    }

    /// A node that picks columns by constant places.
    fn picks(&mut self, node: &NodeProto, weights: &HashMap<&str, &TensorProto>) {
        let places = node.input.get(1).and_then(|name| weights.get(name.as_str()));
        if let Some(Ok(places)) = places.map(|weight| tensor_proto::from_proto(weight))
            && let Values::Int64(places) = places.values()
        {
            self.reads(places.iter().copied());
        }
    }

    /// Columns that a node reads.
    fn reads(&mut self, columns: impl Iterator<Item = i64>) {
        let greatest = columns.max().and_then(|column| usize::try_from(column).ok());
        let wanted = greatest.map_or(0, |column| column.saturating_add(1));
        if wanted <= WIDTH_MAX {
            self.at_least = self.at_least.max(wanted);
        }
    }
}
