//! Rows as CSV (RFC 4180) with a header of column names, and answers in the same form.

use std::borrow::Cow;

use csv::Writer;
use model_loader::{Signature, Tensor, TensorSpec, Values};

use super::columns::{COLUMNS_MAX, Columns};
use super::frames::Table;
use super::json::write::Write as _;
use super::predictions::Outputs;
use super::room::Room;
use crate::error::Error;
use crate::limits::RequestLimits;

pub mod records;

use self::records::{Ragged, Records};

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
    let wrong = |Ragged { line, what }| Error::Request(format!("line {line} {what}"));
    let mut records = Records::new(body, COLUMNS_MAX).map_err(wrong)?;
    let mut columns = Columns::new(signature, Room::new(limits));
    if let Some(names) = records.read().map_err(wrong)? {
        for name in names.iter() {
            columns.add(Cow::Owned(name.to_owned()))?;
        }
    }
    while let Some(cells) = records.read().map_err(wrong)? {
        for (place, text) in cells.iter().enumerate() {
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
    let mut cell = Vec::new();
    for row in 0..rows {
        for (tensor, &width) in tensors.iter().zip(&widths) {
            for at in row * width..(row + 1) * width {
                cell.clear();
                show(&mut cell, tensor.values(), at);
                written(writer.write_field(&cell))?;
            }
        }
        written(writer.write_record(None::<&[u8]>))?;
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

/// Appends one value; NaN is an empty cell.
fn show(cell: &mut Vec<u8>, values: &Values, at: usize) {
    macro_rules! float {
        ($values:ident) => {
            match $values[at] {
                value if value.is_finite() => value.write(cell),
                value if value.is_nan() => {}
                value => cell.extend_from_slice(if value > 0.0 { b"inf" } else { b"-inf" }),
            }
        };
    }
    match values {
        Values::Bool(v) => v[at].write(cell),
        Values::Uint8(v) => v[at].write(cell),
        Values::Uint16(v) => v[at].write(cell),
        Values::Uint32(v) => v[at].write(cell),
        Values::Uint64(v) => v[at].write(cell),
        Values::Int8(v) => v[at].write(cell),
        Values::Int16(v) => v[at].write(cell),
        Values::Int32(v) => v[at].write(cell),
        Values::Int64(v) => v[at].write(cell),
        Values::Fp32(v) => float!(v),
        Values::Fp64(v) => float!(v),
        Values::Bytes(v) => cell.extend_from_slice(v[at].as_bytes()),
    }
}
