//! Rows as an Arrow IPC stream, columns by their names, and answers in the same form.
//!
//! Batches follow each other; a column may be numbers of any type, texts, or lists of one length
//! where an input has several columns. Numbers become those of the input's type: floating-point
//! ones are rounded, whole ones must be held. Null is NaN, and refused where there is no NaN.

mod cells;

use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, FixedSizeListArray, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array,
    Int64Array, RecordBatch, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use model_loader::{Datatype, NamedTensor, Shape, Signature, Tensor, Values};

use super::csv;
use super::frames::Table;
use super::predictions::Outputs;
use super::room::Room;
use crate::error::Error;
use crate::limits::RequestLimits;
use crate::quiet;

#[cfg(test)]
mod tests;

/// The type of a body that is an Arrow stream.
pub const TYPE: &str = "application/vnd.apache.arrow.stream";

/// Most batches of a stream.
const BATCHES_MAX: usize = 1 << 16;

fn wrong(error: &ArrowError) -> Error {
    Error::Request(format!("not an Arrow stream that can be read: {error}"))
}

/// Reads rows.
///
/// # Errors
/// [`Error::Request`] for what is no stream or no value of its column, [`Error::TooMany`].
pub fn read(
    body: &[u8],
    signature: &Signature,
    limits: RequestLimits,
) -> Result<Table<'static>, Error> {
    // The library takes parts of what it is given, and makes nothing larger; whatever it trips over
    // is the sender's fault.
    let unread = || Err(Error::Request("not an Arrow stream that can be read".to_owned()));
    quiet::caught(|| table(body, signature, limits)).unwrap_or_else(unread)
}

fn table(
    body: &[u8],
    signature: &Signature,
    limits: RequestLimits,
) -> Result<Table<'static>, Error> {
    tensors(&batches(body, limits)?, signature, limits)
}

/// The columns of batches of one schema as inputs of a model.
///
/// # Errors
/// [`Error::Request`] for what is no value of its column, [`Error::TooMany`].
pub fn tensors(
    batches: &[RecordBatch],
    signature: &Signature,
    limits: RequestLimits,
) -> Result<Table<'static>, Error> {
    let Some(first) = batches.first() else {
        return Err(Error::Request("there are no rows".to_owned()));
    };
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    if rows == 0 {
        return Err(Error::Request("there are no rows".to_owned()));
    }
    let mut room = Room::new(limits);
    let column = |(place, field): (usize, &Arc<Field>)| {
        let name = field.name();
        let tensor = match signature.datatype_of(name) {
            // Its name is all that is looked at.
            None => Tensor::new(Shape::from_slice(&[0]), Values::zeros(Datatype::Fp32, 0))?,
            Some(datatype) => {
                let arrays = batches.iter().map(|batch| batch.column(place));
                let read = cells::read(arrays, datatype, rows, &mut room);
                read.map_err(|error| error.for_input(name))?
            }
        };
        Ok(NamedTensor { name: name.clone().into(), tensor })
    };
    first.schema_ref().fields().iter().enumerate().map(column).collect()
}

fn batches(body: &[u8], limits: RequestLimits) -> Result<Vec<RecordBatch>, Error> {
    let mut decoder = StreamDecoder::new();
    let mut rest = Buffer::from(body);
    let room = Room::new(limits);
    let (mut rows, mut batches) = (0, Vec::new());
    while !rest.is_empty() {
        match decoder.decode(&mut rest).map_err(|error| wrong(&error))? {
            Some(batch) => {
                // Counted here, so that no number of empty columns stands for many rows.
                rows += batch.num_rows();
                room.check_rows(rows)?;
                if batches.len() == BATCHES_MAX {
                    return Err(Error::Request(format!("more than {BATCHES_MAX} batches")));
                }
                batches.push(batch);
            }
            None => break,
        }
    }
    decoder.finish().map_err(|error| wrong(&error))?;
    if decoder.schema().is_none() {
        return Err(Error::Request("not an Arrow stream: it has no schema".to_owned()));
    }
    Ok(batches)
}

/// Writes an answer: one batch with a column for each output, a list of one length where a row has
/// several values.
///
/// # Errors
/// [`Error::Request`] for an output without a value for each row.
pub fn write(outputs: Outputs<'_>) -> Result<Vec<u8>, Error> {
    let Outputs { specs, tensors, rows } = outputs;
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (spec, tensor) in specs.iter().zip(tensors) {
        let width = csv::width(spec, tensor, rows)?;
        let values = array(tensor.values());
        let column = if width == 1 {
            values
        } else {
            let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
            let width = i32::try_from(width).map_err(|_| Error::Broken)?;
            let list = FixedSizeListArray::try_new(item, width, values, None);
            Arc::new(list.map_err(|error| wrong(&error))?)
        };
        fields.push(Field::new(&spec.name, column.data_type().clone(), true));
        columns.push(column);
    }
    let schema = Arc::new(Schema::new(fields));
    let write = || {
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;
        let mut writer = StreamWriter::try_new(Vec::new(), &schema)?;
        writer.write(&batch)?;
        writer.into_inner()
    };
    write().map_err(|error| wrong(&error))
}

/// The values of a tensor as one column.
pub fn array(values: &Values) -> ArrayRef {
    match values {
        Values::Bool(v) => {
            let mut builder = BooleanBuilder::with_capacity(v.len());
            builder.append_slice(v);
            Arc::new(builder.finish())
        }
        Values::Uint8(v) => Arc::new(UInt8Array::from(v.clone())),
        Values::Uint16(v) => Arc::new(UInt16Array::from(v.clone())),
        Values::Uint32(v) => Arc::new(UInt32Array::from(v.clone())),
        Values::Uint64(v) => Arc::new(UInt64Array::from(v.clone())),
        Values::Int8(v) => Arc::new(Int8Array::from(v.clone())),
        Values::Int16(v) => Arc::new(Int16Array::from(v.clone())),
        Values::Int32(v) => Arc::new(Int32Array::from(v.clone())),
        Values::Int64(v) => Arc::new(Int64Array::from(v.clone())),
        Values::Fp32(v) => Arc::new(Float32Array::from(v.clone())),
        Values::Fp64(v) => Arc::new(Float64Array::from(v.clone())),
        Values::Bytes(v) => {
            let mut builder = StringBuilder::new();
            v.iter().for_each(|text| builder.append_value(text));
            Arc::new(builder.finish())
        }
    }
}

/// What a column of that type is called in a refusal.
fn type_name(of: &DataType) -> String {
    of.to_string().chars().take(80).collect()
}
