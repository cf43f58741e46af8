//! `ModelInferRequest` -> a score request, and an answer -> `ModelInferResponse`.
//!
//! Tensors come typed or raw, never both; the answer's are raw, which every client reads. Refuses
//! negative extents, contents of another datatype, values out of its range, and more of anything
//! than the limits allow, naming the input.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use model_loader::{Datatype, NamedTensor, Shape, Tensor, Values};

use super::messages::infer_parameter::ParameterChoice;
use super::messages::model_infer_request::{InferInputTensor, InferRequestedOutputTensor};
use super::messages::model_infer_response::InferOutputTensor;
use super::messages::{InferParameter, InferTensorContents, ModelInferRequest, ModelInferResponse};
use crate::error::Error;
use crate::exchange::Scored;
use crate::limits::RequestLimits;
use crate::protocol::oip::binary::{self, Wire};
use crate::protocol::oip::{Wish, Wishes, classification};
use crate::protocol::room::Room;
use crate::score::ScoreRequest;

#[cfg(test)]
mod tests;

/// Reads a request. The endpoint and the version stay where they are.
///
/// # Errors
/// [`Error::Request`], [`Error::TooMany`].
pub fn decode(
    request: ModelInferRequest,
    limits: RequestLimits,
) -> Result<(ScoreRequest<'static>, Wishes), Error> {
    let ModelInferRequest { id, parameters, inputs, outputs, raw_input_contents: raw, .. } =
        request;
    if !raw.is_empty() && raw.len() != inputs.len() {
        let (raw, inputs) = (raw.len(), inputs.len());
        let why = format!("{raw} raw_input_contents for {inputs} inputs");
        return Err(Error::Request(why));
    }
    let mut room = Room::new(limits);
    let mut raw = raw.into_iter();
    let mut tensors = Vec::with_capacity(inputs.len());
    for input in inputs {
        tensors.push(tensor(input, raw.next(), &mut room)?);
    }
    let timeout = number(&parameters, "timeout")?;
    // Said to be a number, and that is all that is asked of it.
    number(&parameters, "priority")?;
    let (outputs, wishes) = requested(outputs)?;
    let request = ScoreRequest {
        id: (!id.is_empty()).then_some(Cow::Owned(id)),
        inputs: tensors,
        outputs,
        timeout: timeout.filter(|us| *us > 0).map(Duration::from_micros),
    };
    Ok((request, Wishes { binary: true, outputs: wishes }))
}

/// Writes an answer.
///
/// # Errors
/// [`Error::Request`] when classes of an output were asked for that has none.
pub fn encode(
    model: &str,
    scored: Scored<'_>,
    wishes: &Wishes,
) -> Result<ModelInferResponse, Error> {
    let specs = scored.deployment.runnable.signature().outputs();
    let mut response = ModelInferResponse {
        model_name: model.to_owned(),
        model_version: scored.deployment.model.version.to_string(),
        id: scored.id.unwrap_or_default().to_owned(),
        parameters: HashMap::new(),
        outputs: Vec::new(),
        raw_output_contents: Vec::new(),
    };
    for (index, place) in scored.answer.selected.iter().enumerate() {
        let (spec, output) = (&specs[*place], &scored.answer.outputs[*place]);
        let classes = wishes.classes(index).map(|k| classification::largest(spec, output, k));
        let classes = classes.transpose()?;
        let output = classes.as_ref().unwrap_or(output);
        let mut raw = Vec::with_capacity(output.values().len() * 4);
        binary::write(&mut raw, output.values());
        response.raw_output_contents.push(Bytes::from(raw));
        response.outputs.push(InferOutputTensor {
            name: spec.name.clone(),
            datatype: output.datatype().name().to_owned(),
            shape: output.shape().iter().map(|extent| *extent as i64).collect(),
            parameters: HashMap::new(),
            contents: None,
        });
    }
    let deployment = scored.deployment.name.to_string();
    let deployment =
        InferParameter { parameter_choice: Some(ParameterChoice::StringParam(deployment)) };
    response.parameters.insert("deployment".to_owned(), deployment);
    Ok(response)
}

fn tensor(
    input: InferInputTensor,
    raw: Option<Bytes>,
    room: &mut Room,
) -> Result<NamedTensor<'static>, Error> {
    let InferInputTensor { name, datatype, shape, contents, .. } = input;
    let read = || {
        let wire = Wire::named(&datatype)?;
        let extent = |extent: i64| usize::try_from(extent).map_err(|_| extent);
        let shape: Result<Shape, i64> = shape.into_iter().map(extent).collect();
        let shape =
            shape.map_err(|extent| Error::Request(format!("extent {extent} is negative")))?;
        room.take(&shape)?;
        let values = match (raw, contents) {
            (Some(_), Some(_)) => {
                return Err(Error::Request("has both contents and raw_input_contents".to_owned()));
            }
            (Some(raw), None) => wire.read(&raw, shape.iter().product())?,
            (None, contents) => typed(wire, contents.unwrap_or_default())?,
        };
        Ok(Tensor::new(shape, values)?)
    };
    let tensor = read().map_err(|error: Error| error.for_input(&name))?;
    Ok(NamedTensor { name: Cow::Owned(name), tensor })
}

/// The one list of the contents that belongs to the datatype; the others must be empty.
fn typed(wire: Wire, contents: InferTensorContents) -> Result<Values, Error> {
    let InferTensorContents {
        bool_contents,
        int_contents,
        int64_contents,
        uint_contents,
        uint64_contents,
        fp32_contents,
        fp64_contents,
        bytes_contents,
    } = contents;
    let lengths = [
        bool_contents.len(),
        int_contents.len(),
        int64_contents.len(),
        uint_contents.len(),
        uint64_contents.len(),
        fp32_contents.len(),
        fp64_contents.len(),
        bytes_contents.len(),
    ];
    let (place, values) = match wire {
        Wire::Own(Datatype::Bool) => (0, Values::Bool(bool_contents)),
        Wire::Own(Datatype::Int8) => (1, Values::Int8(narrow(int_contents)?)),
        Wire::Own(Datatype::Int16) => (1, Values::Int16(narrow(int_contents)?)),
        Wire::Own(Datatype::Int32) => (1, Values::Int32(int_contents)),
        Wire::Own(Datatype::Int64) => (2, Values::Int64(int64_contents)),
        Wire::Own(Datatype::Uint8) => (3, Values::Uint8(narrow(uint_contents)?)),
        Wire::Own(Datatype::Uint16) => (3, Values::Uint16(narrow(uint_contents)?)),
        Wire::Own(Datatype::Uint32) => (3, Values::Uint32(uint_contents)),
        Wire::Own(Datatype::Uint64) => (4, Values::Uint64(uint64_contents)),
        Wire::Own(Datatype::Fp32) => (5, Values::Fp32(fp32_contents)),
        Wire::Own(Datatype::Fp64) => (6, Values::Fp64(fp64_contents)),
        Wire::Own(Datatype::Bytes) => (7, Values::Bytes(texts(bytes_contents)?)),
        Wire::Fp16 | Wire::Bf16 => {
            let why = "FP16 and BF16 have no contents: send them in raw_input_contents";
            return Err(Error::Request(why.to_owned()));
        }
    };
    let stray = lengths.iter().enumerate().any(|(other, length)| other != place && *length > 0);
    if stray {
        return Err(Error::Request("has contents of another datatype".to_owned()));
    }
    Ok(values)
}

fn narrow<W: Copy + std::fmt::Display, N: TryFrom<W>>(wide: Vec<W>) -> Result<Vec<N>, Error> {
    let one = |value: W| {
        N::try_from(value)
            .map_err(|_| Error::Request(format!("{value} is out of the datatype's range")))
    };
    wide.into_iter().map(one).collect()
}

fn texts(texts: Vec<Vec<u8>>) -> Result<Vec<String>, Error> {
    let text = |(place, bytes): (usize, Vec<u8>)| {
        String::from_utf8(bytes)
            .map_err(|_| Error::Request(format!("its text {place} is not UTF-8")))
    };
    texts.into_iter().enumerate().map(text).collect()
}

/// Names of outputs, all when there are none, and how each is wanted.
type Requested = (Option<Vec<Cow<'static, str>>>, Vec<Wish>);

fn requested(outputs: Vec<InferRequestedOutputTensor>) -> Result<Requested, Error> {
    let (mut names, mut wishes): (Vec<Cow<'static, str>>, Vec<Wish>) = Default::default();
    for InferRequestedOutputTensor { name, parameters } in outputs {
        if names.contains(&Cow::Borrowed(name.as_str())) {
            return Err(Error::Request(format!("output \"{name}\" is asked for twice")));
        }
        let classes = number(&parameters, "classification")?;
        if classes == Some(0) {
            let why = format!("output \"{name}\": classification must be 1 or more");
            return Err(Error::Request(why));
        }
        let classes = classes.map(|k| usize::try_from(k).unwrap_or(usize::MAX));
        wishes.push(Wish { binary: None, classes });
        names.push(Cow::Owned(name));
    }
    Ok(((!names.is_empty()).then_some(names), wishes))
}

/// A parameter that is a whole number; clients send it signed or unsigned.
fn number(parameters: &HashMap<String, InferParameter>, key: &str) -> Result<Option<u64>, Error> {
    let Some(parameter) = parameters.get(key) else { return Ok(None) };
    let number = match parameter.parameter_choice {
        Some(ParameterChoice::Int64Param(number)) => u64::try_from(number).ok(),
        Some(ParameterChoice::Uint64Param(number)) => Some(number),
        _ => None,
    };
    number
        .map(Some)
        .ok_or_else(|| Error::Request(format!("parameter \"{key}\" is no number of 0 or more")))
}
