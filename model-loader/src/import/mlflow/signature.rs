//! What an MLflow signature says of a model's inputs, held against the model.
//!
//! Called by `mlflow`. The text is a JSON list of columns (`{"type": "double", "name": "age"}`) or
//! of tensors (`{"type": "tensor", "name": "x", "tensor-spec": {"dtype": "float32", "shape": [-1,
//! 20]}}`), as mlflow's `types/schema.py` writes it. MLflow scores columns of a one-input model as
//! one matrix in their order, and feeds a model with several inputs by the columns' names
//! (`mlflow/onnx/__init__.py`); so it is here. Types are told apart as text and numbers only: a
//! signature inferred from float64 rows is usual for a model of FP32.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::import::{extents, same_extents};
use crate::{Datatype, Signature, TensorSpec};

/// One entry.
#[derive(Debug, Deserialize)]
struct Raw {
    #[serde(rename = "type")]
    kind: Value,
    #[serde(default)]
    name: Option<Value>,
    #[serde(default, rename = "tensor-spec")]
    tensor: Option<RawTensor>,
}

#[derive(Debug, Deserialize)]
struct RawTensor {
    dtype: String,
    shape: Vec<i64>,
}

/// What the inputs are said to be.
#[derive(Debug)]
pub(super) enum Stated {
    Columns(Vec<Column>),
    Tensors(Vec<Tensor>),
    /// Lists, objects or nothing: of no use here.
    Other,
}

#[derive(Debug)]
pub(super) struct Column {
    name: Option<String>,
    text: bool,
}

#[derive(Debug)]
pub(super) struct Tensor {
    name: Option<String>,
    text: bool,
    /// `None` is variable.
    shape: Vec<Option<usize>>,
}

/// Feature names by input.
type Names = BTreeMap<String, Vec<String>>;

/// Reads the JSON text.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(text: &str) -> Result<Stated, String> {
    let all: Vec<Raw> =
        serde_json::from_str(text).map_err(|error| format!("cannot be read: {error}"))?;
    let (mut columns, mut tensors, count) = (Vec::new(), Vec::new(), all.len());
    for Raw { kind, name, tensor } in all {
        let name = match name {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name),
            // A data frame without names has numbers for them.
            Some(other) => Some(other.to_string()),
        };
        match (kind.as_str(), tensor) {
            (Some("tensor"), Some(RawTensor { dtype, shape })) => {
                let text = ["str", "object", "bytes"];
                let text = text.iter().any(|start| dtype.starts_with(start));
                let extent = |extent: i64| usize::try_from(extent).ok();
                let shape = shape.into_iter().map(extent).collect();
                tensors.push(Tensor { name, text, shape });
            }
            (Some("string" | "binary"), None) => columns.push(Column { name, text: true }),
            (Some("boolean" | "integer" | "long" | "float" | "double" | "datetime"), None) => {
                columns.push(Column { name, text: false });
            }
            _ => {}
        }
    }
    Ok(match (columns.len(), tensors.len()) {
        (0, 0) => Stated::Other,
        (columns_len, 0) if columns_len == count => Stated::Columns(columns),
        (0, tensors_len) if tensors_len == count => Stated::Tensors(tensors),
        (_, 0) | (0, _) => Stated::Other,
        _ => return Err("mixes columns and tensors".to_owned()),
    })
}

// === impl Stated ===

impl Stated {
    /// The names of the model's columns; those of inputs in `named` are known better.
    ///
    /// # Errors
    /// What of it the model contradicts.
    pub(super) fn feature_names(
        &self,
        model: &Signature,
        named: &BTreeSet<String>,
    ) -> Result<Names, String> {
        match self {
            Self::Columns(columns) => match model.inputs() {
                [input] if named.contains(&input.name) => {}
                [input] => return one(input, columns),
                inputs => several(inputs, columns)?,
            },
            Self::Tensors(tensors) => {
                tensors.iter().try_for_each(|tensor| tensor.fits(model.inputs()))?;
            }
            Self::Other => {}
        }
        Ok(Names::new())
    }
}

/// Columns of one matrix.
fn one(input: &TensorSpec, columns: &[Column]) -> Result<Names, String> {
    let TensorSpec { name, datatype, shape, .. } = input;
    let width = match shape[..] {
        [_] => Some(1),
        [_, width] => width,
        _ => return Err(format!("has columns, but the model's input `{name}` is no matrix")),
    };
    let given = columns.len();
    if let Some(width) = width.filter(|width| *width != given) {
        return Err(format!("has {given} columns, the model's input `{name}` has {width}"));
    }
    for (place, column) in columns.iter().enumerate() {
        let shown = column.name.clone().unwrap_or_else(|| place.to_string());
        check_kind(&format!("column `{shown:.200}`"), column.text, name, *datatype)?;
    }
    let names: Option<Vec<String>> = columns.iter().map(|column| column.name.clone()).collect();
    Ok(names.map(|names| (name.clone(), names)).into_iter().collect())
}

/// A column for each input: the inputs have the names already.
fn several(inputs: &[TensorSpec], columns: &[Column]) -> Result<(), String> {
    let by_name: BTreeMap<&str, &Column> =
        columns.iter().filter_map(|column| Some((column.name.as_deref()?, column))).collect();
    for TensorSpec { name, datatype, .. } in inputs {
        let Some(column) = by_name.get(name.as_str()) else {
            return Err(format!("has no column for the model's input `{name}`"));
        };
        check_kind(&format!("column `{name:.200}`"), column.text, name, *datatype)?;
    }
    Ok(())
}

fn check_kind(what: &str, text: bool, input: &str, datatype: Datatype) -> Result<(), String> {
    if text && datatype != Datatype::Bytes {
        return Err(format!("says that {what} is text, the model's input `{input}` is {datatype}"));
    }
    Ok(())
}

// === impl Tensor ===

impl Tensor {
    fn fits(&self, inputs: &[TensorSpec]) -> Result<(), String> {
        let input = match (&self.name, inputs) {
            (Some(name), _) => inputs.iter().find(|input| input.name == *name),
            (None, [only]) => Some(only),
            (None, _) => return Err("has a tensor without a name, the model several".to_owned()),
        };
        let Some(TensorSpec { name, datatype, shape, .. }) = input else {
            let name = self.name.as_deref().unwrap_or_default();
            return Err(format!("names `{name:.200}`, which is no input of the model"));
        };
        check_kind(&format!("tensor `{name:.200}`"), self.text, name, *datatype)?;
        if same_extents(&self.shape, shape) {
            return Ok(());
        }
        let (said, has) = (extents(&self.shape), extents(shape));
        Err(format!("gives `{name}` the extents {said}, the model {has}"))
    }
}
