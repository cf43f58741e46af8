//! The fields of a `config.pbtxt` that say what an ONNX model is; the others are passed over.
//!
//! Called by `triton`. The message is `ModelConfig` of Triton's `model_config.proto` (repository
//! triton-inference-server/common). Refuses models of other backends by name.

use super::text_format::{self, Message, Value};
use crate::Datatype;

/// Most inputs, and most outputs.
const TENSORS_MAX: usize = 4096;

/// What is used of it.
#[derive(Debug, Default)]
pub(super) struct Config {
    pub(super) name: Option<String>,
    /// The model's file in a version folder.
    pub(super) file: Option<String>,
    /// Extents are said without that of the batch.
    pub(super) batched: bool,
    pub(super) inputs: Vec<Stated>,
    pub(super) outputs: Vec<Stated>,
}

/// What is said of an input or output.
#[derive(Debug)]
pub(super) struct Stated {
    pub(super) name: String,
    /// Nothing for types that no tensor of ours has: loading refuses those.
    pub(super) datatype: Option<Datatype>,
    /// As the model has them; `None` in the list is variable.
    pub(super) dims: Option<Vec<Option<usize>>>,
    /// The file of its labels.
    pub(super) labels: Option<String>,
}

/// Reads the text.
///
/// # Errors
/// What is wrong with it, with the line or the field.
pub(super) fn parse(text: &str) -> Result<Config, String> {
    let message = text_format::parse(text)?;
    let scalar = |name| scalar(&message, name);
    for (field, fits) in [("backend", "onnxruntime"), ("platform", "onnxruntime_onnx")] {
        if let Some(other) = scalar(field)?.filter(|value| !value.is_empty() && value != fits) {
            return Err(format!("its {field} is `{other:.100}`; only `{fits}` is an ONNX model"));
        }
    }
    let batch = scalar("max_batch_size")?.unwrap_or_default();
    let batched = match batch.parse::<i64>() {
        Ok(size) => size > 0,
        Err(_) if batch.is_empty() => false,
        Err(_) => return Err(format!("its max_batch_size is `{batch:.100}`, no number")),
    };
    Ok(Config {
        name: scalar("name")?.filter(|name| !name.is_empty()),
        file: scalar("default_model_filename")?.filter(|file| !file.is_empty()),
        batched,
        inputs: all(&message, "input")?,
        outputs: all(&message, "output")?,
    })
}

/// Every input, or every output.
fn all(message: &Message, field: &str) -> Result<Vec<Stated>, String> {
    let mut found: Vec<Stated> = Vec::new();
    for value in message.all(field) {
        let Value::Message(tensor) = value else {
            return Err(format!("its {field} is no message"));
        };
        let name = scalar(tensor, "name")?.unwrap_or_default();
        if found.len() == TENSORS_MAX {
            return Err(format!("it has more than {TENSORS_MAX} of {field}"));
        }
        if name.is_empty() || found.iter().any(|stated| stated.name == name) {
            return Err(format!("its {field} `{name:.200}` has no name of its own"));
        }
        let datatype = scalar(tensor, "data_type")?;
        let datatype = datatype.map(|text| self::datatype(&text)).transpose();
        let datatype = datatype.map_err(|what| format!("its {field} `{name:.200}` {what}"))?;
        // A reshape says what the model has; the dims are then what a client sends.
        let reshape = tensor.all("reshape").find_map(|value| match value {
            Value::Message(reshape) => Some(dims(reshape, "shape")),
            Value::Scalar(_) => None,
        });
        let has_dims = tensor.all("dims").next().is_some();
        let dims = match reshape {
            Some(shape) => Some(shape?),
            None if has_dims => Some(dims(tensor, "dims")?),
            None => None,
        };
        let labels = scalar(tensor, "label_filename")?.filter(|file| !file.is_empty());
        found.push(Stated { name, datatype: datatype.flatten(), dims, labels });
    }
    Ok(found)
}

/// The one scalar of that name; protobuf takes the last of several.
fn scalar(message: &Message, field: &str) -> Result<Option<String>, String> {
    match message.all(field).last() {
        None => Ok(None),
        Some(Value::Scalar(text)) => Ok(Some(text.clone())),
        Some(Value::Message(_)) => Err(format!("its {field} is a message, not a value")),
    }
}

fn dims(message: &Message, field: &str) -> Result<Vec<Option<usize>>, String> {
    let extent = |value: &Value| match value {
        Value::Scalar(text) => match text.parse::<i64>() {
            Ok(extent) => Ok(usize::try_from(extent).ok()),
            Err(_) => Err(format!("one of its {field} is `{text:.100}`, no number")),
        },
        Value::Message(_) => Err(format!("one of its {field} is a message")),
    };
    message.all(field).map(extent).collect()
}

fn datatype(text: &str) -> Result<Option<Datatype>, String> {
    // The enumeration `DataType` of the same file.
    Ok(Some(match text {
        "TYPE_BOOL" => Datatype::Bool,
        "TYPE_UINT8" => Datatype::Uint8,
        "TYPE_UINT16" => Datatype::Uint16,
        "TYPE_UINT32" => Datatype::Uint32,
        "TYPE_UINT64" => Datatype::Uint64,
        "TYPE_INT8" => Datatype::Int8,
        "TYPE_INT16" => Datatype::Int16,
        "TYPE_INT32" => Datatype::Int32,
        "TYPE_INT64" => Datatype::Int64,
        "TYPE_FP32" => Datatype::Fp32,
        "TYPE_FP64" => Datatype::Fp64,
        "TYPE_STRING" => Datatype::Bytes,
        "TYPE_FP16" | "TYPE_BF16" | "TYPE_INVALID" => return Ok(None),
        _ => return Err(format!("has the unknown type `{text:.100}`")),
    }))
}
