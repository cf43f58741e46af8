//! An answer -> the bytes of an Open Inference Protocol response: JSON, and tensors in binary
//! behind it.

use model_loader::{Tensor, TensorSpec, Values};

use super::{Wishes, binary, classification};
use crate::error::Error;
use crate::protocol::json::write::{array, string};

#[cfg(test)]
mod tests;

/// A response's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// JSON, then the binary tensors.
    pub bytes: Vec<u8>,
    /// How many of them are JSON, when others follow or the client expects them to.
    pub json: Option<usize>,
}

/// What is said of the answer beside its tensors.
#[derive(Clone, Copy, Debug)]
pub struct Of<'a> {
    /// The name that the client asked for.
    pub model: &'a str,
    /// The version that answered.
    pub version: &'a str,
    /// The deployment that answered.
    pub deployment: &'a str,
    /// The client's name for the request.
    pub id: Option<&'a str>,
    /// The model's outputs.
    pub outputs: &'a [TensorSpec],
}

/// The response with the outputs numbered in `selected`, in that order, as the client wishes them.
///
/// JSON outputs carry no `parameters` object: Triton's C++ client takes one for binary data.
///
/// # Errors
/// [`Error::Request`] when classes of an output were asked for that has none.
pub fn answer(
    of: Of<'_>,
    outputs: &[Tensor],
    selected: &[usize],
    wishes: &Wishes,
) -> Result<Body, Error> {
    // A float in JSON takes about 12 bytes; the rest is names.
    let as_json = selected.iter().enumerate().filter(|(index, _)| !wishes.is_binary(*index));
    let elements: usize = as_json.map(|(_, place)| outputs[*place].values().len()).sum();
    let mut out = Vec::with_capacity(256 + 12 * elements);
    let mut tail = Vec::new();
    let mut any_binary = false;
    out.extend_from_slice(b"{\"model_name\":");
    string(&mut out, of.model);
    out.extend_from_slice(b",\"model_version\":");
    string(&mut out, of.version);
    if let Some(id) = of.id {
        out.extend_from_slice(b",\"id\":");
        string(&mut out, id);
    }
    out.extend_from_slice(b",\"parameters\":{\"deployment\":");
    string(&mut out, of.deployment);
    out.extend_from_slice(b"},\"outputs\":[");
    for (index, place) in selected.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let spec = &of.outputs[*place];
        let binary = wishes.is_binary(index).then_some(&mut tail);
        any_binary |= binary.is_some();
        match wishes.classes(index) {
            None => tensor(&mut out, spec, &outputs[*place], binary),
            Some(k) => {
                let classes = classification::largest(spec, &outputs[*place], k)?;
                tensor(&mut out, spec, &classes, binary);
            }
        }
    }
    out.extend_from_slice(b"]}");
    let json = any_binary.then_some(out.len());
    out.append(&mut tail);
    Ok(Body { bytes: out, json })
}

fn tensor(out: &mut Vec<u8>, spec: &TensorSpec, tensor: &Tensor, tail: Option<&mut Vec<u8>>) {
    out.extend_from_slice(b"{\"name\":");
    string(out, &spec.name);
    out.extend_from_slice(b",\"datatype\":\"");
    out.extend_from_slice(tensor.datatype().name().as_bytes());
    out.extend_from_slice(b"\",\"shape\":");
    array(out, tensor.shape());
    match tail {
        None => {
            out.extend_from_slice(b",\"data\":");
            values(out, tensor.values());
        }
        Some(tail) => {
            let before = tail.len();
            binary::write(tail, tensor.values());
            let size = tail.len() - before;
            out.extend_from_slice(b",\"parameters\":{\"binary_data_size\":");
            out.extend_from_slice(itoa::Buffer::new().format(size).as_bytes());
            out.push(b'}');
        }
    }
    out.push(b'}');
}

/// The values as a flat array.
fn values(out: &mut Vec<u8>, values: &Values) {
    match values {
        Values::Bool(v) => array(out, v),
        Values::Uint8(v) => array(out, v),
        Values::Uint16(v) => array(out, v),
        Values::Uint32(v) => array(out, v),
        Values::Uint64(v) => array(out, v),
        Values::Int8(v) => array(out, v),
        Values::Int16(v) => array(out, v),
        Values::Int32(v) => array(out, v),
        Values::Int64(v) => array(out, v),
        Values::Fp32(v) => array(out, v),
        Values::Fp64(v) => array(out, v),
        Values::Bytes(v) => array(out, v),
    }
}
