//! Bytes of an Open Inference Protocol request -> named tensors, in one pass.
//!
//! Fields may come in any order; a tensor whose `data` stands before its `shape` or `datatype` is
//! read in a second look at just those bytes. Tensors in binary stand behind the JSON, in order.
//! Unknown fields are passed over, as the protocol asks. Refuses broken JSON, a field twice, a
//! tensor without a name, shape, datatype or data, data that does not fill the shape, and more of
//! anything than the limits allow, naming the input. Whether the tensors suit a model is
//! `Signature::place`'s business.

use std::borrow::Cow;
use std::time::Duration;

use model_loader::{NamedTensor, Shape, Signature, Tensor, Values};

use super::binary::Wire;
use super::parameters::{Of, Parameters};
use super::{Wish, Wishes};
use crate::error::Error;
use crate::limits::RequestLimits;
use crate::protocol::json::cursor::Cursor;
use crate::protocol::json::data::{Element, read_values};
use crate::protocol::room::Room;
use crate::score::ScoreRequest;

#[cfg(test)]
mod tests;

/// Most dimensions of a tensor, and most tensors of a request.
const MAX_RANK: usize = 16;
const MAX_TENSORS: usize = 1024;

/// Reads an infer request whose first `json` bytes are JSON, all of them when it is `None`.
///
/// # Errors
/// [`Error::Json`] for broken JSON, [`Error::Request`] for what the protocol does not allow,
/// [`Error::TooMany`] for what is over `limits`.
pub fn request(
    body: &[u8],
    json: Option<usize>,
    limits: RequestLimits,
) -> Result<(ScoreRequest<'_>, Wishes), Error> {
    let json = json.unwrap_or(body.len());
    let Some((json, mut tail)) = body.split_at_checked(json) else {
        return Err(Error::Request(format!(
            "inference header size should be in range (0, {}), got: {json}",
            body.len()
        )));
    };
    let mut cursor = Cursor::new(json, limits.depth);
    let mut id = None;
    let mut inputs = None;
    let mut outputs = None;
    let mut parameters = Parameters::default();
    cursor.object(|cursor, key| match &*key {
        // Clients write fields that they leave out as null.
        "id" | "outputs" | "parameters" if cursor.word(b"null") => Ok(()),
        "id" => once(&mut id, "id", cursor.string()?),
        "inputs" => once(&mut inputs, "inputs", tensors(cursor, &mut tail, limits)?),
        "outputs" => once(&mut outputs, "outputs", requested(cursor)?),
        "parameters" => parameters.read(cursor, Of::Request),
        _ => Ok(cursor.skip()?),
    })?;
    cursor.finish()?;
    if !tail.is_empty() {
        let left = tail.len();
        return Err(Error::Request(format!("{left} bytes behind the JSON belong to no input")));
    }
    let inputs = inputs.ok_or_else(|| Error::Request("no \"inputs\"".into()))?;
    // An empty list is as good as none, as Triton has it.
    let outputs = outputs.filter(|(names, _)| !names.is_empty());
    let (outputs, wishes) =
        outputs.map_or((None, Vec::new()), |(names, wishes)| (Some(names), wishes));
    // 0 is Triton's way to say that there is none.
    let timeout = parameters.timeout.filter(|us| *us > 0).map(Duration::from_micros);
    let wishes = Wishes { binary: parameters.binary_output.unwrap_or(false), outputs: wishes };
    Ok((ScoreRequest { id, inputs, outputs, timeout }, wishes))
}

/// Reads Triton's raw request: the whole body is the one input's data. An extent that varies is
/// what the bytes say; a model with several inputs, or several such extents, has no such request.
///
/// # Errors
/// [`Error::Request`] when it is none, [`Error::TooMany`] for what is over `limits`.
pub fn raw<'b>(
    body: &'b [u8],
    signature: &Signature,
    limits: RequestLimits,
) -> Result<(ScoreRequest<'b>, Wishes), Error> {
    let refused = |why: &str| Err(Error::Request(format!("a raw request {why}")));
    let [spec] = signature.inputs() else {
        return refused("needs a model with one input");
    };
    // The batch is of one row, as Triton assumes.
    let mut shape: Vec<Option<usize>> = spec.shape.clone();
    if let Some(rows) = shape.first_mut().filter(|_| spec.per_row && spec.shape.len() > 1) {
        *rows = Some(1);
    }
    let wire = Wire::Own(spec.datatype);
    let fixed = shape.iter().flatten().fold(1_usize, |product, size| product.saturating_mul(*size));
    let open = shape.iter().filter(|size| size.is_none()).count();
    let varying = match (open, wire.size()) {
        (0, _) => 1,
        (1, Some(size)) => body.len() / size.saturating_mul(fixed).max(1),
        (1, None) => 1,
        _ => return refused("needs an input with one extent that varies"),
    };
    let shape: Shape = shape.into_iter().map(|size| size.unwrap_or(varying)).collect();
    let read = || {
        Room::new(limits).take(&shape)?;
        let values = wire.read(body, shape.iter().product())?;
        Ok(Tensor::new(shape.clone(), values)?)
    };
    let tensor = read().map_err(|error: Error| error.for_input(&spec.name))?;
    let inputs = vec![NamedTensor { name: spec.name.clone().into(), tensor }];
    let wishes = Wishes { binary: true, outputs: Vec::new() };
    Ok((ScoreRequest { id: None, inputs, outputs: None, timeout: None }, wishes))
}

pub(super) fn once<T>(slot: &mut Option<T>, what: &str, value: T) -> Result<(), Error> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::Request(format!("\"{what}\" stands twice"))),
    }
}

fn tensors<'a>(
    cursor: &mut Cursor<'a>,
    tail: &mut &'a [u8],
    limits: RequestLimits,
) -> Result<Vec<NamedTensor<'a>>, Error> {
    let mut tensors = Vec::with_capacity(1);
    let mut room = Room::new(limits);
    cursor.array(|cursor| {
        if tensors.len() == MAX_TENSORS {
            return Err(Error::Request(format!("more than {MAX_TENSORS} inputs")));
        }
        tensors.push(tensor(cursor, tail, &mut room)?);
        Ok(())
    })?;
    Ok(tensors)
}

/// Names of outputs, and how each is wanted.
type Requested<'a> = (Vec<Cow<'a, str>>, Vec<Wish>);

fn requested<'a>(cursor: &mut Cursor<'a>) -> Result<Requested<'a>, Error> {
    let (mut names, mut wishes) = (Vec::new(), Vec::new());
    cursor.array(|cursor| {
        let mut name = None;
        let mut parameters = Parameters::default();
        cursor.object(|cursor, key| match &*key {
            "name" => once(&mut name, "name", cursor.string()?),
            "parameters" if cursor.word(b"null") => Ok(()),
            "parameters" => parameters.read(cursor, Of::Output),
            _ => Ok(cursor.skip()?),
        })?;
        let name = name.ok_or_else(|| Error::Request("an output without a name".into()))?;
        // Each would be written out in full: a small request must not ask for a huge reply.
        if names.contains(&name) {
            return Err(Error::Request(format!("output \"{name}\" is asked for twice")));
        }
        wishes.push(parameters.wish(&name)?);
        names.push(name);
        if names.len() > MAX_TENSORS {
            return Err(Error::Request(format!("more than {MAX_TENSORS} outputs")));
        }
        Ok::<(), Error>(())
    })?;
    Ok((names, wishes))
}

/// What is known of a tensor while its object is being read.
#[derive(Default)]
struct Draft<'a> {
    name: Option<Cow<'a, str>>,
    shape: Option<Shape>,
    wire: Option<Wire>,
    values: Option<Values>,
    /// Where `data` stands, when it came before the shape or the datatype.
    later: Option<Cursor<'a>>,
    parameters: Parameters,
}

fn tensor<'a>(
    cursor: &mut Cursor<'a>,
    tail: &mut &'a [u8],
    room: &mut Room,
) -> Result<NamedTensor<'a>, Error> {
    let mut draft = Draft::default();
    cursor
        .object(|cursor, key| match &*key {
            "name" => once(&mut draft.name, "name", cursor.string()?),
            "shape" => once(&mut draft.shape, "shape", shape(cursor)?),
            "datatype" => {
                let wire = Wire::named(&cursor.string()?)?;
                once(&mut draft.wire, "datatype", wire)
            }
            "data" => draft.data(cursor, room),
            "parameters" if cursor.word(b"null") => Ok(()),
            "parameters" => draft.parameters.read(cursor, Of::Input),
            _ => Ok(cursor.skip()?),
        })
        .map_err(|error| named(&draft.name, error))?;
    draft.finish(tail, room)
}

fn shape(cursor: &mut Cursor<'_>) -> Result<Shape, Error> {
    let mut shape = Shape::new();
    cursor.array(|cursor| {
        let size = u64::read(cursor)?;
        if shape.len() == MAX_RANK {
            return Err(cursor.error("more dimensions than a tensor may have"));
        }
        shape.push(usize::try_from(size).map_err(|_| cursor.error("dimension out of range"))?);
        Ok(())
    })?;
    Ok(shape)
}

/// Says which input an error is about, when its name was already read.
fn named(name: &Option<Cow<'_, str>>, error: Error) -> Error {
    match name {
        Some(name) => error.for_input(name),
        None => error,
    }
}

// === impl Draft ===

impl<'a> Draft<'a> {
    fn data(&mut self, cursor: &mut Cursor<'a>, room: &mut Room) -> Result<(), Error> {
        if self.values.is_some() || self.later.is_some() {
            return Err(Error::Request("\"data\" stands twice".into()));
        }
        if let (Some(shape), Some(wire)) = (&self.shape, self.wire) {
            room.take(shape)?;
            self.values = Some(from_json(cursor, wire, shape)?);
        } else {
            self.later = Some(cursor.clone());
            cursor.skip()?;
        }
        Ok(())
    }

    fn finish(self, tail: &mut &'a [u8], room: &mut Room) -> Result<NamedTensor<'a>, Error> {
        let Self { name, shape, wire, values, later, parameters } = self;
        let name = name.ok_or_else(|| Error::Request("an input without a name".into()))?;
        let missing = |what| Error::Request(format!("no \"{what}\"")).for_input(&name);
        let shape = shape.ok_or_else(|| missing("shape"))?;
        let wire = wire.ok_or_else(|| missing("datatype"))?;
        let read = || match (values, later, parameters.binary_size) {
            (Some(values), _, None) => Ok(values),
            (None, Some(mut cursor), None) => {
                room.take(&shape)?;
                from_json(&mut cursor, wire, &shape)
            }
            (None, None, Some(size)) => {
                room.take(&shape)?;
                wire.read(taken(tail, size)?, shape.iter().product())
            }
            (None, None, None) => Err(Error::Request("no \"data\"".into())),
            (_, _, Some(_)) => Err(Error::Request("its data stands in JSON and in binary".into())),
        };
        let values = read().map_err(|error| error.for_input(&name))?;
        let tensor = Tensor::new(shape, values).map_err(|e| Error::Model(e).for_input(&name))?;
        Ok(NamedTensor { name, tensor })
    }
}

/// The next `size` bytes behind the JSON.
fn taken<'a>(tail: &mut &'a [u8], size: u64) -> Result<&'a [u8], Error> {
    let split = usize::try_from(size).ok().and_then(|size| tail.split_at_checked(size));
    let Some((bytes, rest)) = split else {
        let left = tail.len();
        let why = format!("binary_data_size is {size}, and {left} bytes are left");
        return Err(Error::Request(why));
    };
    *tail = rest;
    Ok(bytes)
}

fn from_json(cursor: &mut Cursor<'_>, wire: Wire, shape: &[usize]) -> Result<Values, Error> {
    match wire {
        Wire::Own(datatype) => Ok(read_values(cursor, datatype, shape)?),
        Wire::Fp16 | Wire::Bf16 => {
            Err(Error::Request("FP16 and BF16 have no form in JSON: send them in binary".into()))
        }
    }
}
