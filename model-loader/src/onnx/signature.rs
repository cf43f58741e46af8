//! What a graph takes and gives: its declared inputs, and its outputs as probing found them.
//!
//! Called by `load`, `inputs` before the plan is built and `signature` after. Refuses inputs of a
//! type that no tensor has; one without a shape is taken for a matrix, and a map that feeds a
//! DictVectorizer or a CastMap becomes a matrix with one column a key.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::Dimension;
use tract_onnx::pb::tensor_shape_proto::dimension::Value as Extent;
use tract_onnx::pb::type_proto::{self, Value};
use tract_onnx::pb::{GraphProto, NodeProto, ValueInfoProto};

use super::attributes::Attributes;
use super::build::Seed;
use super::probe::{self, Probe};
use super::tensor_proto;
use crate::{Datatype, Error, Options, Tensor, TensorSpec, Values};

/// The nodes between an output and the classifier that a search for labels walks at most.
const STEPS_MAX: usize = 16;
/// Longest name of a feature, so that a column's name, which has more before it, stays bearable.
const NAME_BYTES_MAX: usize = 256;
/// Most elements of a made-up input: a model's declared shape is not to be trusted with memory.
const ELEMENTS_MAX: usize = 1 << 26;

/// The inputs that a request must give: those without a default value among the weights.
pub(super) fn inputs(graph: &GraphProto, options: &Options) -> Result<Vec<TensorSpec>, Error> {
    let weights: HashSet<&str> = graph.initializer.iter().map(|w| w.name.as_str()).collect();
    let mut inputs: Vec<TensorSpec> = Vec::new();
    for info in graph.input.iter().filter(|info| !weights.contains(info.name.as_str())) {
        if inputs.iter().any(|input| input.name == info.name) {
            return Err(Error::model(format!("there are two inputs `{}`", info.name)));
        }
        inputs.push(input(info, graph, options)?);
    }
    let unknown = |name: &&String| inputs.iter().all(|spec| &spec.name != *name);
    if let Some(name) = options.feature_names.keys().find(unknown) {
        return Err(Error::model(format!("feature names for `{name}`, which is no input")));
    }
    // An extent that has the name of another input's columns is not the rows.
    let named = |input: &TensorSpec| {
        let (this, others): (Vec<_>, Vec<_>) =
            graph.input.iter().partition(|info| info.name == input.name);
        let name = this.first().and_then(|info| names(info).next()).unwrap_or_default();
        !name.is_empty() && others.iter().any(|info| names(info).skip(1).any(|other| other == name))
    };
    let by_rows = inputs.iter().any(|spec| spec.shape.first() == Some(&None) && !named(spec));
    for input in &mut inputs {
        let open = input.shape.first() == Some(&None) && !named(input);
        input.per_row = if by_rows { open } else { !input.shape.is_empty() };
    }
    Ok(inputs)
}

/// Whether an input can only be meant for extents, axes or counts: integers of a fixed number.
pub(super) fn is_parametric(inputs: &[TensorSpec]) -> bool {
    let integer = |spec: &TensorSpec| matches!(spec.datatype, Datatype::Int64 | Datatype::Int32);
    let fixed = |spec: &TensorSpec| spec.shape.len() <= 1 && !spec.shape.contains(&None);
    inputs.iter().any(|spec| integer(spec) && fixed(spec))
}

/// What the graph gives, once that is known. Of a parametric graph it is what the file says.
pub(super) fn outputs(
    inputs: &[TensorSpec],
    graph: &GraphProto,
    outputs: &[Option<Probe>],
    parametric: bool,
) -> Result<Vec<TensorSpec>, Error> {
    let by_rows = inputs.iter().any(|spec| spec.shape.first() == Some(&None));
    let fixed_rows = inputs.first().and_then(|spec| spec.shape.first()).copied().flatten();
    let producers: HashMap<&str, (&NodeProto, usize)> = graph
        .node
        .iter()
        .flat_map(|node| {
            node.output.iter().enumerate().map(move |(slot, name)| (name.as_str(), (node, slot)))
        })
        .collect();
    let mut specs = Vec::with_capacity(outputs.len());
    for (probe, info) in outputs.iter().zip(&graph.output) {
        let mut spec = TensorSpec { name: info.name.clone(), ..nameless() };
        match probe {
            Some(probe) if !parametric => {
                (spec.datatype, spec.shape) = (probe.datatype(), probe.extents());
                spec.per_row = by_rows && probe.follows_rows();
            }
            _ => (spec.datatype, spec.shape) = declared(info)?,
        }
        if !by_rows {
            let first = spec.shape.first().copied().flatten();
            spec.per_row = first.is_some() && first == fixed_rows;
        }
        spec.class_labels = class_labels(&spec, &producers);
        specs.push(spec);
    }
    Ok(specs)
}

impl TensorSpec {
    /// The input as the builder wants it: its name, and zeros for two numbers of rows.
    pub(super) fn seed(&self, others: [usize; 2]) -> Result<(&str, Seed), Error> {
        let too_large = || Error::model(format!("input `{}` is too large to warm up", self.name));
        let [few, many] = probe::shapes(self, others).map(|shape| {
            let elements = shape.iter().try_fold(1_usize, |all, &extent| all.checked_mul(extent));
            let elements = elements.filter(|elements| *elements <= ELEMENTS_MAX);
            Tensor::new(shape, Values::zeros(self.datatype, elements.ok_or_else(too_large)?))
        });
        let probe = Probe::new(few?, many?).map_err(Error::model)?;
        Ok((&self.name, Seed::Probe(Some(probe))))
    }
}

/// A specification that lacks all that a file says.
pub(super) fn nameless() -> TensorSpec {
    TensorSpec {
        name: String::new(),
        datatype: Datatype::Fp32,
        shape: Vec::new(),
        per_row: false,
        feature_names: Vec::new(),
        class_labels: Vec::new(),
    }
}

/// Gives the outputs the labels that the file itself does not say.
///
/// # Errors
/// [`Error::Model`] for labels of no output, or not one for each column.
pub(super) fn label(outputs: &mut [TensorSpec], options: &Options) -> Result<(), Error> {
    for (name, labels) in &options.class_labels {
        let output = outputs.iter_mut().find(|output| &output.name == name);
        let Some(output) = output else {
            return Err(Error::model(format!("class labels for `{name}`, which is no output")));
        };
        // A recorded version has the file's own words, whatever they are.
        if output.class_labels == *labels {
            continue;
        }
        if !matches!(output.shape[..], [_, Some(columns)] if columns == labels.len()) {
            let (given, shape) = (labels.len(), &output.shape);
            let what = format!("{given} class labels for `{name}`, whose extents are {shape:?}");
            return Err(Error::model(what));
        }
        check_words("class label", name, labels)?;
        output.class_labels.clone_from(labels);
    }
    Ok(())
}

/// The names of an input's extents; empty for those that have none.
fn names(info: &ValueInfoProto) -> impl Iterator<Item = &str> {
    let shape = tensor_type(info).and_then(|tensor| tensor.shape.as_ref());
    let dims = shape.map_or(&[][..], |shape| &shape.dim);
    dims.iter().map(|dim| match &dim.value {
        Some(Extent::DimParam(name)) => name.as_str(),
        _ => "",
    })
}

/// The type and the extents that the file declares for a tensor.
pub(super) fn declared(info: &ValueInfoProto) -> Result<(Datatype, Vec<Option<usize>>), Error> {
    let name = &info.name;
    let tensor = tensor_type(info);
    let tensor = tensor.ok_or_else(|| Error::model(format!("`{name}` has no type")))?;
    let datatype = tensor_proto::datatype(tensor.elem_type).ok_or_else(|| {
        let declared = DataType::try_from(tensor.elem_type);
        let words = declared.map_or("an unknown one", |known| known.as_str_name());
        Error::model(format!("`{name}` has type {words}, which is not supported"))
    })?;
    // Without a shape it is taken for a matrix.
    let Some(shape) = &tensor.shape else { return Ok((datatype, vec![None; 2])) };
    let extent = |dim: &Dimension| match dim.value {
        // Some exporters write 0 or -1 for an extent that varies.
        Some(Extent::DimValue(extent)) if extent > 0 => usize::try_from(extent).ok(),
        _ => None,
    };
    Ok((datatype, shape.dim.iter().map(extent).collect()))
}

/// The file's words for a tensor.
pub(super) fn tensor_type(info: &ValueInfoProto) -> Option<&type_proto::Tensor> {
    let Value::TensorType(tensor) = info.r#type.as_ref()?.value.as_ref()?;
    Some(tensor)
}

fn input(
    info: &ValueInfoProto,
    graph: &GraphProto,
    options: &Options,
) -> Result<TensorSpec, Error> {
    let name = &info.name;
    let mut spec = TensorSpec { name: name.clone(), ..nameless() };
    if info.r#type.as_ref().is_some_and(|declared| declared.value.is_some()) {
        (spec.datatype, spec.shape) = declared(info)?;
    } else {
        let keys = map_keys(name, graph)?;
        spec.shape = vec![None, Some(keys.len()).filter(|&keys| keys > 0)];
        spec.feature_names = keys;
    }
    if let Some(names) = options.feature_names.get(name) {
        check_names(&spec, names)?;
        spec.feature_names.clone_from(names);
        if let [_, width @ None] = &mut spec.shape[..] {
            *width = Some(names.len());
        }
    }
    Ok(spec)
}

/// The keys of a map input, from the operator that reads it; none when any key may come.
fn map_keys(name: &str, graph: &GraphProto) -> Result<Vec<String>, Error> {
    let reads = |node: &&NodeProto| node.input.first().is_some_and(|input| input == name);
    let reader = graph.node.iter().find(reads).filter(|node| node.domain == "ai.onnx.ml");
    match reader.map(|node| (node.op_type.as_str(), Attributes(node))) {
        Some(("DictVectorizer", attributes)) => {
            let strings = attributes.strings("string_vocabulary").map_err(Error::model)?;
            let ints = attributes.ints("int64_vocabulary").map_err(Error::model)?;
            let strings = strings.into_iter().map(str::to_owned);
            Ok(strings.chain(ints.iter().map(i64::to_string)).collect())
        }
        Some(("CastMap", _)) => Ok(Vec::new()),
        _ => Err(Error::model(format!(
            "input `{name}` is neither a tensor nor a map for a vectorizer"
        ))),
    }
}

fn check_names(spec: &TensorSpec, names: &[String]) -> Result<(), Error> {
    let columns = if spec.shape.len() > 1 { spec.shape[spec.shape.len() - 1] } else { None };
    if columns.is_some_and(|columns| columns != names.len()) {
        let (name, given) = (&spec.name, names.len());
        let columns = columns.unwrap_or(0);
        return Err(Error::model(format!(
            "{given} feature names for `{name}` of {columns} columns"
        )));
    }
    check_words("feature name", &spec.name, names)
}

/// They become column names: what could not be one is refused before it is registered.
fn check_words(what: &str, of: &str, words: &[String]) -> Result<(), Error> {
    let mut seen = HashSet::new();
    for word in words {
        if word.is_empty() || word.len() > NAME_BYTES_MAX || !seen.insert(word) {
            return Err(Error::model(format!(
                "{what} {word:?} of `{of}` is empty, repeated or over {NAME_BYTES_MAX} bytes"
            )));
        }
    }
    Ok(())
}

/// Walks back from an output to the operator that knows what its columns mean.
fn class_labels(spec: &TensorSpec, producers: &HashMap<&str, (&NodeProto, usize)>) -> Vec<String> {
    let [_, Some(columns)] = spec.shape[..] else { return Vec::new() };
    if spec.datatype == Datatype::Bytes {
        return Vec::new();
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
            // The operator itself says what it thinks of labels that are not there.
            let labels =
                Attributes(node).class_labels().map_or(Vec::new(), |labels| labels.texts());
            return if labels.len() == columns { labels } else { Vec::new() };
        }
        // Operators that keep rows and columns as they are.
        let keeps = ["Identity", "Cast", "Normalizer", "Softmax", "Sigmoid", "Mul", "Div", "Clip"];
        match node.input.first() {
            Some(input) if keeps.contains(&node.op_type.as_str()) => name = input,
            _ => break,
        }
    }
    Vec::new()
}
