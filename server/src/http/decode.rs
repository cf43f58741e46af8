//! Bytes of an Open Inference Protocol request -> named tensors, in one pass.
//!
//! Called by `http::scoring` with the whole body. Fields may come in any order; a tensor whose
//! `data` stands before its `shape` or `datatype` is read in a second look at just those bytes.
//! Unknown fields are passed over, as the protocol asks. Refuses broken JSON, a field twice, a
//! tensor without a name, shape, datatype or data, data that does not fill the shape, and more of
//! anything than the limits allow, naming the input. Whether the tensors suit a model is
//! `Signature::place`'s business.

use std::borrow::Cow;
use std::time::Duration;

use model_loader::{Datatype, NamedTensor, Shape, Tensor, Values};

use super::json::JsonError;
use super::json::cursor::Cursor;
use super::json::data::{Element, read_data};
use crate::error::Error;
use crate::limits::RequestLimits;
use crate::score::ScoreRequest;

#[cfg(test)]
mod tests;

/// Most dimensions of a tensor, and most tensors of a request.
const MAX_RANK: usize = 16;
const MAX_TENSORS: usize = 1024;

/// Reads the body of an infer request.
///
/// # Errors
/// [`Error::Json`] for broken JSON, [`Error::Request`] for what the protocol does not allow,
/// [`Error::TooMany`] for what is over `limits`.
pub fn request(body: &[u8], limits: RequestLimits) -> Result<ScoreRequest<'_>, Error> {
    let mut cursor = Cursor::new(body, limits.depth);
    let mut id = None;
    let mut inputs = None;
    let mut outputs = None;
    let mut timeout = None;
    cursor.object(|cursor, key| match &*key {
        // Clients write fields that they leave out as null.
        "id" | "outputs" | "parameters" if cursor.word(b"null") => Ok(()),
        "id" => once(&mut id, "id", cursor.string()?),
        "inputs" => once(&mut inputs, "inputs", tensors(cursor, limits)?),
        "outputs" => once(&mut outputs, "outputs", requested(cursor)?),
        "parameters" => parameters(cursor, &mut timeout),
        _ => Ok(cursor.skip()?),
    })?;
    cursor.finish()?;
    let inputs = inputs.ok_or_else(|| Error::Request("no \"inputs\"".into()))?;
    // 0 is Triton's way to say that there is none.
    let timeout = timeout.filter(|us| *us > 0).map(Duration::from_micros);
    Ok(ScoreRequest { id, inputs, outputs, timeout })
}

/// Of a request's parameters, `timeout` in microseconds, as Triton's schedule policy has it.
fn parameters(cursor: &mut Cursor<'_>, timeout: &mut Option<u64>) -> Result<(), Error> {
    cursor.object(|cursor, key| match &*key {
        "timeout" => once(timeout, "timeout", u64::read(cursor)?),
        _ => Ok(cursor.skip()?),
    })
}

fn once<T>(slot: &mut Option<T>, what: &str, value: T) -> Result<(), Error> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::Request(format!("\"{what}\" stands twice"))),
    }
}

fn tensors<'a>(
    cursor: &mut Cursor<'a>,
    limits: RequestLimits,
) -> Result<Vec<NamedTensor<'a>>, Error> {
    let mut tensors = Vec::with_capacity(1);
    let mut room = Room { limits, taken: 0 };
    cursor.array(|cursor| {
        if tensors.len() == MAX_TENSORS {
            return Err(Error::Request(format!("more than {MAX_TENSORS} inputs")));
        }
        tensors.push(tensor(cursor, &mut room)?);
        Ok(())
    })?;
    Ok(tensors)
}

fn requested<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<Cow<'a, str>>, Error> {
    let mut names = Vec::new();
    cursor.array(|cursor| {
        let mut name = None;
        cursor.object(|cursor, key| match &*key {
            "name" => once(&mut name, "name", cursor.string()?),
            _ => Ok(cursor.skip()?),
        })?;
        let name = name.ok_or_else(|| Error::Request("an output without a name".into()))?;
        // Each would be written out in full: a small request must not ask for a huge reply.
        if names.contains(&name) {
            return Err(Error::Request(format!("output \"{name}\" is asked for twice")));
        }
        names.push(name);
        if names.len() > MAX_TENSORS {
            return Err(Error::Request(format!("more than {MAX_TENSORS} outputs")));
        }
        Ok::<(), Error>(())
    })?;
    Ok(names)
}

/// What the tensors of a request may still hold.
struct Room {
    limits: RequestLimits,
    /// Elements of the tensors so far.
    taken: usize,
}

/// What is known of a tensor while its object is being read.
#[derive(Default)]
struct Draft<'a> {
    name: Option<Cow<'a, str>>,
    shape: Option<Shape>,
    datatype: Option<Datatype>,
    values: Option<Values>,
    /// Where `data` stands, when it came before the shape or the datatype.
    later: Option<Cursor<'a>>,
}

fn tensor<'a>(cursor: &mut Cursor<'a>, room: &mut Room) -> Result<NamedTensor<'a>, Error> {
    let mut draft = Draft::default();
    cursor
        .object(|cursor, key| match &*key {
            "name" => once(&mut draft.name, "name", cursor.string()?),
            "shape" => once(&mut draft.shape, "shape", shape(cursor)?),
            "datatype" => {
                let name = cursor.string()?;
                let datatype = name.parse().map_err(|_| {
                    Error::Request(format!("datatype \"{name}\" is not one of the protocol's"))
                })?;
                once(&mut draft.datatype, "datatype", datatype)
            }
            "data" => draft.data(cursor, room),
            _ => Ok(cursor.skip()?),
        })
        .map_err(|error| named(&draft.name, error))?;
    draft.finish(room)
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

// === impl Room ===

impl Room {
    /// Takes room for a tensor of `shape`, before any of its elements is read.
    fn take(&mut self, shape: &[usize]) -> Result<(), Error> {
        let RequestLimits { rows, elements, .. } = self.limits;
        let count = shape.first().copied().unwrap_or(1);
        if count > rows {
            return Err(Error::TooMany { what: "rows", count, limit: rows });
        }
        let size = shape.iter().fold(1usize, |product, size| product.saturating_mul(*size));
        self.taken = self.taken.saturating_add(size);
        if self.taken > elements {
            return Err(Error::TooMany { what: "elements", count: self.taken, limit: elements });
        }
        Ok(())
    }
}

// === impl Draft ===

impl<'a> Draft<'a> {
    fn data(&mut self, cursor: &mut Cursor<'a>, room: &mut Room) -> Result<(), Error> {
        if self.values.is_some() || self.later.is_some() {
            return Err(Error::Request("\"data\" stands twice".into()));
        }
        if let (Some(shape), Some(datatype)) = (&self.shape, self.datatype) {
            room.take(shape)?;
            self.values = Some(values(cursor, datatype, shape)?);
        } else {
            self.later = Some(cursor.clone());
            cursor.skip()?;
        }
        Ok(())
    }

    fn finish(self, room: &mut Room) -> Result<NamedTensor<'a>, Error> {
        let name = self.name.ok_or_else(|| Error::Request("an input without a name".into()))?;
        let missing = |what| Error::Request(format!("no \"{what}\"")).for_input(&name);
        let shape = self.shape.ok_or_else(|| missing("shape"))?;
        let datatype = self.datatype.ok_or_else(|| missing("datatype"))?;
        let values = match (self.values, self.later) {
            (Some(values), _) => values,
            (None, Some(mut cursor)) => {
                room.take(&shape).map_err(|error| error.for_input(&name))?;
                let values = values(&mut cursor, datatype, &shape);
                values.map_err(|error| Error::from(error).for_input(&name))?
            }
            (None, None) => return Err(missing("data")),
        };
        let tensor = Tensor::new(shape, values).map_err(|e| Error::Model(e).for_input(&name))?;
        Ok(NamedTensor { name, tensor })
    }
}

fn values(
    cursor: &mut Cursor<'_>,
    datatype: Datatype,
    shape: &[usize],
) -> Result<Values, JsonError> {
    Ok(match datatype {
        Datatype::Bool => Values::Bool(read_data(cursor, shape)?),
        Datatype::Uint8 => Values::Uint8(read_data(cursor, shape)?),
        Datatype::Uint16 => Values::Uint16(read_data(cursor, shape)?),
        Datatype::Uint32 => Values::Uint32(read_data(cursor, shape)?),
        Datatype::Uint64 => Values::Uint64(read_data(cursor, shape)?),
        Datatype::Int8 => Values::Int8(read_data(cursor, shape)?),
        Datatype::Int16 => Values::Int16(read_data(cursor, shape)?),
        Datatype::Int32 => Values::Int32(read_data(cursor, shape)?),
        Datatype::Int64 => Values::Int64(read_data(cursor, shape)?),
        Datatype::Fp32 => Values::Fp32(read_data(cursor, shape)?),
        Datatype::Fp64 => Values::Fp64(read_data(cursor, shape)?),
        Datatype::Bytes => Values::Bytes(read_data(cursor, shape)?),
    })
}
