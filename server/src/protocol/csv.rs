//! Rows as CSV (RFC 4180) with a header of column names, and answers in the same form.

use std::borrow::Cow;

use csv::{ReaderBuilder, StringRecord, Writer};
use model_loader::{Signature, Tensor, TensorSpec, Values};

use super::columns::Columns;
use super::frames::Table;
use super::predictions::Outputs;
use super::room::Room;
use crate::error::Error;
use crate::limits::RequestLimits;

#[cfg(test)]
mod tests;

/// The type of a body in CSV.
pub const TYPE: &str = "text/csv";

/// Reads rows. A byte-order mark before the header is passed over.
///
/// # Errors
/// [`Error::Request`] for what is no CSV or no value of its column, [`Error::TooMany`].
pub fn read(
    body: &[u8],
    signature: &Signature,
    limits: RequestLimits,
) -> Result<Table<'static>, Error> {
    let wrong = |error: csv::Error| Error::Request(error.to_string());
    let mut reader = ReaderBuilder::new().from_reader(body);
    let mut columns = Columns::new(signature, Room::new(limits));
    for name in reader.headers().map_err(wrong)? {
        columns.add(Cow::Owned(name.to_owned()))?;
    }
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(wrong)? {
        for (place, text) in record.iter().enumerate() {
            columns.parse(place, text)?;
        }
        columns.end_row()?;
    }
    columns.finish()
}

/// Writes an answer: a column for each output, or for each of its classes.
///
/// # Errors
/// [`Error::Request`] for an output without a value for each row.
pub fn write(outputs: Outputs<'_>) -> Result<Vec<u8>, Error> {
    let Outputs { specs, tensors, rows } = outputs;
    let mut widths = Vec::with_capacity(specs.len());
    let mut header = Vec::new();
    for (spec, tensor) in specs.iter().zip(tensors) {
        let width = width(spec, tensor, rows)?;
        header.extend(names(spec, width));
        widths.push(width);
    }
    let mut writer = Writer::from_writer(Vec::new());
    let written = |done: csv::Result<()>| done.map_err(|error| Error::Request(error.to_string()));
    written(writer.write_record(&header))?;
    for row in 0..rows {
        let cells = tensors.iter().zip(&widths);
        let cells = cells.flat_map(|(tensor, &width)| {
            (row * width..(row + 1) * width).map(|at| shown(tensor.values(), at))
        });
        written(writer.write_record(cells.map(|cell| cell.into_owned())))?;
    }
    writer.into_inner().map_err(|_| Error::Broken)
}

/// Values a row that an output has.
///
/// # Errors
/// [`Error::Request`], naming an output without rows.
pub fn width(spec: &TensorSpec, tensor: &Tensor, rows: usize) -> Result<usize, Error> {
    if !spec.per_row || tensor.shape().first() != Some(&rows) {
        let why = format!("output \"{}\" has no value for each row: ask for JSON", spec.name);
        return Err(Error::Request(why));
    }
    Ok(tensor.shape()[1..].iter().product())
}

/// The names of an output's columns: its own, or one for each class or place.
pub fn names(spec: &TensorSpec, width: usize) -> Vec<String> {
    let name = &spec.name;
    if width == 1 {
        return vec![name.clone()];
    }
    if spec.class_labels.len() == width {
        return spec.class_labels.iter().map(|label| format!("{name}.{label}")).collect();
    }
    (0..width).map(|place| format!("{name}.{place}")).collect()
}

/// One value; NaN is an empty cell.
fn shown(values: &Values, at: usize) -> Cow<'_, str> {
    macro_rules! float {
        ($v:ident) => {{
            let value = $v[at];
            if value.is_nan() { "".into() } else { value.to_string().into() }
        }};
    }
    match values {
        Values::Bool(v) => v[at].to_string().into(),
        Values::Uint8(v) => v[at].to_string().into(),
        Values::Uint16(v) => v[at].to_string().into(),
        Values::Uint32(v) => v[at].to_string().into(),
        Values::Uint64(v) => v[at].to_string().into(),
        Values::Int8(v) => v[at].to_string().into(),
        Values::Int16(v) => v[at].to_string().into(),
        Values::Int32(v) => v[at].to_string().into(),
        Values::Int64(v) => v[at].to_string().into(),
        Values::Fp32(v) => float!(v),
        Values::Fp64(v) => float!(v),
        Values::Bytes(v) => v[at].as_str().into(),
    }
}
