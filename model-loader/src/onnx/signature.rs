//! Reads a typed graph's inputs and outputs into a `Signature`.
//!
//! Called by `load`. Outputs take the datatype that the file declares, else the one the engine
//! found; a ZipMap's output becomes its probabilities with the labels kept as column names.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::type_proto::Value;
use tract_onnx::pb::{GraphProto, NodeProto, ValueInfoProto};
use tract_onnx::prelude::*;

use super::attributes::Attributes;
use super::convert;
use crate::{Datatype, Error, Options, Signature, TensorSpec};

/// The nodes between an output and the classifier that a search for labels walks at most.
const STEPS_MAX: usize = 16;
/// Longest name of a feature, so that a column's name, which has more before it, stays bearable.
const NAME_BYTES_MAX: usize = 256;

/// The signature of a graph after typing.
pub(super) fn signature(
    typed: &TypedModel,
    graph: &GraphProto,
    options: &Options,
) -> Result<Signature, Error> {
    let declared: HashMap<&str, &ValueInfoProto> =
        graph.input.iter().map(|info| (info.name.as_str(), info)).collect();
    let rows = rows(typed)?;
    let mut inputs = Vec::with_capacity(typed.inputs.len());
    for &outlet in &typed.inputs {
        let name = &typed.node(outlet.node).name;
        let mut spec = spec(typed, outlet, name, declared.get(name.as_str()).copied(), &rows)?;
        spec.feature_names = feature_names(&spec, options)?;
        inputs.push(spec);
    }
    if let Some(name) =
        options.feature_names.keys().find(|&name| inputs.iter().all(|spec| &spec.name != name))
    {
        return Err(Error::model(format!("feature names for `{name}`, which is no input")));
    }
    let producers: HashMap<&str, (&NodeProto, usize)> = graph
        .node
        .iter()
        .flat_map(|node| {
            node.output.iter().enumerate().map(move |(slot, name)| (name.as_str(), (node, slot)))
        })
        .collect();
    let mut outputs = Vec::with_capacity(typed.outputs.len());
    for (&outlet, info) in typed.outputs.iter().zip(&graph.output) {
        let mut spec = spec(typed, outlet, &info.name, Some(info), &rows)?;
        spec.class_labels = class_labels(&spec, &producers)?;
        outputs.push(spec);
    }
    Ok(Signature { inputs, outputs })
}

/// The number of rows as the inputs write it: the variable first extent they share, else what the
/// first input fixes. The same rule as `Signature::place`'s.
fn rows(typed: &TypedModel) -> Result<Option<TDim>, Error> {
    let mut fixed = None;
    for &outlet in &typed.inputs {
        let fact = typed.outlet_fact(outlet).map_err(Error::model)?;
        match fact.shape.first() {
            Some(extent) if extent.as_i64().is_none() => return Ok(Some(extent.clone())),
            extent => fixed = fixed.or(extent),
        }
    }
    Ok(fixed.cloned())
}

fn spec(
    typed: &TypedModel,
    outlet: OutletId,
    name: &str,
    declared: Option<&ValueInfoProto>,
    rows: &Option<TDim>,
) -> Result<TensorSpec, Error> {
    let fact = typed.outlet_fact(outlet).map_err(Error::model)?;
    let datum_type = declared.and_then(declared_type).unwrap_or(fact.datum_type);
    let Some(datatype) = convert::datatype(datum_type) else {
        return Err(Error::model(format!(
            "`{name}` has type {datum_type:?}, which is not supported"
        )));
    };
    let shape = fact.shape.iter().map(|dim| dim.as_i64().and_then(|dim| usize::try_from(dim).ok()));
    Ok(TensorSpec {
        name: name.to_owned(),
        datatype,
        shape: shape.collect(),
        per_row: rows.is_some() && fact.shape.first() == rows.as_ref(),
        feature_names: Vec::new(),
        class_labels: Vec::new(),
    })
}

/// The element type the file writes for a tensor; sequences and maps have none here.
fn declared_type(info: &ValueInfoProto) -> Option<DatumType> {
    let Value::TensorType(tensor) = info.r#type.as_ref()?.value.as_ref()?;
    DataType::try_from(tensor.elem_type).ok()?.try_into().ok()
}

fn feature_names(spec: &TensorSpec, options: &Options) -> Result<Vec<String>, Error> {
    let Some(names) = options.feature_names.get(&spec.name) else { return Ok(Vec::new()) };
    let columns = if spec.shape.len() > 1 { spec.shape[spec.shape.len() - 1] } else { None };
    if columns.is_some_and(|columns| columns != names.len()) {
        let (name, given) = (&spec.name, names.len());
        let columns = columns.unwrap_or(0);
        return Err(Error::model(format!(
            "{given} feature names for `{name}` of {columns} columns"
        )));
    }
    // They become column names: what could not be one is refused before it is registered.
    let mut seen = HashSet::new();
    for name in names {
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !seen.insert(name) {
            let of = &spec.name;
            return Err(Error::model(format!(
                "feature name {name:?} of `{of}` is empty, repeated or over {NAME_BYTES_MAX} bytes"
            )));
        }
    }
    Ok(names.clone())
}

/// Walks back from an output to the operator that knows what its columns mean.
fn class_labels(
    spec: &TensorSpec,
    producers: &HashMap<&str, (&NodeProto, usize)>,
) -> Result<Vec<String>, Error> {
    let [_, Some(columns)] = spec.shape[..] else { return Ok(Vec::new()) };
    if spec.datatype == Datatype::Bytes {
        return Ok(Vec::new());
    }
    let mut name = spec.name.as_str();
    for _ in 0..STEPS_MAX {
        let Some(&(node, slot)) = producers.get(name) else { break };
        let labelled = match node.op_type.as_str() {
            "ZipMap" => true,
            "TreeEnsembleClassifier" | "LinearClassifier" | "SVMClassifier" => slot == 1,
            _ => false,
        };
        if labelled {
            let labels = Attributes(node).class_labels().map_err(Error::model)?.texts();
            return Ok(if labels.len() == columns { labels } else { Vec::new() });
        }
        // Operators that keep rows and columns as they are.
        let keeps = ["Identity", "Cast", "Normalizer", "Softmax", "Sigmoid", "Mul", "Div", "Clip"];
        match node.input.first() {
            Some(input) if keeps.contains(&node.op_type.as_str()) => name = input,
            _ => break,
        }
    }
    Ok(Vec::new())
}
