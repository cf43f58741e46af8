//! Lists of integers that an operator takes as an attribute or as an input, by version.

use anyhow::{Result, bail};

use crate::Values;
use crate::onnx::operators::op::{Inputs, Node};

/// The list from the attribute, when the node has it.
pub(super) fn attribute(node: &Node<'_>, name: &str) -> Result<Option<Vec<i64>>> {
    let has = node.proto.attribute.iter().any(|attribute| attribute.name == name);
    Ok(if has { Some(node.attributes().ints(name)?.to_vec()) } else { None })
}

/// The list from an input, when the node has it.
pub(super) fn input(inputs: &Inputs<'_>, position: usize) -> Result<Option<Vec<i64>>> {
    let Some(tensor) = inputs.opt(position) else { return Ok(None) };
    match tensor.values() {
        Values::Int64(values) => Ok(Some(values.clone())),
        Values::Int32(values) => Ok(Some(values.iter().map(|&value| value.into()).collect())),
        other => bail!("input {position} is {}, integers wanted", other.datatype()),
    }
}
